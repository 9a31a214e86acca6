package oauth

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/errcode"
)

func TestStepUp(t *testing.T) {
	seconds := func(n int64) *int64 { return &n }
	tests := []struct {
		name, header string
		want         *errcode.Challenge
	}{
		{"as RFC 9470 has it", `Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR"`, &errcode.Challenge{ACRValues: "myACR"}},
		{"a fresher one", `Bearer error="insufficient_user_authentication", max_age="5"`, &errcode.Challenge{MaxAge: seconds(5)}},
		{"without quotes", `DPoP realm=x, error=insufficient_user_authentication, max_age=0`, &errcode.Challenge{MaxAge: seconds(0)}},
		{"behind another challenge", `Basic realm="a, error=\"no\"", Bearer ACR_VALUES = "a b" , Error="insufficient_user_authentication"`, &errcode.Challenge{ACRValues: "a b"}},
		{"a max_age that is none", `Bearer error="insufficient_user_authentication", max_age="soon"`, &errcode.Challenge{}},
		{"an expired token", `Bearer error="invalid_token", acr_values="a"`, nil},
		{"in a description only", `Bearer error="invalid_token", error_description="error=insufficient_user_authentication"`, nil},
		{"a quote that never ends", `Bearer error="insufficient_user_authentication`, &errcode.Challenge{}},
		{"nothing", "", nil},
		{"no parameters", "Bearer", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := StepUp(tt.header)
			if tt.want == nil {
				assert.NoError(t, err)
				return
			}
			var e *errcode.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, errcode.InteractionRequired, e.Code)
			assert.Equal(t, tt.want, e.Challenge)
			assert.Equal(t, "insufficient_user_authentication", e.OAuth.Error)
		})
	}
}

func FuzzAuthParams(f *testing.F) {
	f.Add(`Bearer error="a\"b", x=y`)
	f.Fuzz(func(t *testing.T, header string) {
		for name, value := range authParams(header) {
			assert.LessOrEqual(t, len(value), len(header))
			assert.False(t, strings.ContainsAny(name, " \t,="), name)
		}
	})
}

func TestFF50AChallengeThatIsTheAPIsOpinion(t *testing.T) {
	for header, want := range map[string]bool{
		`Bearer error="insufficient_scope", scope="orders"`: true,
		`Bearer realm="api", error=invalid_request`:         true,
		`Bearer error="invalid_token"`:                      false,
		`Bearer realm="insufficient_scope"`:                 false,
		`Bearer`:                                            false,
		``:                                                  false,
		`Bearer error_description="x", error="insufficient_scope"`: true,
	} {
		if got := Opinion(header); got != want {
			t.Errorf("Opinion(%q) = %v", header, got)
		}
	}
}
