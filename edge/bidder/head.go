package bidder

import (
	"bytes"
	"strings"

	"curb/edge/ad"
)

// head is what the client needs to know of the head of an HTTP/1.1 answer (RFC 9112): how it ends, and how its body is
// framed and coded. Everything else is checked for its form and skipped.
type head struct {
	status  int
	length  int64 // Content-Length; -1: none
	chunked bool
	old     bool // HTTP/1.0
	last    bool // the connection ends with this answer
	coding  ad.Compression
	// unknownCoding is set for a content coding that is not one of ours, or several of them.
	unknownCoding bool
}

// parseHead reads a whole head, from the status line to the empty line. It is strict where leniency would let two
// readers disagree about where the answer ends: bare line feeds, folded lines, spaces before colons, repeated or signed
// lengths and a length beside a transfer coding are all ad.HeaderInvalid. ad.Undecided: well-formed.
func parseHead(text []byte, h *head) ad.Reason {
	*h = head{length: -1}
	line, rest, ok := cutLine(text)
	if !ok || !h.statusLine(line) {
		return ad.HeaderInvalid
	}
	coded := false
	for {
		line, rest, ok = cutLine(rest)
		if !ok {
			return ad.HeaderInvalid
		}
		if len(line) == 0 {
			break
		}
		if !h.field(line, &coded) {
			return ad.HeaderInvalid
		}
	}
	if h.chunked && (h.old || h.length >= 0) { // RFC 9112 §6.1: faulty framing
		return ad.HeaderInvalid
	}
	return ad.Undecided
}

// cutLine splits at CR LF; a line may hold neither byte by itself.
func cutLine(text []byte) (line, rest []byte, ok bool) {
	at := bytes.IndexByte(text, '\n')
	if at < 1 || text[at-1] != '\r' {
		return nil, nil, false
	}
	line = text[:at-1]
	return line, text[at+1:], bytes.IndexByte(line, '\r') < 0
}

// statusLine reads "HTTP/1.x SSS[ reason]". HTTP/1.0 is understood, its connections are not kept.
func (h *head) statusLine(line []byte) bool {
	const form = "HTTP/1.1 200"
	if len(line) < len(form) || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return false
	}
	switch line[7] {
	case '0':
		h.old, h.last = true, true
	case '1':
	default:
		return false
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return false
		}
		h.status = h.status*10 + int(c-'0')
	}
	if len(line) > len(form) && line[len(form)] != ' ' {
		return false
	}
	return h.status >= 100 && h.status < 600 && fieldText(line)
}

func (h *head) field(line []byte, coded *bool) bool {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 || !token(line[:colon]) {
		return false // also a folded line: it begins with a space
	}
	name, value := line[:colon], trim(line[colon+1:])
	if !fieldText(value) {
		return false
	}
	switch len(name) {
	case len("Connection"):
		if fold(name, "connection") && listed(value, "close") {
			h.last = true
		}
	case len("Content-Length"):
		if fold(name, "content-length") {
			return h.contentLength(value)
		}
	case len("Content-Encoding"):
		if fold(name, "content-encoding") {
			h.contentEncoding(value, *coded)
			*coded = true
		}
	case len("Transfer-Encoding"):
		if fold(name, "transfer-encoding") {
			if h.chunked || h.status < 200 || !fold(value, "chunked") {
				return false
			}
			h.chunked = true
		}
	}
	return true
}

// contentLength takes one field of one number; nine digits are far above every limit and below any overflow.
func (h *head) contentLength(value []byte) bool {
	if h.length >= 0 || len(value) == 0 || len(value) > 9 {
		return false
	}
	n := int64(0)
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int64(c-'0')
	}
	h.length = n
	return true
}

func (h *head) contentEncoding(value []byte, again bool) {
	switch {
	case again:
		h.unknownCoding = true
	case fold(value, "gzip"), fold(value, "x-gzip"):
		h.coding = ad.Gzip
	case fold(value, "zstd"):
		h.coding = ad.Zstd
	case len(value) > 0 && !fold(value, "identity"):
		h.unknownCoding = true
	}
}

// token reports whether name is an RFC 9110 §5.6.2 token.
func token(name []byte) bool {
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-' || c == '_':
		case strings.IndexByte("!#$%&'*+.^`|~", c) >= 0:
		default:
			return false
		}
	}
	return len(name) > 0
}

// fieldText refuses control bytes except the tab (RFC 9110 §5.5).
func fieldText(value []byte) bool {
	for _, c := range value {
		if (c < 0x20 && c != '\t') || c == 0x7f {
			return false
		}
	}
	return true
}

func trim(value []byte) []byte {
	for len(value) > 0 && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	for len(value) > 0 && (value[len(value)-1] == ' ' || value[len(value)-1] == '\t') {
		value = value[:len(value)-1]
	}
	return value
}

// listed looks for a word in a comma-separated list.
func listed(list []byte, word string) bool {
	for len(list) > 0 {
		item := list
		if comma := bytes.IndexByte(list, ','); comma >= 0 {
			item, list = list[:comma], list[comma+1:]
		} else {
			list = nil
		}
		if fold(trim(item), word) {
			return true
		}
	}
	return false
}

// fold compares with a lower-case ASCII word without regard to case.
func fold(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i, c := range text {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
