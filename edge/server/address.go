package server

import (
	"strings"
)

// urlBytesMax bounds a page's URL and a click tracker.
const urlBytesMax = 4096

// webURL checks that text is an absolute http or https URL with a host and gives it with every byte that no URL holds
// percent-encoded. It keeps the text otherwise: a page's URL is compared and shown elsewhere.
func webURL(text string) (clean string, ok bool) {
	if len(text) > urlBytesMax {
		return "", false
	}
	rest := ""
	switch {
	case foldPrefix(text, "https://"):
		rest = text[len("https://"):]
	case foldPrefix(text, "http://"):
		rest = text[len("http://"):]
	default:
		return "", false
	}
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	if !plausibleHost(host) {
		return "", false
	}
	for i := range len(text) {
		if !urlByte(text[i]) {
			return encodeURL(text), true
		}
	}
	return text, true
}

// plausibleHost accepts a name or address with an optional port: no user information, no space, no backslash.
func plausibleHost(host string) bool {
	if host == "" || len(host) > 260 || !isAlphanumeric(host[0]) && host[0] != '[' {
		return false
	}
	for i := range len(host) {
		if b := host[i]; !isAlphanumeric(b) && strings.IndexByte("-._:[]", b) < 0 {
			return false
		}
	}
	return true
}

func foldPrefix(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// urlByte reports whether a byte may stand in a URL as it is (RFC 3986 §2), apart from the quote, which many readers
// take for an end.
func urlByte(b byte) bool { return urlBytes[b] }

var urlBytes = func() (table [256]bool) {
	for b := byte('!'); b < 0x7f; b++ {
		table[b] = strings.IndexByte("\"'<>\\^`{|}", b) < 0
	}
	return table
}()

func encodeURL(text string) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(text)+32)
	for i := range len(text) {
		if c := text[i]; urlByte(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}
