package bidder

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// asciiDomain reads a domain as bidders write them: any case, perhaps a trailing dot, perhaps in its own script. What it
// gives is ASCII without a trailing dot; letters keep their case. ok is false for anything that is no domain of at least two labels.
//
// A domain that is not ASCII is mapped as a browser maps it (UTS 46, the lookup profile), so that none passes a block
// list by its spelling: full-width letters, soft hyphens and the like open the blocked name too.
func asciiDomain(text string) (domain string, ok bool) {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			if len(text) > domainBytesMax || !utf8.ValidString(text) {
				return "", false
			}
			mapped, err := idna.Lookup.ToASCII(text)
			if err != nil {
				return "", false
			}
			text = mapped
			break
		}
	}
	text = strings.TrimSuffix(text, ".")
	return text, domainName(text)
}

// domainBytesMax bounds what is mapped: a domain of 253 letters, the most there can be, in their longest spelling.
const domainBytesMax = 4 * 253

// domainName checks labels of letters, digits, hyphens and underscores (RFC 1123 §2.1).
func domainName(text string) bool {
	if len(text) > 253 {
		return false
	}
	labels, label := 1, 0
	for i := range len(text) {
		c := text[i]
		switch {
		case c == '.':
			if label == 0 || text[i-1] == '-' {
				return false
			}
			labels, label = labels+1, 0
			continue
		case c == '-':
			if label == 0 {
				return false
			}
		case c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z'):
			return false
		}
		if label++; label > 63 {
			return false
		}
	}
	return labels > 1 && label > 0 && text[len(text)-1] != '-'
}
