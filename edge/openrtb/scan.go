package openrtb

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
	"unsafe"

	"curb/edge/ad"
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
		o := d.open()
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

// special has the high bit set in the lowest byte of x that is special; bits above that one may be wrong, since the
// subtractions borrow from them.
func special(x uint64) uint64 {
	quote, slash := x^'"'*each, x^'\\'*each
	return ((quote-each)&^quote | (slash-each)&^slash | (x-0x20*each)&^x | x) & high
}

// str reads a string. What it gives lies in the document or, unescaped, in text.
func (d *Decoder) str() (string, bool) {
	start := d.pos + 1
	i := plainEnd(d.buf, start)
	if i >= len(d.buf) || d.buf[i] != '"' {
		return d.unescape(start, i)
	}
	if i-start > ad.JSONStringBytesMax {
		return "", d.excess("a string is too long")
	}
	d.pos = i + 1
	return stringOf(d.buf[start:i]), true
}

// unescape is str for a string with escapes or characters beyond ASCII, of which the bytes from start to i are plain.
func (d *Decoder) unescape(start, i int) (string, bool) {
	from, copied := start, -1 // from: first byte not yet copied; copied: where the copy begins in text, -1 for none
	for {
		switch c := byteAt(d.buf, i); {
		case c == '"':
			return d.unescaped(start, from, i, copied)
		case c == '\\':
			if copied < 0 {
				d.makeRoom()
				copied = len(d.copies)
			}
			d.copies = append(d.copies, d.buf[from:i]...)
			if from = d.escape(i); from < 0 {
				return "", false
			}
			i = d.copyPlain(from)
			from = i
		case c < 0x80:
			d.pos = i
			return "", d.malformed("a control character or the end of the document in a string")
		default:
			if i = d.runes(i); i < 0 {
				return "", false
			}
			i = plainEnd(d.buf, i)
		}
	}
}

// unescaped ends unescape at the closing quote at i.
func (d *Decoder) unescaped(start, from, i, copied int) (string, bool) {
	content := d.buf[start:i]
	if copied >= 0 {
		d.copies = append(d.copies, d.buf[from:i]...)
		content = d.copies[copied:]
	}
	if len(content) > ad.JSONStringBytesMax {
		return "", d.excess("a string is too long")
	}
	d.pos = i + 1
	return stringOf(content), true
}

// makeRoom lets text take whatever is left of the document, and what a copy in steps of eight bytes writes past that:
// unescaping never makes text longer, so that text does not move while strings lie in it.
func (d *Decoder) makeRoom() {
	if need := len(d.buf) - d.pos + 8; cap(d.copies)-len(d.copies) < need {
		d.copies = make([]byte, 0, max(need, 1<<10))
	}
}

// copyPlain copies plain bytes from i into text, which has room, and gives where they end.
func (d *Decoder) copyPlain(i int) int {
	n := len(d.copies)
	for i+8 <= len(d.buf) {
		x := binary.LittleEndian.Uint64(d.buf[i:])
		binary.LittleEndian.PutUint64(d.copies[n:n+8], x)
		if m := special(x); m != 0 {
			plain := bits.TrailingZeros64(m) >> 3
			d.copies = d.copies[:n+plain]
			return i + plain
		}
		i += 8
		n += 8
	}
	d.copies = d.copies[:n]
	end := plainEnd(d.buf, i)
	d.copies = append(d.copies, d.buf[i:end]...)
	return end
}

// skipString reads over a string.
func (d *Decoder) skipString() bool {
	start := d.pos + 1
	i := start
	for {
		i = plainEnd(d.buf, i)
		switch c := byteAt(d.buf, i); {
		case c == '"':
			if i-start > ad.JSONStringBytesMax {
				return d.excess("a string is too long")
			}
			d.pos = i + 1
			return true
		case c == '\\':
			if _, i = d.escaped(i); i < 0 {
				return false
			}
		case c < 0x80:
			d.pos = i
			return d.malformed("a control character or the end of the document in a string")
		default:
			if i = d.runes(i); i < 0 {
				return false
			}
		}
	}
}

// escape adds the escaped character at i to text and gives where it ends, -1 if it is none.
func (d *Decoder) escape(i int) int {
	r, end := d.escaped(i)
	if r < utf8.RuneSelf {
		d.copies = append(d.copies, byte(r))
	} else {
		d.copies = utf8.AppendRune(d.copies, r)
	}
	return end
}

// escaped reads the escape at i: the character, and where it ends, -1 if it is none. Surrogates come in pairs only.
func (d *Decoder) escaped(i int) (rune, int) {
	c := byteAt(d.buf, i+1)
	switch c {
	case '"', '\\', '/':
		return rune(c), i + 2
	case 'b':
		return '\b', i + 2
	case 'f':
		return '\f', i + 2
	case 'n':
		return '\n', i + 2
	case 'r':
		return '\r', i + 2
	case 't':
		return '\t', i + 2
	}
	r := d.hex(i)
	end := i + 6
	if r >= 0xD800 && r < 0xE000 {
		low := d.hex(end)
		if r >= 0xDC00 || low < 0xDC00 || low >= 0xE000 {
			r = -1
		} else {
			r = (r-0xD800)<<10 + (low - 0xDC00) + 0x10000
			end += 6
		}
	}
	if r < 0 {
		d.pos = i
		d.malformed("an escape is not well-formed, or half a surrogate pair")
		return 0, -1
	}
	return r, end
}

// hex is the UTF-16 unit of the escape \uXXXX at i, -1 if there is none.
func (d *Decoder) hex(i int) rune {
	if i+6 > len(d.buf) || d.buf[i] != '\\' || d.buf[i+1] != 'u' {
		return -1
	}
	var r rune
	for _, c := range d.buf[i+2 : i+6] {
		switch {
		case c-'0' < 10:
			c -= '0'
		case c|0x20-'a' < 6:
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// runes reads over characters beyond ASCII from i and gives where they end, -1 where one is not UTF-8.
func (d *Decoder) runes(i int) int {
	for i < len(d.buf) && d.buf[i] >= utf8.RuneSelf {
		r, n := utf8.DecodeRune(d.buf[i:])
		if r == utf8.RuneError && n == 1 {
			d.pos = i
			d.malformed("a string is not UTF-8")
			return -1
		}
		i += n
	}
	return i
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
