package schema

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// toASCII lower-cases a label and, where it goes beyond ASCII, encodes it as an A-label (RFC 5891 §4.4). It takes letters
// and digits that are their own compatibility form; for combining marks and look-alike forms, which need tables of
// normalisation to be read rightly, it gives false: the operator writes the A-label then.
func toASCII(label string) (string, bool) {
	lower := strings.ToLower(label)
	ascii := true
	for _, c := range lower {
		if c < utf8.RuneSelf {
			continue
		}
		ascii = false
		if c == utf8.RuneError || !unicode.IsLower(c) && !unicode.Is(unicode.Lo, c) && !unicode.Is(unicode.Nd, c) || compatibility(c) {
			return "", false
		}
	}
	if ascii {
		return lower, true
	}
	if strings.HasPrefix(lower, "xn--") {
		return "", false
	}
	return "xn--" + punycode([]rune(lower)), true
}

// compatibility says whether a character lies in a block of other spellings of characters that have a block of their
// own.
func compatibility(c rune) bool {
	switch {
	case c == 'ª', c == 'º', c == 'ſ', c >= 0x1d2c && c <= 0x1d7f, c >= 0x1d80 && c <= 0x1dbf:
	case c >= 0x2000 && c <= 0x2bff, c >= 0x3131 && c <= 0x318f, c >= 0x3200 && c <= 0x33ff:
	case c >= 0xa69c && c <= 0xa69d, c >= 0xa770 && c <= 0xa770, c >= 0xa7f2 && c <= 0xa7f9, c >= 0xab5c && c <= 0xab5f:
	case c >= 0xf900 && c <= 0xfaff, c >= 0xfb00 && c <= 0xfdff, c >= 0xfe70 && c <= 0xffef:
	case c >= 0x1d400 && c <= 0x1d7ff, c >= 0x1ee00 && c <= 0x1eeff, c >= 0x1f100 && c <= 0x1f2ff, c >= 0x2f800 && c <= 0x2fa1f:
	case c >= 0x132 && c <= 0x133, c == 0x13f || c == 0x140 || c == 0x149, c >= 0x1c4 && c <= 0x1cc, c >= 0x1f1 && c <= 0x1f3:
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
