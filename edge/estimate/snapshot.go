package estimate

import (
	"encoding/binary"
	"errors"
	"fmt"

	"curb/edge/ad"
)

// A snapshot is one version byte and the shards in order, each the number of its pairs and then the pairs, the one that has
// learnt nothing for longest first. Integers are LEB128 (encoding/binary's uvarint).
const snapshotVersion = 1

// ErrSnapshot says that a snapshot cannot be read; what it wraps says why.
var ErrSnapshot = errors.New("snapshot of estimates")

// Freeze decides which moment the next snapshot shows. It takes a moment for each shard and copies nothing: a shard that
// learns before the snapshot has reached it leaves its image first.
func (b *Book) Freeze() {
	b.freezing.Lock()
	defer b.freezing.Unlock()
	b.freeze()
}

func (b *Book) freeze() {
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		s.freeze, s.image = true, nil
		s.mu.Unlock()
	}
	b.frozen = true
}

// AppendSnapshot appends what the book held when it was frozen, or what it holds now if it was not.
func (b *Book) AppendSnapshot(dst []byte) []byte {
	b.freezing.Lock()
	defer b.freezing.Unlock()
	if !b.frozen {
		b.freeze()
	}
	b.frozen = false
	dst = append(dst, snapshotVersion)
	for i := range b.shards {
		s := &b.shards[i]
		s.mu.Lock()
		s.leaveImage()
		image := s.image
		s.image = nil
		s.mu.Unlock()
		dst = append(dst, image...)
	}
	return dst
}

// leaveImage encodes the shard if a snapshot waits for it. The caller holds the lock for writing.
func (s *shard) leaveImage() {
	if s.freeze {
		s.image, s.freeze = s.encode(nil), false
	}
}

func (s *shard) encode(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s.pairs)))
	for h := s.oldest; h != nil; h = h.newer {
		for _, v := range [...]uint64{uint64(h.placement), uint64(h.size.W), uint64(h.size.H), uint64(h.accepted), uint64(h.declined),
			uint64(h.sum), uint64(h.means), uint64(len(h.prices))} {
			dst = binary.AppendUvarint(dst, v)
		}
		for i := range h.prices { // oldest first, so that the ring begins anew at 0
			dst = binary.AppendUvarint(dst, uint64(h.prices[(h.next+i)%len(h.prices)]))
		}
	}
	return dst
}

// RestoreSnapshot makes the book what AppendSnapshot wrote. Fewer pairs than were remembered then keep those that learnt
// last. The error wraps ErrSnapshot, and the book may then hold a part.
func (b *Book) RestoreSnapshot(snapshot []byte) error {
	if len(snapshot) == 0 {
		return fmt.Errorf("%w: empty", ErrSnapshot)
	}
	if snapshot[0] != snapshotVersion {
		return fmt.Errorf("%w: version %d is not known, this node reads %d: start the release that wrote it, or a newer one",
			ErrSnapshot, snapshot[0], snapshotVersion)
	}
	r := reader{buf: snapshot[1:]}
	for range shards {
		for n := r.uint(uint64(len(r.buf))); n > 0 && !r.bad; n-- {
			b.restore(&r)
		}
	}
	if r.bad || len(r.buf) > 0 {
		return fmt.Errorf("%w: damaged, %d bytes before its end", ErrSnapshot, len(r.buf))
	}
	return nil
}

func (b *Book) restore(r *reader) {
	h := history{pair: pair{ad.PlacementID(r.uint(1<<32 - 1)), ad.Size{W: uint16(r.uint(1<<16 - 1)), H: uint16(r.uint(1<<16 - 1))}}}
	h.accepted, h.declined = uint32(r.uint(outcomesMax)), uint32(r.uint(outcomesMax))
	h.sum, h.means = int64(r.uint(uint64(averagesMax*ad.CPMMax))), int64(r.uint(averagesMax))
	prices := r.uint(remembered)
	for range prices {
		h.prices = append(h.prices, uint32(r.uint(uint64(ad.CPMMax))))
	}
	if r.bad {
		return
	}
	s := b.shard(h.pair)
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.history(h.pair, b.perShard)
	kept.prices, kept.next = h.prices, 0
	kept.accepted, kept.declined, kept.sum, kept.means = h.accepted, h.declined, h.sum, h.means
	kept.judge()
	if len(kept.prices) > 0 {
		kept.learnt.Clear = kept.clear()
	}
}

// reader reads integers until one is missing or too large; then it is bad and gives zeros.
type reader struct {
	buf []byte
	bad bool
}

func (r *reader) uint(most uint64) uint64 {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 || v > most {
		r.bad = true
		return 0
	}
	r.buf = r.buf[n:]
	return v
}
