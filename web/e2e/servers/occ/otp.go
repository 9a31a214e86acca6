package main

import (
	"crypto/rand"
	"net/http"
	"time"
)

// A oneTime is a sign-in by a code that was sent: the user name is its id, the password its code.
type oneTime struct {
	code    string
	account *account
	expires time.Time
}

// verificationToken sends a code to whoever has the right name and password. Tests read the mail by /control/mail.
func (s *server) verificationToken(c *call) (int, map[string]any, *refusal) {
	if no := s.asAnonymous(c); no != nil {
		return 0, nil, no
	}
	if no := missing(c.body, "purpose", "loginId", "password"); no != nil {
		return 0, nil, no
	}
	loginID := c.body["loginId"].(string)
	who := s.users.byName[nameAt(loginID, c.site)]
	if who == nil || who.disabled || who.password != c.body["password"] {
		return 0, nil, refuse(http.StatusBadRequest, "BadCredentialsError", "Bad credentials")
	}
	id, code := s.users.next("otp-")+"-"+rand.Text(), rand.Text()[:8]
	s.users.oneTimes[id] = oneTime{code, who, s.in(s.lifetimes.OTP)}
	s.users.mail = append(s.users.mail, map[string]string{"to": who.name, "code": code})
	return http.StatusCreated, c.told(map[string]any{"tokenId": id, "expiresIn": s.lifetimes.OTP}), nil
}

func (s *server) redeemOneTime(id, code string) (*account, bool) {
	one, ok := s.users.oneTimes[id]
	if !ok || one.code != code || !one.expires.After(s.now()) {
		return nil, false
	}
	delete(s.users.oneTimes, id)
	return one.account, true
}
