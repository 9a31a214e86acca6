package main

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ory/fosite"
)

// login is somebody signed in at the authorization server, which is another thing than a session of the page.
type login struct {
	user string
	at   time.Time
}

// logins maps the value of the server's own cookie to who it stands for. The zero value is ready.
type logins struct {
	mu   sync.Mutex
	byID map[string]login
}

const loginCookie = "demo_login"

func (l *logins) of(r *http.Request) (login, bool) {
	cookie, err := r.Cookie(loginCookie)
	if err != nil {
		return login{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	found, ok := l.byID[cookie.Value]
	return found, ok
}

func (l *logins) begin(w http.ResponseWriter, who login) {
	id := rand.Text()
	l.mu.Lock()
	if l.byID == nil {
		l.byID = map[string]login{}
	}
	l.byID[id] = who
	l.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: loginCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (l *logins) end(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(loginCookie); err == nil {
		l.mu.Lock()
		delete(l.byID, cookie.Value)
		l.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: loginCookie, Path: "/", MaxAge: -1})
}

// authorize is the authorization endpoint. A GET asks; a POST is our own form coming back to the same URL.
func (d *demo) authorize(w http.ResponseWriter, r *http.Request) {
	// Before the sign-in below, as fosite compares the two when it checks prompt=login.
	asked := time.Now().UTC()
	ctx := r.Context()
	w = issuerWriter{w, d.issuer}
	request, err := d.provider.NewAuthorizeRequest(ctx, r)
	if !mayRedirect(request) { // nowhere to send an error to: show it
		d.showMessage(w, http.StatusBadRequest, "This sign-in link does not work", "Its client_id and redirect_uri are not registered here.")
		return
	}
	if err != nil {
		d.provider.WriteAuthorizeError(ctx, w, request, err)
		return
	}
	who, known := d.logins.of(r)
	prompt := strings.Fields(request.GetRequestForm().Get("prompt"))
	switch {
	case r.Method == http.MethodPost:
		if err := http.NewCrossOriginProtection().Check(r); err != nil {
			d.showMessage(w, http.StatusForbidden, "Not from here", "The form was sent from another site.")
			return
		}
		if r.PostFormValue("action") == "cancel" {
			d.provider.WriteAuthorizeError(ctx, w, request, fosite.ErrAccessDenied.WithHint("The user cancelled."))
			return
		}
		name, err := d.store.Authenticate(ctx, r.PostFormValue("username"), r.PostFormValue("password"))
		if err != nil {
			d.showSignIn(w, http.StatusForbidden, r.PostFormValue("username"), "That user name and password do not belong together.")
			return
		}
		who = login{name, time.Now().UTC()}
		d.logins.begin(w, who)
	case slices.Contains(prompt, "none"):
		if !known {
			d.provider.WriteAuthorizeError(ctx, w, request, fosite.ErrLoginRequired)
			return
		}
	case !known, slices.Contains(prompt, "login"), slices.Contains(prompt, "select_account"), tooOld(who, request):
		d.showSignIn(w, http.StatusOK, request.GetRequestForm().Get("login_hint"), "")
		return
	}
	for _, scope := range request.GetRequestedScopes() { // the demo's own clients: no consent page
		request.GrantScope(scope)
	}
	session := d.newSession(who, asked)
	session.Claims.Extra = profile(who.user, request.GetGrantedScopes())
	response, err := d.provider.NewAuthorizeResponse(ctx, request, session)
	if err != nil {
		d.provider.WriteAuthorizeError(ctx, w, request, err)
		return
	}
	d.provider.WriteAuthorizeResponse(ctx, w, request, response)
}

// mayRedirect compares the redirect URI as it stands. fosite lets every port of a loopback address through, as
// RFC 8252 wants it for native apps; for a page another port is another site.
func mayRedirect(request fosite.AuthorizeRequester) bool {
	return request.IsRedirectURIValid() && slices.Contains(request.GetClient().GetRedirectURIs(), request.GetRedirectURI().String())
}

// tooOld is true when the request's max_age asks for a fresher sign-in.
func tooOld(who login, request fosite.AuthorizeRequester) bool {
	seconds, err := strconv.Atoi(request.GetRequestForm().Get("max_age"))
	return err == nil && time.Since(who.at) > time.Duration(seconds)*time.Second
}

// issuerWriter adds the iss parameter (RFC 9207) to the redirect, where the rest of the answer is: fosite offers no place
// for it in errors.
type issuerWriter struct {
	http.ResponseWriter
	issuer string
}

func (w issuerWriter) WriteHeader(status int) {
	location := w.Header().Get("Location")
	if u, err := url.Parse(location); err == nil && u.Fragment != "" {
		w.Header().Set("Location", location+"&iss="+url.QueryEscape(w.issuer))
	} else if err == nil && u.Host != "" {
		query := u.Query()
		query.Set("iss", w.issuer)
		u.RawQuery = query.Encode()
		w.Header().Set("Location", u.String())
	}
	w.ResponseWriter.WriteHeader(status)
}
