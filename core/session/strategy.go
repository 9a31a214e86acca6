package session

import (
	"context"

	"latchkey/core/policy"
)

// Strategy is how a session travels and how it is recovered. It never ends a
// session itself: it returns an outcome, and the [Keeper] acts on it.
type Strategy interface {
	// Rules compiles the strategy's part of the policy from a live record.
	// A rule for a resource without a token holds.
	Rules(Record) []policy.Rule
	// State is what the page may know of a live record.
	State(Record) State
	// Renewable tells whether Recover has anything to work with.
	Renewable(Record) bool
	// Costly tells whether Recover disturbs the page, or the server: it is then
	// called ahead of time at most once, and only while the page can be seen.
	Costly(Record) bool
	// Lost tells whether a live record can't be used here any more, whatever its
	// times say. Recover then says the same.
	Lost(context.Context, Record) bool
	// Recover gets a live record's credentials anew: the access token for a
	// resource, or the main one for "". It is called by one tab at a time, under
	// the refresh lock, with a context that has a deadline.
	Recover(ctx context.Context, r Record, resource string) Outcome
	// Discard gives back tokens that came too late for their session. It may
	// fail silently.
	Discard(context.Context, Tokens)
}

// Visitors is what a strategy is too that has rules for nobody in particular: a
// server may give a visitor a session.
type Visitors interface {
	Visitors() []policy.Rule
}

// Observer is what a strategy is too that learns from answers to the page's own
// requests.
type Observer interface {
	// Observe is told of an answer to a request that was sent by the rules of from. It
	// says by the keeper's methods what that means; the page is told of an error.
	Observe(ctx context.Context, k *Keeper, from Stamp, a Answer) error
}

// Answer is what is told of one.
type Answer struct {
	// Headers are the captured ones, by their names.
	Headers map[string]string
	// Watched is what a rule watches for in the request's body: it was there.
	Watched string
	// Status is the answer's.
	Status int
	// Claims are those that the session lacks for the request, by their ids.
	Claims []string
	// Code is that of an error in it, where it is no refusal of the session.
	Code string
	// Tries is how many new credentials the request was refused with, where it is given
	// up; 0 for any other.
	Tries int
	// Hidden says that the answer has what comes with a captured header only, and that
	// the page could read none.
	Hidden bool
}

// Settler is what a strategy is too that keeps nothing here by which a session could
// be told: the browser does.
type Settler interface {
	// Unsettled tells whether a record does not even say if there is a session: the page
	// is then shown nothing before Settle.
	Unsettled(Record) bool
	// Settle finds out whether what the keeper has loaded is so. It is called once, when
	// a runtime starts.
	Settle(context.Context, *Keeper)
}

// Marked is what a strategy is too whose server leaves a sign for the page to read
// where there is a session.
type Marked interface {
	// Mark is that sign; "" where there is none. Each record is written with it, so that
	// another one says that the record may be wrong.
	Mark() string
}

// Outcome is how an attempt to recover ended. The zero Outcome is invalid.
type Outcome struct {
	verdict verdict
	// Tokens are the new ones of a renewed session.
	Tokens Tokens
	// Err is why it failed, or the server's word that the session is dead.
	Err error
	// tell has the page told why.
	tell bool
}

type verdict uint8

const (
	renewed verdict = iota + 1
	failed
	dead
	stuck
	barred
	another
)

// Renewed means that the session goes on with these tokens.
func Renewed(t Tokens) Outcome { return Outcome{verdict: renewed, Tokens: t} }

// Failed means that nothing is known to have changed: the session is kept, and
// it may be tried again.
func Failed(err error) Outcome { return Outcome{verdict: failed, Err: err} }

// Dead means that the server said the session is no more.
func Dead(err error) Outcome { return Outcome{verdict: dead, Err: err} }

// Lost is Dead where it is no word of the server's, and the page is told why.
func Lost(err error) Outcome { return Outcome{verdict: dead, Err: err, tell: true} }

// Stuck means that nothing can be done without the person: the end of a session
// whose credentials are over or were refused, and nothing to one whose are good
// for a while.
func Stuck(err error) Outcome { return Outcome{verdict: stuck, Err: err} }

// Another means that the session is somebody else's by now, with these tokens: theirs
// begins in its place.
func Another(t Tokens) Outcome { return Outcome{verdict: another, Tokens: t} }

// Barred means that the server, or the session, is such that there is no token
// for this resource. The session is kept, and it is not tried again in it.
func Barred(err error) Outcome { return Outcome{verdict: barred, Err: err} }
