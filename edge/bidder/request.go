package bidder

import (
	"errors"
	"strconv"

	"curb/edge/ad"
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

// encode writes one bidder's request, head and body, into q.request. What it is offered stands in a.own.
func (a *ask) encode(q *inquiry) {
	coding := q.line.bidder.RequestCoding
	dst := append(q.request[:0], q.line.prefix...)
	digits := len(dst)
	dst = append(dst, "\r\n\r\n"...)
	body := len(dst)
	if coding == ad.Plain {
		dst = a.template.Append(dst, &a.own.splice)
	} else {
		a.plain = a.template.Append(a.plain[:0], &a.own.splice)
		dst = a.fanout.coder.encode(dst, a.plain, coding)
	}
	var text [len(lengthRoom)]byte
	length := strconv.AppendUint(text[:0], uint64(len(dst)-body), 10)
	copy(dst[digits-len(length):digits], length)
	q.request = dst
}
