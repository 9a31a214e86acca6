package main

import (
	"net/http"
	"net/url"

	"github.com/go-jose/go-jose/v3/jwt"
)

// logout is OpenID Connect RP-Initiated Logout 1.0. With an id token of ours it signs out at once; without one it
// asks first, as any site could link here. It returns only to the address registered for the client.
func (d *demo) logout(w http.ResponseWriter, r *http.Request) {
	client := r.FormValue("client_id")
	hint := r.FormValue("id_token_hint")
	if hint != "" {
		audience, err := d.readHint(hint)
		if err != nil || (client != "" && !audience.Contains(client)) {
			d.showMessage(w, http.StatusBadRequest, "This sign-out link does not work", "Its id_token_hint is not a token of this server.")
			return
		}
		if client == "" && len(audience) == 1 {
			client = audience[0]
		}
	}
	back := r.FormValue("post_logout_redirect_uri")
	if back != "" && !d.mayReturn(client, back) {
		d.showMessage(w, http.StatusBadRequest, "This sign-out link does not work", "Its post_logout_redirect_uri is not registered.")
		return
	}
	if _, known := d.logins.of(r); known && hint == "" {
		confirmed := r.Method == http.MethodPost && r.PostFormValue("action") == "confirm"
		if !confirmed || http.NewCrossOriginProtection().Check(r) != nil {
			d.showSignOut(w)
			return
		}
	}
	d.logins.end(w, r)
	if back == "" {
		d.showMessage(w, http.StatusOK, "You are signed out", "You can close this page.")
		return
	}
	if state := r.FormValue("state"); state != "" {
		back += "?" + url.Values{"state": {state}}.Encode()
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// readHint checks that the id token is ours and says for whom it was. It may have expired: signing out late is fine.
func (d *demo) readHint(hint string) (jwt.Audience, error) {
	token, err := jwt.ParseSigned(hint)
	if err != nil {
		return nil, err
	}
	var claims jwt.Claims
	if err := token.Claims(d.key.Public(), &claims); err != nil {
		return nil, err
	}
	return claims.Audience, claims.ValidateWithLeeway(jwt.Expected{Issuer: d.issuer, Time: claims.IssuedAt.Time()}, 0)
}

func (d *demo) mayReturn(client, uri string) bool {
	return (client == codeClient || client == passwordClient) && uri == d.page+"/"
}
