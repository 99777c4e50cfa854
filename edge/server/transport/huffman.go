package transport

import (
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/net/http2/hpack"
)

// huffmanCode is a symbol of the Huffman code of RFC 7541, Appendix B; bits are left-aligned.
type huffmanCode struct {
	bits   uint32
	length uint8
	symbol byte
}

// huffmanIndexBits is how much of a code the first look-up sees: every letter and digit fits.
const huffmanIndexBits = 10

// huffmanTable decodes: index by the first bits where the code is short, long by binary search where it is not. hpack's own
// decoder takes twice as long, and was a tenth of a request.
type huffmanTable struct {
	index [1 << huffmanIndexBits]uint16 // length and symbol; 0: the code is longer
	long  []huffmanCode                 // by bits
}

var huffman = newHuffmanTable()

// newHuffmanTable takes the code from hpack's encoder: eight of a symbol take as many bytes as one takes bits.
func newHuffmanTable() *huffmanTable {
	t := &huffmanTable{}
	for symbol := range 256 {
		one := string([]byte{byte(symbol)})
		length := uint8(hpack.HuffmanEncodeLength(strings.Repeat(one, 8)))
		var bits uint32
		for i, b := range append(hpack.AppendHuffmanString(nil, one), 0, 0, 0)[:4] {
			bits |= uint32(b) << (24 - 8*i)
		}
		code := huffmanCode{bits &^ (1<<(32-length) - 1), length, byte(symbol)}
		if length > huffmanIndexBits {
			t.long = append(t.long, code)
			continue
		}
		first := code.bits >> (32 - huffmanIndexBits)
		for i := range uint32(1) << (huffmanIndexBits - length) {
			t.index[first+i] = uint16(length)<<8 | uint16(symbol)
		}
	}
	slices.SortFunc(t.long, func(a, b huffmanCode) int { return int(int64(a.bits) - int64(b.bits)) })
	return t
}

// appendHuffman decodes a string. It reports false if it holds EOS, or ends in more or other bits than up to seven ones
// (RFC 7541 §5.2).
func appendHuffman(dst, src []byte) ([]byte, bool) {
	at := len(dst)
	dst = slices.Grow(dst, len(src)*8/5+1) // no code is shorter than five bits
	out := dst[:cap(dst)]
	var bits uint64 // left-aligned
	have := uint(0)
	for {
		if have < 32 {
			bits, have, src = refill(bits, have, src)
		}
		code := huffman.index[bits>>(64-huffmanIndexBits)]
		if code == 0 {
			code = huffman.find(uint32(bits >> 32))
		}
		length := uint(code >> 8)
		if code == 0 || length > have {
			return out[:at], have < 8 && bits == ^uint64(0)<<(64-have)
		}
		out[at] = byte(code)
		at++
		bits <<= length
		have -= length
	}
}

// refill takes up to four bytes more.
func refill(bits uint64, have uint, src []byte) (uint64, uint, []byte) {
	if len(src) >= 4 {
		return bits | uint64(binary.BigEndian.Uint32(src))<<(32-have), have + 32, src[4:]
	}
	for _, b := range src {
		bits |= uint64(b) << (56 - have)
		have += 8
	}
	return bits, have, nil
}

// find looks up a long code; 0 says that there is none, which is EOS.
func (t *huffmanTable) find(bits uint32) uint16 {
	at, ok := slices.BinarySearchFunc(t.long, bits, func(c huffmanCode, bits uint32) int {
		switch {
		case c.bits < bits:
			return -1
		case c.bits > bits:
			return 1
		}
		return 0
	})
	if !ok {
		at--
	}
	if at < 0 {
		return 0
	}
	code := t.long[at]
	if rest := 32 - code.length; bits>>rest != code.bits>>rest {
		return 0
	}
	return uint16(code.length)<<8 | uint16(code.symbol)
}
