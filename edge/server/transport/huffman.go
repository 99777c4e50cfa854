package transport

import (
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

// huffmanTable decodes: index by the first bits where the code is short, long by binary search where it is not. hpack's
// own decoder costs three times as much, which was a tenth of a request.
type huffmanTable struct {
	index [1 << huffmanIndexBits]huffmanCode // length 0: the code is longer
	long  []huffmanCode                      // by bits
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
			t.index[first+i] = code
		}
	}
	slices.SortFunc(t.long, func(a, b huffmanCode) int { return int(int64(a.bits) - int64(b.bits)) })
	return t
}

// appendHuffman decodes a string. It reports false if it holds EOS, or ends in more or other bits than up to seven ones
// (RFC 7541 §5.2).
func appendHuffman(dst, src []byte) ([]byte, bool) {
	var bits uint64 // left-aligned
	have := uint8(0)
	for {
		for have <= 56 && len(src) > 0 {
			bits |= uint64(src[0]) << (56 - have)
			src = src[1:]
			have += 8
		}
		code := huffman.index[bits>>(64-huffmanIndexBits)]
		if code.length == 0 {
			code = huffman.find(uint32(bits >> 32))
		}
		if code.length == 0 || code.length > have {
			return dst, have < 8 && bits == ^uint64(0)<<(64-have)
		}
		dst = append(dst, code.symbol)
		bits <<= code.length
		have -= code.length
	}
}

// find looks up a long code; length 0 says that there is none, which is EOS.
func (t *huffmanTable) find(bits uint32) huffmanCode {
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
	if at < 0 || bits>>(32-t.long[at].length) != t.long[at].bits>>(32-t.long[at].length) {
		return huffmanCode{}
	}
	return t.long[at]
}
