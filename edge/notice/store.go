package notice

import (
	"bytes"
	"compress/flate"
	"io"
)

// blockBytes is how much of the store is compressed at once: enough for the texts of a bidder's URLs to repeat.
const blockBytes = 64 << 10

// unpackedMax bounds what a block of a snapshot unpacks to: blockBytes and one event more.
const unpackedMax = 1 << 20

// block is compressed events.
type block struct {
	data  []byte
	count int
}

// store holds won events of one bidder that find no place in its queues, oldest first, packed tightly: a bidder may be
// away for hours. The spool's lock guards it.
type store struct {
	hot    int     // events in queues
	count  int     // events in the store
	blocks []block // oldest first
	tail   []byte  // the newest, as a record that is not full yet
	ends   int     // events in tail
}

func (st *store) put(e *event) {
	if len(st.tail) == 0 {
		st.tail = append(st.tail, recordVersion)
	}
	st.tail = appendEvent(st.tail, e)
	st.ends++
	st.count++
	if len(st.tail) >= blockBytes {
		st.blocks = append(st.blocks, block{pack(st.tail), st.ends})
		st.tail, st.ends = st.tail[:0], 0
	}
}

// get takes out the oldest block, or the tail.
func (st *store) get() []*event {
	var events []*event
	give := func(e *event) { events = append(events, e) }
	if len(st.blocks) == 0 {
		r := reader{rest: st.tail}
		_ = r.events(give) // our own bytes, never left the process
		st.count -= st.ends
		st.tail, st.ends = st.tail[:0], 0
		return events
	}
	b := st.blocks[0]
	st.blocks[0] = block{}
	st.blocks = st.blocks[1:]
	st.count -= b.count
	r := reader{rest: unpack(b.data)}
	_ = r.events(give) // checked when it was restored, or ours
	return events
}

func pack(data []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestSpeed) // the level is valid
	_, _ = w.Write(data)                           // a buffer takes everything
	_ = w.Close()
	return bytes.Clone(out.Bytes())
}

// unpack gives nothing for what is damaged.
func unpack(data []byte) []byte {
	r := flate.NewReader(bytes.NewReader(data))
	out, err := io.ReadAll(io.LimitReader(r, unpackedMax))
	if err != nil {
		return nil
	}
	return out
}
