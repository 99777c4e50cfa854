package notice

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"curb/edge/ad"
)

// EventID names one event for ever: the same kind of news about the same bid has the same one, in every retry and after
// every restart.
type EventID [16]byte

// Append writes the 32 hex digits.
func (id EventID) Append(dst []byte) []byte { return hex.AppendEncode(dst, id[:]) }

// String gives the 32 hex digits.
func (id EventID) String() string { return hex.EncodeToString(id[:]) }

// eventID is a hash, so that no state has to be kept for it to stay the same.
func eventID(kind ad.NoticeKind, n *ad.Notice) EventID {
	var room [160]byte
	b := append(room[:0], "notice 1\x00"...)
	b = append(b, byte(kind), n.Impression)
	b = append(b, n.Auction[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(n.Bidder))
	if n.Reason == ad.BidDuplicate { // news of another bid of the same id
		b = append(b, "again\x00"...)
	}
	b = append(b, n.Terms.BidID...)
	sum := sha256.Sum256(b)
	return EventID(sum[:16])
}

// event is a notice with memory of its own, and its deliveries: one per way.
type event struct {
	ad.Notice
	id    EventID   // of won; the others' are worked out when they are sent
	taken time.Time // when we were told, by Options.Now
	bytes int       // of its texts, and of what it says besides
	ways  way       // by which it goes out
	open  way       // by which it has not arrived yet; guarded by spool.mu, won only
	parts [3]delivery
}

// delivery is an event on one way.
type delivery struct {
	event   *event
	way     way
	retry   bool   // it has been sent before
	refused uint8  // how often it was answered with 3xx or 4xx
	tries   uint16 // how often it failed
	since   time.Time
	due     time.Time
	lane    node // in its endpoint's queue
	age     node // in its line's class, for dropping
}

// won reports whether the delivery may never be dropped.
func (d *delivery) won() bool { return d.event.Kind == ad.NoticeWon }

// eventBytes is what an event costs besides its texts, and about what its JSON says besides them.
const eventBytes = 768

// newEvent copies what the ways need.
func newEvent(n *ad.Notice, ways way, taken time.Time) *event {
	e := &event{Notice: *n, ways: ways, open: ways, taken: taken}
	t := &e.Terms
	if ways&byNURL == 0 {
		t.NURL = ""
	}
	if ways&byBURL == 0 {
		t.BURL = ""
	}
	if ways&byLURL == 0 {
		t.LURL = ""
	}
	texts := [...]*string{&t.BidID, &t.ImpressionID, &t.CreativeCode, &t.NURL, &t.BURL, &t.LURL, &t.Data}
	length := 0
	for _, s := range texts {
		length += len(*s)
	}
	var b strings.Builder
	b.Grow(length)
	for _, s := range texts {
		b.WriteString(*s)
	}
	rest := b.String()
	for _, s := range texts {
		*s, rest = rest[:len(*s)], rest[len(*s):]
	}
	e.Full = nil
	e.bytes = eventBytes + length
	return e
}

// load copies the bid request to an event that goes by post and whose bidder wants it. Won events stay as long as it takes, so
// the requests they carry are bounded together; past that they go without.
func (l *line) load(e *event, request []byte) {
	size := len(request)
	if size == 0 || size > fullBytesMax || e.ways&byPost == 0 || e.PostPending {
		return
	}
	if e.Kind == ad.NoticeWon {
		if l.loaded.Add(int64(size)) > queueBytesMax {
			l.loaded.Add(-int64(size))
			return
		}
	}
	e.Full = append([]byte(nil), request...)
	e.bytes += size
}

// unload takes the bid request off a won event.
func (l *line) unload(e *event) {
	l.loaded.Add(-int64(len(e.Full)))
	e.Full = nil
}

// deliveries fills the parts for the open ways and gives them.
func (e *event) deliveries(open way, now time.Time) []delivery {
	used := 0
	for _, w := range allWays {
		if open&w != 0 && used < len(e.parts) {
			d := &e.parts[used]
			*d = delivery{event: e, way: w, since: now, due: now}
			d.lane.of, d.age.of = d, d
			used++
		}
	}
	return e.parts[:used]
}

// template is the URL of a way, before macros; "" for the post.
func (e *event) template(w way) string {
	switch w {
	case byNURL:
		return e.Terms.NURL
	case byBURL:
		return e.Terms.BURL
	case byLURL:
		return e.Terms.LURL
	}
	return ""
}
