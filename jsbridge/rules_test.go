//go:build !js

// These tests read the package's source, and run natively: everything else here is
// built for js/wasm only.

package jsbridge_test

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// source is every file of the package, but this one.
func source(t *testing.T) map[string]*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	files := map[string]*ast.File{}
	for _, name := range names {
		if name == "rules_test.go" {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		files[name] = file
	}
	require.Greater(t, len(files), 8)
	return files
}

func TestEveryFileIsForJSOnly(t *testing.T) {
	for name, file := range source(t) {
		tag := ""
		for _, group := range file.Comments {
			for _, line := range group.List {
				if constraint.IsGoBuild(line.Text) && group.End() < file.Package {
					tag = line.Text
				}
			}
		}
		assert.Equal(t, "//go:build js && wasm", tag, name)
	}
}

func TestImports(t *testing.T) {
	allowed := map[string]bool{
		"latchkey/core/browser":             true,
		"latchkey/core/errcode":             true,
		"github.com/hack-pad/safejs":        true,
		"latchkey/core/browser/browsertest": false, // tests only
		"github.com/stretchr/testify":       false, // tests only
	}
	for name, file := range source(t) {
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			assert.NotEqual(t, "syscall/js", path, "%s: a mistake would panic; safejs returns an error", name)
			if strings.HasSuffix(name, "_test.go") || !strings.Contains(path, ".") && !strings.HasPrefix(path, "latchkey") {
				continue
			}
			assert.True(t, allowed[path], "%s imports %s: the bridge holds no decision about sessions", name, path)
		}
	}
}

// GW-03: the callback runs on JavaScript's stack, where nothing can come that
// would end a wait.
func TestTheCallbackNeverWaits(t *testing.T) {
	functions := map[string]*ast.FuncDecl{}
	for name, file := range source(t) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok {
				functions[f.Name.Name] = f
			}
		}
	}
	// By name alone, which finds too much rather than too little.
	seen := map[string]bool{}
	var check func(name string)
	check = func(name string) {
		f := functions[name]
		if f == nil || seen[name] {
			return
		}
		seen[name] = true
		waits(f.Body, func(what string) { t.Errorf("%s, called from enter, %s", name, what) }, check)
	}
	check("enter")
	for _, name := range []string{"enter", "dispatch", "settle", "tell", "start", "cancel"} {
		assert.True(t, seen[name], "%s is no longer found from enter: this test looks at nothing", name)
	}
}

func TestTheCallbackTestFindsWaits(t *testing.T) {
	for _, statement := range []string{
		"<-c", "c <- 1", "x := <-c; _ = x", "select {}", "select { case <-c: }", "for range c {}", "w.Wait()", "time.Sleep(1)",
		"host.Call(\"publish\")", "f.Invoke()", "func() { <-c }()",
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p; func f() { "+statement+" }", 0)
		require.NoError(t, err)
		found := false
		waits(file.Decls[0].(*ast.FuncDecl).Body, func(string) { found = true }, func(string) {})
		assert.True(t, found, statement)
	}
	for _, statement := range []string{"go func() { <-c }()", "select { case c <- 1: default: }", "f()", "for range 3 {}"} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p; func f() { "+statement+" }", 0)
		require.NoError(t, err)
		waits(file.Decls[0].(*ast.FuncDecl).Body, func(what string) { t.Error(statement, what) }, func(string) {})
	}
}

// waits reports what in a body may wait or call JavaScript, and the names of the
// functions called. What a go statement starts is on its own stack.
func waits(body ast.Node, report func(what string), calls func(name string)) {
	polled := map[ast.Node]bool{}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			return false
		case *ast.SelectStmt:
			hasDefault := false
			for _, clause := range n.Body.List {
				hasDefault = hasDefault || clause.(*ast.CommClause).Comm == nil
			}
			if !hasDefault {
				report("has a select without a default")
			}
			for _, clause := range n.Body.List {
				comm := clause.(*ast.CommClause).Comm
				polled[comm] = true
				if comm != nil {
					ast.Inspect(comm, func(n ast.Node) bool { polled[n] = true; return true })
				}
			}
		case *ast.SendStmt:
			if !polled[n] {
				report("sends")
			}
		case *ast.UnaryExpr:
			if n.Op == token.ARROW && !polled[n] {
				report("receives")
			}
		case *ast.RangeStmt:
			if name, ok := n.X.(*ast.Ident); ok && n.Key == nil && name.Name != "args" {
				report("ranges over what may be a channel")
			}
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
			}
			switch name {
			case "Wait", "Sleep":
				report("calls " + name)
			case "Call", "Invoke", "New":
				report("calls JavaScript back")
			default:
				calls(name)
			}
		}
		return true
	})
}

// GW-04: a callback that is never made needs no release. There is one, for as
// long as the program runs; that it is not called after the end is the host's
// to hold, and web/test/loader.test.mjs's to prove.
func TestGW04ThereIsOneCallback(t *testing.T) {
	var made []string
	for name, file := range source(t) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "FuncOf" {
				made = append(made, name)
			}
			return true
		})
	}
	assert.Equal(t, []string{"commands.go"}, made)
}
