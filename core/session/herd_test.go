package session

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var drawHerd = flag.String("herd", "", "write the picture of an outage's end to this file (`make herd`)")

// herd is a number of clients with one authorization server that is down for a while.
// Each is no more than the keeper's own clockwork: the pause after a failure, and the wait
// for what nobody asks for. Half of them are in use: they come as soon as their pause is
// over.
type herd struct {
	clients int
	life    time.Duration // of an access token
	// jittered are the pauses, and paused whether there are any.
	jittered, paused bool
}

const (
	lead       = 30 * time.Second // as refreshLeeway
	outageAt   = 20 * time.Minute
	outage     = 10 * time.Minute
	herdWatch  = 60 * time.Minute
	herdSlice  = time.Second
	herdTaking = int(herdWatch / herdSlice)
)

var errDown = errors.New("503")

// run returns how many requests there are in each second.
func (h herd) run() []int {
	rng := rand.New(rand.NewPCG(1, 2))
	epoch := time.UnixMilli(1_790_000_000_000)
	type client struct {
		issued time.Duration // since epoch
		pause  pause
	}
	all := make([]client, h.clients)
	due := make([][]int32, herdTaking)
	count := make([]int, herdTaking)
	jitter := func() float64 {
		if !h.jittered {
			return 0
		}
		return rng.Float64()
	}
	next := func(i int32, now time.Time) {
		c := &all[i]
		issued := epoch.Add(c.issued)
		wait, ok := ahead(Tokens{IssuedAt: issued, ExpiresAt: issued.Add(h.life)}, c.pause, lead, now, jitter())
		if c.pause.err != nil {
			switch {
			case !h.paused:
				wait, ok = time.Second, true
			case i%2 == 0 || !ok:
				wait, ok = c.pause.until.Sub(now), true
			}
		}
		if at := now.Add(wait).Sub(epoch); ok && at < herdWatch {
			due[at/herdSlice] = append(due[at/herdSlice], i)
		}
	}
	for i := range all {
		// Each has renewed some time ago, within a life.
		all[i].issued = -time.Duration(rng.Int64N(int64(h.life - lead)))
		next(int32(i), epoch)
	}
	for second := range due {
		for j := 0; j < len(due[second]); j++ {
			i := due[second][j]
			c := &all[i]
			now := epoch.Add(time.Duration(second)*herdSlice + time.Duration(rng.Int64N(int64(herdSlice))))
			count[second]++
			if at := now.Sub(epoch); at >= outageAt && at < outageAt+outage {
				c.pause.after(errDown, now, jitter())
				next(i, now)
				continue
			}
			c.pause = pause{}
			c.issued = now.Sub(epoch)
			next(i, now)
		}
		due[second] = nil
	}
	return count
}

// figures are the usual rate, from a stretch before the outage, and the highest of any
// second after it.
func figures(count []int) (steady, peak float64) {
	before := count[int(5*time.Minute/herdSlice):int(outageAt/herdSlice)]
	for _, n := range before {
		steady += float64(n)
	}
	return steady / float64(len(before)), float64(slices.Max(count[int((outageAt+outage)/herdSlice):]))
}

// The figures are in web/docs/simulator.md, and the picture of the first is beside it.
func TestLD06AHerdAfterAnOutageOfTenMinutesIsNone(t *testing.T) {
	clients := 100_000
	if *drawHerd != "" {
		clients = 1_000_000
	}
	const short = 5 * time.Minute
	count := herd{clients, short, true, true}.run()
	usual, peak := figures(count)
	t.Logf("tokens for %s: %.0f requests a second, at most %.0f after the outage, %.2f times as many", short, usual, peak, peak/usual)
	assert.LessOrEqual(t, peak/usual, 3.0)
	// Of longer ones fewer are due at a time, and a server is used to less. Each of those
	// tries once for every doubling of the outage, which is what the peak comes to.
	for _, life := range []time.Duration{15 * time.Minute, time.Hour} {
		steady, peak := figures(herd{clients, life, true, true}.run())
		t.Logf("tokens for %s: %.0f requests a second, at most %.0f after the outage, %.2f times as many", life, steady, peak, peak/steady)
		assert.LessOrEqual(t, peak/steady, 12.0)
	}
	if *drawHerd == "" {
		return
	}
	pictured := map[string][]int{
		"our pauses":                   count,
		"our pauses, without jitter":   herd{clients, short, false, true}.run(),
		"no pauses: tried each second": herd{clients / 50, short, false, false}.run(),
	}
	for i := range pictured["no pauses: tried each second"] {
		pictured["no pauses: tried each second"][i] *= 50
	}
	require.NoError(t, os.WriteFile(*drawHerd, []byte(picture(pictured)), 0o644))
	for name, count := range pictured {
		steady, peak := figures(count)
		t.Logf("%s: %.0f a second, then %.0f: %.1f times as many", name, steady, peak, peak/steady)
	}
}

// picture draws the rates, with the highest axis that fits them all: one row each.
func picture(rates map[string][]int) string {
	const width, height, left, gap = 720, 110, 70, 46
	begin, end := int(15*time.Minute/herdSlice), int(45*time.Minute/herdSlice)
	var out strings.Builder
	names := []string{"our pauses", "our pauses, without jitter", "no pauses: tried each second"}
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", left+width+20, len(names)*(height+gap)+30)
	fmt.Fprintf(&out, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	for row, name := range names {
		count, top := rates[name], row*(height+gap)+30
		steady, peak := figures(count)
		highest := float64(slices.Max(count[begin:end]))
		x := func(second int) float64 { return left + float64(second-begin)/float64(end-begin)*width }
		y := func(rate float64) float64 { return float64(top) + height - rate/highest*height }
		at := int(outageAt / herdSlice)
		until := int((outageAt + outage) / herdSlice)
		fmt.Fprintf(&out, `<text x="%d" y="%d" font-weight="bold">%s</text><text x="%d" y="%d" text-anchor="end">usual %.0f a second, peak %.0f at the return: %.1f times</text>`+"\n",
			left, top-10, name, left+width, top-10, steady, peak, peak/steady)
		fmt.Fprintf(&out, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="#f3e3e3"/>`+"\n", x(at), top, x(until)-x(at), height)
		var points []string
		for s := begin; s < end; s += 3 {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(s), y(float64(slices.Max(count[s:s+3])))))
		}
		fmt.Fprintf(&out, `<polyline fill="none" stroke="#225ea8" points="%s"/>`+"\n", strings.Join(points, " "))
		fmt.Fprintf(&out, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#888" stroke-dasharray="4 3"/>`+"\n", left, left+width, y(3*steady), y(3*steady))
		fmt.Fprintf(&out, `<text x="%d" y="%d" text-anchor="end">%.0f/s</text><text x="%d" y="%.1f" text-anchor="end">3 x usual</text><text x="%d" y="%d" text-anchor="end">0</text>`+"\n",
			left-6, top+10, highest, left-6, max(y(3*steady)+4, float64(top)+24), left-6, top+height)
		for minute := 15; minute <= 45; minute += 5 {
			fmt.Fprintf(&out, `<text x="%.1f" y="%d" text-anchor="middle" fill="#666">%d min</text>`+"\n", x(minute*60), top+height+14, minute-20)
		}
	}
	out.WriteString("</svg>\n")
	return out.String()
}
