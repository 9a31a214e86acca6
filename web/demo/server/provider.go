package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"sync/atomic"
	"time"

	jose "github.com/go-jose/go-jose/v3"
	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/storage"
	"github.com/ory/fosite/token/jwt"
)

// A user of the demo. The passwords are shown on the sign-in page: there is nothing behind them.
type user struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Name     string `json:"name"`
}

var users = []user{
	{"alice", "wonderland", "Alice Liddell"},
	{"bob", "builder", "Bob Baumann"},
}

const (
	codeClient     = "demo"
	implicitClient = "demo-implicit"
	passwordClient = "demo-password"
	serviceClient  = "svc"
	serviceSecret  = "svc-secret"
	keyID          = "es1"
)

var scopes = []string{"openid", "offline_access", "profile", "email", "api"}

// compose builds the provider from fosite's parts.
func (d *demo) compose() error {
	var err error
	if d.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	config := &fosite.Config{
		GlobalSecret:                []byte(rand.Text() + rand.Text())[:32],
		IDTokenIssuer:               d.issuer,
		AccessTokenLifespan:         d.accessTokenLifetime,
		RefreshTokenLifespan:        d.refreshTokenLifetime,
		EnforcePKCEForPublicClients: true,
		RefreshTokenScopes:          []string{}, // not nil: a refresh token without asking for a scope
		ScopeStrategy:               fosite.ExactScopeStrategy,
		HashCost:                    4, // one made-up secret; no reason to wait for it
	}
	if d.store, err = d.newStore(config); err != nil {
		return err
	}
	signingKey := func(context.Context) (any, error) { return d.signingKey(), nil }
	idTokens := compose.NewOpenIDConnectStrategy(signingKey, config)
	d.provider = compose.Compose(config, d.store,
		&compose.CommonStrategy{
			CoreStrategy:               compose.NewOAuth2HMACStrategy(config),
			OpenIDConnectTokenStrategy: idTokens,
			Signer:                     &jwt.DefaultSigner{GetPrivateKey: signingKey},
		},
		compose.OAuth2AuthorizeExplicitFactory,
		compose.OAuth2AuthorizeImplicitFactory,
		compose.OAuth2PKCEFactory,
		//lint:ignore SA1019 the demo has the password grant on purpose, as people have servers that need it
		compose.OAuth2ResourceOwnerPasswordCredentialsFactory,
		compose.OAuth2ClientCredentialsGrantFactory,
		compose.OAuth2RefreshTokenGrantFactory,
		compose.OpenIDConnectExplicitFactory,
		compose.OpenIDConnectImplicitFactory,
		compose.OpenIDConnectRefreshFactory,
		compose.OAuth2TokenIntrospectionFactory,
		compose.OAuth2TokenRevocationFactory,
	)
	config.TokenEndpointHandlers.Append(passwordIDToken{&openid.IDTokenHandleHelper{IDTokenStrategy: idTokens}})
	return nil
}

func (d *demo) signingKey() jose.JSONWebKey {
	return jose.JSONWebKey{Key: d.key, KeyID: keyID, Algorithm: string(jose.ES256), Use: "sig"}
}

// store is fosite's memory store with stable subjects: its own gives each password grant a random one.
type store struct{ *storage.MemoryStore }

func (s store) Authenticate(_ context.Context, name, password string) (string, error) {
	u, ok := s.Users[name]
	if !ok || subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) == 0 {
		return "", fosite.ErrNotFound
	}
	return name, nil
}

func (d *demo) newStore(config *fosite.Config) (store, error) {
	s := store{storage.NewMemoryStore()}
	for _, u := range users {
		s.Users[u.Username] = storage.MemoryUserRelation{Username: u.Username, Password: u.Password}
	}
	var redirects []string
	for _, path := range d.redirects {
		redirects = append(redirects, d.page+path)
	}
	s.Clients[codeClient] = d.publicClient(&fosite.DefaultClient{
		ID: codeClient, GrantTypes: []string{"authorization_code", "refresh_token"},
		ResponseTypes: []string{"code"}, RedirectURIs: redirects,
	})
	s.Clients[implicitClient] = d.publicClient(&fosite.DefaultClient{
		ID: implicitClient, GrantTypes: []string{"implicit"},
		ResponseTypes: []string{"token", "id_token", "id_token token"}, RedirectURIs: redirects,
	})
	s.Clients[passwordClient] = d.publicClient(&fosite.DefaultClient{
		ID: passwordClient, GrantTypes: []string{"password", "refresh_token"},
	})
	secret, err := (&fosite.BCrypt{Config: config}).Hash(context.Background(), []byte(serviceSecret))
	s.Clients[serviceClient] = secretClient{&fosite.DefaultClient{
		ID: serviceClient, Secret: secret, GrantTypes: []string{"client_credentials"}, Scopes: []string{"api"},
	}, &d.lifetime}
	return s, err
}

func (d *demo) publicClient(c *fosite.DefaultClient) publicClient {
	c.Public, c.Scopes = true, scopes
	return publicClient{&fosite.DefaultOpenIDConnectClient{DefaultClient: c, TokenEndpointAuthMethod: "none"}, &d.lifetime}
}

type publicClient struct {
	*fosite.DefaultOpenIDConnectClient
	*lifetime
}

// secretClient is plain OAuth, so that fosite takes its secret both from the header and from the form.
type secretClient struct {
	*fosite.DefaultClient
	*lifetime
}

// lifetime is how long access tokens issued from now on live. fosite asks the client for it, and so it can
// change while requests run.
type lifetime struct{ d atomic.Int64 }

func (l *lifetime) set(d time.Duration) { l.d.Store(int64(d)) }
func (l *lifetime) get() time.Duration  { return time.Duration(l.d.Load()) }

func (l *lifetime) GetEffectiveLifespan(_ fosite.GrantType, kind fosite.TokenType, fallback time.Duration) time.Duration {
	if kind == fosite.AccessToken {
		return l.get()
	}
	return fallback
}

// newSession is what fosite keeps with each grant, and where the id token's claims come from.
func (d *demo) newSession(l login, asked time.Time) *openid.DefaultSession {
	return &openid.DefaultSession{
		Subject: l.user, Username: l.user,
		Claims:  &jwt.IDTokenClaims{Issuer: d.issuer, Subject: l.user, AuthTime: l.at, RequestedAt: asked},
		Headers: &jwt.Headers{Extra: map[string]any{"kid": keyID, "alg": string(jose.ES256)}},
	}
}

// profile is what a user's granted scopes say about them, in id tokens and at the userinfo endpoint.
func profile(subject string, granted fosite.Arguments) map[string]any {
	claims := map[string]any{}
	for _, u := range users {
		if u.Username != subject {
			continue
		}
		if granted.Has("profile") {
			claims["name"], claims["preferred_username"] = u.Name, u.Username
		}
		if granted.Has("email") {
			claims["email"] = u.Username + "@example.test"
		}
	}
	return claims
}
