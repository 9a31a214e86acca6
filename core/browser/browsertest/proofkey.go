package browsertest

import (
	"context"
	"fmt"
	"net/url"

	"latchkey/core/browser"
)

type proofKey struct{ tab *Tab }

// Thumbprint is as the browser's: what a tab has used once it has in memory,
// and puts it back where it has gone.
func (k proofKey) Thumbprint(ctx context.Context) (string, bool, error) {
	if err := k.tab.step(ctx, "key"); err != nil {
		return "", false, err
	}
	p := k.tab.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proofKey != "" && !p.NoKeys {
		k.tab.proofKey = p.proofKey
	}
	if k.tab.proofKey == "" {
		p.keys++
		k.tab.proofKey = fmt.Sprintf("jkt_%d", p.keys)
	}
	if !p.NoKeys {
		p.proofKey = k.tab.proofKey
	}
	return k.tab.proofKey, !p.NoKeys, nil
}

func (k proofKey) Drop(ctx context.Context) error {
	if err := k.tab.step(ctx, "drop key"); err != nil {
		return err
	}
	k.tab.profile.LoseKey()
	k.tab.profile.mu.Lock()
	defer k.tab.profile.mu.Unlock()
	k.tab.proofKey = ""
	return nil
}

// LoseKey deletes the key behind the tabs' back, as a person can at any time.
func (p *Profile) LoseKey() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.proofKey = ""
}

// ProofKey is the thumbprint of the key that is stored, or "".
func (p *Profile) ProofKey() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.proofKey
}

// prove adds a proof to a request: its header dpop reads "thumbprint serial
// nonce", for [AuthServer].
func (t *Tab) prove(req *browser.Request) (*browser.Request, error) {
	p := t.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	if req.ProofKey != t.proofKey && req.ProofKey != p.proofKey {
		return nil, browser.ErrKey
	}
	proved := *req
	proved.Headers = map[string]string{}
	for name, value := range req.Headers {
		proved.Headers[name] = value
	}
	p.proofs++
	proved.Headers["dpop"] = fmt.Sprintf("%s %d %s", req.ProofKey, p.proofs, t.nonces[originOf(req.URL)])
	return &proved, nil
}

// learn keeps the nonce that an origin gives.
func (t *Tab) learn(address string, answer *browser.Response) {
	p := t.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	if nonce := answer.Headers["dpop-nonce"]; nonce != "" {
		if t.nonces == nil {
			t.nonces = map[string]string{}
		}
		t.nonces[originOf(address)] = nonce
	}
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}
