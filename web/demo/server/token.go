package main

import (
	"context"
	"net/http"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
)

const idTokenLifetime = 5 * time.Minute

// token is the token endpoint: code, password, client credentials and refresh. fosite rotates refresh tokens,
// and a token used twice ends its whole family.
func (d *demo) token(w http.ResponseWriter, r *http.Request) {
	d.grants.Lock()
	defer d.grants.Unlock()
	ctx, now := r.Context(), time.Now().UTC()
	request, err := d.provider.NewAccessRequest(ctx, r, d.newSession(login{at: now}, now))
	if err != nil {
		d.provider.WriteAccessError(ctx, w, request, err)
		return
	}
	if request.GetGrantTypes().HasOneOf("client_credentials", "password") {
		for _, scope := range request.GetRequestedScopes() { // fosite has compared them with the client's
			request.GrantScope(scope)
		}
	}
	response, err := d.provider.NewAccessResponse(ctx, request)
	if err != nil {
		d.provider.WriteAccessError(ctx, w, request, err)
		return
	}
	issued(ctx, response.GetAccessToken())
	d.provider.WriteAccessResponse(ctx, w, request, response)
}

// revoke is RFC 7009: either token ends the whole grant.
func (d *demo) revoke(w http.ResponseWriter, r *http.Request) {
	d.grants.Lock()
	defer d.grants.Unlock()
	d.provider.WriteRevocationResponse(r.Context(), w, d.provider.NewRevocationRequest(r.Context(), r))
}

// passwordIDToken issues the id token that fosite leaves out of the password grant.
type passwordIDToken struct{ *openid.IDTokenHandleHelper }

func (passwordIDToken) CanSkipClientAuth(context.Context, fosite.AccessRequester) bool { return false }

func (passwordIDToken) CanHandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) bool {
	return r.GetGrantTypes().ExactOne("password")
}

// HandleTokenEndpointRequest runs after fosite's own password handler, which has set the subject.
func (passwordIDToken) HandleTokenEndpointRequest(_ context.Context, r fosite.AccessRequester) error {
	s := r.GetSession().(*openid.DefaultSession)
	s.Username, s.Claims.Subject = s.Subject, s.Subject
	return nil
}

func (h passwordIDToken) PopulateTokenEndpointResponse(ctx context.Context, r fosite.AccessRequester, w fosite.AccessResponder) error {
	if !r.GetGrantedScopes().Has("openid") {
		return nil
	}
	s := r.GetSession().(*openid.DefaultSession)
	s.Claims.Extra = profile(s.Subject, r.GetGrantedScopes())
	s.Claims.AccessTokenHash = h.GetAccessTokenHash(ctx, r, w)
	return h.IssueExplicitIDToken(ctx, idTokenLifetime, r, w)
}
