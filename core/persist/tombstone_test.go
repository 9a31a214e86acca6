package persist

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/session"
)

var update = flag.Bool("update", false, "write the golden records again")

// The page for front-channel logout makes the second record of the first
// (web/src/tombstone.ts), and its test reads the same files.
func TestOP42GoldenRecords(t *testing.T) {
	whose := owner{issuer: "https://id.example.com", client: "shop", context: "a/b"}
	stamp := session.Stamp{Session: "s1", Generation: 7}
	tokens := session.Tokens{
		Access: secret.New("at"), Refresh: secret.New("rt"), ID: secret.New("it"), Type: "Bearer", IssuedAt: time.UnixMilli(1790000000000), Since: 7,
		Subject: "alice", Claims: `{"iss":"https://id.example.com","sub":"alice","sid":"sid-1"}`,
	}
	const why = `{"at":1790000000000,"tab":"","what":"ended","trigger":"server","reason":"revoked","generation":8}`
	for _, tt := range []struct {
		name string
		rec  session.Record
		view session.View
	}{
		{"live", session.Record{Stamp: stamp, Began: tokens.IssuedAt, Tokens: tokens}, session.View{
			State: session.State{LoggedIn: true, UserID: "alice", Claims: tokens.Claims, TokenType: "Bearer"},
			Policy: policy.Policy{Session: "s1", Version: 7, Rules: []policy.Rule{{
				As: policy.User, Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer at")}}, Refused: policy.Refusal{Statuses: []int{401}},
			}}},
		}},
		{"revoked", session.Record{Stamp: session.Stamp{Generation: 8}, Ended: session.Revoked, Why: why}, session.View{Policy: policy.Policy{Version: 8}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := "testdata/" + tt.name + ".json"
			text := encode(whose, tt.rec, tt.view)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(text+"\n"), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), text+"\n")
			rec, err := decode(whose, string(want))
			require.NoError(t, err)
			assert.Equal(t, tt.rec, rec)
		})
	}
}

// A record says of each token which generation it came with (RFC 8707 gives one
// session several), and what can't be used of them is got again.
func TestST05TokensForResourcesAreKept(t *testing.T) {
	rec := session.Record{Stamp: session.Stamp{Session: "s1", Generation: 9}, Began: time.UnixMilli(1780000000000), Tokens: session.Tokens{
		Access: secret.New("at"), Type: "Bearer", IssuedAt: time.UnixMilli(1790000000000), Since: 7,
		More: []session.Access{
			{Resource: "https://a.test", Token: secret.New("at_a"), Type: "Bearer", ExpiresAt: time.UnixMilli(1790000000000), Since: 8},
			{Resource: `urn:"b"`, Token: secret.New("at_b"), Type: "Bearer", Since: 9},
		},
	}}
	text := encode(owner{}, rec, session.View{})
	again, err := decode(owner{}, text)
	require.NoError(t, err)
	assert.Equal(t, rec, again)

	for name, change := range map[string][2]string{
		"no token": {`"access":"at_a"`, `"access":1`}, "no type": {`"access":"at_a","type":"Bearer"`, `"access":"at_a"`},
	} {
		again, err = decode(owner{}, strings.Replace(text, change[0], change[1], 1))
		require.NoError(t, err, name)
		assert.True(t, again.Tokens.Lacks("https://a.test"), name)
		assert.False(t, again.Tokens.Lacks(`urn:"b"`), name)
	}
	again, err = decode(owner{}, strings.Replace(text, `"since":8`, `"since":10`, 1))
	require.NoError(t, err)
	assert.EqualValues(t, 9, again.Tokens.For("https://a.test").Since, "none is of the future")
}

// Why a session ended is kept with that, as far as it can be true, and a record without
// it (an older version's) is read as well.
func TestST08WhyASessionEndedIsAStrangersWord(t *testing.T) {
	rec := session.Record{Stamp: session.Stamp{Generation: 8}, Ended: session.Expired, Why: `{"at":1790000000000,"tab":"abcdefgh","what":"ended","trigger":"doubt"}`}
	text := encode(owner{}, rec, session.View{})
	again, err := decode(owner{}, text)
	require.NoError(t, err)
	assert.Equal(t, rec, again)
	for _, why := range []string{"null", "7", "[]", `"<b>"`, `{"tab":"` + strings.Repeat("a", 700) + `"}`} {
		again, err = decode(owner{}, strings.Replace(text, `"why":`+rec.Why, `"why":`+why, 1))
		require.NoError(t, err, why)
		assert.Empty(t, again.Why, why)
		assert.Equal(t, session.Expired, again.Ended)
	}
	again, err = decode(owner{}, strings.Replace(text, `"why":`+rec.Why+",", "", 1))
	require.NoError(t, err)
	assert.Empty(t, again.Why)
}
