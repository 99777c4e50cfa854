package bidder

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// asciiDomain reads a domain as bidders write them: any case, perhaps a trailing dot, perhaps in its own script. What it
// gives is ASCII without a trailing dot; letters keep their case. ok is false for anything that is no domain of at least two labels.
func asciiDomain(text string) (domain string, ok bool) {
	text = strings.TrimSuffix(text, ".")
	if text == "" || len(text) > 253 {
		return "", false
	}
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			if text, ok = punycodeDomain(text); !ok {
				return "", false
			}
			break
		}
	}
	return text, domainName(text)
}

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

// punycodeDomain writes the labels that are not ASCII as A-labels (RFC 5890 §2.3.2.1), so that a domain cannot pass a
// block list by its spelling. Letters are folded to lower case; the full mapping of UTS 46 is not needed to recognise
// what a browser would open under a blocked name.
func punycodeDomain(text string) (string, bool) {
	if !utf8.ValidString(text) {
		return "", false
	}
	var out strings.Builder
	for label := range strings.FieldsFuncSeq(text, idnaDot) {
		if out.Len() > 0 {
			out.WriteByte('.')
		}
		if !encodeLabel(&out, strings.Map(unicode.ToLower, label)) {
			return "", false
		}
	}
	return out.String(), true
}

// idnaDot is true for the full stop and its three look-alikes (RFC 3490 §3.1).
func idnaDot(r rune) bool { return r == '.' || r == '。' || r == '．' || r == '｡' }

// Parameters of Punycode (RFC 3492 §5).
const (
	punyBase, punyMin, punyMax   = 36, 1, 26
	punySkew, punyDamp, punyBias = 38, 700, 72
	punyFirst                    = 128
)

// encodeLabel appends one label, as it is or as an A-label (RFC 3492 §6.3). A label of a domain has at most 63 bytes,
// so nothing here can overflow.
func encodeLabel(out *strings.Builder, label string) bool {
	if len(label) > 4*63 {
		return false
	}
	plain, total := 0, 0
	for _, r := range label {
		total++
		if r < punyFirst {
			plain++
		}
	}
	if plain == total {
		out.WriteString(label)
		return true
	}
	out.WriteString("xn--")
	for _, r := range label {
		if r < punyFirst {
			out.WriteByte(byte(r))
		}
	}
	if plain > 0 {
		out.WriteByte('-')
	}
	n, delta, bias := rune(punyFirst), 0, punyBias
	for done := plain; done < total; {
		next := rune(unicode.MaxRune)
		for _, r := range label {
			if r >= n && r < next {
				next = r
			}
		}
		delta += int(next-n) * (done + 1)
		n = next
		for _, r := range label {
			if r < n {
				delta++
			}
			if r == n {
				punyNumber(out, delta, bias)
				bias = punyAdapt(delta, done+1, done == plain)
				delta, done = 0, done+1
			}
		}
		delta, n = delta+1, n+1
	}
	return true
}

func punyNumber(out *strings.Builder, value, bias int) {
	for k := punyBase; ; k += punyBase {
		t := min(max(k-bias, punyMin), punyMax)
		if value < t {
			out.WriteByte(punyDigit(value))
			return
		}
		out.WriteByte(punyDigit(t + (value-t)%(punyBase-t)))
		value = (value - t) / (punyBase - t)
	}
}

func punyDigit(value int) byte {
	if value < 26 {
		return byte('a' + value)
	}
	return byte('0' + value - 26)
}

func punyAdapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for delta > (punyBase-punyMin)*punyMax/2 {
		delta /= punyBase - punyMin
		k += punyBase
	}
	return k + (punyBase-punyMin+1)*delta/(delta+punySkew)
}
