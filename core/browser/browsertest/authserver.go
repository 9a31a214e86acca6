package browsertest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/core/browser"
)

// AuthServer is a small authorization server with a protected API, strict where
// a strict one is: codes are good for one use with their verifier, refresh
// tokens rotate, and one that comes twice takes its whole family with it.
type AuthServer struct {
	Issuer string
	// Life is that of an access token, as expires_in; 0 leaves that member out.
	Life time.Duration
	// KeepRefreshToken answers a refresh without a new refresh token.
	KeepRefreshToken bool
	// NoRefreshToken answers without one.
	NoRefreshToken bool
	// Grace is how long a used refresh token goes on working. It brings new tokens each
	// time, or, with SameAgain, those that its first use brought.
	Grace     time.Duration
	SameAgain bool
	// TwoPhase leaves a refresh token good until one that it brought is used.
	TwoPhase bool
	// NoIDToken answers without one.
	NoIDToken bool
	// DPoP issues tokens that are bound to the key of a proof (RFC 9449), and no
	// others. Nonce, where it is set, has to be in every proof.
	DPoP  bool
	Nonce string
	// Resources are those that a refresh can have a token of its own for (RFC
	// 8707).
	Resources []string
	// Fault, where it is set, may answer instead. It gets the form of a POST.
	Fault func(req *browser.Request, form url.Values) (*browser.Response, error)
	Now   func() time.Time

	mu       sync.Mutex
	serial   int
	codes    map[string]code
	families map[string]*family // by access and refresh token
	log      []TokenRequest
	revoked  []string
	// proofs are those seen, good for one use each.
	proofs map[string]bool
}

type code struct{ challenge, redirect, nonce, user, client, key string }

type family struct {
	user, client string
	key          string // the thumbprint; "" for bearer tokens
	dead         bool
	fallen       bool // the server has ended it by itself
	reused       bool // or because a refresh token came twice
	given        bool // a client has given a token of it back
	refresh      string
	rotation
	access  string
	expires time.Time
	expired bool
	more    map[string]*audience // by resource
}

// audience is an access token for one resource.
type audience struct {
	access  string
	expires time.Time
	expired bool
}

// TokenRequest is what the token endpoint saw. RefreshToken is for the
// simulator's books.
type TokenRequest struct {
	Grant, RefreshToken string
	Resource            string
	Status              int
}

// NewAuthServer returns a server that nobody has asked yet.
func NewAuthServer(issuer string, now func() time.Time) *AuthServer {
	return &AuthServer{Issuer: issuer, Life: time.Hour, Now: now, codes: map[string]code{}, families: map[string]*family{}, proofs: map[string]bool{}}
}

// Serve answers a request; it fits [Profile.Server].
func (s *AuthServer) Serve(_ context.Context, req *browser.Request) (*browser.Response, error) {
	form, _ := url.ParseQuery(req.Body)
	if s.Fault != nil {
		if answer, err := s.Fault(req, form); answer != nil || err != nil {
			return answer, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch strings.TrimPrefix(req.URL, s.Issuer) {
	case "/.well-known/openid-configuration":
		return JSON(200, fmt.Sprintf(`{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,"revocation_endpoint":%q,"end_session_endpoint":%q,"jwks_uri":%q}`,
			s.Issuer, s.Issuer+"/authorize", s.Issuer+"/token", s.Issuer+"/revoke", s.Issuer+"/logout", s.Issuer+"/jwks")), nil
	case "/jwks":
		return JSON(200, KeySet), nil
	case "/token":
		answer, key := s.proved(req)
		if answer == nil {
			answer = s.token(form, key)
		}
		if s.Nonce != "" {
			answer.Headers["dpop-nonce"] = s.Nonce
		}
		s.log = append(s.log, TokenRequest{form.Get("grant_type"), form.Get("refresh_token"), form.Get("resource"), answer.Status})
		return answer, nil
	case "/revoke":
		s.revoked = append(s.revoked, form.Get("token_type_hint"))
		if f := s.families[form.Get("token")]; f != nil {
			f.dead, f.given = true, true
		}
		return JSON(200, ""), nil
	}
	return JSON(404, ""), nil
}

// JSON is an answer.
func JSON(status int, body string) *browser.Response {
	return &browser.Response{Status: status, Headers: map[string]string{"content-type": "application/json"}, Body: []byte(body)}
}

// proved reads the proof, as [Tab] makes it; answer is the refusal of a bad one.
func (s *AuthServer) proved(req *browser.Request) (answer *browser.Response, key string) {
	proof := req.Headers["dpop"]
	if !s.DPoP {
		return nil, ""
	}
	key, rest, _ := strings.Cut(proof, " ")
	_, nonce, _ := strings.Cut(rest, " ")
	switch {
	case proof == "" || s.proofs[proof]:
		return JSON(400, `{"error":"invalid_dpop_proof"}`), ""
	case nonce != s.Nonce:
		return JSON(400, `{"error":"use_dpop_nonce"}`), ""
	}
	s.proofs[proof] = true
	return nil, key
}

func (s *AuthServer) token(form url.Values, key string) *browser.Response {
	refuse := func(code string) *browser.Response { return JSON(400, fmt.Sprintf(`{"error":%q}`, code)) }
	switch form.Get("grant_type") {
	case "password":
		if form.Get("password") != "wonderland" {
			return refuse("invalid_grant")
		}
		return s.issue(&family{user: form.Get("username"), client: form.Get("client_id"), key: key}, "")
	case "authorization_code":
		c, ok := s.codes[form.Get("code")]
		delete(s.codes, form.Get("code"))
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		if !ok || c.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) || c.redirect != form.Get("redirect_uri") || c.client != form.Get("client_id") || c.key != "" && c.key != key {
			return refuse("invalid_grant")
		}
		return s.issue(&family{user: c.user, client: c.client, key: key}, c.nonce)
	case "client_credentials":
		return s.issueToClient(form.Get("client_id"))
	case "refresh_token":
		f := s.families[form.Get("refresh_token")]
		if f == nil || f.dead || f.client != form.Get("client_id") || f.key != key {
			return refuse("invalid_grant")
		}
		if s.spent(f, form.Get("refresh_token")) {
			f.dead, f.reused = true, true // used before: somebody has stolen it
			return refuse("invalid_grant")
		}
		if again := f.answers[form.Get("refresh_token")]; again != "" && s.SameAgain {
			return JSON(200, again)
		}
		if resource := form.Get("resource"); resource != "" {
			if !slices.Contains(s.Resources, resource) {
				return refuse("invalid_target")
			}
			return s.issueFor(f, resource)
		}
		answer := s.issue(f, "")
		s.rotated(f, form.Get("refresh_token"), string(answer.Body))
		return answer
	}
	return refuse("unsupported_grant_type")
}

func (s *AuthServer) issue(f *family, nonce string) *browser.Response {
	s.serial++
	f.access, f.expired = fmt.Sprintf("at_%d", s.serial), false
	kind := "bearer"
	if f.key != "" {
		kind = "DPoP"
	}
	body := fmt.Sprintf(`{"access_token":%q,"token_type":%q,"scope":"openid"`, f.access, kind)
	if !s.NoRefreshToken && f.user != "" && (f.refresh == "" || !s.KeepRefreshToken) {
		f.refresh = fmt.Sprintf("rt_%d", s.serial)
		body += fmt.Sprintf(`,"refresh_token":%q`, f.refresh)
	}
	s.families[f.access] = f
	if f.refresh != "" {
		s.families[f.refresh] = f
	}
	f.expires = time.Time{}
	if s.Life != 0 {
		f.expires = s.Now().Add(s.Life)
		body += fmt.Sprintf(`,"expires_in":%d`, int64(s.Life/time.Second))
	}
	if s.NoIDToken || f.user == "" {
		return JSON(200, body+"}")
	}
	return JSON(200, body+fmt.Sprintf(`,"id_token":%q}`, s.idToken(f, nonce)))
}

// issueToClient gives an access token that is nobody's (RFC 6749, section 4.4).
func (s *AuthServer) issueToClient(client string) *browser.Response {
	s.serial++
	f := &family{client: client, access: fmt.Sprintf("ct_%d", s.serial)}
	body := fmt.Sprintf(`{"access_token":%q,"token_type":"bearer"`, f.access)
	if s.Life != 0 {
		f.expires = s.Now().Add(s.Life)
		body += fmt.Sprintf(`,"expires_in":%d`, int64(s.Life/time.Second))
	}
	s.families[f.access] = f
	return JSON(200, body+"}")
}

// issueFor gives an access token for one resource, with a scope of its own, and
// the next refresh token.
func (s *AuthServer) issueFor(f *family, resource string) *browser.Response {
	s.serial++
	a := &audience{access: fmt.Sprintf("at_%d", s.serial)}
	kind := "bearer"
	if f.key != "" {
		kind = "DPoP"
	}
	body := fmt.Sprintf(`{"access_token":%q,"token_type":%q,"scope":"api"`, a.access, kind)
	if !s.KeepRefreshToken {
		f.refresh = fmt.Sprintf("rt_%d", s.serial)
		s.families[f.refresh] = f
		body += fmt.Sprintf(`,"refresh_token":%q`, f.refresh)
	}
	if s.Life != 0 {
		a.expires = s.Now().Add(s.Life)
		body += fmt.Sprintf(`,"expires_in":%d`, int64(s.Life/time.Second))
	}
	if f.more == nil {
		f.more = map[string]*audience{}
	}
	f.more[resource] = a
	s.families[a.access] = f
	return JSON(200, body+"}")
}

func (s *AuthServer) idToken(f *family, nonce string) string {
	claims := fmt.Sprintf(`{"iss":%q,"sub":%q,"aud":%q,"exp":%d,"iat":%d`, s.Issuer, f.user, f.client, s.Now().Add(5*time.Minute).Unix(), s.Now().Unix())
	if nonce != "" {
		claims += fmt.Sprintf(`,"nonce":%q`, nonce)
	}
	return SignES256(claims + "}")
}

// Authorize signs user in at the authorization endpoint, and returns the
// address that the browser is sent to.
func (s *AuthServer) Authorize(address, user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, _ := url.Parse(address)
	q := u.Query()
	s.serial++
	name := fmt.Sprintf("code_%d", s.serial)
	s.codes[name] = code{q.Get("code_challenge"), q.Get("redirect_uri"), q.Get("nonce"), user, q.Get("client_id"), q.Get("dpop_jkt")}
	back := url.Values{"code": {name}, "state": {q.Get("state")}, "iss": {s.Issuer}}
	return q.Get("redirect_uri") + "?" + back.Encode()
}

// API answers a request for the protected API: the user whose token it is, or
// 401.
func (s *AuthServer) API(authorization string) (user string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scheme, token, ok := strings.Cut(authorization, " ")
	f := s.families[token]
	if !ok || scheme == "DPoP" != s.DPoP || f == nil || f.dead || f.expired || f.access != token || !f.expires.IsZero() && !s.Now().Before(f.expires) {
		return "", 401
	}
	return f.user, 200
}

// APIOf is API for one that takes tokens for its own resource only.
func (s *AuthServer) APIOf(resource, authorization string) (user string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scheme, token, ok := strings.Cut(authorization, " ")
	f := s.families[token]
	if !ok || scheme == "DPoP" != s.DPoP || f == nil || f.dead {
		return "", 401
	}
	a := f.more[resource]
	if a == nil || a.access != token || a.expired || !a.expires.IsZero() && !s.Now().Before(a.expires) {
		return "", 401
	}
	return f.user, 200
}

// ExpireFor makes the API of a resource refuse all access tokens there are.
func (s *AuthServer) ExpireFor(resource string) {
	s.each(func(f *family) {
		if a := f.more[resource]; a != nil {
			a.expired = true
		}
	})
}

// Expire makes the API refuse all access tokens there are.
func (s *AuthServer) Expire() {
	s.each(func(f *family) { f.expired = true })
}

// RevokeAll makes all tokens there are dead.
func (s *AuthServer) RevokeAll() {
	s.each(func(f *family) { f.dead = true })
}

// ExpireOf is Expire for the tokens that a client got for a user; for itself where
// user is "".
func (s *AuthServer) ExpireOf(client, user string) {
	s.each(func(f *family) {
		if f.client == client && f.user == user {
			f.expired = true
		}
	})
}

// RevokeOf is RevokeAll for the tokens that a client got for a user.
func (s *AuthServer) RevokeOf(client, user string) {
	s.each(func(f *family) {
		if f.client == client && f.user == user {
			f.dead, f.fallen = true, true
		}
	})
}

// Alive tells whether a user has a session.
func (s *AuthServer) Alive(user string) (alive bool) {
	s.each(func(f *family) { alive = alive || f.user == user && !f.dead })
	return alive
}

// Become makes all sessions there are somebody else's.
func (s *AuthServer) Become(user string) {
	s.each(func(f *family) { f.user = user })
}

// Fallen tells whether RevokeOf has ended what a token belongs to.
func (s *AuthServer) Fallen(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.families[token]
	return f != nil && f.fallen
}

// Given tells whether what a token belongs to has ended because a client has given a token of it
// back.
func (s *AuthServer) Given(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.families[token]
	return f != nil && f.given
}

// Reused tells whether what a token belongs to has ended because a refresh token came
// twice.
func (s *AuthServer) Reused(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.families[token]
	return f != nil && f.reused
}

// Owner is whose token that is, whatever has become of it: "client/user". It is ""
// for a token that was never issued.
func (s *AuthServer) Owner(token string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.families[token]; f != nil {
		return f.client + "/" + f.user
	}
	return ""
}

func (s *AuthServer) each(change func(*family)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.families {
		change(f)
	}
}

// Log lists what the token endpoint saw.
func (s *AuthServer) Log() []TokenRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Refreshes counts the refresh requests.
func (s *AuthServer) Refreshes() (n int) {
	for _, r := range s.Log() {
		if r.Grant == "refresh_token" {
			n++
		}
	}
	return n
}

// Answered counts the token requests of a grant that got that status.
func (s *AuthServer) Answered(grant string, status int) (n int) {
	for _, r := range s.Log() {
		if r.Grant == grant && r.Status == status {
			n++
		}
	}
	return n
}

// Revoked lists the token type hints that were revoked, in their order.
func (s *AuthServer) Revoked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.revoked)
}
