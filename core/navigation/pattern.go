package navigation

import "strings"

// Pattern is a path as the configuration has it, in segments. `*` stands for one
// segment, and a slash at the end says nothing. web/src/guard.ts reads patterns
// in the same way: testdata/patterns.json has cases for both.
type Pattern []string

// ParsePattern reads a path without query and fragment. "" and "/" have no
// segments.
func ParsePattern(path string) Pattern {
	return strings.Split(strings.TrimSuffix(path, "/"), "/")[1:]
}

// Cut takes the pattern from the front of a path, which begins with a slash. ok
// is false where the path does not begin with it.
func (p Pattern) Cut(path string) (rest string, ok bool) {
	rest = path
	for _, want := range p {
		if !strings.HasPrefix(rest, "/") {
			return path, false
		}
		segment := rest[1:]
		if i := strings.IndexAny(segment, "/?#"); i >= 0 {
			segment = segment[:i]
		}
		if segment == "" || want != "*" && segment != want {
			return path, false
		}
		rest = rest[1+len(segment):]
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return rest, true
}

// Is tells whether a path, whatever its query and fragment, is the pattern's.
func (p Pattern) Is(path string) bool {
	rest, ok := p.Cut(bare(path))
	return ok && rest == "/"
}

func bare(path string) string {
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		return path[:i]
	}
	return path
}
