package core_test

import (
	"strings"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/strictjson"
)

// clientSend is one request for a client's token.
type clientSend struct {
	tab          *browsertest.Tab
	token        string // "" where there was none
	over, stored bool
	taken        bool // another has taken its turn, and need not know of it
}

// served is called with each answer of the server.
func (s *shop) served(req *browser.Request, answer *browser.Response) {
	if answer.Status == 200 && strings.Contains(req.Body, "client_credentials") {
		v, _ := strictjson.Parse(string(answer.Body))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.clients[len(s.clients)-1].token = v.Get("access_token").TextOr("")
	}
}

func (s *shop) clientToken() string {
	return s.stored(simKey + "/client").Get("tokens").Get("access").TextOr("")
}

// good tells whether the API takes the client's token, and the tabs believe so.
func (s *shop) good(token string) bool {
	_, status := s.server.API("Bearer " + token)
	until, _ := s.stored(simKey + "/client").Get("tokens").Get("expiresAt").Int()
	return status == 200 && s.profile.Now().UnixMilli() < until
}

// sending is called when a client's token is about to be asked for.
func (s *shop) sending(tab *browsertest.Tab) {
	for _, before := range s.clients {
		switch {
		case s.robbed[tab] || before.tab.Dead() || before.tab.Frozen() || before.taken || s.astray[tab] || s.astray[before.tab]:
		case !before.over:
			s.fail("%s asks for a client's token while %s does", tab.Name, before.tab.Name)
		case before.token != "" && !before.stored:
			s.fail("%s asks for a client's token, and %s has thrown one away", tab.Name, before.tab.Name)
		}
	}
	if token := s.clientToken(); token != "" && s.good(token) && !s.bad[token] && !s.astray[tab] && !s.robbed[tab] {
		s.fail("%s asks for a client's token, and there is one", tab.Name)
	}
	s.clients = append(s.clients, &clientSend{tab: tab, taken: s.robbed[tab]})
	delete(s.robbed, tab)
}

// taken says that a tab's turn to ask for a client's token is another's.
func (s *shop) taken(of func(*browsertest.Tab) bool) {
	for _, send := range s.clients {
		send.taken = send.taken || of(send.tab)
	}
}

// answered is called when a tab has, or will never have, an answer.
func (s *shop) answered(tab *browsertest.Tab, what string, ok bool) {
	if what != clientAnswer {
		return
	}
	for _, send := range s.clients {
		if send.tab == tab && !send.over {
			send.over = true
			if !ok {
				send.token = ""
			}
		}
	}
}
