package ledger

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"curb/edge/ad"
)

// recordVersion is the first byte of every record. Whoever changes what follows raises it and goes on reading the old one.
const recordVersion = 1

// recordBytesMax bounds a record that is written: a document of ad.ResponseTailBytesMax bytes escaped into a script, and a
// sale with every text at its limit.
const recordBytesMax = 512 << 10

// Flags of bills and pendings.
const (
	flagPostPending = 1 << iota
	flagCapped      // the line item has caps, so the impression is counted for its user
	flagScript
	flagDocument // there is a document, even if it is empty
	flagClock    // the ledger's clock stands before the sale
	flagPacked   // the document is compressed
	flagsAll     = 1<<iota - 1
)

// clockMax bounds the ledger's clock: thirty-four years.
const clockMax = math.MaxUint32 >> 2

// clocked is the ledger's clock when a record was handed to the log. Records of early releases do not say it.
type clocked struct {
	clock uint32
	known bool
}

func at(clock uint32) clocked { return clocked{clock, true} }

// bill is a record of KindBill.
type bill struct {
	ad.Bill
	clocked clocked
	capped  bool
	average ad.CPM // post-pending only: the mean of the bids that competed
}

// pending is a record of KindPending.
type pending struct {
	ad.Pending
	clocked clocked
	capped  bool
	// packed is the document, compressed; nil: it is plain.
	packed []byte
}

// document is what a record says of the document.
func (p *pending) document() []byte {
	if p.packed != nil {
		return p.packed
	}
	return p.Document
}

// closing is one sale of a record of KindClosed.
type closing struct {
	key     ad.SaleKey
	outcome outcome // declined or withdrawn
	// bill is the record of a bill that may be in the log and is void; nil: there is none.
	bill []byte
}

func appendBill(dst []byte, b *bill) []byte {
	flags := byte(0)
	if b.PostPending {
		flags |= flagPostPending
	}
	if b.capped {
		flags |= flagCapped
	}
	dst = appendHeader(dst, flags, b.clocked)
	dst = appendSale(dst, &b.Sale)
	dst = appendTime(dst, b.Billed)
	return binary.AppendVarint(dst, int64(b.average))
}

// decodeBill is the inverse of appendBill. Errors wrap ErrRecord.
func decodeBill(record []byte) (bill, error) {
	d := decoder{buf: record}
	flags := d.header(flagPostPending | flagCapped | flagClock)
	b := bill{capped: flags&flagCapped != 0, clocked: d.clock(flags)}
	b.PostPending = flags&flagPostPending != 0
	d.sale(&b.Sale)
	b.Billed = d.time()
	b.average = ad.CPM(d.varint())
	return b, d.end("bill")
}

func appendPending(dst []byte, p *pending) []byte {
	flags := byte(0)
	if p.capped {
		flags |= flagCapped
	}
	if p.Script {
		flags |= flagScript
	}
	if p.Document != nil {
		flags |= flagDocument
	}
	if p.packed != nil {
		flags |= flagPacked
	}
	dst = appendHeader(dst, flags, p.clocked)
	dst = appendSale(dst, &p.Sale)
	dst = appendTime(dst, p.Expires)
	dst = binary.AppendVarint(dst, int64(p.Average))
	return append(dst, p.document()...)
}

// decodePending is the inverse of appendPending. The document is part of the record; a compressed one is left so, for
// unpack. Errors wrap ErrRecord.
func decodePending(record []byte) (pending, error) {
	d := decoder{buf: record}
	flags := d.header(flagCapped | flagScript | flagDocument | flagClock | flagPacked)
	p := pending{capped: flags&flagCapped != 0, clocked: d.clock(flags)}
	p.Script = flags&flagScript != 0
	d.sale(&p.Sale)
	p.Expires = d.time()
	p.Average = ad.CPM(d.varint())
	if flags&flagDocument != 0 && d.fault == "" {
		p.Document = d.buf[:len(d.buf):len(d.buf)]
		if p.Document == nil {
			p.Document = []byte{}
		}
		if flags&flagPacked != 0 {
			p.packed = p.Document
		}
		d.buf = nil
	}
	return p, d.end("pending")
}

func appendClosings(dst []byte, closings []closing) []byte {
	dst = append(dst, recordVersion, 0)
	dst = binary.AppendUvarint(dst, uint64(len(closings)))
	for i := range closings {
		c := &closings[i]
		dst = appendKey(dst, c.key)
		dst = append(dst, byte(c.outcome))
		dst = appendText(dst, c.bill)
	}
	return dst
}

// decodeClosings is the inverse of appendClosings. Errors wrap ErrRecord.
func decodeClosings(record []byte) ([]closing, error) {
	d := decoder{buf: record}
	d.header(0)
	count := d.uvarint()
	if count > uint64(len(d.buf)) {
		d.fail("holds more sales than bytes")
	}
	var all []closing
	for i := uint64(0); i < count && d.fault == ""; i++ {
		c := closing{key: d.key(), outcome: outcome(d.byte()), bill: d.text()}
		if c.outcome != declined && c.outcome != withdrawn {
			d.fail("has an outcome that is not one")
		}
		if len(c.bill) == 0 {
			c.bill = nil
		}
		all = append(all, c)
	}
	return all, d.end("closed sales")
}

// appendHeader begins a record.
func appendHeader(dst []byte, flags byte, c clocked) []byte {
	if !c.known {
		return append(dst, recordVersion, flags)
	}
	return binary.AppendUvarint(append(dst, recordVersion, flags|flagClock), uint64(c.clock))
}

// clock reads what appendHeader wrote behind the flags.
func (d *decoder) clock(flags byte) clocked {
	if flags&flagClock == 0 {
		return clocked{}
	}
	return at(d.id(clockMax))
}

func appendKey(dst []byte, k ad.SaleKey) []byte {
	dst = append(dst, k.Auction[:]...)
	return append(dst, k.Impression)
}

func appendTime(dst []byte, t time.Time) []byte {
	dst = binary.AppendVarint(dst, t.Unix())
	return binary.AppendUvarint(dst, uint64(t.Nanosecond()))
}

func appendText[T string | []byte](dst []byte, text T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(text)))
	return append(dst, text...)
}

// appendSale writes every field of the sale, in the order of the type.
func appendSale(dst []byte, s *ad.Sale) []byte {
	dst = appendKey(dst, s.SaleKey)
	dst = append(dst, byte(s.Kind))
	dst = appendTime(dst, s.At)
	for _, id := range [...]uint32{uint32(s.Publisher), uint32(s.Placement), uint32(s.Owner), uint32(s.Buyer), uint32(s.Bidder),
		uint32(s.LineItem), uint32(s.Creative), uint32(s.Size.W), uint32(s.Size.H)} {
		dst = binary.AppendUvarint(dst, uint64(id))
	}
	for _, n := range [...]int64{int64(s.Net), int64(s.BuyerPays), int64(s.BidPrice), int64(s.Paid), int64(s.Rate)} {
		dst = binary.AppendVarint(dst, n)
	}
	dst = append(dst, s.Currency[:]...)
	if s.User == (ad.UserKey{}) {
		dst = append(dst, 0)
	} else {
		dst = append(dst, 1)
		dst = append(dst, s.User[:]...)
	}
	t := &s.Terms
	for _, text := range [...]string{s.Deal, t.BidID, t.ImpressionID, t.CreativeCode, t.NURL, t.BURL, t.LURL, t.Data} {
		dst = appendText(dst, text)
	}
	return dst
}

// decoder reads a record from the front. After the first fault it gives zeros; fault says what it was.
type decoder struct {
	buf   []byte
	fault string
}

func (d *decoder) fail(fault string) {
	if d.fault == "" {
		d.fault = fault
	}
	d.buf = nil
}

// end is the error of a record that must have been read to its last byte.
func (d *decoder) end(what string) error {
	if d.fault == "" && len(d.buf) > 0 {
		d.fail("goes on after its end")
	}
	if d.fault == "" {
		return nil
	}
	return fmt.Errorf("%w: %s %s", ErrRecord, what, d.fault)
}

// header reads version and flags.
func (d *decoder) header(known byte) byte {
	version, flags := d.byte(), d.byte()
	switch {
	case d.fault != "":
	case version != recordVersion:
		d.fail(fmt.Sprintf("is of version %d, and this node reads %d: start the release that wrote it, or a newer one", version, recordVersion))
	case flags&^known != 0:
		d.fail("has flags that are not known")
	}
	return flags
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.buf) {
		d.fail("is cut short")
		return nil
	}
	b := d.buf[:n]
	d.buf = d.buf[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.buf)
	if n <= 0 {
		d.fail("is cut short")
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.buf)
	if n <= 0 {
		d.fail("is cut short")
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

// id reads a number of at most most.
func (d *decoder) id(most uint64) uint32 {
	v := d.uvarint()
	if v > most {
		d.fail("has a number that is too large")
		return 0
	}
	return uint32(v)
}

func (d *decoder) text() []byte {
	n := d.uvarint()
	if n > uint64(len(d.buf)) {
		d.fail("is cut short")
		return nil
	}
	return d.bytes(int(n))
}

func (d *decoder) key() (k ad.SaleKey) {
	copy(k.Auction[:], d.bytes(len(k.Auction)))
	k.Impression = d.byte()
	return k
}

func (d *decoder) time() time.Time {
	seconds, nanos := d.varint(), d.uvarint()
	if nanos >= uint64(time.Second) {
		d.fail("has a time that is not one")
	}
	if d.fault != "" {
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC()
}

func (d *decoder) sale(s *ad.Sale) {
	s.SaleKey = d.key()
	s.Kind = ad.BidKind(d.byte())
	s.At = d.time()
	const id, side = math.MaxUint32, math.MaxUint16
	s.Publisher, s.Placement = ad.PublisherID(d.id(id)), ad.PlacementID(d.id(id))
	s.Owner, s.Buyer, s.Bidder = ad.MemberID(d.id(id)), ad.MemberID(d.id(id)), ad.BidderID(d.id(id))
	s.LineItem, s.Creative = ad.LineItemID(d.id(id)), ad.CreativeID(d.id(id))
	s.Size = ad.Size{W: uint16(d.id(side)), H: uint16(d.id(side))}
	s.Net, s.BuyerPays = ad.CPM(d.varint()), ad.CPM(d.varint())
	s.BidPrice, s.Paid = ad.CPM(d.varint()), ad.CPM(d.varint())
	s.Rate = ad.Rate(d.varint())
	copy(s.Currency[:], d.bytes(len(s.Currency)))
	if d.byte() != 0 {
		copy(s.User[:], d.bytes(len(s.User)))
	}
	t := &s.Terms
	d.texts(&s.Deal, &t.BidID, &t.ImpressionID, &t.CreativeCode, &t.NURL, &t.BURL, &t.LURL, &t.Data)
}

// texts reads texts that follow each other, into one string that all are parts of.
func (d *decoder) texts(all ...*string) {
	first := d.buf
	for range all {
		d.text()
	}
	if d.fault != "" {
		return
	}
	kept, at := string(first[:len(first)-len(d.buf)]), 0
	for _, text := range all {
		length, n := binary.Uvarint(first[at:])
		at += n
		*text, at = kept[at:at+int(length)], at+int(length)
	}
}
