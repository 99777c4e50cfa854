package bidder

import (
	"errors"
	"strconv"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// errPlain is an http endpoint outside the lab.
var errPlain = errors.New("endpoint is http, which only a lab may use")

// lengthRoom is where the digits of Content-Length go, right-aligned, spaces before them (RFC 9112 §5.1 allows those):
// the head can stand before the body is known, and both are one buffer and one write.
const lengthRoom = "        "

// requestPrefix is the head of every bid request to a bidder, up to and with the room for Content-Length.
func requestPrefix(t target, b *ad.Bidder) []byte {
	p := append([]byte("POST "), t.path...)
	p = append(p, " HTTP/1.1\r\nHost: "...)
	p = append(p, t.host...)
	p = append(p, "\r\nUser-Agent: curb\r\nContent-Type: application/json\r\nX-OpenRTB-Version: 2.6\r\nConnection: keep-alive\r\nAccept-Encoding: "...)
	// Without the field every coding would be acceptable (RFC 9110 §12.5.3).
	switch {
	case b.AcceptGzip && b.AcceptZstd:
		p = append(p, "zstd, gzip"...)
	case b.AcceptGzip:
		p = append(p, "gzip"...)
	case b.AcceptZstd:
		p = append(p, "zstd"...)
	default:
		p = append(p, "identity"...)
	}
	switch b.RequestCoding {
	case ad.Gzip:
		p = append(p, "\r\nContent-Encoding: gzip"...)
	case ad.Zstd:
		p = append(p, "\r\nContent-Encoding: zstd"...)
	}
	p = append(p, "\r\nContent-Length:"...)
	return append(p, lengthRoom...)
}

// readyRequest asks a ready URL.
func readyRequest(t target) []byte {
	p := append([]byte("GET "), t.path...)
	p = append(p, " HTTP/1.1\r\nHost: "...)
	p = append(p, t.host...)
	return append(p, "\r\nUser-Agent: curb\r\nConnection: keep-alive\r\nAccept-Encoding: identity\r\n\r\n"...)
}

// encode writes one bidder's request, head and body, into q.request.
func (a *ask) encode(q *inquiry, out *openrtb.Outgoing, t *ad.Target) {
	l := q.line
	a.splice.WSeat = l.seats
	a.splice.Deals = a.splice.Deals[:0]
	if t.Deals != nil {
		a.spliceDeals(l, out, t)
	}
	dst := append(q.request[:0], l.prefix...)
	digits := len(dst)
	dst = append(dst, "\r\n\r\n"...)
	body := len(dst)
	if t.Bidder.RequestCoding == ad.Plain {
		dst = a.template.Append(dst, &a.splice)
	} else {
		a.plain = a.template.Append(a.plain[:0], &a.splice)
		dst = a.fanout.coder.encode(dst, a.plain, t.Bidder.RequestCoding)
	}
	var text [len(lengthRoom)]byte
	length := strconv.AppendUint(text[:0], uint64(len(dst)-body), 10)
	copy(dst[digits-len(length):digits], length)
	q.request = dst
}

// spliceDeals writes the bidder's deals, per impression of the request.
func (a *ask) spliceDeals(l *line, out *openrtb.Outgoing, t *ad.Target) {
	a.deals = a.deals[:0]
	for _, at := range a.positions {
		if at < len(t.Deals) {
			for _, d := range t.Deals[at] {
				a.deals = append(a.deals, l.deal(d, out.Request.AT))
			}
		}
	}
	rest := a.deals
	for _, at := range a.positions {
		n := 0
		if at < len(t.Deals) {
			n = len(t.Deals[at])
		}
		a.splice.Deals = append(a.splice.Deals, rest[:n:n])
		rest = rest[n:]
	}
}

// deal says a deal in OpenRTB (2.6 §3.2.12). It names the bidder's own seats only.
func (l *line) deal(d *ad.Deal, at int) openrtb.Deal {
	offer := openrtb.Deal{ID: d.ID, AT: at}
	if d.Fixed {
		offer.AT = 3
	}
	if d.HasAsk {
		offer.BidFloor, offer.BidFloorCur = d.Ask, "USD"
	}
	if len(d.Members) == 0 {
		return offer
	}
	for i, m := range l.bidder.Members {
		for _, invited := range d.Members {
			if m == invited {
				offer.WSeat = append(offer.WSeat, l.seats[i])
			}
		}
	}
	return offer
}
