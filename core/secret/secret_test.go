package secret_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"latchkey/core/secret"
)

func TestXS09NoVerbPrintsASecret(t *testing.T) {
	type inside struct {
		hidden  secret.String
		Visible secret.String
	}
	s := secret.New("at_very_secret")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%08b"} {
		for _, v := range []any{s, &s, inside{s, s}, &inside{s, s}, []secret.String{s}, map[string]secret.String{"a": s}} {
			out := fmt.Sprintf(verb, v)
			assert.NotContains(t, out, "very_secret", verb)
			assert.NotContains(t, out, fmt.Sprintf("%x", "very_secret"), verb)
		}
	}
	assert.Equal(t, "at_very_secret", s.Expose())
	assert.False(t, s.Empty())
	assert.True(t, secret.New("").Empty())
	assert.Empty(t, secret.String{}.Expose())
}
