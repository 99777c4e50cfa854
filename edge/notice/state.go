package notice

import (
	"encoding/binary"
	"fmt"
	"slices"

	"curb/edge/ad"
)

// Kinds are the records of the log that Apply reads.
func (n *Notices) Kinds() []uint8 { return []uint8{kindWon, kindSettled} }

// Apply replays one record, before Start. Applying one again changes nothing.
func (n *Notices) Apply(kind uint8, record []byte) error {
	s := n.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	r := reader{rest: record}
	var err error
	switch kind {
	case kindWon:
		err = r.events(s.replay)
	case kindSettled:
		err = s.replaySettled(&r)
	default:
		err = fmt.Errorf("kind %d is none of notices", kind)
	}
	if err != nil {
		return fmt.Errorf("replay notices: %w", err)
	}
	return nil
}

func (s *spool) replay(e *event) {
	if s.learn(e.id, e.taken.Unix()) {
		s.open[e.id] = e
	}
}

func (s *spool) replaySettled(r *reader) error {
	if r.byte() != recordVersion || len(r.rest)%settledBytes != 0 {
		return errRecord
	}
	for len(r.rest) > 0 {
		var id EventID
		copy(id[:], r.take(len(id)))
		gone := way(r.byte())
		e := s.open[id]
		switch {
		case e == nil && s.stored > 0:
			s.early[id] |= gone
		case e == nil:
		default:
			if e.open &^= gone; e.open == 0 {
				delete(s.open, id)
			}
		}
	}
	return nil
}

// settledBytes is one entry of kindSettled: an event id and the ways.
const settledBytes = 17

// AppendSnapshot writes all that a replay of the log so far would rebuild.
func (n *Notices) AppendSnapshot(dst []byte) []byte {
	s := n.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	dst = append(dst, recordVersion)
	dst = binary.AppendVarint(dst, s.horizon)
	dst = binary.AppendUvarint(dst, uint64(len(s.ring)))
	for i := range s.ring {
		known := &s.ring[(s.oldest+i)%len(s.ring)]
		dst = binary.BigEndian.AppendUint64(dst, known.key)
		dst = binary.BigEndian.AppendUint32(dst, uint32(known.taken))
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.early)))
	for id, gone := range s.early {
		dst = append(append(dst, id[:]...), byte(gone))
	}
	dst = s.appendOpen(dst)
	for bidder, st := range s.stores {
		dst = st.append(dst, bidder, s.packer)
	}
	return dst
}

func (s *spool) appendOpen(dst []byte) []byte {
	record := []byte{recordVersion}
	for _, e := range s.open {
		record = appendEvent(record, e)
	}
	dst = binary.AppendUvarint(dst, uint64(len(record)))
	return append(dst, record...)
}

// append writes the store as its blocks, each with bidder, count and length.
func (st *store) append(dst []byte, bidder ad.BidderID, p *packer) []byte {
	blocks := st.blocks
	if st.ends > 0 {
		blocks = append(slices.Clip(blocks), block{p.pack(st.tail), st.ends})
	}
	for _, b := range blocks {
		dst = binary.AppendUvarint(dst, uint64(bidder))
		dst = binary.AppendUvarint(dst, uint64(b.count))
		dst = binary.AppendUvarint(dst, uint64(len(b.data)))
		dst = append(dst, b.data...)
	}
	return dst
}

// RestoreSnapshot replaces what is known by what a snapshot says, before Start.
func (n *Notices) RestoreSnapshot(snapshot []byte) error {
	s := newSpool()
	if err := s.restore(&reader{rest: snapshot}); err != nil {
		return fmt.Errorf("restore notices: %w", err)
	}
	n.spool = s
	return nil
}

func (s *spool) restore(r *reader) error {
	if r.byte() != recordVersion {
		return errRecord
	}
	s.horizon = r.varint()
	for range min(r.uvarint(), knownMax+1) {
		entry := r.take(12)
		if entry == nil {
			return errRecord
		}
		key := binary.BigEndian.Uint64(entry)
		s.known[key] = struct{}{}
		s.ring = append(s.ring, seen{key, int64(binary.BigEndian.Uint32(entry[8:]))})
	}
	for range min(r.uvarint(), uint64(len(r.rest))) {
		var id EventID
		copy(id[:], r.take(len(id)))
		s.early[id] = way(r.byte())
	}
	open := reader{rest: r.blob()}
	if err := open.events(func(e *event) { s.open[e.id] = e }); err != nil || len(s.ring) > knownMax {
		return errRecord
	}
	for len(r.rest) > 0 && !r.bad {
		if err := s.restoreBlock(r); err != nil {
			return err
		}
	}
	if r.bad {
		return errRecord
	}
	return nil
}

func (s *spool) restoreBlock(r *reader) error {
	bidder, count, data := ad.BidderID(r.id()), int(r.uvarint()), r.blob()
	if r.bad {
		return errRecord
	}
	found := 0
	events := reader{rest: s.packer.unpack(data)}
	if err := events.events(func(*event) { found++ }); err != nil || found != count {
		return errRecord
	}
	st := s.store(bidder)
	st.blocks = append(st.blocks, block{slices.Clone(data), count})
	st.count += count
	s.stored += count
	return nil
}
