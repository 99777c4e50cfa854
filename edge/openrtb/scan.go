package openrtb

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// scanner reads JSON (RFC 8259) once, front to back, within the limits of edge/ad. A method that reads a value expects
// pos at its first byte, leaves it behind the last, and is false after an error, which is then in err.
type scanner struct {
	buf    []byte
	pos    int
	depth  int // containers open
	tokens int // names and values so far
	answer bool
	err    *Error
	copies []byte   // unescaped strings
	names  []string // unknown names of the objects open, innermost last
	folded [nameMax]byte

	original string // the name that a variant is looked up for
	seen     uint64 // the names its object had seen
}

// textKeep bounds the room for unescaped strings that a Decoder keeps.
const textKeep = 64 << 10

func (d *Decoder) begin(body []byte, answer bool) {
	s := &d.scanner
	s.buf, s.pos, s.depth, s.tokens, s.answer, s.err = body, 0, 0, 1, answer, nil
	s.copies, s.names = s.copies[:0], s.names[:0]
	if cap(s.copies) > textKeep {
		s.copies = nil
	}
	if cap(s.names) > arenaKeep {
		s.names = nil
	}
	d.tokenAt()
}

// end checks that nothing but white space follows the document.
func (d *Decoder) end() bool {
	d.tokenAt()
	if d.pos < len(d.buf) {
		return d.malformed("something follows the document")
	}
	return true
}

// at is the byte at pos, 0 at the end: no value or delimiter is that.
func (s *scanner) at() byte {
	if s.pos < len(s.buf) {
		return s.buf[s.pos]
	}
	return 0
}

// token is at after white space.
func (s *scanner) token() byte {
	if s.pos < len(s.buf) && s.buf[s.pos] > ' ' {
		return s.buf[s.pos]
	}
	return s.tokenAt()
}

func (s *scanner) tokenAt() byte {
	for ; s.pos < len(s.buf); s.pos++ {
		switch c := s.buf[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// since is the document from start to pos, for keeping.
func (s *scanner) since(start int) []byte { return s.buf[start:s.pos:s.pos] }

// skip reads over any value.
func (d *Decoder) skip() bool {
	switch c := d.at(); c {
	case '"':
		return d.skipString()
	case '{':
		var o object
		d.open(&o)
		for d.member(&o) {
			d.names = append(d.names, o.name)
			o.ok = d.skip()
		}
		return d.close(&o)
	case '[':
		l := d.openList()
		for d.element(&l) {
			l.ok = d.skip()
		}
		return d.closeList(&l)
	case 't':
		return d.word("true")
	case 'f':
		return d.word("false")
	case 'n':
		return d.null()
	case 0:
		return d.malformed("the document ends early")
	default:
		if c != '-' && (c < '0' || c > '9') {
			return d.malformed("want a value")
		}
		_, ok := d.digits()
		return ok
	}
}

func (d *Decoder) null() bool { return d.word("null") }

func (d *Decoder) word(w string) bool {
	if end := d.pos + len(w); end <= len(d.buf) && string(d.buf[d.pos:end]) == w {
		d.pos = end
		return true
	}
	return d.malformed("want a value")
}

// digits reads a number and gives its text.
func (d *Decoder) digits() ([]byte, bool) {
	end := numberEnd(d.buf, d.pos)
	if end < 0 {
		return nil, d.malformed("a number is not well-formed")
	}
	number := d.buf[d.pos:end]
	d.pos = end
	return number, true
}

// numberEnd is where the number at i ends (RFC 8259 §6), or -1 where there is none.
func numberEnd(buf []byte, i int) int {
	if i < len(buf) && buf[i] == '-' {
		i++
	}
	start := i
	if i = digitsEnd(buf, i); i == start || buf[start] == '0' && i > start+1 {
		return -1
	}
	if i < len(buf) && buf[i] == '.' {
		start = i + 1
		if i = digitsEnd(buf, start); i == start {
			return -1
		}
	}
	if i < len(buf) && buf[i]|0x20 == 'e' {
		i++
		if i < len(buf) && (buf[i] == '+' || buf[i] == '-') {
			i++
		}
		start = i
		if i = digitsEnd(buf, i); i == start {
			return -1
		}
	}
	return i
}

func digitsEnd(buf []byte, i int) int {
	for i < len(buf) && buf[i]-'0' < 10 {
		i++
	}
	return i
}

// plainEnd is the first index from i of a byte that a JSON string cannot hold as it is or that is not ASCII: quote,
// backslash, control, high bit.
func plainEnd(buf []byte, i int) int {
	for ; i+8 <= len(buf); i += 8 {
		if m := special(binary.LittleEndian.Uint64(buf[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for ; i < len(buf); i++ {
		if c := buf[i]; c == '"' || c == '\\' || c < 0x20 || c >= 0x80 {
			break
		}
	}
	return i
}

const (
	each = 0x0101010101010101 // times a byte: that byte in all eight places
	high = 0x80 * each
)

// special has the high bit set in the lowest byte of x that is special. Bits above that one may be wrong, since the
// subtractions borrow from them. Flipping bit 1 keeps controls below 0x20 and puts the quote right behind them.
func special(x uint64) uint64 {
	return (((x ^ 0x02*each) - 0x21*each) | ((x ^ '\\'*each) - each) | x) & high
}

func byteAt(buf []byte, i int) byte {
	if i < len(buf) {
		return buf[i]
	}
	return 0
}

// stringOf is the bytes as a string that shares them.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is the string as bytes, which must not be written to.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
