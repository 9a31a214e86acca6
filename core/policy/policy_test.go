package policy_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/strictjson"
)

var update = flag.Bool("update", false, "write the golden policies again")

// The data plane's tests read the same files.
var golden = map[string]policy.Policy{
	"anonymous": {Version: 3},
	"bearer": {Session: "s1", Version: 7, Rules: []policy.Rule{{
		As: policy.User, Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer token")}},
		ValidUntil: time.UnixMilli(1790000000000), Refused: policy.Refusal{Statuses: []int{401}},
	}}},
	"dpop": {Session: "s1", Version: 2, Rules: []policy.Rule{{
		As: policy.User, Headers: []policy.Header{{Name: "authorization", Value: secret.New("DPoP token")}},
		ValidUntil: time.UnixMilli(1790000000000), Refused: policy.Refusal{Statuses: []int{401}}, ProofKey: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
	}}},
	"resources": {Session: "s1", Version: 9, Rules: []policy.Rule{
		{As: policy.User, Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer token")}}, Refused: policy.Refusal{Statuses: []int{401}}},
		{
			As: policy.UserAt("https://orders.example.com"), Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer orders")}},
			ValidUntil: time.UnixMilli(1790000000000), Refused: policy.Refusal{Statuses: []int{401}},
		},
		{As: policy.UserAt("urn:example:mail"), Hold: true},
	}},
	"no-expiry": {Session: "s1", Version: 1, Rules: []policy.Rule{{
		As: policy.User, Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer token")}}, Refused: policy.Refusal{Statuses: []int{401, 440}},
	}}},
	"cookie": {Session: "s1", Version: 4, Rules: []policy.Rule{{
		As: policy.User, ValidUntil: time.UnixMilli(1790000000000), Refused: policy.Refusal{Statuses: []int{401}}, Credentials: true,
	}}},
	"storefront": {Session: "s1", Version: 7, Rules: []policy.Rule{
		{
			As: policy.User, Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer token")}},
			Refused: policy.Refusal{Statuses: []int{401}, Types: []string{"InvalidTokenError"}},
		},
		{
			As: policy.Client, Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer client")}}, Session: "client", Version: 2,
			ValidUntil: time.UnixMilli(1790000000000), Refused: policy.Refusal{Statuses: []int{401}, Types: []string{"InvalidTokenError"}},
		},
	}},
	"captured": {Session: "s1", Version: 2, Rules: []policy.Rule{{
		As: policy.User, Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer token")}}, Capture: []string{"vendure-auth-token"},
		Refused: policy.Refusal{Statuses: []int{200}, Codes: []string{"FORBIDDEN"}}, Watch: "logout|login",
		Tells: policy.Tells{Codes: []string{"CHANNEL_NOT_FOUND"}, Param: "vendure-token"},
	}}},
	"captured-visitor": {Version: 3, Rules: []policy.Rule{{
		As: policy.User, Capture: []string{"vendure-auth-token"}, Single: "mutation|order", Watch: "logout|login",
		Begins: policy.Begins{Request: "order", Answer: `"order":`},
	}}},
	"cookie-visitor": {Version: 1, Rules: []policy.Rule{{As: policy.User, Credentials: true, Single: "mutation|order", Watch: "logout|login"}}},
	"visitor":        {Version: 3, Rules: []policy.Rule{{As: policy.Client, Hold: true, Session: "client"}}},
	"emulating": {Session: "a1.5", Version: 6, Rules: []policy.Rule{
		{As: policy.Agent, Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer agent")}}, Session: "a1", Version: 6},
		{As: policy.User, Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer agent")}}, Session: "a1.5", Version: 6},
	}},
	"hold":      {Session: "s1", Version: 8, Rules: []policy.Rule{{As: policy.User, Hold: true}}},
	"two-rules": {Session: "s1", Version: 9, Rules: []policy.Rule{{As: policy.User, Hold: true}, {As: "client", Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer other")}}}}},
}

func TestGoldenPolicies(t *testing.T) {
	for name, p := range golden {
		file := filepath.Join("testdata", name+".json")
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(p.JSON()+"\n"), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(want), p.JSON()+"\n", name)
		_, err = strictjson.Parse(p.JSON())
		assert.NoError(t, err, name)
	}
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	assert.Len(t, files, len(golden), "a file without its policy here")
}

func TestXS09PolicyDoesNotPrintItsHeaders(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, golden["bearer"]), "token")
		assert.NotContains(t, fmt.Sprintf(verb, golden["bearer"].Rules), "token")
	}
}
