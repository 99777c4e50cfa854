package node

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"curb/edge/token"
)

// keyAge is how long a key seals tokens. The one before it opens them for as long again, which is longer than any token
// lives.
const keyAge = 24 * time.Hour

// keyRing holds the keys of tokens, and keeps them in the data directory so that what is out still opens after a restart.
type keyRing struct {
	path string // "": they live as long as the process
	ring atomic.Pointer[token.Ring]
}

// openKeyRing reads the keys and makes them on the first start.
func openKeyRing(dir string, now time.Time) (*keyRing, error) {
	k := &keyRing{}
	if dir != "" {
		k.path = filepath.Join(dir, "token.keys")
		text, err := readSecret(k.path)
		if err != nil {
			return nil, fmt.Errorf("read the keys of tokens: %w", err)
		}
		if text != nil {
			current, previous, err := token.ParseKeys(text)
			if err != nil {
				return nil, fmt.Errorf("%w: %s: %w", ErrSettings, k.path, err)
			}
			k.ring.Store(token.NewRing(current, previous))
			return k, k.turn(now)
		}
	}
	first, err := token.NewKey(1, now, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key of tokens: %w", err)
	}
	return k, k.use(token.NewRing(first, token.Key{}))
}

// turn makes the next key if the current one is old enough.
func (k *keyRing) turn(now time.Time) error {
	ring := k.ring.Load()
	if current, _ := ring.Keys(); now.Sub(current.Made) < keyAge {
		return nil
	}
	next, err := token.NewKey(ring.NextID(), now, rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key of tokens: %w", err)
	}
	return k.use(ring.Rotate(next))
}

// use keeps a ring and then seals with it: no token is out whose key a restart would not find.
func (k *keyRing) use(ring *token.Ring) error {
	if k.path != "" {
		current, previous := ring.Keys()
		if err := keepFile(k.path, token.AppendKeys(nil, current, previous)); err != nil {
			return fmt.Errorf("keep the keys of tokens: %w", err)
		}
	}
	k.ring.Store(ring)
	return nil
}
