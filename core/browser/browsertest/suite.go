package browsertest

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/core/browser"
)

// Subject is what [Suite] tests.
type Subject struct {
	// Open opens two tabs of one profile, on the same page. They are closed when
	// t ends.
	Open func(t *testing.T) (a, b browser.Browser)
	// Server is the base URL of a server with the routes of [Answer].
	Server string
	// SetCookies sets what the page sees of all cookies; nil where a test has no way to.
	SetCookies func(all string)
}

// Suite is what every implementation of the ports must pass: the fakes of this
// package, and the bridge in Node and in a browser.
func Suite(t *testing.T, s Subject) {
	t.Run("storage", s.storage)
	t.Run("locks", s.locks)
	t.Run("channel", s.channel)
	t.Run("crypto", s.crypto)
	t.Run("location", s.location)
	t.Run("clock", s.clock)
	t.Run("lifecycle", s.lifecycle)
	t.Run("http", s.http)
	t.Run("windows", s.windows)
	t.Run("proof key", s.proofKey)
	t.Run("cookies", s.cookies)
}

func (s Subject) storage(t *testing.T) {
	a, b := s.Open(t)
	ctx := t.Context()
	expect := func(t *testing.T, area browser.Storage, key, want string) {
		t.Helper()
		got, ok, err := area.Get(ctx, key)
		if err != nil || !ok || got != want {
			t.Fatalf("got %q, %v, %v; want %q", got, ok, err, want)
		}
	}
	absent := func(t *testing.T, area browser.Storage, key string) {
		t.Helper()
		got, ok, err := area.Get(ctx, key)
		if err != nil || ok || got != "" {
			t.Fatalf("got %q, %v, %v; want nothing", got, ok, err)
		}
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	t.Run("a key that was never set is not there, and its removal is no error", func(t *testing.T) {
		absent(t, a.Storage, "suite/never")
		must(t, a.Storage.Remove(ctx, "suite/never"))
	})
	t.Run("what one tab sets the other reads, until it is removed", func(t *testing.T) {
		must(t, a.Storage.Set(ctx, "suite/one", "first"))
		expect(t, b.Storage, "suite/one", "first")
		must(t, b.Storage.Set(ctx, "suite/one", "second"))
		expect(t, a.Storage, "suite/one", "second")
		must(t, a.Storage.Remove(ctx, "suite/one"))
		absent(t, b.Storage, "suite/one")
	})
	t.Run("an empty value is a value", func(t *testing.T) {
		must(t, a.Storage.Set(ctx, "suite/empty", ""))
		expect(t, b.Storage, "suite/empty", "")
	})
	t.Run("keys are apart", func(t *testing.T) {
		must(t, a.Storage.Set(ctx, "suite/a", "1"))
		must(t, a.Storage.Set(ctx, "suite/a/b", "2"))
		must(t, a.Storage.Remove(ctx, "suite/a"))
		absent(t, a.Storage, "suite/a")
		expect(t, a.Storage, "suite/a/b", "2")
	})
	t.Run("text comes back byte for byte", func(t *testing.T) {
		for _, text := range []string{"\ufeffmark", "é 漢 😀", "a\x00b", "\"\\\n\t", strings.Repeat("long ", 10_000)} {
			must(t, a.Storage.Set(ctx, "suite/é/😀", text))
			expect(t, b.Storage, "suite/é/😀", text)
		}
	})
	t.Run("the area of what outlives a redirect works the same", func(t *testing.T) {
		must(t, a.Pending.Set(ctx, "suite/pending", "x"))
		expect(t, b.Pending, "suite/pending", "x")
		must(t, b.Pending.Remove(ctx, "suite/pending"))
		absent(t, a.Pending, "suite/pending")
	})
	t.Run("a context that has ended", func(t *testing.T) {
		if _, _, err := a.Storage.Get(ended(), "suite/a/b"); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v; want context.Canceled", err)
		}
	})
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// watched is a context that tells when somebody begins to wait for its end:
// then whatever he waits for is under way.
type watched struct {
	context.Context
	waiting chan struct{}
	once    sync.Once
}

func watch(ctx context.Context) *watched {
	return &watched{Context: ctx, waiting: make(chan struct{})}
}

func (w *watched) Done() <-chan struct{} {
	w.once.Do(func() { close(w.waiting) })
	return w.Context.Done()
}

func (s Subject) locks(t *testing.T) {
	a, b := s.Open(t)
	acquire := func(t *testing.T, tab browser.Browser, name string) func() {
		t.Helper()
		release, err := tab.Locks.Acquire(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return release
	}

	t.Run("the other tab knows at once who holds one", func(t *testing.T) {
		defer acquire(t, a, "suite/held")()
		names, err := b.Locks.Held(t.Context())
		if err != nil {
			t.Skip("nobody to ask here: Node has no lock manager, and its queue is inside the page")
		}
		if !slices.Contains(names, "suite/held") {
			t.Fatalf("got %q; want suite/held among them", names)
		}
	})
	t.Run("one holds it, the others get it in the order they came", func(t *testing.T) {
		release := acquire(t, a, "suite/line")
		order := make(chan int, 3)
		next := make(chan func(), 3)
		for i, tab := range []browser.Browser{b, a, b} {
			ctx := watch(t.Context())
			go func() {
				release, err := tab.Locks.Acquire(ctx, "suite/line")
				if err != nil {
					t.Error(err)
					release = func() {}
				}
				order <- i
				next <- release
			}()
			<-ctx.waiting
		}
		if len(order) != 0 {
			t.Fatal("a lock that was held was given again")
		}
		for want := range 3 {
			release()
			release() // the second time does nothing, also not to the next holder
			if got := <-order; got != want {
				t.Fatalf("waiter %d got the lock; want %d", got, want)
			}
			release = <-next
			if len(order) != 0 {
				t.Fatal("two hold the lock")
			}
		}
		release()
	})
	t.Run("locks of different names do not wait for one another", func(t *testing.T) {
		one := acquire(t, a, "suite/one")
		two := acquire(t, b, "suite/two")
		one()
		two()
	})
	t.Run("one that is stolen is the thief's, and those in line wait for the thief", func(t *testing.T) {
		if _, err := b.Locks.Held(t.Context()); err != nil {
			t.Skip("no lock manager here, and no other tab to steal from")
		}
		before := acquire(t, a, "suite/stolen")
		line := make(chan func(), 1)
		ctx := watch(t.Context())
		go func() {
			release, err := a.Locks.Acquire(ctx, "suite/stolen")
			if err != nil {
				t.Error(err)
			}
			line <- release
		}()
		<-ctx.waiting
		thief, err := b.Locks.Steal(t.Context(), "suite/stolen")
		if err != nil {
			t.Fatal(err)
		}
		before() // not its any more
		names, _ := a.Locks.Held(t.Context())
		if !slices.Contains(names, "suite/stolen") || len(line) != 0 {
			t.Fatal("who lost the lock has let go of it for the thief")
		}
		thief()
		(<-line)()
	})
	t.Run("one that nobody holds can be stolen too", func(t *testing.T) {
		release, err := b.Locks.Steal(t.Context(), "suite/free")
		if err != nil {
			t.Fatal(err)
		}
		release()
		acquire(t, a, "suite/free")()
	})
	t.Run("who waits may give up, and the line goes on", func(t *testing.T) {
		release := acquire(t, a, "suite/give up")
		ctx, cancel := context.WithCancel(t.Context())
		watching := watch(ctx)
		failed := make(chan error)
		go func() {
			_, err := b.Locks.Acquire(watching, "suite/give up")
			failed <- err
		}()
		<-watching.waiting
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v; want context.Canceled", err)
		}
		release()
		acquire(t, b, "suite/give up")()
	})
	t.Run("a lock is kept when the context it was asked with ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		release, err := a.Locks.Acquire(ctx, "suite/kept")
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		other, stop := context.WithCancel(t.Context())
		watching := watch(other)
		got := make(chan error, 1)
		go func() {
			_, err := b.Locks.Acquire(watching, "suite/kept")
			got <- err
		}()
		<-watching.waiting
		stop()
		if err := <-got; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v; want context.Canceled", err)
		}
		release()
		acquire(t, b, "suite/kept")()
	})
	t.Run("a context that has ended", func(t *testing.T) {
		if _, err := a.Locks.Acquire(ended(), "suite/ended"); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v; want context.Canceled", err)
		}
		acquire(t, b, "suite/ended")()
	})
}

func (s Subject) channel(t *testing.T) {
	a, b := s.Open(t)
	toA, toB, stopped := make(chan string, 8), make(chan string, 8), make(chan string, 8)
	defer a.Channel.Listen(func(note string) { toA <- note })()
	stop := b.Channel.Listen(func(note string) { stopped <- note })
	stop()
	stop()
	defer b.Channel.Listen(func(note string) { toB <- note })()

	a.Channel.Post("from a")
	if got := <-toB; got != "from a" {
		t.Fatalf("the other tab got %q", got)
	}
	b.Channel.Post("from b")
	if got := <-toA; got != "from b" {
		t.Fatalf("got %q; want what the other tab posted, and not one's own", got)
	}
	if len(stopped) != 0 {
		t.Fatal("a listener was called after stop")
	}
}

func (s Subject) crypto(t *testing.T) {
	a, _ := s.Open(t)
	t.Run("random bytes fill and differ", func(t *testing.T) {
		for _, n := range []int{16, 32, 1000} {
			one, two := make([]byte, n), make([]byte, n)
			if err := errors.Join(a.Crypto.Random(one), a.Crypto.Random(two)); err != nil {
				t.Fatal(err)
			}
			if string(one) == string(two) {
				t.Fatalf("twice the same %d bytes", n)
			}
			if tail := one[n-8:]; string(tail) == string(make([]byte, 8)) {
				t.Fatalf("the end of %d bytes was not filled", n)
			}
		}
	})
	t.Run("a digest is what others compute", func(t *testing.T) {
		for _, text := range []string{"", "abc", strings.Repeat("é", 5000)} {
			two, three, five := sha256.Sum256([]byte(text)), sha512.Sum384([]byte(text)), sha512.Sum512([]byte(text))
			for hash, want := range map[string][]byte{"SHA-256": two[:], "SHA-384": three[:], "SHA-512": five[:]} {
				got, err := a.Crypto.Digest(t.Context(), hash, []byte(text))
				if err != nil || string(got) != string(want) {
					t.Fatalf("%s: got %x, %v; want %x", hash, got, err, want)
				}
			}
		}
		if _, err := a.Crypto.Digest(t.Context(), "MD5", nil); !errors.Is(err, browser.ErrUnsupported) {
			t.Fatalf("got %v; want ErrUnsupported", err)
		}
	})
	for _, v := range Vectors(t) {
		t.Run("JW-36 "+v.Alg+" "+v.Name, func(t *testing.T) {
			data, signature := v.Bytes(t)
			good, err := a.Crypto.Verify(t.Context(), v.Alg, v.JWK, signature, data)
			if errors.Is(err, browser.ErrUnsupported) && v.Alg == "EdDSA" {
				t.Skip("this engine has no EdDSA")
			}
			if good != v.Good || good && err != nil {
				t.Fatalf("got %v, %v; want %v", good, err, v.Good)
			}
		})
	}
	t.Run("an algorithm that is none", func(t *testing.T) {
		v := Vectors(t)[0]
		data, signature := v.Bytes(t)
		for _, alg := range []string{"none", "HS256", "", "__proto__", "toString"} {
			if good, err := a.Crypto.Verify(t.Context(), alg, v.JWK, signature, data); good || err == nil {
				t.Fatalf("%q: got %v, %v; want an error", alg, good, err)
			}
		}
	})
}

func (s Subject) location(t *testing.T) {
	a, _ := s.Open(t)
	here, err := url.Parse(a.Location.Href())
	if err != nil || here.Host == "" {
		t.Fatalf("Href() = %q, %v; want an address", a.Location.Href(), err)
	}
	origin := here.Scheme + "://" + here.Host
	other := "http"
	if here.Scheme == "http" {
		other = "https"
	}

	own := []struct{ name, raw, want string }{
		{"a path", "/orders", "/orders"},
		{"the root", "/", "/"},
		{"query and fragment are kept", "/orders?page=2&q=a%20b#row-7", "/orders?page=2&q=a%20b#row-7"},
		{"a whole address of this origin", origin + "/orders?x=1", "/orders?x=1"},
		{"this origin without a path", origin, "/"},
		{"dots are resolved", "/a/../b/./c", "/b/c"},
		{"dots do not leave the origin", "/../../orders", "/orders"},
		{"an address in the query is only text", "/login?next=https://evil.test/", "/login?next=https://evil.test/"},
		{"an at sign in the path is no user", "/@someone", "/@someone"},
		{"escaped slashes stay escaped", "/%2f%2fevil.test", "/%2f%2fevil.test"},
		{"space around it goes", "  /orders\n", "/orders"},
		{"a tab inside goes", "/or\tders", "/orders"},
		{"a backslash is a slash", `/a\b`, "/a/b"},
	}
	for _, tt := range own {
		t.Run("OA-21 this origin: "+tt.name, func(t *testing.T) {
			if got, ok := a.Location.SameOrigin(tt.raw); !ok || got != tt.want {
				t.Fatalf("SameOrigin(%q) = %q, %v; want %q", tt.raw, got, ok, tt.want)
			}
		})
	}

	foreign := []struct{ name, raw string }{
		{"another host", "https://evil.test"},
		{"no scheme", "//evil.test/orders"},
		{"three slashes", "///evil.test"},
		{"a backslash for a slash", `/\evil.test`},
		{"two backslashes", `\\evil.test`},
		{"a tab between the slashes", "/\t/evil.test"},
		{"a line feed between the slashes", "/\n/evil.test"},
		{"a carriage return between the slashes", "/\r/evil.test"},
		{"space before two slashes", "  //evil.test"},
		{"a script", "javascript:alert(1)"},
		{"a script with a tab inside", "java\tscript:alert(1)"},
		{"a script in capitals after space", "  JavaScript:alert(1)"},
		{"data", "data:text/html,x"},
		{"a blob of this origin", "blob:" + origin + "/3d0e4f0a-0000-4000-8000-000000000000"},
		{"a user at this origin", strings.Replace(origin, "://", "://user@", 1) + "/"},
		{"user and password at this origin", strings.Replace(origin, "://", "://user:word@", 1) + "/"},
		{"this host as the user of another", origin + "@evil.test/"},
		{"this host as the front of another", origin + ".evil.test/"},
		{"another scheme", other + "://" + here.Host + "/orders"},
		{"another port", here.Scheme + "://" + here.Hostname() + ":1/"},
		{"a scheme without slashes and another host", other + ":evil.test"},
		{"a host that is none", "http://[/"},
		{"a path that reads as a host", "/.//evil.test"},
		{"a whole address with a path that reads as a host", origin + "//evil.test"},
		{"the same with a backslash", origin + `/\evil.test`},
	}
	for _, tt := range foreign {
		t.Run("OA-21 refused: "+tt.name, func(t *testing.T) {
			if got, ok := a.Location.SameOrigin(tt.raw); ok {
				t.Fatalf("SameOrigin(%q) = %q; want it refused", tt.raw, got)
			}
		})
	}
}

func (s Subject) clock(t *testing.T) {
	a, _ := s.Open(t)
	t.Run("GW-10 the time has no monotonic reading", func(t *testing.T) {
		now := a.Clock.Now()
		if now.IsZero() || strings.Contains(now.String(), " m=") {
			t.Fatalf("got %v", now)
		}
	})
	t.Run("a timer fires, and one that was stopped does not", func(t *testing.T) {
		const soon = 5 * time.Millisecond
		var stopped chan struct{}
		for began := time.Now(); stopped == nil || time.Since(began) >= soon; {
			// Again where a busy machine has stopped it too late to show anything.
			began, stopped = time.Now(), make(chan struct{}, 1)
			fires := stopped
			stop := a.Clock.AfterFunc(soon, func() { fires <- struct{}{} })
			stop()
			stop()
		}
		kept := make(chan struct{})
		late := a.Clock.AfterFunc(4*soon, func() { close(kept) })
		<-kept
		select {
		case <-stopped:
			t.Fatal("the stopped timer fired")
		default:
		}
		late()
	})
	t.Run("GW-12 a timer of a century does not fire at once", func(t *testing.T) {
		fired := make(chan string, 2)
		defer a.Clock.AfterFunc(100*365*24*time.Hour, func() { fired <- "the century's" })()
		defer a.Clock.AfterFunc(5*time.Millisecond, func() { fired <- "the short" })()
		if got := <-fired; got != "the short" {
			t.Fatalf("%s fired first", got)
		}
	})
}

func (s Subject) lifecycle(t *testing.T) {
	a, _ := s.Open(t)
	stop := a.Lifecycle.Listen(func(browser.Signal) {})
	stop()
	stop()
	if !a.Lifecycle.Visible() {
		t.Fatal("the page of a test is in front")
	}
	if !a.Lifecycle.Online() {
		t.Fatal("the page of a test is online, as far as anybody knows")
	}
	if page := a.Lifecycle.Page(); page == "" || page != a.Lifecycle.Page() {
		t.Fatal("a page has a name")
	}
}

func (s Subject) http(t *testing.T) {
	a, _ := s.Open(t)
	do := func(ctx context.Context, route string, change func(*browser.Request)) (*browser.Response, error) {
		req := &browser.Request{Method: "GET", URL: s.Server + route, MaxBytes: 1 << 20}
		if change != nil {
			change(req)
		}
		return a.HTTP.Do(ctx, req)
	}

	t.Run("status, headers and body of an answer", func(t *testing.T) {
		res, err := do(t.Context(), "/ok", nil)
		if err != nil {
			t.Fatal(err)
		}
		if res.Status != 200 || string(res.Body) != "ok " || res.Headers["content-type"] != "text/plain" {
			t.Fatalf("got %d, %q, %v", res.Status, res.Body, res.Headers)
		}
	})
	t.Run("method, body and headers of a request", func(t *testing.T) {
		res, err := do(t.Context(), "/ok", func(req *browser.Request) {
			req.Method, req.Body, req.KeepAlive = "POST", "a=é&b=😀", true
			req.Headers = map[string]string{"content-type": "application/x-www-form-urlencoded"}
		})
		if err != nil {
			t.Fatal(err)
		}
		if res.Status != 201 || string(res.Body) != "ok a=é&b=😀" || res.Headers["x-method"] != "POST" {
			t.Fatalf("got %d, %q, %v", res.Status, res.Body, res.Headers)
		}
	})
	t.Run("a refusal is an answer; no cookie and no referrer go with a request", func(t *testing.T) {
		for range 2 { // the first answer sets a cookie
			res, err := do(t.Context(), "/headers", func(req *browser.Request) {
				req.Headers = map[string]string{"x-sent": "1"}
			})
			if err != nil {
				t.Fatal(err)
			}
			h := res.Headers
			if res.Status != 418 || len(res.Body) != 0 || h["x-sent"] != "1" || h["x-cookie"] != "" || h["x-referer"] != "" {
				t.Fatalf("got %d, %q, %v", res.Status, res.Body, h)
			}
		}
	})
	t.Run("cookies go with a request that is to have them, and only with that", func(t *testing.T) {
		if _, err := a.Locks.Held(t.Context()); err != nil {
			t.Skip("nobody keeps cookies here: this is Node")
		}
		var seen [3]string
		for i := range seen { // the first answer sets a cookie
			res, err := do(t.Context(), "/headers", func(req *browser.Request) { req.Credentials = i < 2 })
			if err != nil {
				t.Fatal(err)
			}
			seen[i] = res.Headers["x-cookie"]
		}
		if seen[1] == "" || seen[2] != "" {
			t.Fatalf("got %q", seen)
		}
	})
	t.Run("an answer of just the size allowed is whole", func(t *testing.T) {
		res, err := do(t.Context(), "/big", func(req *browser.Request) { req.MaxBytes = 1000 })
		if err != nil || len(res.Body) != 1000 {
			t.Fatalf("got %v, %v", res, err)
		}
	})
	t.Run("one byte more is too large", func(t *testing.T) {
		_, err := do(t.Context(), "/big", func(req *browser.Request) { req.MaxBytes = 999 })
		if !errors.Is(err, browser.ErrTooLarge) {
			t.Fatalf("got %v; want ErrTooLarge", err)
		}
	})
	t.Run("one whose time is over is not sent, and one in time is", func(t *testing.T) {
		now := a.Clock.Now()
		spends := func(req *browser.Request) { req.Spends = true }
		res, err := do(browser.Before(t.Context(), now.Add(30*time.Second)), "/ok", spends)
		if err != nil || res.Status != 200 {
			t.Fatalf("got %v, %v", res, err)
		}
		// Later, or earlier than can be: the clock was set back.
		for _, off := range []time.Duration{-time.Second, 2 * time.Minute} {
			if _, err := do(browser.Before(t.Context(), now.Add(off)), "/ok", spends); !errors.Is(err, browser.ErrLate) {
				t.Fatalf("got %v; want ErrLate", err)
			}
		}
	})
	t.Run("a redirect is not followed", func(t *testing.T) {
		if _, err := do(t.Context(), "/redirect", nil); !errors.Is(err, browser.ErrNetwork) {
			t.Fatalf("got %v; want ErrNetwork", err)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		if _, err := do(t.Context(), "/reset", nil); !errors.Is(err, browser.ErrNetwork) {
			t.Fatalf("got %v; want ErrNetwork", err)
		}
	})
	t.Run("a request that the browser refuses to send", func(t *testing.T) {
		_, err := do(t.Context(), "/ok", func(req *browser.Request) {
			req.Headers = map[string]string{"x-sent": "secret\nvalue"}
		})
		if !errors.Is(err, browser.ErrNetwork) || strings.Contains(err.Error(), "secret") {
			t.Fatalf("got %v; want ErrNetwork", err)
		}
	})
	t.Run("a context that ends while the server is silent", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		watching := watch(ctx)
		failed := make(chan error)
		go func() {
			_, err := do(watching, "/hang", nil)
			failed <- err
		}()
		<-watching.waiting
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v; want context.Canceled", err)
		}
	})
	t.Run("a context that has ended", func(t *testing.T) {
		if _, err := do(ended(), "/ok", nil); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v; want context.Canceled", err)
		}
	})
}

func (s Subject) windows(t *testing.T) {
	a, _ := s.Open(t)
	here, err := url.Parse(a.Location.Href())
	if err != nil {
		t.Fatal(err)
	}
	back := here.Scheme + "://" + here.Host + "/back?code=1&state=one"

	t.Run("a popup that nobody opened", func(t *testing.T) {
		if _, err := a.Windows.Popup(t.Context(), 0, back, "one"); !errors.Is(err, browser.ErrNoWindow) {
			t.Fatalf("got %v; want ErrNoWindow", err)
		}
	})
	t.Run("a frame tells the address that it came back with", func(t *testing.T) {
		got, err := a.Windows.Frame(t.Context(), s.Server+"/to?"+back, "one")
		if errors.Is(err, browser.ErrNoWindow) {
			t.Skip("there are no windows here")
		}
		if err != nil || got != back {
			t.Fatalf("got %q, %v; want %q", got, err, back)
		}
	})
	t.Run("a context that ends while the server is silent", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		watching := watch(ctx)
		failed := make(chan error)
		go func() {
			_, err := a.Windows.Frame(watching, s.Server+"/hang", "one")
			failed <- err
		}()
		<-watching.waiting
		cancel()
		if err := <-failed; errors.Is(err, browser.ErrNoWindow) {
			t.Skip("there are no windows here")
		} else if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v; want context.Canceled", err)
		}
	})
	t.Run("a context that ends while a page that is watched is silent", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		watching := watch(ctx)
		failed := make(chan error)
		go func() {
			_, _, err := a.Windows.Watch(watching, s.Server+"/hang", "one")
			failed <- err
		}()
		<-watching.waiting
		cancel()
		if err := <-failed; errors.Is(err, browser.ErrNoWindow) {
			t.Skip("there are no windows here")
		} else if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v; want context.Canceled", err)
		}
	})
	t.Run("a context that has ended", func(t *testing.T) {
		if _, err := a.Windows.Frame(ended(), back, "one"); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v; want context.Canceled", err)
		}
		if _, _, err := a.Windows.Watch(ended(), back, "one"); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v; want context.Canceled", err)
		}
	})
}
