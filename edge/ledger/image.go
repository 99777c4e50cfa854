package ledger

import (
	"encoding/binary"
	"math"
	"slices"

	"curb/edge/ad"
)

// What of a claim follows in an image.
const (
	imageHeld    = 1 << iota // the pending
	imageRecord              // the record that was handed to the log, after its kind
	imageFlight              // and was under way
	imageClosing             // the outcome that the claim waits to be closed with
)

// What a settled key, and a counter at most, take in an image.
const (
	markBytes    = 21
	counterBytes = 36
)

// leaveImage encodes the shard for the snapshot being taken, unless that has it already. Whoever changes what an image
// shows calls it first, holding the shard.
func (s *shard) leaveImage(cut uint64) {
	if cut != 0 && s.cut != cut {
		s.image, s.cut = s.encode(nil), cut
	}
}

// takeImage appends the shard as of the cut.
func (s *shard) takeImage(dst []byte, cut uint64) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut != cut {
		s.cut = cut
		return s.encode(dst)
	}
	dst = append(dst, s.image...)
	s.image = nil
	return dst
}

// encode writes marks, and claims that are more than a reservation.
func (s *shard) encode(dst []byte) []byte {
	dst = slices.Grow(dst, len(s.marks)*markBytes+16)
	dst = binary.AppendUvarint(dst, uint64(len(s.marks)))
	for key, m := range s.marks {
		dst = appendKey(dst, key)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(m))
	}
	count := 0
	for _, c := range s.claims {
		if c.lasting() {
			count++
		}
	}
	dst = binary.AppendUvarint(dst, uint64(count))
	for _, c := range s.claims {
		if c.lasting() {
			dst = c.encode(dst)
		}
	}
	return dst
}

// lasting claims outlive the process.
func (c *claim) lasting() bool { return c.holds() || c.record != nil }

func (c *claim) encode(dst []byte) []byte {
	parts := byte(0)
	if c.holds() {
		parts |= imageHeld
	}
	if c.record != nil {
		parts |= imageRecord
	}
	if c.flying && c.record != nil {
		parts |= imageFlight
	}
	if c.closing != open {
		parts |= imageClosing
	}
	dst = append(dst, parts)
	if parts&imageHeld != 0 {
		dst = appendText(dst, c.held.record)
	}
	if parts&imageRecord != 0 {
		dst = append(dst, c.kind)
		dst = appendText(dst, c.record)
	}
	if parts&imageClosing != 0 {
		dst = append(dst, byte(c.closing))
	}
	return dst
}

// restoreShard reads marks and claims. It gives the records that were under way: they are applied when all else is restored.
func (l *Ledger) restoreShard(d *decoder) (flights []flight, err error) {
	for n := d.count(); n > 0 && d.fault == ""; n-- {
		key, b := d.key(), d.bytes(4)
		if d.fault != "" {
			break
		}
		if m := mark(binary.LittleEndian.Uint32(b)); m.outcome() != open {
			l.shard(key).marks[key] = m
		}
	}
	for n := d.count(); n > 0 && d.fault == ""; n-- {
		f, err := l.restoreClaim(d)
		if err != nil {
			return nil, err
		}
		if f.record != nil {
			flights = append(flights, f)
		}
	}
	return flights, nil
}

func (l *Ledger) restoreClaim(d *decoder) (under flight, err error) {
	parts := d.byte()
	var heldRecord []byte
	var f flight
	var end outcome
	if parts&imageHeld != 0 {
		heldRecord = slices.Clone(d.text())
	}
	if parts&imageRecord != 0 {
		f.kind = d.byte()
		f.record = slices.Clone(d.text())
	}
	if parts&imageClosing != 0 {
		end = outcome(d.byte())
	}
	switch {
	case d.fault != "":
		return flight{}, nil
	case end > withdrawn || end == billed || parts&(imageHeld|imageRecord) == 0 || f.record != nil && f.kind != KindBill && f.kind != KindPending:
		d.fail("has a claim that is not one")
		return flight{}, nil
	}
	var c *claim
	if parts&imageHeld != 0 {
		p, err := l.readPending(heldRecord)
		if err != nil {
			return flight{}, err
		}
		c = l.rehold(l.shard(p.SaleKey), &p, heldRecord)
	}
	if parts&imageFlight != 0 {
		return f, nil
	}
	return flight{}, l.restoreDoubt(c, f, end)
}

// restoreDoubt restores a record whose fate was unknown, and what the claim was waiting for. c is nil if nothing was held.
func (l *Ledger) restoreDoubt(c *claim, f flight, end outcome) error {
	var sale ad.Sale
	var capped bool
	switch {
	case f.record == nil:
		p, err := l.readPending(c.held.record)
		if err != nil {
			return err
		}
		sale = p.Sale
	case f.kind == KindPending:
		p, err := l.readPending(f.record)
		if err != nil {
			return err
		}
		sale, capped = p.Sale, p.capped
		l.room.restore(placeOf(&p, len(f.record)))
	default:
		b, err := decodeBill(f.record)
		if err != nil {
			return err
		}
		sale, capped = b.Sale, b.capped
	}
	s := l.shard(sale.SaleKey)
	if c == nil {
		c = s.claim(sale.SaleKey)
		l.setAsideAgain(c, &sale, capped)
	}
	c.kind, c.record, c.doubt = f.kind, f.record, l.clock.Load()
	if f.record != nil && f.kind == KindBill {
		s.doubtful++
		l.doubts.Add(1)
	}
	if end != open {
		l.close(s, sale.SaleKey, c, end)
	}
	return nil
}

func (s *counterShard) leaveImage(cut uint64) {
	if cut != 0 && s.cut != cut {
		s.image, s.cut = s.encode(nil), cut
	}
}

func (s *counterShard) takeImage(dst []byte, cut uint64) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut != cut {
		s.cut = cut
		return s.encode(dst)
	}
	dst = append(dst, s.image...)
	s.image = nil
	return dst
}

// encode writes the counters, the one whose user was not served for longest first.
func (s *counterShard) encode(dst []byte) []byte {
	dst = slices.Grow(dst, len(s.index)*counterBytes+8)
	dst = binary.AppendUvarint(dst, uint64(len(s.index)))
	for i := s.oldest; i >= 0; i = s.list[i].newer {
		c := &s.list[i]
		dst = append(dst, c.user[:]...)
		dst = binary.AppendUvarint(dst, uint64(c.line))
		dst = binary.AppendUvarint(dst, uint64(c.last))
		dst = binary.AppendUvarint(dst, uint64(c.before))
		dst = append(dst, c.counts[:]...)
	}
	return dst
}

func (l *Ledger) restoreCounters(d *decoder) {
	for n := d.count(); n > 0 && d.fault == ""; n-- {
		var c counter
		copy(c.user[:], d.bytes(len(c.user)))
		c.line = ad.LineItemID(d.id(math.MaxUint32))
		c.last, c.before = d.id(math.MaxUint32), d.id(math.MaxUint32)
		copy(c.counts[:], d.bytes(len(c.counts)))
		if d.fault != "" {
			return
		}
		s := l.counters.shard(c.subject)
		if _, ok := s.index[c.subject]; !ok {
			s.insert(c)
		}
	}
}
