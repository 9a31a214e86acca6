package browsertest

import (
	"context"
	"crypto/sha256"
)

type crypto struct{ tab *Tab }

// Random is a fixed sequence, all different: a test that fails fails again.
func (c crypto) Random(b []byte) error {
	if c.tab.profile.Random != nil {
		return c.tab.profile.Random(c.tab, b)
	}
	p := c.tab.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range b {
		p.seed = p.seed*6364136223846793005 + 1442695040888963407
		b[i] = byte(p.seed >> 56)
	}
	return nil
}

func (c crypto) SHA256(ctx context.Context, b []byte) ([32]byte, error) {
	return sha256.Sum256(b), c.tab.step(ctx, "digest")
}
