package wire

import (
	"bytes"
	"strconv"
)

// HeadBytesMax bounds request line and header fields together; past it 431.
const HeadBytesMax = 32 << 10

// BodyBytesMax bounds a request's body as sent; past it 413.
const BodyBytesMax = 1 << 20

// fault is an answer to a request that cannot be served; the connection closes after it.
type fault struct {
	status int
	text   string
}

var (
	faultLine    = &fault{400, "the request line is not METHOD TARGET HTTP/1.1"}
	faultField   = &fault{400, "a header field is malformed"}
	faultLength  = &fault{400, "Content-Length is not a number, or stands beside Transfer-Encoding or another one"}
	faultCoding  = &fault{501, "the only transfer coding taken is chunked"}
	faultChunk   = &fault{400, "a chunk is malformed"}
	faultHead    = &fault{431, "the request's header is too large"}
	faultBody    = &fault{413, "the request's body is too large"}
	faultVersion = &fault{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"}
)

// head is what framing and hot functions need of a request's header. Its slices borrow the connection's buffer.
type head struct {
	method, path, query  []byte
	contentEncoding      []byte
	acceptEncoding       []byte
	length               int // -1: none said
	chunked, expect, old bool
	close                bool
}

// parse reads a header without its final empty line.
func (h *head) parse(text []byte) *fault {
	*h = head{length: -1}
	line, rest := cutLine(text)
	if f := h.requestLine(line); f != nil {
		return f
	}
	for len(rest) > 0 {
		line, rest = cutLine(rest)
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 || line[colon-1] == ' ' || line[0] == ' ' || line[0] == '\t' {
			return faultField
		}
		if f := h.field(line[:colon], bytes.Trim(line[colon+1:], " \t")); f != nil {
			return f
		}
	}
	if h.chunked && h.length >= 0 {
		return faultLength
	}
	return nil
}

func (h *head) requestLine(line []byte) *fault {
	space := bytes.IndexByte(line, ' ')
	last := bytes.LastIndexByte(line, ' ')
	if space <= 0 || last <= space+1 {
		return faultLine
	}
	switch string(line[last+1:]) {
	case "HTTP/1.1":
	case "HTTP/1.0":
		h.old, h.close = true, true
	default:
		if bytes.HasPrefix(line[last+1:], []byte("HTTP/")) {
			return faultVersion
		}
		return faultLine
	}
	h.method = line[:space]
	h.path = line[space+1 : last]
	if h.path[0] != '/' || bytes.IndexByte(h.path, ' ') >= 0 {
		return faultLine
	}
	if q := bytes.IndexByte(h.path, '?'); q >= 0 {
		h.path, h.query = h.path[:q], h.path[q+1:]
	}
	return nil
}

// field takes note of the few fields that matter. The length of the name picks the candidate, so most fields cost one switch.
func (h *head) field(name, value []byte) *fault {
	switch len(name) {
	case len("expect"):
		if isName(name, "expect") {
			h.expect = isName(value, "100-continue")
		}
	case len("connection"):
		if isName(name, "connection") {
			h.connection(value)
		}
	case len("content-length"):
		if isName(name, "content-length") {
			return h.contentLength(value)
		}
	case len("accept-encoding"):
		if isName(name, "accept-encoding") {
			h.acceptEncoding = value
		}
	case len("content-encoding"):
		if isName(name, "content-encoding") {
			h.contentEncoding = value
		}
	case len("transfer-encoding"):
		if isName(name, "transfer-encoding") {
			if !isName(value, "chunked") || h.chunked {
				return faultCoding
			}
			h.chunked = true
		}
	}
	return nil
}

func (h *head) connection(value []byte) {
	switch {
	case isName(value, "close"):
		h.close = true
	case isName(value, "keep-alive") && h.old:
		h.close = false
	}
}

func (h *head) contentLength(value []byte) *fault {
	n, err := strconv.ParseUint(string(value), 10, 62)
	if err != nil || h.length >= 0 || value[0] == '+' {
		return faultLength
	}
	if n > BodyBytesMax {
		return faultBody
	}
	h.length = int(n)
	return nil
}

// cutLine splits at the first line end; a bare LF ends a line too, as RFC 9112 §2.2 lets a recipient decide.
func cutLine(text []byte) (line, rest []byte) {
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		return text, nil
	}
	line, rest = text[:end], text[end+1:]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, rest
}

// isName compares without regard to ASCII case; name is lower-case.
func isName(text []byte, name string) bool {
	if len(text) != len(name) {
		return false
	}
	for i := range len(name) {
		c := text[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != name[i] {
			return false
		}
	}
	return true
}
