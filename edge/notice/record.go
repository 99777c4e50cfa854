package notice

import (
	"encoding/binary"
	"errors"
	"time"

	"curb/edge/ad"
)

// Kinds of records in the log.
const (
	kindWon     uint8 = 10 // won notices to be sent
	kindSettled uint8 = 11 // ways of them that need not be tried any more
)

// recordVersion begins every record and the snapshot.
const recordVersion = 1

var errRecord = errors.New("the record is cut short or not one of notices")

// appendEvent writes what a won event needs to be sent again, open ways first. The bid request of a full notice is
// left out: it would cost the log more than all the rest.
func appendEvent(dst []byte, e *event) []byte {
	dst = append(dst, e.id[:]...)
	flags := byte(e.open)
	if e.PostPending {
		flags |= flagPostPending
	}
	dst = append(dst, flags, e.Impression)
	dst = append(dst, e.Auction[:]...)
	dst = append(dst, e.Currency[:]...)
	for _, v := range [...]int64{e.taken.UnixNano(), e.At.UnixNano(), int64(e.BidPrice), int64(e.Price), e.Micros} {
		dst = binary.AppendVarint(dst, v)
	}
	for _, v := range [...]uint32{uint32(e.Bidder), uint32(e.Member), uint32(e.Publisher), uint32(e.Placement), uint32(e.Creative)} {
		dst = binary.AppendUvarint(dst, uint64(v))
	}
	t := &e.Terms
	for _, s := range [...]string{t.BidID, t.ImpressionID, t.CreativeCode, t.NURL, t.BURL, t.Data} {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

const flagPostPending = 0x80

// reader reads records; past the first thing that is not there it reads zeros and is bad.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.bad, r.rest = true, nil
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) id() uint32 { return uint32(r.uvarint()) }

// blob is bytes with their length before them, borrowed.
func (r *reader) blob() []byte { return r.take(int(min(r.uvarint(), uint64(len(r.rest))+1))) }

// event reads what appendEvent wrote, with memory of its own.
func (r *reader) event() *event {
	e := &event{}
	e.Kind = ad.NoticeWon
	copy(e.id[:], r.take(len(e.id)))
	flags := r.byte()
	e.open = way(flags &^ flagPostPending)
	e.ways, e.PostPending = e.open, flags&flagPostPending != 0
	e.Impression = r.byte()
	copy(e.Auction[:], r.take(len(e.Auction)))
	copy(e.Currency[:], r.take(len(e.Currency)))
	e.taken, e.At = time.Unix(0, r.varint()), time.Unix(0, r.varint())
	e.BidPrice, e.Price, e.Micros = ad.CPM(r.varint()), ad.CPM(r.varint()), r.varint()
	e.Bidder, e.Member = ad.BidderID(r.id()), ad.MemberID(r.id())
	e.Publisher, e.Placement, e.Creative = ad.PublisherID(r.id()), ad.PlacementID(r.id()), ad.CreativeID(r.id())
	t := &e.Terms
	e.bytes = eventBytes
	for _, s := range [...]*string{&t.BidID, &t.ImpressionID, &t.CreativeCode, &t.NURL, &t.BURL, &t.Data} {
		*s = string(r.blob())
		e.bytes += len(*s)
	}
	if r.bad || e.open == 0 || e.open&^(byPost|byNURL|byBURL) != 0 {
		r.bad = true
		return nil
	}
	return e
}

// events reads a record of won notices, or a block of the spool, which is the same.
func (r *reader) events(give func(*event)) error {
	if r.byte() != recordVersion {
		return errRecord
	}
	for len(r.rest) > 0 {
		e := r.event()
		if e == nil {
			return errRecord
		}
		give(e)
	}
	if r.bad {
		return errRecord
	}
	return nil
}
