package core_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain says when a test has left a goroutine behind (LD-11). Those in a bubble of testing/synctest cannot: a bubble that ends
// with one fails by itself.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	if runtime.GOOS == "js" {
		os.Exit(code) // Go's own goroutines there, for events, come and go
	}
	left := 0
	// One that has been told to end may need a turn for it.
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		if left = runtime.NumGoroutine() - before; left <= 0 {
			break
		}
	}
	if code == 0 && left > 0 {
		stacks := make([]byte, 1<<20)
		fmt.Printf("LD-11: %d goroutines are left\n%s\n", left, stacks[:runtime.Stack(stacks, true)])
		code = 1
	}
	os.Exit(code)
}
