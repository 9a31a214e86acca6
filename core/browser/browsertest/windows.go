package browsertest

import (
	"context"
	"strings"

	"latchkey/core/browser"
)

type windows struct{ tab *Tab }

func (w windows) Popup(ctx context.Context, number int, url, _ string) (string, error) {
	if number == 0 {
		return "", browser.ErrNoWindow
	}
	return w.show(ctx, "popup", url)
}

func (w windows) Frame(ctx context.Context, url, _ string) (string, error) {
	return w.show(ctx, "frame", url)
}

// show asks the profile's Window. Without one, a page of our origin is where
// the window stays, and all others are silent.
func (w windows) show(ctx context.Context, kind, url string) (string, error) {
	if err := w.tab.step(ctx, kind); err != nil {
		return "", err
	}
	if window := w.tab.profile.Window; window != nil {
		return window(ctx, kind, url)
	}
	here, _, _ := strings.Cut(strings.TrimPrefix(w.tab.location.Href(), "https://"), "/")
	if strings.HasPrefix(url, "https://"+here+"/") {
		return url, nil
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-w.tab.life.Done():
		return "", errDead
	}
}
