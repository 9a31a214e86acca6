package persist

import (
	"time"

	"latchkey/core/errcode"
	"latchkey/core/oauth"
	"latchkey/core/strictjson"
)

// pending is what Pending keeps, as it is stored.
type pending struct {
	page         string
	transactions []oauth.Transaction
	outcomes     []outcome
	logouts      []logout
	// begun are the times of the last sign-ins, failed those of the last that
	// failed in a row, and why is the last one's error.
	begun, failed []time.Time
	why           error
}

// outcome is how a sign-in ended.
type outcome struct {
	state    string
	returnTo string
	err      error
	at       time.Time
}

type logout struct {
	state string
	at    time.Time
}

func (now *pending) empty() bool {
	return now.page == "" && len(now.transactions)+len(now.outcomes)+len(now.logouts)+len(now.begun)+len(now.failed) == 0
}

// since is now without what is too old.
func (now pending) since(at time.Time) pending {
	now.transactions = young(now.transactions, at, pendingLife, func(t oauth.Transaction) time.Time { return t.Began })
	now.outcomes = young(now.outcomes, at, pendingLife, func(o outcome) time.Time { return o.at })
	now.logouts = young(now.logouts, at, pendingLife, func(l logout) time.Time { return l.at })
	same := func(t time.Time) time.Time { return t }
	now.begun = young(now.begun, at, circlingTime, same)
	now.failed = young(now.failed, at, circlingTime, same)
	return now
}

// young are the elements that are no older than life. A clock that was set back
// may have made some of them of tomorrow.
func young[T any](list []T, at time.Time, life time.Duration, of func(T) time.Time) (all []T) {
	for _, item := range list {
		if at.Sub(of(item)).Abs() < life {
			all = append(all, item)
		}
	}
	return all
}

func (now pending) json() string {
	var out strictjson.Object
	out.Int("format", Format)
	out.Text("page", now.page)
	out.Raw("transactions", list(now.transactions, oauth.Transaction.JSON))
	out.Raw("outcomes", list(now.outcomes, func(o outcome) string {
		var item strictjson.Object
		item.String("state", o.state)
		item.Text("returnTo", o.returnTo)
		if o.err != nil {
			item.Raw("error", errcode.JSON(o.err))
		}
		item.Int("at", o.at.UnixMilli())
		return item.Done()
	}))
	out.Raw("logouts", list(now.logouts, func(l logout) string {
		var item strictjson.Object
		item.String("state", l.state)
		item.Int("at", l.at.UnixMilli())
		return item.Done()
	}))
	out.Raw("begun", list(now.begun, millis))
	out.Raw("failed", list(now.failed, millis))
	if now.why != nil {
		out.Raw("why", errcode.JSON(now.why))
	}
	return out.Done()
}

func list[T any](items []T, write func(T) string) string {
	text := "["
	for i, item := range items {
		if i > 0 {
			text += ","
		}
		text += write(item)
	}
	return text + "]"
}

func parsePending(text string) (now pending) {
	v, err := strictjson.Parse(text)
	if format, ok := v.Get("format").Int(); err != nil || !ok || format != Format {
		return now
	}
	now.page = v.Get("page").TextOr("")
	for _, item := range v.Get("transactions").Items() {
		if t, ok := oauth.ParseTransaction(item); ok {
			now.transactions = append(now.transactions, t)
		}
	}
	for _, item := range v.Get("outcomes").Items() {
		now.outcomes = append(now.outcomes, outcome{item.Get("state").TextOr(""), item.Get("returnTo").TextOr(""), errcode.Parse(item.Get("error")), timeOf(item.Get("at"))})
	}
	for _, item := range v.Get("logouts").Items() {
		now.logouts = append(now.logouts, logout{item.Get("state").TextOr(""), timeOf(item.Get("at"))})
	}
	now.begun, now.failed = times(v.Get("begun")), times(v.Get("failed"))
	now.why = errcode.Parse(v.Get("why"))
	return now
}

func timeOf(v strictjson.Value) time.Time {
	n, _ := v.Int()
	return time.UnixMilli(n)
}

func times(v strictjson.Value) (all []time.Time) {
	for _, item := range v.Items() {
		all = append(all, timeOf(item))
	}
	return all
}
