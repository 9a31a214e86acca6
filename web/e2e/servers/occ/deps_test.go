package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stand-in that shares the client's code shares its bugs, and then proves nothing about it.
func TestImportsNothingOfTheClient(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-test", ".").Output()
	require.NoError(t, err)
	packages := strings.Fields(string(out))
	require.Contains(t, packages, "latchkey/web/e2e/servers/occ")
	for _, name := range packages {
		if strings.HasPrefix(name, "latchkey/") {
			assert.True(t, strings.HasPrefix(name, "latchkey/web/e2e/servers/occ"), name)
		}
	}
}
