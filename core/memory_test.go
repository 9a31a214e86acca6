package core_test

import (
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
)

// holders lists where in what a value refers to, by whatever way, a text has one of these in it. What
// closures hold it does not see; of the browser's fakes it sees nothing, as they are not the core's.
func holders(root any, needles ...string) (found []string) {
	type place struct {
		at uintptr
		of reflect.Type
	}
	seen := map[place]bool{}
	var walk func(v reflect.Value, path string, depth int)
	walk = func(v reflect.Value, path string, depth int) {
		if !v.IsValid() || depth > 60 || strings.Contains(v.Type().String(), "browsertest.") {
			return
		}
		switch v.Kind() {
		case reflect.String:
			for _, needle := range needles {
				if strings.Contains(v.String(), needle) {
					found = append(found, path)
					return
				}
			}
		case reflect.Pointer, reflect.Map:
			here := place{v.Pointer(), v.Type()}
			if v.IsNil() || seen[here] {
				return
			}
			seen[here] = true
			if v.Kind() == reflect.Pointer {
				walk(v.Elem(), path, depth+1)
				return
			}
			for it := v.MapRange(); it.Next(); {
				walk(it.Key(), path+"[key]", depth+1)
				walk(it.Value(), path+"[]", depth+1)
			}
		case reflect.Interface:
			walk(v.Elem(), path, depth+1)
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i), path+"."+v.Type().Field(i).Name, depth+1)
			}
		case reflect.Slice:
			if v.Type().Elem().Kind() == reflect.Uint8 {
				text := make([]byte, v.Len())
				for i := range text {
					text[i] = byte(v.Index(i).Uint())
				}
				walk(reflect.ValueOf(string(text)), path, depth+1)
				return
			}
			fallthrough
		case reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i), path+"[]", depth+1)
			}
		}
	}
	walk(reflect.ValueOf(root), "", 0)
	return found
}

// Go's strings can't be overwritten, so what a page had is in its memory until the collector has used
// the place again. What can be held to is that nothing refers to it.
func TestST28AfterALogoutNothingRefersToAToken(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, here, other *page, server *browsertest.AuthServer){
		"here":           func(t *testing.T, here, _ *page, _ *browsertest.AuthServer) { here.do(t, "logout", "{}") },
		"in another tab": func(t *testing.T, _, other *page, _ *browsertest.AuthServer) { other.do(t, "logout", "{}") },
		"the storage is cleared": func(t *testing.T, here, other *page, _ *browsertest.AuthServer) {
			here.tab.Profile().Storage().Clear()
			for _, p := range []*page{here, other} {
				p.do(t, "look", "{}")
			}
		},
		"as the server says": func(_ *testing.T, here, _ *page, server *browsertest.AuthServer) {
			server.RevokeAll()
			_, _, _ = here.fetch()
		},
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				tokens := []string{"at_", "rt_", "eyJ"} // an id token's first letters
				here, other := alices(t, profile, server, config("")), openPage(t, profile, server, config(""))
				server.Expire()
				_, _, err := here.fetch()
				require.NoError(t, err)
				_, err = other.call("accessToken", "{}")
				require.NoError(t, err)
				synctest.Wait()
				require.NotEmpty(t, holders(here.rt, tokens...), "the search finds what is there")
				require.NotEmpty(t, holders(other.rt, tokens...))
				leave(t, here, other, server)
				time.Sleep(time.Minute)
				synctest.Wait()
				for _, p := range []*page{here, other} {
					assert.Equal(t, "anonymous", p.user())
					assert.Empty(t, holders(p.rt, tokens...))
				}
			})
		})
	}
}
