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

// Watch asks the profile's Watch. Without one, all pages are silent.
func (w windows) Watch(ctx context.Context, url, message string) (string, bool, error) {
	if err := w.tab.step(ctx, "watch"); err != nil {
		return "", false, err
	}
	if watch := w.tab.profile.Watch; watch != nil {
		return watch(ctx, w.tab, url, message)
	}
	select {
	case <-ctx.Done():
		return "", false, ctx.Err()
	case <-w.tab.life.Done():
		return "", false, errDead
	}
}

// show asks the profile's Window. Without one, all servers are silent, but for
// the route /to of [Suite].
func (w windows) show(ctx context.Context, kind, url string) (string, error) {
	if err := w.tab.step(ctx, kind); err != nil {
		return "", err
	}
	if window := w.tab.profile.Window; window != nil {
		return window(ctx, kind, url)
	}
	if _, back, ok := strings.Cut(url, "/to?"); ok {
		return back, nil
	}
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case <-w.tab.life.Done():
		return "", errDead
	}
}
