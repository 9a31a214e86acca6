package main

import (
	"maps"
	"net/http"
)

// A call is a request whose caller may make it.
type call struct {
	r       *http.Request
	site    string
	caller  caller
	subject *account // nil: the anonymous user
	body    map[string]any
}

// A route does the work of an endpoint. Its body may be nil.
type route func(*call) (status int, body map[string]any, no *refusal)

// occ is what is below /occ/v2/.
func (s *server) occ() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /occ/v2/basesites", s.serve(s.baseSites))
	mux.HandleFunc("GET /occ/v2/{site}/products/search", s.serve(s.products))
	mux.HandleFunc("POST /occ/v2/{site}/users", s.serve(s.register))
	mux.HandleFunc("POST /occ/v2/{site}/users/anonymous/verificationToken", s.serve(s.verificationToken))
	mux.HandleFunc("GET /occ/v2/{site}/users/{id}", s.serve(s.profile))
	mux.HandleFunc("PATCH /occ/v2/{site}/users/{id}", s.serve(s.changeProfile))
	mux.HandleFunc("GET /occ/v2/{site}/users/{id}/addresses", s.serve(s.addresses))
	mux.HandleFunc("POST /occ/v2/{site}/users/{id}/addresses", s.serve(s.addAddress))
	mux.HandleFunc("GET /occ/v2/{site}/users/{id}/carts", s.serve(s.carts))
	mux.HandleFunc("POST /occ/v2/{site}/users/{id}/carts", s.serve(s.addCart))
	mux.HandleFunc("GET /occ/v2/{site}/users/{id}/carts/{cart}", s.serve(s.cart))
	mux.HandleFunc("POST /occ/v2/{site}/users/{id}/carts/{cart}/entries", s.serve(s.addEntry))
	mux.HandleFunc("/occ/v2/", s.serve(nowhere))
	return mux
}

func nowhere(*call) (int, map[string]any, *refusal) {
	return 0, nil, refuse(http.StatusNotFound, "UnknownResourceError", "There is no resource for this path")
}

// serve decides who a request is from and for whom it runs, notes both, and only then has the work done.
func (s *server) serve(work route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		status, body, no := s.run(r, work)
		if no == nil {
			if body == nil {
				w.WriteHeader(status)
				return
			}
			s.write(w, r, status, "answer", body)
			return
		}
		if no.challenge != "" {
			s.challenge(w, no.challenge, no.errors[0]["message"].(string))
		}
		s.write(w, r, no.status, "errorList", map[string]any{"errors": no.errors})
	}
}

func (s *server) run(r *http.Request, work route) (int, map[string]any, *refusal) {
	who, no := s.identify(r)
	if no != nil {
		return 0, nil, no
	}
	c := &call{r: r, site: r.PathValue("site"), caller: who}
	if c.site == "" {
		c.site = r.URL.Query().Get("baseSite")
	}
	if _, ok := sites[c.site]; c.site != "" && !ok {
		return 0, nil, unknown("Base site '" + c.site + "' doesn't exist")
	}
	if id := r.PathValue("id"); id != "" {
		c.subject, no = s.subject(who, id, c.site)
	} else {
		c.subject, no = s.subjectByHeader(who, r, c.site)
	}
	if no != nil {
		return 0, nil, no
	}
	if r.Method != http.MethodGet {
		if c.body, no = readJSON(r); no != nil {
			return 0, nil, no
		}
	}
	status, body, no := work(c)
	if no == nil {
		note(r, func(e *entry) { e.Subject = c.who() })
	}
	return status, body, no
}

// who names the subject as the record does.
func (c *call) who() string {
	if c.subject == nil {
		return "anonymous"
	}
	return c.subject.name
}

// told is a body with who it is about and who asked, so that a page can show that it was the right one.
func (c *call) told(more map[string]any) map[string]any {
	body := map[string]any{"who": c.who(), "actor": c.actor(), "baseSite": c.site}
	maps.Copy(body, more)
	return body
}

// actor is who holds the token: an account, else a client, else nobody.
func (c *call) actor() string {
	switch {
	case c.caller.account != nil:
		return c.caller.account.name
	case c.caller.client != "":
		return c.caller.client
	}
	return "nobody"
}

func (s *server) baseSites(*call) (int, map[string]any, *refusal) {
	list := []map[string]any{}
	for _, uid := range []string{"electronics-spa", "apparel-uk-spa", "isolated-spa"} {
		list = append(list, map[string]any{"uid": uid, "isolated": sites[uid]})
	}
	return http.StatusOK, map[string]any{"baseSites": list}, nil
}

func (s *server) products(c *call) (int, map[string]any, *refusal) {
	return http.StatusOK, c.told(map[string]any{"products": []map[string]any{{"code": "300938", "name": "Photosmart E317"}}}), nil
}
