package ledger

import (
	"encoding/binary"
	"sync"

	"curb/edge/ad"
)

// shardCount splits the keys so that calls seldom wait for each other.
const shardCount = 64

// shard is what is known of some of the keys.
type shard struct {
	mu       sync.Mutex
	marks    map[ad.SaleKey]mark   // what is settled
	claims   map[ad.SaleKey]*claim // what is not, and what is served again until its window ends
	expiries expiries              // of claims with a pending
	closings []ad.SaleKey          // claims that wait for Expire to close them
	doubtful int                   // claims with a record whose fate is unknown, while no append is under way
	spare    []*claim              // dropped ones, to be used again

	cut   uint64 // the snapshot that image belongs to
	image []byte
}

// outcome is how a sale was settled.
type outcome uint8

// Outcomes. The numbers stand in records.
const (
	open      outcome = iota
	billed            // booked
	declined          // passed on and not accepted in time
	withdrawn         // handed to the log, and taken back since nobody was served
)

// mark remembers a settled key: the ledger's clock at that moment, and the outcome in the lowest two bits.
type mark uint32

func markOf(o outcome, clock uint32) mark { return mark(clock<<2 | uint32(o)) }
func (m mark) outcome() outcome           { return outcome(m & 3) }
func (m mark) clock() uint32              { return uint32(m >> 2) }

// claim is everything under way about one key.
type claim struct {
	reservation
	// flying: an append is under way. landed is closed when it ends; nil while nobody waits for that.
	flying bool
	landed chan struct{}
	// record was handed to the log and is not known to be there: under way or in doubt. kind is its kind.
	record []byte
	kind   uint8
	doubt  uint32 // the ledger's clock when it became doubtful
	// held is the sale as it was passed on; empty before that is durable.
	held held
	// closing: the claim will be closed so, and is not billed any more. open: it will not.
	closing outcome
	// why a pending was refused; Undecided: it was not.
	why ad.Reason
}

// holds reports whether the sale was passed on.
func (c *claim) holds() bool { return c.held.record != nil }

// empty claims are dropped.
func (c *claim) empty() bool {
	return c.account == nil && !c.flying && c.record == nil && !c.holds() && c.closing == open
}

// landing is closed when the append under way ends. The caller holds the shard.
func (c *claim) landing() <-chan struct{} {
	if c.landed == nil {
		c.landed = make(chan struct{})
	}
	return c.landed
}

// shard finds where a key lives. Auction ids are random, so any of their bytes spread well.
func (l *Ledger) shard(key ad.SaleKey) *shard {
	return &l.shards[binary.LittleEndian.Uint32(key.Auction[4:])%shardCount]
}

// lock takes the locks of a change to a key. unlock gives them back.
func (l *Ledger) lock(key ad.SaleKey) *shard {
	l.world.RLock()
	s := l.shard(key)
	s.mu.Lock()
	return s
}

func (l *Ledger) unlock(s *shard) {
	s.mu.Unlock()
	l.world.RUnlock()
}

// claim finds or makes the claim of a key.
func (s *shard) claim(key ad.SaleKey) *claim {
	c := s.claims[key]
	if c == nil {
		if last := len(s.spare) - 1; last >= 0 {
			c, s.spare = s.spare[last], s.spare[:last]
		} else {
			c = new(claim)
		}
		s.claims[key] = c
	}
	return c
}

// spareMax bounds the claims that a shard keeps for further use: as many calls are under way on it at most.
const spareMax = 64

// drop forgets a claim that says nothing any more. Nobody may look at it afterwards.
func (s *shard) drop(key ad.SaleKey, c *claim) {
	if !c.empty() || s.claims[key] != c {
		return
	}
	delete(s.claims, key)
	if len(s.spare) < spareMax {
		*c = claim{}
		s.spare = append(s.spare, c)
	}
}

// expiry says when a pending has to be looked at.
type expiry struct {
	at  uint32 // by the ledger's clock
	key ad.SaleKey
}

// expiries is a heap with the earliest first.
type expiries []expiry

func (e *expiries) push(x expiry) {
	*e = append(*e, x)
	h := *e
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if h[parent].at <= h[i].at {
			return
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
}

func (e *expiries) pop() expiry {
	h := *e
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	*e = h
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if h[child].at < h[least].at {
				least = child
			}
		}
		if least == i {
			return first
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
