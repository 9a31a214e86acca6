package trace

import "strings"

// Word is a text if it is one of letters, or of several with '_' between: what codes look
// like. Tokens are longer, or have digits in them. Else it is "".
func Word(text string) string {
	for _, c := range []byte(text) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && c != '_' || len(text) > 40 {
			return ""
		}
	}
	return text
}

// known are the words that a server's sentence is cut to. A sentence may have anything
// in it, as a user's name or the token itself; of these alone nobody learns more than
// what was wrong.
const known = " a account active already and another authorization been by client denied disabled does due error exceeded exist expired family for found grant has have in inactive invalid is " +
	"issued limit locked logout match maximum missing no not of or password provided refresh rejected request required reuse revoked rotated scope session stale suspended the to token unknown used user was "

// Words is a server's sentence, cut to those that are known.
func Words(sentence string) string {
	kept, gap := "", ""
	for sentence != "" && len(kept) < 100 {
		var w string
		w, sentence, _ = strings.Cut(sentence, " ")
		w = strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(w, "."), ","))
		if w == "" || !strings.Contains(known, " "+w+" ") {
			gap = " …"
			continue
		}
		if kept != "" {
			gap += " "
		}
		kept += gap + w
		gap = ""
	}
	return kept
}
