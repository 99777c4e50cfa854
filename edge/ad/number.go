package ad

// number is a JSON number taken apart: digits without leading zeros, and the power of ten that the last of them has.
type number struct {
	digits   []byte // the text from the first to the last digit, may hold one '.'
	exp      int    // explicit exponent, clamped
	fraction int    // digits after the point
	zero     bool
}

// expClamp bounds a written exponent: beyond it every number is zero or out of range, whatever its digits.
const expClamp = 100_000

// scanNumber checks RFC 8259 §6 and takes the number apart. A negative number other than zero is ErrPrice.
func scanNumber(text []byte) (number, error) {
	var n number
	i := 0
	negative := i < len(text) && text[i] == '-'
	if negative {
		i++
	}
	start := i
	i = skipDigits(text, i)
	if i == start || (text[start] == '0' && i > start+1) {
		return n, ErrPrice
	}
	if i < len(text) && text[i] == '.' {
		from := i + 1
		i = skipDigits(text, from)
		if n.fraction = i - from; n.fraction == 0 {
			return n, ErrPrice
		}
	}
	n.digits = text[start:i]
	var err error
	if n.exp, err = scanExponent(text[i:]); err != nil {
		return n, err
	}
	n.zero = allZero(n.digits)
	if negative && !n.zero {
		return n, ErrPrice
	}
	return n, nil
}

func skipDigits(text []byte, i int) int {
	for i < len(text) && text[i] >= '0' && text[i] <= '9' {
		i++
	}
	return i
}

func allZero(digits []byte) bool {
	for _, d := range digits {
		if d != '0' && d != '.' {
			return false
		}
	}
	return true
}

func scanExponent(text []byte) (int, error) {
	if len(text) == 0 {
		return 0, nil
	}
	if text[0] != 'e' && text[0] != 'E' {
		return 0, ErrPrice
	}
	i, sign := 1, 1
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		if text[i] == '-' {
			sign = -1
		}
		i++
	}
	if i == len(text) {
		return 0, ErrPrice
	}
	exp := 0
	for ; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return 0, ErrPrice
		}
		exp = min(exp*10+int(text[i]-'0'), expClamp)
	}
	return sign * exp, nil
}

// micros is the number times 1e6, rounded down.
func (n number) micros() (CPM, error) {
	if n.zero {
		return 0, nil
	}
	leading, significant := 0, 0
	for _, d := range n.digits {
		if d == '.' {
			continue
		}
		if d == '0' && significant == 0 {
			leading++
			continue
		}
		significant++
	}
	// The value is 0.SIGNIFICANT × 10^magnitude.
	magnitude := significant - n.fraction + n.exp
	if magnitude > 309 || (magnitude == 309 && n.above(leading)) {
		return 0, ErrPriceRange
	}
	take := magnitude + 6 // how many significant digits lie at or above one micro
	if take <= 0 {
		return 0, nil
	}
	if take > 18 {
		return CPMHuge, nil
	}
	return n.take(leading, take), nil
}

// maxDouble is the first digits of the largest float64, 1.797…e308; what exceeds them a double rounds to infinity.
const maxDouble = "17976931348623158"

// above reports whether the significant digits exceed those of the largest double of the same magnitude.
func (n number) above(leading int) bool {
	at := 0
	for _, d := range n.digits {
		switch {
		case d == '.':
			continue
		case leading > 0:
			leading--
			continue
		case at == len(maxDouble):
			return false
		case d != maxDouble[at]:
			return d > maxDouble[at]
		}
		at++
	}
	return false
}

// take reads the first count significant digits, padding with zeros. count is at most 18, so it cannot overflow.
func (n number) take(leading, count int) CPM {
	var v CPM
	for _, d := range n.digits {
		if count == 0 {
			break
		}
		if d == '.' {
			continue
		}
		if leading > 0 {
			leading--
			continue
		}
		v = v*10 + CPM(d-'0')
		count--
	}
	for ; count > 0; count-- {
		v *= 10
	}
	return v
}
