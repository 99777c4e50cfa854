package bidder

import (
	"bytes"
	"errors"
	"time"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// inquiry is one bidder asked within one auction: the exchange, and what its answer says.
type inquiry struct {
	exchange
	ask     *ask
	fanout  *Fanout
	line    *line
	started time.Time

	decoder  openrtb.Decoder
	response *openrtb.Response // borrows body or inflated, and the decoder
	inflated []byte
}

func newInquiry() *inquiry {
	q := &inquiry{}
	q.owner = q
	return q
}

// received reads the answer and settles, on the connection's goroutine, so that answers are read while others are
// still awaited. An answer that nobody waits for any more is not read.
func (q *inquiry) received() {
	if q.waited() {
		q.read()
		a := q.ask
		if q.settle() {
			a.settled()
			return
		}
	}
	if !q.silent {
		q.line.record.late(q)
	}
	q.fanout.recycle(q)
}

// read turns an answer into a response, or finds the reason why it is none.
func (q *inquiry) read() {
	if q.reason != ad.Undecided {
		return
	}
	if q.reason = q.judgeHead(); q.reason != ad.Undecided {
		return
	}
	body := q.body
	if q.head.coding != ad.Plain {
		q.inflated, q.reason = q.fanout.coder.decode(q.inflated[:0], body, q.head.coding)
		if q.reason != ad.Undecided {
			return
		}
		body = q.inflated
	}
	if len(bytes.Trim(body, " \t\r\n")) == 0 {
		q.reason = ad.NoBid // nothing but white space is as empty as nothing
		return
	}
	response, err := q.decoder.DecodeResponse(body)
	if err != nil {
		q.reason = ad.ResponseInvalid
		if e, ok := errors.AsType[*openrtb.Error](err); ok {
			q.reason = e.Reason
		}
		return
	}
	q.response = response
}

// judgeHead finds what status and coding alone decide; ad.Undecided: there is a body to read.
func (q *inquiry) judgeHead() ad.Reason {
	h := &q.head
	switch {
	case h.status == 204:
		return ad.NoBid
	case h.status >= 300 && h.status < 400:
		return ad.Redirected
	case h.status != 200:
		return ad.HTTPStatus
	case len(q.body) == 0:
		return ad.NoBid
	case h.unknownCoding || !q.line.accepts(h.coding):
		return ad.ContentEncoding
	}
	return ad.Undecided
}

// recycle keeps an inquiry and its buffers for another auction.
func (f *Fanout) recycle(q *inquiry) {
	q.ask, q.line, q.response, q.body = nil, nil, nil, nil
	q.buffer, q.inflated, q.request = trimmed(q.buffer), trimmed(q.inflated), trimmed(q.request)
	f.inquiries.Put(q)
}

func trimmed(buffer []byte) []byte {
	if cap(buffer) > bufferKeepMax {
		return nil
	}
	return buffer[:0]
}
