//go:build !js

package core_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What core may import, each with the reason. The list for the whole bundle is
// in wasm/deps_test.go.
func TestImports(t *testing.T) {
	bad := map[string]string{
		"syscall/js":    "core runs natively; the browser is behind the ports",
		"net/http":      "2 MB in the bundle; requests go through browser.HTTP",
		"net/url":       "reads 35 of 53 hostile addresses in another way than browsers do",
		"os":            "there is no operating system in a page",
		"encoding/json": "folds case, takes the last of two members, and costs 120 kB",
		"math/rand":     "chance comes from browser.Crypto",
		"math/rand/v2":  "chance comes from browser.Crypto",
		"crypto/rand":   "chance comes from browser.Crypto",
		"crypto/sha256": "hashing is the browser's, 97 kB cheaper",
		"log":           "there is nobody to read it, and it might hold a token",
		"regexp":        "120 kB",
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	require.NoError(t, err)
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		pkg, imports, _ := strings.Cut(line, " ")
		if strings.HasSuffix(pkg, "/browsertest") || strings.HasSuffix(pkg, "/sessiontest") {
			continue // for tests only; wasm/deps_test.go says that they are not linked
		}
		for _, imported := range strings.Fields(imports) {
			assert.Empty(t, bad[imported], "%s imports %s", pkg, imported)
			own := strings.HasPrefix(imported, "latchkey/core/") || imported == "latchkey/core" && strings.HasPrefix(pkg, "latchkey/core/feature/")
			assert.True(t, own || !strings.Contains(imported, ".") && !strings.HasPrefix(imported, "latchkey/"), "%s imports %s: core is the standard library only", pkg, imported)
			assert.False(t, strings.HasPrefix(imported, "latchkey/core/feature/"), "%s imports %s: core does not know its features", pkg, imported)
		}
	}
}

// Each package says what it is, once.
func TestEveryPackageHasOneDoc(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}|{{.Doc}}`, "./...").Output()
	require.NoError(t, err)
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		pkg, doc, _ := strings.Cut(line, "|")
		assert.NotEmpty(t, doc, pkg)
	}
}
