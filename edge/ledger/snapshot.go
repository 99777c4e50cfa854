package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"curb/edge/ad"
)

// A snapshot is one version byte and then, in this order: the clock, the totals, the accounts, the recent bills, the shards
// of keys, the shards of counters, the estimates. Integers are LEB128, signed ones zig-zag, as in encoding/binary.
const snapshotVersion = 1

// ErrSnapshot says that a snapshot cannot be read; what it wraps says why.
var ErrSnapshot = errors.New("snapshot of the ledger")

// AppendSnapshot appends everything the ledger holds at one moment. Bills, pendings and questions go on meanwhile: the moment
// takes as long as copying accounts and totals, and a shard that changes before it was reached leaves its image first.
//
// A record that is being appended at that moment is in the snapshot as if it were in the log already. If it turns out that it
// is not, nobody was served, and a record that says so follows in the log.
func (l *Ledger) AppendSnapshot(dst []byte) []byte {
	l.snapshotting.Lock()
	defer l.snapshotting.Unlock()
	// All the memory at once, and before anybody has to wait: growing would copy what is there again and again.
	size := l.Status()
	dst = slices.Grow(dst, size.Settled*markBytes+int(size.PendingBytes+size.RecentBytes)+size.Counters*counterBytes+64<<10)
	dst, spans := l.freeze(dst)
	return l.thaw(dst, spans)
}

// freeze decides which moment the snapshot shows, and writes what is small.
func (l *Ledger) freeze(dst []byte) ([]byte, []span) {
	l.world.Lock()
	defer l.world.Unlock()
	l.cuts++
	l.cut = l.cuts
	dst = append(dst, snapshotVersion)
	dst = binary.AppendUvarint(dst, uint64(l.clock.Load()))
	dst = l.totals.encode(dst)
	dst = l.accounts.encode(dst)
	l.learnt.Freeze()
	return dst, l.recent.spans()
}

// thaw writes the rest, as it was at that moment.
func (l *Ledger) thaw(dst []byte, spans []span) []byte {
	dst = encodeSpans(dst, spans)
	for i := range l.shards {
		dst = l.shards[i].takeImage(dst, l.cuts)
	}
	for i := range l.counters.shards {
		dst = l.counters.shards[i].takeImage(dst, l.cuts)
	}
	l.world.Lock()
	l.cut = 0
	l.world.Unlock()
	return l.learnt.AppendSnapshot(dst)
}

// RestoreSnapshot makes an empty ledger what AppendSnapshot wrote. Errors wrap ErrSnapshot or ErrRecord; the ledger may then
// hold a part, and is not to be used.
func (l *Ledger) RestoreSnapshot(snapshot []byte) error {
	if len(snapshot) == 0 {
		return fmt.Errorf("%w: it is empty", ErrSnapshot)
	}
	if snapshot[0] != snapshotVersion {
		return fmt.Errorf("%w: it is of version %d, and this node reads %d: start the release that wrote it, or a newer one",
			ErrSnapshot, snapshot[0], snapshotVersion)
	}
	d := &decoder{buf: snapshot[1:]}
	known := d.id(clockMax)
	l.clock.Store(known)
	l.totals.restore(d)
	l.accounts.restore(d)
	if err := l.restoreRecent(d); err != nil {
		return err
	}
	var flights []flight
	for range shardCount {
		more, err := l.restoreShard(d)
		if err != nil {
			return err
		}
		flights = append(flights, more...)
	}
	for range shardCount {
		l.restoreCounters(d)
	}
	if d.fault != "" {
		return fmt.Errorf("%w: it %s", ErrSnapshot, d.fault)
	}
	if err := l.learnt.RestoreSnapshot(d.buf); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	for _, f := range flights {
		if err := l.Apply(f.kind, f.record); err != nil {
			return err
		}
	}
	l.known = known
	return nil
}

// flight is a record that was being appended when a snapshot was taken.
type flight struct {
	kind   uint8
	record []byte
}

func (m *Money) encode(dst []byte) []byte {
	dst = binary.AppendVarint(dst, m.Count)
	dst = binary.AppendVarint(dst, int64(m.Net))
	return binary.AppendVarint(dst, int64(m.BuyerPays))
}

func (d *decoder) money() *Money {
	return &Money{Count: d.varint(), Net: ad.Amount(d.varint()), BuyerPays: ad.Amount(d.varint())}
}

// count reads how many of something follow; each takes at least one byte.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.buf)) {
		d.fail("counts more than it holds")
		return 0
	}
	return int(n)
}

func encodeRows[K ~uint32 | ~int32](dst []byte, rows map[K]*Money) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(rows)))
	for _, k := range slices.Sorted(maps.Keys(rows)) {
		dst = binary.AppendUvarint(dst, uint64(uint32(k)))
		dst = rows[k].encode(dst)
	}
	return dst
}

func restoreRows[K ~uint32 | ~int32](d *decoder, rows map[K]*Money) {
	for n := d.count(); n > 0 && d.fault == ""; n-- {
		k := K(d.id(math.MaxUint32))
		rows[k] = d.money()
	}
}

func (t *totals) encode(dst []byte) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	dst = t.all.encode(dst)
	dst = encodeRows(dst, t.bidders)
	dst = encodeRows(dst, t.publishers)
	dst = encodeRows(dst, t.lines)
	dst = encodeRows(dst, t.days)
	dst = binary.AppendUvarint(dst, uint64(len(t.paid)))
	for k, sum := range t.paid {
		dst = binary.AppendUvarint(dst, uint64(k.bidder))
		dst = append(dst, k.currency[:]...)
		dst = binary.AppendVarint(dst, sum.Units)
		dst = binary.AppendVarint(dst, sum.Micros)
	}
	return dst
}

func (t *totals) restore(d *decoder) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = *d.money()
	restoreRows(d, t.bidders)
	restoreRows(d, t.publishers)
	restoreRows(d, t.lines)
	restoreRows(d, t.days)
	for n := d.count(); n > 0 && d.fault == ""; n-- {
		k := paidKey{bidder: ad.BidderID(d.id(math.MaxUint32))}
		copy(k.currency[:], d.bytes(len(k.currency)))
		t.paid[k] = Sum{Units: d.varint(), Micros: d.varint()}
		if t.bidders[k.bidder] == nil {
			d.fail("has payments of a bidder without bills")
		}
	}
}

// encode writes what is settled; what is set aside comes back with the pendings.
func (a *accounts) encode(dst []byte) []byte {
	a.mu.RLock()
	defer a.mu.RUnlock()
	dst = binary.AppendUvarint(dst, uint64(len(a.byID)))
	for _, id := range slices.Sorted(maps.Keys(a.byID)) {
		dst = a.byID[id].encode(dst)
	}
	return dst
}

func (a *account) encode(dst []byte) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	dst = binary.AppendUvarint(dst, uint64(a.line))
	dst = binary.AppendVarint(dst, int64(a.settled))
	dst = binary.AppendVarint(dst, a.bills)
	dst = binary.AppendUvarint(dst, uint64(len(a.days)))
	for i := range a.days {
		d := &a.days[i]
		dst = binary.AppendVarint(dst, int64(d.day))
		dst = binary.AppendVarint(dst, int64(d.settled))
		dst = binary.AppendVarint(dst, d.bills)
	}
	return dst
}

func (a *accounts) restore(d *decoder) {
	for n := d.count(); n > 0 && d.fault == ""; n-- {
		one := a.open(ad.LineItemID(d.id(math.MaxUint32)))
		one.settled, one.bills = ad.Amount(d.varint()), d.varint()
		for days := d.count(); days > 0 && d.fault == ""; days-- {
			day := one.day(int32(d.varint()))
			day.settled, day.bills = ad.Amount(d.varint()), d.varint()
		}
	}
}

func encodeSpans(dst []byte, spans []span) []byte {
	count := 0
	for _, s := range spans {
		count += s.count
	}
	dst = binary.AppendUvarint(dst, uint64(count))
	for _, s := range spans {
		for _, record := range s.chunk.records[:s.count] {
			dst = appendText(dst, record)
		}
	}
	return dst
}

func (l *Ledger) restoreRecent(d *decoder) error {
	for n := d.count(); n > 0 && d.fault == ""; n-- {
		record := d.text()
		if d.fault != "" {
			break
		}
		b, err := decodeBill(record)
		if err != nil {
			return err
		}
		l.recent.add(record, b.Billed, l.clock.Load())
	}
	return nil
}
