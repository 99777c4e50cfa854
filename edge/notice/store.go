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

func (st *store) put(e *event, p *packer) {
	if len(st.tail) == 0 {
		st.tail = append(st.tail, recordVersion)
	}
	st.tail = appendEvent(st.tail, e)
	st.ends++
	st.count++
	if len(st.tail) >= blockBytes {
		st.blocks = append(st.blocks, block{p.pack(st.tail), st.ends})
		st.tail, st.ends = st.tail[:0], 0
	}
}

// get takes out the oldest block, or the tail, and says how many events that leaves fewer.
func (st *store) get(p *packer) (events []*event, fewer int) {
	give := func(e *event) { events = append(events, e) }
	if len(st.blocks) == 0 {
		r := reader{rest: st.tail}
		_ = r.events(give) // our own bytes, never left the process
		fewer = st.ends
		st.count -= fewer
		st.tail, st.ends = st.tail[:0], 0
		return events, fewer
	}
	b := st.blocks[0]
	st.blocks[0] = block{}
	st.blocks = st.blocks[1:]
	st.count -= b.count
	r := reader{rest: p.unpack(b.data)}
	_ = r.events(give) // checked when it was restored, or ours
	return events, b.count
}

// packer compresses and unpacks blocks, and keeps what that takes: a fresh compressor costs more than a block.
type packer struct {
	out     bytes.Buffer
	deflate *flate.Writer
	in      bytes.Reader
	inflate io.ReadCloser
}

func newPacker() *packer {
	p := &packer{inflate: flate.NewReader(bytes.NewReader(nil))}
	p.deflate, _ = flate.NewWriter(&p.out, flate.BestSpeed) // the level is valid
	return p
}

func (p *packer) pack(data []byte) []byte {
	p.out.Reset()
	p.deflate.Reset(&p.out)
	_, _ = p.deflate.Write(data) // a buffer takes everything
	_ = p.deflate.Close()
	return bytes.Clone(p.out.Bytes())
}

// unpack gives nothing for what is damaged.
func (p *packer) unpack(data []byte) []byte {
	p.in.Reset(data)
	_ = p.inflate.(flate.Resetter).Reset(&p.in, nil) // always succeeds without a dictionary
	out, err := io.ReadAll(io.LimitReader(p.inflate, unpackedMax))
	if err != nil {
		return nil
	}
	return out
}
