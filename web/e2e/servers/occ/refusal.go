package main

import (
	"net/http"
	"strings"
)

// A refusal is OCC's error answer.
type refusal struct {
	status    int
	errors    []map[string]any
	challenge string // the error in WWW-Authenticate, with a 401
}

func refuse(status int, kind, message string) *refusal {
	return &refusal{status: status, errors: []map[string]any{{"type": kind, "message": message}}}
}

const fullAuthentication = "Full authentication is required to access this resource"

func unauthorized() *refusal {
	no := refuse(http.StatusUnauthorized, "UnauthorizedError", fullAuthentication)
	no.challenge = "unauthorized"
	return no
}

func forbidden() *refusal { return refuse(http.StatusForbidden, "ForbiddenError", "Access is denied") }

func unknown(message string) *refusal {
	return refuse(http.StatusBadRequest, "UnknownIdentifierError", message)
}

func (s *server) badToken(value, stands string) *refusal {
	no := refuse(http.StatusUnauthorized, s.switches.InvalidToken, s.invalid(value, stands))
	no.challenge = "invalid_token"
	return no
}

func (s *server) invalid(value, stands string) string {
	if stands == "expired" {
		return s.about("Access token expired", value)
	}
	return s.about("Invalid access token", value)
}

// missing is one error for each field that is not there.
func missing(body map[string]any, fields ...string) *refusal {
	no := &refusal{status: http.StatusBadRequest}
	for _, field := range fields {
		if text, _ := body[field].(string); text == "" {
			no.errors = append(no.errors, map[string]any{
				"type": "ValidationError", "message": "This field is required.", "reason": "missing", "subject": field, "subjectType": "parameter",
			})
		}
	}
	if no.errors == nil {
		return nil
	}
	return no
}

// challenge sets WWW-Authenticate, which a page can read only if the switch exposes it.
func (s *server) challenge(w http.ResponseWriter, kind, description string) {
	quoted := strings.ReplaceAll(description, `"`, "'")
	w.Header().Set("WWW-Authenticate", `Bearer realm="hybris", error="`+kind+`", error_description="`+quoted+`"`)
}
