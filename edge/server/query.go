package server

import "strings"

// query reads a tag's query string pair by pair: split at "&", key and value still percent-encoded. Nothing is copied.
type query struct {
	rest string
	// landing: the query is a click's, whose r takes all that is left where it is a URL that nobody encoded.
	landing bool
}

// next cuts the next pair; ok is false at the end. Empty pairs are passed over. pubclick takes all that is left: its
// value is a URL that nobody encoded. So does a redir that begins like such a URL.
func (q *query) next() (key, value string, ok bool) {
	for q.rest != "" {
		if value, found := strings.CutPrefix(q.rest, "pubclick="); found {
			q.rest = ""
			return "pubclick", value, true
		}
		if value, found := strings.CutPrefix(q.rest, "redir="); found && bare(value) {
			q.rest = ""
			return "redir", value, true
		}
		if value, found := strings.CutPrefix(q.rest, "r="); found && q.landing && bare(value) {
			q.rest = ""
			return "r", value, true
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

// bare reports whether a value is a URL as it stands, not one that somebody percent-encoded.
func bare(value string) bool {
	value, _, _ = strings.Cut(value, "&")
	return strings.Contains(value, "://")
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
