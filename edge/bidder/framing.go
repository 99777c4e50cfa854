package bidder

import (
	"bytes"

	"curb/edge/ad"
)

// stage is where in an answer the reader stands.
type stage uint8

const (
	inHead stage = iota
	inLength
	inChunkSize
	inChunk
	inChunkEnd
	inTrailer
	untilClose
	complete
)

// framing finds the end of one HTTP/1.1 answer in a buffer that grows as bytes arrive, however they are cut. A chunked
// body is joined in place. It is a value of its connection and holds offsets only.
type framing struct {
	head  head
	stage stage
	// read is how far the buffer has been understood; the body is buffer[start:end].
	read, start, end int
	left             int // bytes of the body or chunk that are still to come
	informational    int // 1xx heads seen
	// overhead is the bytes spent on heads, chunk lines and trailers: all of them together are bounded, so that neither
	// fields, nor interim answers, nor chunks of one byte can be sent for ever.
	overhead int
	scanned  int // the end of a line is not before this
}

// body is the answer's body once stage is complete.
func (f *framing) body(buffer []byte) []byte { return buffer[f.start:f.end] }

// want is how many bytes the buffer should hold for the next read to be useful, 0: no idea.
func (f *framing) want() int {
	if f.stage == inLength {
		return f.start + int(f.head.length)
	}
	return 0
}

// advance reads on in buffer, all bytes received so far. It gives ad.Undecided while the answer may still become a good
// one; whether it is whole shows in stage.
func (f *framing) advance(buffer []byte) ad.Reason {
	for {
		var reason ad.Reason
		before := f.stage
		at := f.read
		switch f.stage {
		case inHead:
			reason = f.advanceHead(buffer)
		case inLength, inChunk:
			f.advanceData(buffer)
		case inChunkSize, inChunkEnd, inTrailer:
			reason = f.advanceLine(buffer)
		case untilClose:
			f.read, f.end = len(buffer), len(buffer)
			if f.end-f.start > ad.ResponseBytesMax {
				return ad.ResponseTooLarge
			}
		}
		if reason != ad.Undecided || f.stage == complete || (f.stage == before && f.read == at) {
			return reason
		}
	}
}

func (f *framing) advanceHead(buffer []byte) ad.Reason {
	from := max(f.read, f.scanned-3)
	at := bytes.Index(buffer[from:], []byte("\r\n\r\n"))
	if at < 0 {
		f.scanned = len(buffer)
		if f.overhead+len(buffer)-f.read > ad.ResponseHeaderBytesMax {
			return ad.HeaderTooLarge
		}
		return ad.Undecided
	}
	end := from + at + 4
	if f.overhead += end - f.read; f.overhead > ad.ResponseHeaderBytesMax {
		return ad.HeaderTooLarge
	}
	if reason := parseHead(buffer[f.read:end], &f.head); reason != ad.Undecided {
		return reason
	}
	f.read, f.start, f.end = end, end, end
	switch {
	case f.head.status == 101:
		return ad.HTTPStatus // nobody asked to switch protocols
	case f.head.status < 200:
		if f.informational++; f.informational > ad.InformationalMax {
			return ad.HTTPStatus
		}
		return ad.Undecided
	}
	return f.frame()
}

// frame chooses how the body ends (RFC 9112 §6.3).
func (f *framing) frame() ad.Reason {
	switch {
	case f.head.status == 204 || f.head.status == 304:
		if f.head.chunked || f.head.length > 0 {
			f.head.last = true // it has no body, but its sender may think otherwise
		}
		f.stage = complete
	case f.head.chunked:
		f.stage = inChunkSize
	case f.head.length > ad.ResponseBytesMax:
		return ad.ResponseTooLarge
	case f.head.length == 0:
		f.stage = complete
	case f.head.length > 0:
		f.stage, f.left = inLength, int(f.head.length)
	default:
		f.stage, f.head.last = untilClose, true
	}
	return ad.Undecided
}

// advanceData takes what there is of a body or chunk.
func (f *framing) advanceData(buffer []byte) {
	n := min(f.left, len(buffer)-f.read)
	if f.end != f.read {
		copy(buffer[f.end:], buffer[f.read:f.read+n])
	}
	f.read, f.end, f.left = f.read+n, f.end+n, f.left-n
	if f.left > 0 {
		return
	}
	if f.stage == inLength {
		f.stage = complete
	} else {
		f.stage = inChunkEnd
	}
}

// advanceLine takes one line of the chunked coding (RFC 9112 §7.1).
func (f *framing) advanceLine(buffer []byte) ad.Reason {
	from := max(f.read, f.scanned)
	at := bytes.IndexByte(buffer[from:], '\n')
	if at < 0 {
		f.scanned = len(buffer)
		if f.overhead+len(buffer)-f.read > ad.ResponseHeaderBytesMax {
			return ad.ResponseTooLarge
		}
		return ad.Undecided
	}
	line, _, ok := cutLine(buffer[f.read : from+at+1])
	if !ok {
		return ad.BodyInvalid
	}
	if f.overhead += from + at + 1 - f.read; f.overhead > ad.ResponseHeaderBytesMax {
		return ad.ResponseTooLarge
	}
	f.read = from + at + 1
	switch f.stage {
	case inChunkSize:
		return f.chunkSize(line)
	case inChunkEnd:
		if len(line) != 0 {
			return ad.BodyInvalid
		}
		f.stage = inChunkSize
	case inTrailer:
		if len(line) == 0 {
			f.stage = complete
		} else if colon := bytes.IndexByte(line, ':'); colon < 1 || !token(line[:colon]) || !fieldText(line[colon+1:]) {
			return ad.BodyInvalid
		}
	}
	return ad.Undecided
}

// chunkSize reads hex digits, and skips an extension.
func (f *framing) chunkSize(line []byte) ad.Reason {
	size, digits := 0, 0
	for _, c := range line {
		d := hexDigit(c)
		if d < 0 {
			break
		}
		if digits++; digits > 8 {
			return ad.BodyInvalid
		}
		size = size<<4 | d
	}
	extension := trim(line[digits:])
	if digits == 0 || !fieldText(line) || (len(extension) > 0 && extension[0] != ';') {
		return ad.BodyInvalid
	}
	if size == 0 {
		f.stage = inTrailer
		return ad.Undecided
	}
	if f.end-f.start+size > ad.ResponseBytesMax {
		return ad.ResponseTooLarge
	}
	f.stage, f.left = inChunk, size
	return ad.Undecided
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
