package browsertest

import "testing"

// cookies asks for those that [Subject.SetCookies] has set.
func (s Subject) cookies(t *testing.T) {
	a, _ := s.Open(t)
	if s.SetCookies == nil {
		if got := a.Cookies.Cookie("csrf"); got != "" {
			t.Errorf("got %q of no cookies", got)
		}
		return
	}
	tests := []struct{ name, all, want string }{
		{"none", "", ""},
		{"one", "csrf=one", "one"},
		{"an encoded value is decoded", "csrf=a%3D%3D", "a=="},
		{"a value that is no encoding stays", "csrf=50%", "50%"},
		{"a name that begins alike, and one that ends alike", "csrf2=no; xcsrf=no; CSRF=no; csrf=yes", "yes"},
		{"two of one name", "csrf=one; csrf=two", ""},
		{"the one that no other host can set", "csrf=tossed; __Host-csrf=own", "own"},
	}
	for _, tt := range tests {
		t.Run("CK-02 "+tt.name, func(t *testing.T) {
			s.SetCookies(tt.all)
			if got := a.Cookies.Cookie("csrf"); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	t.Run("CK-09 one is forgotten, and none that is called nearly so", func(t *testing.T) {
		s.SetCookies("user=a; user2=b; __Host-csrf=c; csrf=d")
		a.Cookies.Forget("user")
		a.Cookies.Forget("__Host-csrf")
		for name, want := range map[string]string{"user": "", "user2": "b", "csrf": "d"} {
			if got := a.Cookies.Cookie(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	})
}
