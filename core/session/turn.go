package session

import (
	"context"
	"time"

	"latchkey/core/errcode"
)

// Peers are the other tabs, as far as a lock is concerned.
type Peers interface {
	// Holding says that this tab holds a lock, until done.
	Holding(lock string) (done func())
	// Hear gets a sign of life of whoever holds a lock, each time one comes.
	Hear(lock string) (signs <-chan struct{}, stop func())
	// Ask asks for one.
	Ask(lock string)
}

const (
	// hurry is when a tab that waits for its turn asks for the first time, and patience
	// the time between two looks: a tab in the background has no finer timers.
	hurry    = 500 * time.Millisecond
	patience = time.Second
	// silence is how many looks in a row there may be without a sign of life.
	silence = 3
	// inTime is how long after it got its turn a tab may still send: far less than the
	// others wait for a sign of life.
	inTime = 2 * time.Second
	// prompt is how long one that lives takes for an answer.
	prompt = 300 * time.Millisecond
)

// turn is this tab's turn to refresh.
type turn struct {
	release func()
	// until is when it is too late to send: this tab may have been frozen since, and
	// another one have taken over.
	until time.Time
}

// takeTurn takes the refresh lock. Whoever holds it is done within Timeout, so two
// of them is long enough for a line of two, and for a holder that was killed; and
// this tab may be in the line for other tokens too. A frozen holder would keep it for
// ever, so who waits asks it for signs of life, and takes over where none come.
func (k *Keeper) takeTurn() (turn, error) {
	k.mu.Lock()
	line := 1
	for _, l := range k.lanes {
		if l.flight != nil {
			line++
		}
	}
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(line)*k.Timeout)
	defer cancel()
	for {
		t, err := k.wait(ctx)
		if err == errSilent {
			t, err = k.takeOver(ctx)
		}
		switch {
		case err != nil:
			return turn{}, errcode.Wrap(errcode.Timeout, "another tab did not finish its refresh in time", err)
		case t.release == nil:
			continue // somebody has given a sign of life, or was faster
		}
		done := k.Peers.Holding(k.Lock)
		free := t.release
		t.release = func() { done(); free() }
		now := k.Clock.Now()
		t.until = now.Add(inTime)
		k.Store.TakesTurn(ctx, now)
		return t, nil
	}
}

var errSilent = errcode.New(errcode.Timeout, "whoever holds the lock gives no sign of life")

// wait waits in line; errSilent means that whoever holds the lock seems to be frozen. A turn
// without a release is to be waited for anew, as this tab has stood still.
func (k *Keeper) wait(ctx context.Context) (turn, error) {
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	type got struct {
		release func()
		err     error
	}
	granted := make(chan got, 1)
	go func() {
		release, err := k.Locks.Acquire(ctx, k.Lock)
		granted <- got{release, err}
	}()
	signs, stop := k.Peers.Hear(k.Lock)
	defer stop()
	quiet := 0
	for pause := hurry; ; pause = patience {
		asked := k.Clock.Now()
		look, stopLook := k.after(pause)
		for looking := true; looking; {
			select {
			case g := <-granted:
				stopLook()
				if g.err == nil && k.stoodStill(asked, pause) {
					g.release()
					return turn{}, nil
				}
				return turn{release: g.release}, g.err
			case <-signs:
				quiet = 0
			case <-look:
				looking = false
			}
		}
		if k.stoodStill(asked, pause) {
			// The lock may have been this tab's long ago, and somebody else's since.
			giveUp()
			if g := <-granted; g.err == nil {
				g.release()
			}
			return turn{}, nil
		}
		if quiet == silence {
			giveUp()
			if g := <-granted; g.err == nil { // just now
				return turn{release: g.release}, nil
			}
			return turn{}, errSilent
		}
		quiet++
		k.Peers.Ask(k.Lock)
	}
}

// takeOver takes the lock from a frozen tab. One tab does so at a time, after it has asked
// once more: the next one would else take it from the first. A turn without a release
// means that somebody lives.
func (k *Keeper) takeOver(ctx context.Context) (turn, error) {
	short, cancel := context.WithTimeout(ctx, patience+prompt)
	defer cancel()
	if release, err := k.Locks.Acquire(short, k.Lock+"/over"); err == nil {
		defer release()
	}
	if k.alive(ctx) {
		return turn{}, nil
	}
	free, err := k.Locks.Steal(ctx, k.Lock)
	if err != nil {
		return turn{}, err
	}
	done := k.Peers.Holding(k.Lock) // before the next tab asks
	t := turn{release: func() { done(); free() }}
	k.claim(ctx)
	if err := ctx.Err(); err != nil {
		t.release() // whoever had the turn may still send
		return turn{}, err
	}
	k.note(Note{What: TookOver})
	return t, nil
}

// alive asks whoever else holds the lock for a sign of life.
func (k *Keeper) alive(ctx context.Context) bool {
	signs, stop := k.Peers.Hear(k.Lock)
	defer stop()
	for {
		asked := k.Clock.Now()
		k.Peers.Ask(k.Lock)
		late, stopLate := k.after(prompt)
		select {
		case <-signs:
			stopLate()
			return true
		case <-late:
		case <-ctx.Done():
			stopLate()
			return false
		}
		if !k.stoodStill(asked, prompt) {
			return false
		}
	}
}

// stoodStill tells whether this tab was frozen itself, or its machine slept, while it
// waited: what it has not heard meanwhile may yet come, and says nothing.
func (k *Keeper) stoodStill(since time.Time, waited time.Duration) bool {
	return k.Clock.Now().Sub(since) > waited+patience
}

// after is a moment from now.
func (k *Keeper) after(d time.Duration) (<-chan struct{}, func()) {
	done := make(chan struct{})
	return done, k.Clock.AfterFunc(d, func() { close(done) })
}
