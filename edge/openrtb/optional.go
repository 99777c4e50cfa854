package openrtb

import (
	"math"
	"strconv"
)

// Flag is one of OpenRTB's integers that are 0 or 1, where absent is a third thing to say.
type Flag uint8

// Values of a Flag. The zero value is absent.
const (
	Unset Flag = iota
	No
	Yes
)

// FlagOf is Yes or No.
func FlagOf(yes bool) Flag {
	if yes {
		return Yes
	}
	return No
}

// OptInt is an integer whose 0 differs from its absence. The zero value is absent.
type OptInt struct {
	Value int
	Set   bool
}

// Int is a present OptInt.
func Int(v int) OptInt { return OptInt{v, true} }

// Number is a JSON number that is no money, digits as they came (RFC 8259 §6); "" is absent. Text that is no number is
// left out when written.
type Number string

// NumberOf writes a float as a Number; infinities and NaN have none and give "". It allocates.
func NumberOf(f float64) Number {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return ""
	}
	return Number(strconv.FormatFloat(f, 'g', -1, 64))
}

// Float is the nearest float64; ok is false for an absent number, for text that is none, and beyond the range of a double.
func (n Number) Float() (f float64, ok bool) {
	if !n.valid() {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(n), 64)
	return f, err == nil
}

func (n Number) valid() bool { return n != "" && numberEnd(bytesOf(string(n)), 0) == len(n) }
