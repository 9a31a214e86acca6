package main

import (
	"net/http"

	jose "github.com/go-jose/go-jose/v3"
)

// metadata is OpenID Connect Discovery 1.0, section 3.
func (d *demo) metadata(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         d.issuer,
		"authorization_endpoint":                         d.issuer + "/authorize",
		"token_endpoint":                                 d.issuer + "/token",
		"revocation_endpoint":                            d.issuer + "/revoke",
		"userinfo_endpoint":                              d.issuer + "/userinfo",
		"jwks_uri":                                       d.issuer + "/jwks.json",
		"end_session_endpoint":                           d.issuer + "/logout",
		"scopes_supported":                               scopes,
		"claims_supported":                               []string{"sub", "name", "preferred_username", "email"},
		"response_types_supported":                       []string{"code", "token", "id_token", "id_token token"},
		"response_modes_supported":                       []string{"query", "fragment"},
		"grant_types_supported":                          []string{"authorization_code", "implicit", "refresh_token", "password", "client_credentials"},
		"code_challenge_methods_supported":               []string{"S256"},
		"token_endpoint_auth_methods_supported":          []string{"none", "client_secret_basic", "client_secret_post"},
		"revocation_endpoint_auth_methods_supported":     []string{"none", "client_secret_basic", "client_secret_post"},
		"id_token_signing_alg_values_supported":          []string{string(jose.ES256)},
		"subject_types_supported":                        []string{"public"},
		"prompt_values_supported":                        []string{"none", "login", "select_account", "consent"},
		"authorization_response_iss_parameter_supported": true,
	})
}

func (d *demo) jwks(w http.ResponseWriter, _ *http.Request) {
	key := d.signingKey()
	writeJSON(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
}
