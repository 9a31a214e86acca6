// Package sessiontest is what every strategy of a session must pass, however that
// travels: [Run] takes a [Subject] through a day with several tabs, a server in
// trouble and answers that come late.
//
// It goes by the commands of a runtime and what that publishes, as the page does, so it
// knows nothing of how a strategy works. Where strategies differ by their nature, the
// Subject says so, and the suite then holds it to the other behaviour: it skips nothing.
package sessiontest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
)

// Password is everybody's at a [Server].
const Password = "wonderland"

// Origin is the app's.
const Origin = "https://app.test"

// Subject is a strategy in a runtime, with a server for it.
type Subject struct {
	// Config is the runtime's configuration, as JSON, of a page at [Origin].
	Config string
	// Server returns one that nobody has asked yet. The browser's cookies of it are its
	// too: it serves one profile.
	Server func(now func() time.Time) Server
	// SignIn signs a user in from a tab; nil is by name and password.
	SignIn func(tab *Tab, user string) error
	// Refusal is the API's answer to credentials that it does not take.
	Refusal Answer
	// Secrets are texts one of which is in each of the server's secrets.
	Secrets []string

	// Fixed says that credentials can't be renewed: of one that was refused the server is
	// asked whether it is still somebody's.
	Fixed bool
	// Timeless says that nobody knows when credentials end: the first to know is whoever
	// is refused.
	Timeless bool
	// Told says that where an answer of Word ends a session, the page is told why: the
	// server did not say that it has ended.
	Told bool
	// Strict says that the server takes the answer to a renewal for received: who asks
	// again with what was renewed already is a thief (RFC 9700, section 4.14.2).
	Strict bool
	// Found says that the browser keeps the session by itself, in cookies, so that it is
	// there without a record too.
	Found bool
	// Asks says that the server is asked about that at each start, after the page is
	// shown what the record says.
	Asks bool
	// Word are the names of [troubles] that are this server's word that nobody is signed
	// in.
	Word []string
}

// Server is the other side.
type Server interface {
	// Serve answers the runtime's own requests.
	Serve(context.Context, *browser.Request) (*browser.Response, error)
	// Kind is what one of those is for.
	Kind(*browser.Request) Kind
	// API answers the page's requests.
	API(Request) Answer
	// Expire makes the API refuse all credentials there are, which can be renewed;
	// where there are none such, it is End.
	Expire()
	// End ends all sessions.
	End()
	// Alive tells whether a user has a session.
	Alive(user string) bool
	// Become makes all sessions there are somebody else's.
	Become(user string)
}

// Giver is what a Server is too that hands a session out in answers to the page's own
// requests.
type Giver interface {
	// Give begins a session, and returns the headers with it; Gone are those with the end
	// of one.
	Give(user string) map[string]string
	Gone() map[string]string
}

// Kind is what a request of the runtime's is for.
type Kind string

const (
	// SignIn and SignOut begin a session at the server, and end it.
	SignIn  Kind = "sign-in"
	SignOut Kind = "sign-out"
	// Recovery is what a refusal leads to: a renewal, or the question whether there is
	// still a session.
	Recovery Kind = "recovery"
	// Other ones go with those.
	Other Kind = "other"
)

// Request is one of the page's.
type Request struct {
	Headers map[string]string
	// Cookies says that the browser's go along.
	Cookies bool
}

// Answer is what comes of it: whom the API took it for, or a refusal.
type Answer struct {
	User   string
	Status int
	// Code is that of a GraphQL error.
	Code    string
	Headers map[string]string
}

// Run takes a Subject through the suite. The names of the tests have the cases that they
// prove.
func Run(t *testing.T, s Subject) {
	for _, promise := range []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"VE-06 a sign-in is every tab's, and outlives a reload", once(signIn)},
		{"LG-01 a wrong password signs nobody in, and nobody out", once(wrongPassword)},
		{"S38 a refusal of nobody is the caller's", once(nobody)},
		{"CK-05 a session without a record", once(withoutRecord)},
		{"RR-01 RR-05 RR-06 CK-04 many refusals are one recovery", each(crowds, refusals)},
		{"RR-02 a late refusal takes what is there", once(lateRefusal)},
		{"RR-04 RR-15 what is known to be over is not sent", once(over)},
		{"RR-40 S17 credentials are renewed ahead of time, once for all tabs", once(ahead)},
		{"RR-30 RR-31 an API that refuses whatever it gets is no loop", once(stubborn)},
		{"RR-41 a tab that opens during a recovery waits for it", once(opening)},
		{"RR-45 whoever gives up does not end the recovery for others", once(abort)},
		{"RR-20 only the server's word ends a session, once and everywhere", once(ended)},
		{"RR-21 RR-22 RR-24 RR-26 RR-51 trouble ends no session", each(troubles, trouble)},
		{"RR-26 no command waits for ever", once(patience)},
		{"RR-23 Retry-After is heeded", each(waits, retryAfter)},
		{"RR-07 RR-08 RR-09 a tab that is killed in a recovery is taken over from", each(moments, killed)},
		{"RR-10 a tab that froze in a recovery brings nothing back", once(frozen)},
		{"RR-32 RR-35 a logout during a recovery wins", each(sides, logoutDuring)},
		{"RR-33 RR-34 a sign-in during a recovery wins", each(sides, signInDuring)},
		{"VE-07 a logout during a sign-in wins", each(sides, logoutDuringSignIn)},
		{"RR-36 credentials that are somebody else's by now", once(becomes)},
		{"RR-36 RR-32 they come after a logout", once(becomesLate)},
		{"RR-49 RR-50 notes between tabs that never come", each(sides, deaf)},
		{"VE-01 VE-07 what answers to the page's own requests bring", once(handedOut)},
		{"CK-08 ST-27 a logout is local first, offline too", once(logout)},
		{"ST-01 ST-02 a storage that fails", each(storages, badStorage)},
		{"ST-04 ST-05 a record that can't be read", each(rubbish, unreadable)},
		{"ST-07 a record of a newer version is left alone", once(newerRecord)},
		{"ST-08 a record of another kind of session", each(foreign, foreignRecord)},
		{"ST-14 a storage that is cleared ends the session", once(cleared)},
		{"XS-08 XS-09 nothing prints a secret", once(prints)},
	} {
		t.Run(promise.name, func(t *testing.T) { promise.test(t, s) })
	}
}

func once(test func(*world)) func(*testing.T, Subject) {
	return func(t *testing.T, s Subject) { s.inWorld(t, test) }
}

// each is a test for each of several cases, which have names.
func each[T any](cases []named[T], test func(*world, named[T])) func(*testing.T, Subject) {
	return func(t *testing.T, s Subject) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) { s.inWorld(t, func(w *world) { test(w, c) }) })
		}
	}
}

type named[T any] struct {
	name string
	is   T
}

// inWorld is a test in a bubble with a browser and a server.
func (s Subject) inWorld(t *testing.T, test func(*world)) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, Subject: s, profile: browsertest.NewProfile(), asked: map[Kind]int{}, gates: map[Kind]*gate{}}
		w.server = s.Server(w.profile.Now)
		w.profile.Server = w.serve
		test(w)
		time.Sleep(15 * time.Second) // lets who still waits for a lock or the storage come to an end
		w.end()
	})
}
