package ledger

import (
	"fmt"
	"sync"

	"curb/edge/ad"
)

// Usage is a number of sales that were passed on, and the memory they take.
type Usage struct{ Count, Bytes int64 }

func (u *Usage) add(p *place, n int64) {
	u.Count += n
	u.Bytes += n * p.bytes
}

// place is what one pending takes of the room.
type place struct {
	bytes     int64
	publisher ad.PublisherID
	long      bool // it may be accepted for longer than a banner
	bare      bool // it has no document: the caller got the markup
}

func placeOf(p *pending, record int) place {
	return place{
		bytes: int64(record) + heldOverhead, publisher: p.Publisher,
		long: p.Expires.Sub(p.At) > ad.AcceptWindowBanner, bare: p.Document == nil,
	}
}

// tenant is what one publisher's sales take.
type tenant struct{ all, long Usage }

// room shares the memory for pendings among publishers: each may hold as much as is left free, so that none of them, and no
// number of them together, leaves nothing for the next one. Long pendings share a half of it by the same rule.
type room struct {
	limit Usage

	mu   sync.Mutex
	all  tenant
	bare Usage
	by   map[ad.PublisherID]*tenant // those who hold something
}

// take gives a pending its place, or ErrFull that says who has too much.
func (r *room) take(p *place) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var mine tenant
	if t := r.by[p.publisher]; t != nil {
		mine = *t
	}
	if err := admit(&r.limit, r.all.all, mine.all, p, "sales that were passed on"); err != nil {
		return err
	}
	half := Usage{r.limit.Count / 2, r.limit.Bytes / 2}
	if p.long {
		if err := admit(&half, r.all.long, mine.long, p, "sales that may be accepted for longer than five minutes"); err != nil {
			return err
		}
	}
	r.move(p, 1)
	return nil
}

// admit judges a pending against what all, and its publisher, hold already.
func admit(limit *Usage, all, mine Usage, p *place, what string) error {
	all.add(p, 1)
	mine.add(p, 1)
	switch free := (Usage{limit.Count - all.Count, limit.Bytes - all.Bytes}); {
	case free.Count < 0 || free.Bytes < 0:
		return fmt.Errorf("%w: all publishers' %s: %d in %d bytes, at most %d in %d; they go as they are accepted or expire",
			ErrFull, what, all.Count-1, all.Bytes-p.bytes, limit.Count, limit.Bytes)
	case mine.Count > free.Count || mine.Bytes > free.Bytes:
		return fmt.Errorf("%w: publisher %d's %s: %d in %d bytes, and a publisher may hold as much as is left free, of %d in %d bytes; they go as they are accepted or expire",
			ErrFull, p.publisher, what, mine.Count-1, mine.Bytes-p.bytes, limit.Count, limit.Bytes)
	}
	return nil
}

// restore gives a pending from before a restart its place, full or not.
func (r *room) restore(p place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.move(&p, 1)
}

// give takes a place back.
func (r *room) give(p place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.move(&p, -1)
}

func (r *room) move(p *place, n int64) {
	t := r.by[p.publisher]
	if t == nil {
		t = new(tenant)
		r.by[p.publisher] = t
	}
	t.all.add(p, n)
	r.all.all.add(p, n)
	if p.long {
		t.long.add(p, n)
		r.all.long.add(p, n)
	}
	if p.bare {
		r.bare.add(p, n)
	}
	if t.all.Count == 0 {
		delete(r.by, p.publisher)
	}
}

// status tells what is held, per kind.
func (r *room) status(s *Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Pendings, s.PendingBytes = r.all.all.Count, r.all.all.Bytes
	s.Long, s.Bare, s.Publishers = r.all.long, r.bare, len(r.by)
	for id, t := range r.by {
		if t.all.Bytes > s.Fullest.Bytes || t.all.Bytes == s.Fullest.Bytes && id < s.FullestPublisher {
			s.Fullest, s.FullestPublisher = t.all, id
		}
	}
}
