package macro

import "unicode/utf8"

// context is how a value is escaped where it stands.
type context uint8

const (
	// inert leaves the reference as it was written: no value is right there.
	inert context = iota
	// strict keeps letters, digits and underscores, and writes an underscore for every other byte.
	strict
	// markup is HTML text or an attribute value, quoted or not: character references for all but a few bytes.
	markup
	// component is part of a URL, or text that carries one: percent-encoded (RFC 3986 §2.3).
	component
	// wholeURL is the beginning of a URL in an attribute: an http or https URL is kept whole.
	wholeURL
	// plainURL is the beginning of a URL that stands by itself.
	plainURL
	// scriptString is inside a JavaScript or JSON string.
	scriptString
	// scriptCode is between the tokens of a script: a number as it is, everything else as a string.
	scriptCode
)

// appendEscaped appends value escaped for the context. Whole URLs must have been checked by isWebURL.
func appendEscaped(dst, value []byte, how context) []byte {
	switch how {
	case markup:
		return appendMarkup(dst, value)
	case component:
		return append(dst, value...) // already encoded
	case wholeURL:
		return appendURL(dst, value, true)
	case plainURL:
		return appendURL(dst, value, false)
	case scriptString:
		return appendScript(dst, value)
	case scriptCode:
		if isNumber(value) {
			return append(dst, value...)
		}
		dst = append(dst, '"')
		dst = appendScript(dst, value)
		return append(dst, '"')
	}
	for _, b := range value {
		if !alphanumeric(b) {
			b = '_'
		}
		dst = append(dst, b)
	}
	return dst
}

func alphanumeric(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z'
}

const (
	hexUpper = "0123456789ABCDEF"
	hexLower = "0123456789abcdef"
)

// appendComponent percent-encodes everything but RFC 3986's unreserved characters.
func appendComponent(dst, value []byte) []byte {
	for _, b := range value {
		if alphanumeric(b) || b == '-' || b == '.' || b == '_' || b == '~' {
			dst = append(dst, b)
			continue
		}
		dst = append(dst, '%', hexUpper[b>>4], hexUpper[b&15])
	}
	return dst
}

// markupSafe are the bytes beside letters and digits that mean nothing in text, in quoted and in unquoted values.
func markupSafe(b byte) bool {
	switch b {
	case '-', '.', '_', '~', ':', '/', '?', ',', '%', '+', '@':
		return true
	}
	return alphanumeric(b)
}

// appendMarkup writes character references for all that is not markupSafe, so that one escaping fits text, quoted and
// unquoted attribute values alike. Bytes that are not UTF-8 become U+FFFD.
func appendMarkup(dst, value []byte) []byte {
	for i := 0; i < len(value); {
		if b := value[i]; b < utf8.RuneSelf {
			dst = appendMarkupByte(dst, b)
			i++
			continue
		}
		r, n := utf8.DecodeRune(value[i:])
		dst = appendReference(dst, r)
		i += n
	}
	return dst
}

func appendMarkupByte(dst []byte, b byte) []byte {
	switch {
	case markupSafe(b):
		return append(dst, b)
	case b == 0: // NUL cannot be written in HTML
		return appendReference(dst, utf8.RuneError)
	}
	return appendReference(dst, rune(b))
}

// appendReference writes &#N;.
func appendReference(dst []byte, r rune) []byte {
	dst = append(dst, '&', '#')
	var digits [7]byte
	i := len(digits)
	for {
		i--
		digits[i] = byte('0' + r%10)
		if r /= 10; r == 0 {
			break
		}
	}
	dst = append(dst, digits[i:]...)
	return append(dst, ';')
}

// appendScript writes \uXXXX for all but letters and digits, which is the same character in JavaScript's three kinds of
// string and in JSON, and never ends a script element.
func appendScript(dst, value []byte) []byte {
	for i := 0; i < len(value); {
		if b := value[i]; alphanumeric(b) {
			dst = append(dst, b)
			i++
			continue
		}
		r, n := utf8.DecodeRune(value[i:])
		i += n
		if r > 0xffff {
			r -= 0x10000
			dst = appendUnit(dst, 0xd800+r>>10)
			r = 0xdc00 + r&0x3ff
		}
		dst = appendUnit(dst, r)
	}
	return dst
}

func appendUnit(dst []byte, u rune) []byte {
	return append(dst, '\\', 'u', hexLower[u>>12&15], hexLower[u>>8&15], hexLower[u>>4&15], hexLower[u&15])
}

// appendURL writes a URL that isWebURL accepted: bytes that no URL holds are percent-encoded, and in an attribute what
// markup needs is escaped on top.
func appendURL(dst, value []byte, attribute bool) []byte {
	for _, b := range value {
		switch {
		case b <= ' ' || b >= 0x7f || b == '"' || b == '\'' || b == '<' || b == '>' || b == '`' || b == '\\' ||
			b == '{' || b == '}' || b == '|' || b == '^':
			dst = append(dst, '%', hexUpper[b>>4], hexUpper[b&15])
		case attribute:
			dst = appendMarkupByte(dst, b)
		default:
			dst = append(dst, b)
		}
	}
	return dst
}

// isWebURL accepts http:// and https:// with something after it.
func isWebURL(value []byte) bool {
	for _, scheme := range [...]string{"https://", "http://"} {
		if len(value) > len(scheme) && hasFoldPrefix(value, scheme) && alphanumericOrBracket(value[len(scheme)]) {
			return true
		}
	}
	return false
}

func alphanumericOrBracket(b byte) bool { return alphanumeric(b) || b == '[' || b >= utf8.RuneSelf }

// hasFoldPrefix compares ASCII without regard to case; prefix is lower-case.
func hasFoldPrefix(value []byte, prefix string) bool {
	if len(value) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lower(value[i]) != prefix[i] {
			return false
		}
	}
	return true
}

func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// isNumber accepts a decimal number as both JavaScript and JSON write it, short enough to be exact.
func isNumber(value []byte) bool {
	digits, point := 0, -1
	for i, b := range value {
		switch {
		case b >= '0' && b <= '9':
			digits++
		case b == '.' && point < 0 && i > 0:
			point = i
		default:
			return false
		}
	}
	if digits == 0 || digits > 15 || point == len(value)-1 {
		return false
	}
	whole := len(value)
	if point >= 0 {
		whole = point
	}
	return whole == 1 || value[0] != '0'
}
