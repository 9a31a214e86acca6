//go:build js && wasm

package jsbridge

import (
	"context"
	"errors"
	"sync"

	"github.com/hack-pad/safejs"
)

type locks struct{ *Bridge }

func (l locks) Acquire(ctx context.Context, name string) (func(), error) {
	return l.take(ctx, name, false)
}

func (l locks) Steal(ctx context.Context, name string) (func(), error) {
	return l.take(ctx, name, true)
}

func (l locks) take(ctx context.Context, name string, steal bool) (func(), error) {
	v, err := l.do(ctx, "lock", name, steal)
	if err != nil {
		return nil, err
	}
	if typeOf(v) != safejs.TypeFunction {
		return nil, errors.New("the browser gave no lock")
	}
	return sync.OnceFunc(func() { _, _ = v.Invoke() }), nil
}

func (l locks) Held(ctx context.Context) ([]string, error) {
	v, err := l.do(ctx, "held")
	if err != nil {
		return nil, err
	}
	var names []string
	for i, n := 0, length(v); i < n; i++ {
		if name, ok := text(index(v, i)); ok {
			names = append(names, name)
		}
	}
	return names, nil
}
