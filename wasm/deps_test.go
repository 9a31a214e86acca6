//go:build !js

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// list runs go list for the program as it is shipped.
func list(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := cmd.Output()
	require.NoError(t, err)
	lines := strings.Fields(string(out))
	require.NotEmpty(t, lines)
	return lines
}

// Sizes are brotli's, of a small program with and without the package.
var refused = map[string]string{
	"net/http":                          "1.5 MB; its Header alone is 580 kB. The browser sends: core/browser.HTTP",
	"net/url":                           "50 kB, and it reads addresses otherwise than browsers do: the browser parses",
	"net":                               "there is no network but the browser's fetch",
	"encoding/json":                     "120 kB, folds case and takes the last of two equal names: core/strictjson",
	"crypto/sha256":                     "95 kB. The browser digests: core/browser.Crypto",
	"crypto/rand":                       "100 kB. The browser's random bytes: core/browser.Crypto",
	"crypto/rsa":                        "200 kB. The browser verifies signatures",
	"crypto/ecdsa":                      "450 kB. The browser verifies signatures",
	"crypto/tls":                        "there is no network but the browser's fetch",
	"regexp":                            "120 kB; what is parsed here has a grammar",
	"log":                               "nothing is logged: a line may hold a token",
	"log/slog":                          "270 kB, and nothing is logged: a line may hold a token",
	"os/exec":                           "there is nothing to run",
	"os/signal":                         "there is no signal",
	"text/template":                     "pages are not made here",
	"html/template":                     "pages are not made here",
	"testing":                           "tests are not shipped",
	"time/tzdata":                       "450 kB; times are UTC",
	"math/big":                          "what needs it is the browser's",
	"github.com/stretchr/testify":       "tests are not shipped",
	"latchkey/core/browser/browsertest": "tests are not shipped",
	"latchkey/core/session/sessiontest": "tests are not shipped",
}

func TestWhatIsNotLinked(t *testing.T) {
	linked := map[string]bool{}
	for _, name := range list(t, "-deps", ".") {
		linked[name] = true
	}
	require.True(t, linked["latchkey/core"])
	for name, reason := range refused {
		assert.False(t, linked[name], "%s is linked: %s", name, reason)
	}
	for name := range linked {
		assert.False(t, strings.HasPrefix(name, "crypto/"), "%s is linked: cryptography is the browser's", name)
	}
}

// Each build links the features that it has, and no other.
func TestBuildsLinkWhatTheyHave(t *testing.T) {
	all := []string{"clientauth", "asm"}
	for tags, want := range map[string][]string{
		"": all, "omit_clientauth": {"asm"}, "omit_asm": {"clientauth"}, "omit_clientauth,omit_asm": nil,
	} {
		linked := list(t, "-deps", "-tags", tags, ".")
		for _, feature := range all {
			assert.Equal(t, slices.Contains(want, feature), slices.Contains(linked, "latchkey/core/feature/"+feature), "%s with the tags %q", feature, tags)
		}
	}
}

func TestOnlyFeatureFilesImportFeatures(t *testing.T) {
	const features = "latchkey/core/feature/"
	for _, line := range list(t, "-f", `{{.ImportPath}}:{{join .Imports ","}}`, "latchkey/core/...", "latchkey/jsbridge") {
		name, imports, _ := strings.Cut(line, ":")
		for _, path := range strings.Split(imports, ",") {
			assert.False(t, strings.HasPrefix(path, features), "%s imports %s: the core does not know its features", name, path)
		}
	}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.HasPrefix(file, "feature_") {
			assert.Regexp(t, `//go:build .*!omit_\w+\n`, string(text), "%s cannot be left out", file)
		} else if file != "deps_test.go" {
			assert.NotContains(t, string(text), features, "%s: each feature has a file of its own", file)
		}
	}
}

func TestTheProgramImportsOnlyWhatItComposes(t *testing.T) {
	for _, path := range strings.Split(list(t, "-f", `{{join .Imports ","}}`, ".")[0], ",") {
		switch {
		case path == "latchkey/core", path == "latchkey/jsbridge", path == "github.com/hack-pad/safejs":
		case strings.HasPrefix(path, "latchkey/core/feature/"):
		default:
			assert.NotContains(t, path, "/", "%s: whatever needs more than composing belongs elsewhere", path)
		}
	}
}
