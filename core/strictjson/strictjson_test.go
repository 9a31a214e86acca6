package strictjson_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/strictjson"
)

// A name that comes twice is refused wherever it is, in an object of any size.
func TestParseFindsANameThatComesTwice(t *testing.T) {
	for n := 2; n <= 40; n++ {
		members := make([]string, n)
		for i := range members {
			members[i] = fmt.Sprintf(`"n%d":%d`, i, i)
		}
		_, err := strictjson.Parse("{" + strings.Join(members, ",") + "}")
		require.NoError(t, err)
		for first := range n {
			for second := first + 1; second < n; second++ {
				twice := slices.Clone(members)
				twice[second] = twice[first]
				_, err := strictjson.Parse("{" + strings.Join(twice, ",") + "}")
				require.ErrorIs(t, err, strictjson.ErrDuplicate, "%d and %d of %d", first, second, n)
			}
		}
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, text, want string
		err              error
	}{
		{"object", ` { "a" : [1, -2.5e3 , true,false,null,"x"] } `, `{"a":[1,-2.5e3,true,false,null,"x"]}`, nil},
		{"empty object and array", `{"a":{},"b":[]}`, `{"a":{},"b":[]}`, nil},
		{"escapes", `"\"\\\/\b\f\n\r\t\u00e9"`, `"\"\\/\u0008\u000c\n\u000d\u0009é"`, nil},
		{"surrogate pair", `"\ud83d\ude00"`, `"😀"`, nil},
		{"names that differ in case are two names", `{"sub":1,"SUB":2}`, `{"sub":1,"SUB":2}`, nil},
		{"a prototype name is a name", `{"__proto__":{"a":1}}`, `{"__proto__":{"a":1}}`, nil},
		{"lone high surrogate", `"\ud83d"`, "", strictjson.ErrText},
		{"lone low surrogate", `"\ude00"`, "", strictjson.ErrText},
		{"high surrogate before a letter", `"\ud83dx"`, "", strictjson.ErrText},
		{"invalid UTF-8", "\"\xff\"", "", strictjson.ErrText},
		{"name twice", `{"a":1,"a":2}`, "", strictjson.ErrDuplicate},
		{"name twice, once escaped", `{"a":1,"\u0061":2}`, "", strictjson.ErrDuplicate},
		{"something behind", `{} x`, "", strictjson.ErrSyntax},
		{"two values", `1 2`, "", strictjson.ErrSyntax},
		{"nothing", ``, "", strictjson.ErrSyntax},
		{"byte order mark", "\ufeff{}", "", strictjson.ErrSyntax},
		{"trailing comma", `[1,]`, "", strictjson.ErrSyntax},
		{"single quotes", `{'a':1}`, "", strictjson.ErrSyntax},
		{"leading zero", `01`, "", strictjson.ErrSyntax},
		{"plus", `+1`, "", strictjson.ErrSyntax},
		{"NaN", `NaN`, "", strictjson.ErrSyntax},
		{"bare control character", "\"a\nb\"", "", strictjson.ErrSyntax},
		{"truncated", `{"access_token":"a`, "", strictjson.ErrSyntax},
		{"truncated escape", `"\u00`, "", strictjson.ErrSyntax},
		{"escape at the end", `"\`, "", strictjson.ErrSyntax},
		{"a unit that strconv would take", `"\u+0f1"`, "", strictjson.ErrSyntax},
		{"as deep as may be", strings.Repeat("[", 32) + strings.Repeat("]", 32), strings.Repeat("[", 32) + strings.Repeat("]", 32), nil},
		{"deeper", strings.Repeat("[", 33) + strings.Repeat("]", 33), "", strictjson.ErrTooDeep},
		{"too large", `"` + strings.Repeat("a", strictjson.MaxSize) + `"`, "", strictjson.ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := strictjson.Parse(tt.text)
			if tt.err != nil {
				require.ErrorIs(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, v.JSON())
		})
	}
}

func TestRR39NumbersAreReadStrictly(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "-1": -1, "3600": 3600, "3600.0": 3600, "1e3": 1000, "9007199254740992": 1 << 53} {
		v, err := strictjson.Parse(text)
		require.NoError(t, err)
		n, ok := v.Int()
		assert.True(t, ok, text)
		assert.Equal(t, want, n, text)
	}
	for _, text := range []string{`"3600"`, "1.5", "1e400", "1e30", "-1e30", "null", "{}", "[]", "true"} {
		v, err := strictjson.Parse(text)
		require.NoError(t, err)
		_, ok := v.Int()
		assert.False(t, ok, text)
	}
}

func TestDepth(t *testing.T) {
	for text, want := range map[string]int{`1`: 0, `{}`: 1, `{"a":1}`: 1, `{"a":[],"b":{"c":[{}]}}`: 4, `[[],[[]],1]`: 3} {
		v, err := strictjson.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, want, v.Depth(), text)
	}
}

func TestXS09ValueDoesNotPrintWhatItHolds(t *testing.T) {
	v, err := strictjson.Parse(`{"access_token":"at_secret"}`)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, v), "at_secret")
		assert.NotContains(t, fmt.Sprintf(verb, v.Get("access_token")), "at_secret")
	}
}

func TestObject(t *testing.T) {
	var o strictjson.Object
	o.String("a", "\x00\"\u2028é\xff")
	o.Text("left out", "")
	o.Int("b", -5)
	o.Bool("c", true)
	o.Texts("d", []string{"x", "y"})
	o.Ints("numbers", []int{401, -5})
	o.Raw("e", "null")
	assert.Equal(t, "{\"a\":\"\\u0000\\\"\u2028é\ufffd\",\"b\":-5,\"c\":true,\"d\":[\"x\",\"y\"],\"numbers\":[401,-5],\"e\":null}", o.Done())
	assert.Equal(t, "{}", (&strictjson.Object{}).Done())
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,"\u00e9",null]}`, `"\ud83d\ude00"`, `-0.0e-1`, `{"a":1,"a":2}`, "[[[]]]", `{"__proto__":1}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := strictjson.Parse(text)
		if err != nil {
			return
		}
		assert.True(t, json.Valid([]byte(text)), "the standard library refuses it")
		again, err := strictjson.Parse(v.JSON())
		require.NoError(t, err)
		assert.Equal(t, v.JSON(), again.JSON())
	})
}
