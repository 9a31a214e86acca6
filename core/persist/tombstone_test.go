package persist

import (
	"flag"
	"os"
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
		Access: secret.New("at"), Refresh: secret.New("rt"), ID: secret.New("it"), Type: "Bearer", IssuedAt: time.UnixMilli(1790000000000),
		Subject: "alice", Claims: `{"iss":"https://id.example.com","sub":"alice","sid":"sid-1"}`,
	}
	for _, tt := range []struct {
		name string
		rec  session.Record
		view session.View
	}{
		{"live", session.Record{Stamp: stamp, Tokens: tokens}, session.View{
			State: session.State{LoggedIn: true, UserID: "alice", Claims: tokens.Claims, TokenType: "Bearer"},
			Policy: policy.Policy{Session: "s1", Version: 7, Rules: []policy.Rule{{
				As: policy.User, Headers: []policy.Header{{Name: "authorization", Value: secret.New("Bearer at")}}, Refused: []int{401},
			}}},
		}},
		{"revoked", session.Record{Stamp: session.Stamp{Generation: 8}, Ended: session.Revoked}, session.View{Policy: policy.Policy{Version: 8}}},
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
