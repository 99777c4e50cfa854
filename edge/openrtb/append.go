package openrtb

import (
	"encoding/binary"
	"slices"
	"strconv"
	"unicode/utf8"

	"curb/edge/ad"
)

// The functions below append one member each, key and all, unless its value is absent. Everything leaves a comma behind
// it, which the end of the object, list or document around it takes back: no member needs to know whether it is the first.

// endObject ends an object.
func endObject(dst []byte) []byte { return append(endWith(dst, '}'), ',') }

// endList ends a list.
func endList(dst []byte) []byte { return append(endWith(dst, ']'), ',') }

// endDocument ends the outermost object.
func endDocument(dst []byte) []byte { return endWith(dst, '}') }

func endWith(dst []byte, end byte) []byte {
	if last := len(dst) - 1; dst[last] == ',' {
		dst[last] = end
		return dst
	}
	return append(dst, end)
}

func list[T any](dst []byte, key string, items []T, one func([]byte, *T) []byte) []byte {
	if len(items) == 0 {
		return dst
	}
	dst = append(append(dst, key...), '[')
	for i := range items {
		dst = one(dst, &items[i])
	}
	return endList(dst)
}

func text(dst []byte, key, v string) []byte {
	if v == "" {
		return dst
	}
	return appendText(dst, key, v)
}

func appendText(dst []byte, key, v string) []byte {
	return append(appendString(append(dst, key...), v), ',')
}

func texts(dst []byte, key string, v []string) []byte {
	if len(v) == 0 {
		return dst
	}
	dst = append(append(dst, key...), '[')
	for _, s := range v {
		dst = append(appendString(dst, s), ',')
	}
	return endList(dst)
}

func integer(dst []byte, key string, v int) []byte {
	if v == 0 {
		return dst
	}
	return appendInteger(dst, key, v)
}

func appendInteger(dst []byte, key string, v int) []byte {
	return append(appendInt(append(dst, key...), v), ',')
}

// appendInt is strconv.AppendInt, and quicker for what most of OpenRTB's integers are: codes and flags.
func appendInt(dst []byte, v int) []byte {
	if uint(v) < 10 {
		return append(dst, '0'+byte(v))
	}
	return strconv.AppendInt(dst, int64(v), 10)
}

func integers(dst []byte, key string, v []int) []byte {
	if len(v) == 0 {
		return dst
	}
	dst = append(append(dst, key...), '[')
	for _, n := range v {
		dst = append(appendInt(dst, n), ',')
	}
	return endList(dst)
}

func optInt(dst []byte, key string, v OptInt) []byte {
	if !v.Set {
		return dst
	}
	return appendInteger(dst, key, v.Value)
}

func flag(dst []byte, key string, v Flag) []byte {
	if v == Unset {
		return dst
	}
	return append(append(dst, key...), '0'+byte(v-No), ',')
}

func number(dst []byte, key string, v Number) []byte {
	if !v.valid() {
		return dst
	}
	return append(append(append(dst, key...), v...), ',')
}

func price(dst []byte, key string, v ad.CPM) []byte {
	if v <= 0 {
		return dst
	}
	return append(v.Append(append(dst, key...)), ',')
}

func raw(dst []byte, key string, v []byte) []byte {
	if len(v) == 0 {
		return dst
	}
	return append(append(append(dst, key...), v...), ',')
}

// appendString writes a JSON string. It copies eight bytes at a time while it looks for some that need more than copying.
func appendString(dst []byte, s string) []byte {
	dst = append(slices.Grow(dst, len(s)+2), '"')
	from := bytesOf(s)
	to := dst[len(dst) : len(dst)+len(s)]
	i := 0
	for ; i+8 <= len(from); i += 8 {
		x := binary.LittleEndian.Uint64(from[i:])
		if special(x) != 0 {
			return appendEscaped(dst[:len(dst)+i], s, i)
		}
		binary.LittleEndian.PutUint64(to[i:], x)
	}
	for ; i < len(from); i++ {
		c := from[i]
		if c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			return appendEscaped(dst[:len(dst)+i], s, i)
		}
		to[i] = c
	}
	return append(dst[:len(dst)+len(s)], '"')
}

// appendEscaped writes the string from i and ends it.
func appendEscaped(dst []byte, s string, i int) []byte {
	buf := bytesOf(s)
	for {
		end := plainEnd(buf, i)
		dst = append(dst, s[i:end]...)
		if i = end; i == len(s) {
			return append(dst, '"')
		}
		if s[i] < utf8.RuneSelf {
			dst = appendEscape(dst, s[i])
			i++
		} else {
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
}

func appendEscape(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}
