package openrtb

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"curb/edge/ad"
)

// str reads a string. What it gives lies in the document or, unescaped, in text.
func (d *Decoder) str() (string, bool) {
	start := d.pos + 1
	i := start
	// Most strings end within eight bytes: no call for those.
	if i+8 <= len(d.buf) {
		if m := special(binary.LittleEndian.Uint64(d.buf[i:])); m != 0 {
			i += bits.TrailingZeros64(m) >> 3
		} else {
			i = plainEnd(d.buf, i+8)
		}
	} else {
		i = plainEnd(d.buf, i)
	}
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
