package core_test

import (
	"context"
	"net/url"
	"strings"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
)

// serve is the way to the server: it writes down what is sent, and is out of order
// where the server is.
func (s *sim) serve(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	s.mu.Lock()
	tab, outage := s.sender, s.outage
	var send *refreshSend
	if strings.Contains(req.Body, "grant_type=refresh_token") {
		form, _ := url.ParseQuery(req.Body)
		send = s.sending(tab, form.Get("client_id"), form.Get("refresh_token"), outage != "" && outage != "half" && outage != "mute")
	} else if s.shop != nil && strings.Contains(req.Body, "grant_type=client_credentials") {
		s.shop.sending(tab)
	}
	s.mu.Unlock()
	if outage != "" {
		s.saw("an answer: " + outage)
	}
	answer, err := s.faulty(ctx, req, outage)
	if s.plan.apart && err == nil {
		s.obtained(tab, string(answer.Body))
	}
	if err != nil {
		s.mu.Lock()
		if send != nil {
			send.over = true
		} else if s.shop != nil {
			s.shop.answered(tab, clientAnswer, false)
		}
		s.mu.Unlock()
	}
	return answer, err
}

// outages are the ways in which a server is out of order: what it answers, or whether at
// all, and whether it has done what it was asked.
var outages = []string{"500", "503", "429", "502 page", "a page", "half", "hangs", "mute", "no network", "invalid_client", "server_error"}

func (s *sim) faulty(ctx context.Context, req *browser.Request, outage string) (*browser.Response, error) {
	answer := func(status int, body string, headers ...string) (*browser.Response, error) {
		r := browsertest.JSON(status, body)
		for i := 0; i < len(headers); i += 2 {
			r.Headers[headers[i]] = headers[i+1]
		}
		return r, nil
	}
	switch outage {
	case "500":
		return answer(500, "")
	case "503":
		return answer(503, "", "retry-after", "7")
	case "429":
		return answer(429, `{"error":"slow_down"}`, "retry-after", "3")
	case "502 page":
		return answer(502, "<html>Bad Gateway</html>", "content-type", "text/html")
	case "a page": // of a network that wants the person to sign in first
		return answer(200, "<html>Welcome</html>", "content-type", "text/html")
	case "invalid_client":
		return answer(401, `{"error":"invalid_client"}`)
	case "server_error":
		return answer(400, `{"error":"server_error"}`)
	case "no network":
		return nil, errLost
	case "hangs":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r, err := s.server.Serve(ctx, req)
	switch {
	case err != nil:
	case outage == "half":
		r.Body = r.Body[:len(r.Body)/2]
	case outage == "mute":
		<-ctx.Done()
		return nil, ctx.Err()
	case s.shop != nil:
		s.shop.served(req, r)
	}
	return r, err
}
