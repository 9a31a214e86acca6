package browsertest

import (
	"slices"
	"time"
)

// rotation is what a family's refresh tokens have come to.
type rotation struct {
	// used is when each was first, answers what that brought.
	used    map[string]time.Time
	answers map[string]string
	// parent is the one whose children are good as well as itself, until one is used.
	parent   string
	children []string
}

// spent tells whether a refresh token was used before, and is of no use any more.
func (s *AuthServer) spent(f *family, token string) bool {
	switch used, before := f.used[token]; {
	case s.TwoPhase && f.parent != "":
		return token != f.parent && !slices.Contains(f.children, token)
	case s.Grace > 0:
		return before && !s.Now().Before(used.Add(s.Grace))
	}
	return token != f.refresh
}

// rotated notes that a token has brought the next.
func (s *AuthServer) rotated(f *family, token, answer string) {
	if s.KeepRefreshToken || !s.TwoPhase && s.Grace == 0 {
		return
	}
	if f.used == nil {
		f.used, f.answers = map[string]time.Time{}, map[string]string{}
	}
	if _, before := f.used[token]; !before {
		f.used[token], f.answers[token] = s.Now(), answer
	}
	if token != f.parent {
		f.parent, f.children = token, nil
	}
	f.children = append(f.children, f.refresh)
}
