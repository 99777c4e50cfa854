package node

import (
	"context"
	"time"
)

// How often what comes with time is looked after.
const (
	expireEvery = time.Second
	keysEvery   = time.Minute
	sweepEvery  = time.Hour
)

// takeCare does what time brings along, until ctx ends: promises that expire, keys that turn, creatives that go unserved,
// and the catalog anew when the registry changed.
func (n *Node) takeCare(ctx context.Context) {
	expire, keys, sweep := time.NewTicker(expireEvery), time.NewTicker(keysEvery), time.NewTicker(sweepEvery)
	defer expire.Stop()
	defer keys.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-expire.C:
			n.ledger.Expire(now)
		case now := <-keys.C:
			if err := n.keys.turn(now); err != nil {
				n.log.Error("the keys of tokens cannot be turned, the last ones stay in use", "error", err)
			}
		case now := <-sweep.C:
			n.creatives.Sweep(now)
		case <-n.changed:
			n.gather(ctx)
		}
	}
}

// gather waits for the changes that come with the first, and makes the catalog anew.
func (n *Node) gather(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(rebuildPause):
	}
	select {
	case <-n.changed:
	default:
	}
	if err := n.rebuild(); err != nil {
		n.log.Error("the catalog cannot be made anew, the last one stays in use", "error", err)
	}
}
