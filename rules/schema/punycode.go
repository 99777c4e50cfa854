package schema

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// toASCII lower-cases a label and, where it goes beyond ASCII, encodes it as an A-label (RFC 5891 §4.4). It takes the
// alphabets that are read rightly without tables of normalisation and direction; for others it gives false: the operator
// writes the A-label then.
func toASCII(label string) (string, bool) {
	lower := strings.ToLower(label)
	ascii := true
	for _, c := range label {
		if c >= utf8.RuneSelf {
			ascii = false
			if c == 'ẞ' || !simpleLetter(unicode.ToLower(c)) {
				return "", false
			}
		}
	}
	if ascii {
		return lower, true
	}
	runes := []rune(lower)
	if runes[0] == '-' || runes[len(runes)-1] == '-' || strings.Contains(lower, "--") {
		return "", false // stricter than RFC 5891 §4.2.3.1, which forbids two hyphens in one place only
	}
	return "xn--" + punycode(runes), true
}

// simpleLetter says whether a lower-case letter beyond ASCII has one spelling only, runs from left to right, and
// combines with nothing: Latin, Greek, Cyrillic, kana, Han, Hangul.
func simpleLetter(c rune) bool {
	switch {
	case c >= 'ß' && c <= 'ÿ' && c != '÷':
	case c >= 'ā' && c <= 'ž':
		return unicode.IsLower(c) && c != 'ĳ' && c != 'ŀ' && c != 'ŉ'
	case c >= 'ά' && c <= 'ώ':
	case c >= 'а' && c <= 'џ', c == 'ґ':
	case c >= 'ぁ' && c <= 'ゖ', c >= 'ァ' && c <= 'ヺ', c == 'ー', c == '々':
	case c >= 0x4e00 && c <= 0x9fff, c >= '가' && c <= '힣':
	default:
		return false
	}
	return true
}

// Parameters of punycode (RFC 3492 §5).
const (
	punyBase, punyMin, punyMax  = 36, 1, 26
	punySkew, punyDamp          = 38, 700
	punyFirstBias, punyFirstOut = 72, 0x80
)

// punycode encodes a label by RFC 3492 §6.3.
func punycode(label []rune) string {
	var out []byte
	for _, c := range label {
		if c < punyFirstOut {
			out = append(out, byte(c))
		}
	}
	basic := len(out)
	handled := basic
	if basic > 0 {
		out = append(out, '-')
	}
	next, delta, bias := rune(punyFirstOut), 0, punyFirstBias
	for handled < len(label) {
		least := rune(unicode.MaxRune + 1)
		for _, c := range label {
			if c >= next && c < least {
				least = c
			}
		}
		delta += int(least-next) * (handled + 1)
		next = least
		for _, c := range label {
			if c < next {
				delta++
			}
			if c == next {
				out = punyNumber(out, delta, bias)
				bias = punyAdapt(delta, handled+1, handled == basic)
				delta = 0
				handled++
			}
		}
		delta++
		next++
	}
	return string(out)
}

// punyNumber appends a variable-length integer.
func punyNumber(out []byte, n, bias int) []byte {
	for k := punyBase; ; k += punyBase {
		t := min(max(k-bias, punyMin), punyMax)
		if n < t {
			return append(out, punyDigit(n))
		}
		out = append(out, punyDigit(t+(n-t)%(punyBase-t)))
		n = (n - t) / (punyBase - t)
	}
}

func punyDigit(n int) byte {
	if n < 26 {
		return byte('a' + n)
	}
	return byte('0' + n - 26)
}

// punyAdapt is the bias after a delta (RFC 3492 §6.1).
func punyAdapt(delta, handled int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / handled
	k := 0
	for ; delta > (punyBase-punyMin)*punyMax/2; k += punyBase {
		delta /= punyBase - punyMin
	}
	return k + (punyBase-punyMin+1)*delta/(delta+punySkew)
}
