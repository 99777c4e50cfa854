package server

import "strings"

// query reads a tag's query string pair by pair: split at "&", key and value still percent-encoded. Nothing is copied.
type query struct {
	rest string
}

// next cuts the next pair; ok is false at the end. Empty pairs are passed over. pubclick takes all that is left: its
// value is a URL that nobody encoded.
func (q *query) next() (key, value string, ok bool) {
	for q.rest != "" {
		if value, found := strings.CutPrefix(q.rest, "pubclick="); found {
			q.rest = ""
			return "pubclick", value, true
		}
		pair, rest, _ := strings.Cut(q.rest, "&")
		q.rest = rest
		if pair == "" {
			continue
		}
		key, value, _ = strings.Cut(pair, "=")
		return key, value, true
	}
	return "", "", false
}

// unescape decodes a percent-encoded key or value, with + for space (WHATWG URL §5.1). ok is false for a percent sign
// without two hex digits. Text without either sign is returned as it is.
func unescape(text string) (decoded string, ok bool) {
	i := strings.IndexAny(text, "%+")
	if i < 0 {
		return text, true
	}
	var b strings.Builder
	b.Grow(len(text))
	b.WriteString(text[:i])
	for ; i < len(text); i++ {
		switch text[i] {
		case '+':
			b.WriteByte(' ')
		case '%':
			if i+2 >= len(text) {
				return "", false
			}
			high, low := unhex(text[i+1]), unhex(text[i+2])
			if high > 15 || low > 15 {
				return "", false
			}
			b.WriteByte(high<<4 | low)
			i += 2
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String(), true
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
