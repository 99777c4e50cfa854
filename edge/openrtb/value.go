package openrtb

import "curb/edge/ad"

// The readers below read the value of a known name into its field. A null reads as if the name were not there.

// one reads an object of its own.
func one[T any](d *Decoder, a *arena[T], dst **T, read func(*Decoder, *T) bool) bool {
	if d.at() == 'n' {
		return d.null()
	}
	*dst = a.next()
	return read(d, *dst)
}

// many reads a list of objects.
func many[T any](d *Decoder, a *arena[T], dst *[]T, read func(*Decoder, *T) bool) bool {
	if d.at() == 'n' {
		return d.null()
	}
	l := d.openList()
	start := len(a.items)
	for d.element(&l) {
		l.ok = read(d, a.next())
	}
	*dst = a.since(start)
	return d.closeList(&l)
}

// raw keeps a value as it is written, once it is known to be JSON.
func (d *Decoder) raw(dst *[]byte) bool {
	if d.at() == 'n' {
		return d.null()
	}
	start := d.pos
	if !d.skip() {
		return false
	}
	*dst = d.since(start)
	return true
}

func (d *Decoder) text(dst *string) bool {
	switch d.at() {
	case '"':
		var ok bool
		*dst, ok = d.str()
		return ok
	case 'n':
		return d.null()
	}
	return d.mismatch("want a string")
}

func (d *Decoder) texts(dst *[]string) bool {
	if d.at() == 'n' {
		return d.null()
	}
	l := d.openList()
	start := len(d.strings.items)
	for d.element(&l) {
		if d.at() != '"' {
			return d.mismatch("want a string")
		}
		*d.strings.next(), l.ok = d.str()
	}
	*dst = d.strings.since(start)
	return d.closeList(&l)
}

func (d *Decoder) integers(dst *[]int) bool {
	if d.at() == 'n' {
		return d.null()
	}
	l := d.openList()
	start := len(d.ints.items)
	for d.element(&l) {
		if d.at() == 'n' {
			return d.mismatch("want an integer")
		}
		l.ok = d.integer(d.ints.next())
	}
	*dst = d.ints.since(start)
	return d.closeList(&l)
}

// integerDigits is how many digits an int holds whatever they are.
const integerDigits = 18

// integer reads a number without a fraction, however it is written: 1e9 and 5.0 are as good as any.
func (d *Decoder) integer(dst *int) bool {
	i := d.pos
	negative := byteAt(d.buf, i) == '-'
	if negative {
		i++
	}
	start, v := i, 0
	for ; i < len(d.buf) && d.buf[i]-'0' < 10; i++ {
		if i-start == integerDigits {
			return d.longInteger(dst)
		}
		v = v*10 + int(d.buf[i]-'0')
	}
	if i == start || d.buf[start] == '0' && i > start+1 {
		return d.longInteger(dst)
	}
	if c := byteAt(d.buf, i); c == '.' || c|0x20 == 'e' {
		return d.longInteger(dst)
	}
	if negative {
		v = -v
	}
	*dst, d.pos = v, i
	return true
}

// longInteger is integer for what is not a few digits.
func (d *Decoder) longInteger(dst *int) bool {
	start := d.pos
	switch c := d.at(); {
	case c == 'n':
		return d.null()
	case c != '-' && c-'0' >= 10:
		return d.mismatch("want an integer")
	}
	number, ok := d.digits()
	if !ok {
		return false
	}
	v, ok := integral(number)
	if !ok {
		return d.refuseValue(start, "want an integer of at most 18 digits")
	}
	*dst = v
	return true
}

// integral is the value of a well-formed number; ok is false if it has a fraction or more than integerDigits digits.
func integral(number []byte) (v int, ok bool) {
	i, sign, point, scale := 0, 1, false, 0
	if number[0] == '-' {
		i, sign = 1, -1
	}
	zeros, exponent := 0, 0 // zeros: since the last other digit
	for ; i < len(number) && number[i]|0x20 != 'e'; i++ {
		switch c := number[i]; {
		case c == '.':
			point = true
			continue
		case c == '0':
			zeros++
		default:
			for ; zeros >= 0; zeros-- {
				if v >= 1e17 {
					return 0, false
				}
				v *= 10
			}
			zeros = 0
			v += int(c - '0')
		}
		if point {
			scale--
		}
	}
	if i < len(number) {
		exponent = exponentOf(number[i+1:])
	}
	if v == 0 {
		return 0, true
	}
	for scale += exponent + zeros; scale > 0; scale-- {
		if v >= 1e17 {
			return 0, false
		}
		v *= 10
	}
	return sign * v, scale == 0
}

// exponentMax bounds an exponent as read: beyond the length of a document every number has a fraction or is too large.
const exponentMax = 1 << 20

// exponentOf reads the digits of an exponent and their sign.
func exponentOf(digits []byte) int {
	exponent, negative := 0, false
	for _, c := range digits {
		switch c {
		case '-':
			negative = true
		case '+':
		default:
			exponent = min(exponent*10+int(c-'0'), exponentMax)
		}
	}
	if negative {
		return -exponent
	}
	return exponent
}

func (d *Decoder) optInt(dst *OptInt) bool {
	if d.at() == 'n' {
		return d.null()
	}
	dst.Set = true
	return d.integer(&dst.Value)
}

func (d *Decoder) flag(dst *Flag) bool {
	if d.at() == 'n' {
		return d.null()
	}
	start, v := d.pos, 0
	if !d.integer(&v) {
		return false
	}
	if v != 0 && v != 1 {
		return d.refuseValue(start, "want 0 or 1")
	}
	*dst = No + Flag(v)
	return true
}

func (d *Decoder) number(dst *Number) bool {
	switch c := d.at(); {
	case c == 'n':
		return d.null()
	case c != '-' && c-'0' >= 10:
		return d.mismatch("want a number")
	}
	number, ok := d.digits()
	*dst = Number(stringOf(number))
	return ok
}

// price reads a floor. What is no price at all, or beyond any, would let every bid pass or none, so it is refused.
func (d *Decoder) price(dst *ad.CPM) bool {
	start := d.pos
	switch c := d.at(); {
	case c == 'n':
		return d.null()
	case c != '-' && c-'0' >= 10:
		return d.mismatch("want a number")
	}
	number, ok := d.digits()
	if !ok {
		return false
	}
	cpm, err := ad.ParseCPM(number)
	if err != nil || cpm == ad.CPMHuge {
		return d.refuseValue(start, "want a number of 0 or more and below 1e12")
	}
	*dst = cpm
	return true
}
