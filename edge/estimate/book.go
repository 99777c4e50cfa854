package estimate

import (
	"sync"

	"curb/edge/ad"
)

// PairsDefault is how many placements and sizes are remembered when Options name no number. A pair takes 2.3 KB once it has
// accepted 512 calls, so all of them take 150 MB at most.
const PairsDefault = 1 << 16

// shards split the pairs so that readers and learners seldom meet. The number is part of which pair is forgotten.
const shards = 64

// Options are how a book is made.
type Options struct {
	// Pairs is how many placements and sizes are remembered; 0 takes PairsDefault. It is rounded up to a multiple of 64.
	Pairs int
}

// Call is one price that was passed on, when it is known what became of it.
type Call struct {
	Placement ad.PlacementID
	Size      ad.Size
	Price     ad.CPM // passed on, USD; above ad.CPMMax it counts as that
	Average   ad.CPM // mean of the bids that competed, USD; 0: nobody said
}

// Book is everything learnt. It is safe for concurrent use.
type Book struct {
	perShard int
	shards   [shards]shard

	// freezing is held by Freeze and by the snapshot, so that there is one snapshot at a time.
	freezing sync.Mutex
	frozen   bool
}

// shard holds some of the pairs, and the order in which they last learnt.
type shard struct {
	mu             sync.RWMutex
	pairs          map[pair]*history
	oldest, newest *history
	// freeze: a snapshot is being taken and this shard is not in it yet; whoever changes it first leaves its image.
	freeze bool
	image  []byte
}

// New makes an empty book.
func New(o Options) *Book {
	if o.Pairs <= 0 {
		o.Pairs = PairsDefault
	}
	b := &Book{perShard: (o.Pairs + shards - 1) / shards}
	for i := range b.shards {
		b.shards[i].pairs = make(map[pair]*history)
	}
	return b
}

// Estimate is what is learnt of a placement and a size; ok is false before the first accepted call.
func (b *Book) Estimate(placement ad.PlacementID, size ad.Size) (e ad.EstimatedClear, ok bool) {
	p := pair{placement, size}
	s := b.shard(p)
	s.mu.RLock()
	defer s.mu.RUnlock()
	h := s.pairs[p]
	if h == nil || len(h.prices) == 0 {
		return e, false
	}
	return h.learnt, true
}

// Accepted learns that the ad server took the price.
func (b *Book) Accepted(c *Call) { b.learn(c, (*history).accept) }

// Declined learns that it did not.
func (b *Book) Declined(c *Call) { b.learn(c, (*history).decline) }

func (b *Book) learn(c *Call, how func(*history, *Call)) {
	p := pair{c.Placement, c.Size}
	s := b.shard(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveImage()
	how(s.history(p, b.perShard), c)
}

// Len is how many placements and sizes are remembered.
func (b *Book) Len() int {
	n := 0
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.RLock()
		n += len(s.pairs)
		s.mu.RUnlock()
	}
	return n
}

// shard spreads pairs by Fibonacci hashing: the same on every node, so that a replay forgets the same pairs.
func (b *Book) shard(p pair) *shard {
	h := (uint64(p.placement)<<32 | uint64(p.size.W)<<16 | uint64(p.size.H)) * 0x9E3779B97F4A7C15
	return &b.shards[h>>58]
}

// history finds a pair, or makes it in the place of who has learnt nothing for longest, and makes it the newest.
func (s *shard) history(p pair, most int) *history {
	h := s.pairs[p]
	switch {
	case h != nil:
		s.unlink(h)
	default:
		if len(s.pairs) >= most {
			last := s.oldest
			s.unlink(last)
			delete(s.pairs, last.pair)
		}
		h = &history{pair: p, learnt: ad.EstimatedClear{Size: p.size}}
		s.pairs[p] = h
	}
	s.append(h)
	return h
}

func (s *shard) append(h *history) {
	h.older, h.newer = s.newest, nil
	if s.newest != nil {
		s.newest.newer = h
	} else {
		s.oldest = h
	}
	s.newest = h
}

func (s *shard) unlink(h *history) {
	if h.older != nil {
		h.older.newer = h.newer
	} else {
		s.oldest = h.newer
	}
	if h.newer != nil {
		h.newer.older = h.older
	} else {
		s.newest = h.older
	}
}
