package ad

import (
	"errors"
	"math"
	"math/bits"
)

// CPM is money: micro-units of a currency per thousand impressions. It is USD unless a Currency stands beside it.
// One dollar CPM is 1_000_000. Money never passes through a float after the codec.
type CPM int64

// Money constants, micro-USD per mille.
const (
	// Dollar is one unit of currency per mille.
	Dollar CPM = 1_000_000
	// Cent is the second-price increment: the winner pays the runner-up plus one cent.
	Cent CPM = Dollar / 100
	// CPMMax is the $999 cap; a bid above counts as exactly this much.
	CPMMax = 999 * Dollar
	// TieBucket is the width of a tie, $0.0005: bids in one bucket are equal (buckets, never an epsilon: closeness is not transitive).
	TieBucket CPM = 500
)

// ErrPrice says a price text is not a decimal number a price can be: sign, non-digits, or nothing there.
var ErrPrice = errors.New("price is not a non-negative decimal number")

// ErrPriceRange says a price is a well-formed number, but beyond what a JSON double can hold (1e308).
var ErrPriceRange = errors.New("price is out of the range of a number")

// CPMHuge is what a well-formed price beyond the range of CPM reads as; it is far above CPMMax in any currency.
const CPMHuge CPM = math.MaxInt64

// ParseCPM reads a JSON number as micro-units, exact, rounding down past the sixth decimal. It accepts what RFC 8259 §6
// accepts except a negative non-zero number (ErrPrice). Numbers of 1e12 and over read as CPMHuge; numbers over 1.8e308
// are ErrPriceRange, since a reader with doubles would see infinity.
func ParseCPM(text []byte) (CPM, error) {
	n, err := scanNumber(text)
	if err != nil {
		return 0, err
	}
	return n.micros()
}

// Append writes the price as the shortest decimal text, e.g. 1.5, 0.000001, 999.
func (c CPM) Append(dst []byte) []byte {
	u := uint64(c)
	if c < 0 {
		dst = append(dst, '-')
		u = -u
	}
	whole, frac := u/1_000_000, u%1_000_000
	dst = appendUint(dst, whole)
	if frac == 0 {
		return dst
	}
	var digits [7]byte
	digits[0] = '.'
	for i := 6; i > 0; i-- {
		digits[i] = byte('0' + frac%10)
		frac /= 10
	}
	end := 7
	for digits[end-1] == '0' {
		end--
	}
	return append(dst, digits[:end]...)
}

// String is Append as a string, for messages; hot paths use Append.
func (c CPM) String() string { return string(c.Append(nil)) }

func appendUint(dst []byte, u uint64) []byte {
	var buf [20]byte
	i := len(buf)
	for {
		i--
		buf[i] = byte('0' + u%10)
		u /= 10
		if u == 0 {
			return append(dst, buf[i:]...)
		}
	}
}

// Share is a part of a whole in millionths: 0.05 is 50_000. Range 0 to 1_000_000.
type Share int64

// ShareOne is the whole, 100 %.
const ShareOne Share = 1_000_000

// Less takes the share off the price, rounding the rest down: 6.00 less 10 % is 5.40.
func (s Share) Less(c CPM) CPM { return mulDivDown(c, int64(ShareOne-s), int64(ShareOne)) }

// Gross is the inverse of Less, rounding up: the payment that leaves net after the share is taken off. A share of 100 %
// or more has no such payment and gives CPMHuge.
func (s Share) Gross(net CPM) CPM {
	if s >= ShareOne {
		return CPMHuge
	}
	return mulDivUp(net, int64(ShareOne), int64(ShareOne-s))
}

// Currency is an ISO 4217 code in upper case. The zero value means USD, as OpenRTB's default does (2.6 §4.3.1).
type Currency [3]byte

// USD is the currency every auction runs in.
var USD = Currency{'U', 'S', 'D'}

// ParseCurrency reads three upper-case letters; ok is false for anything else. Empty text is USD.
func ParseCurrency(text string) (c Currency, ok bool) {
	if text == "" {
		return USD, true
	}
	if len(text) != 3 {
		return c, false
	}
	for i := range 3 {
		if text[i] < 'A' || text[i] > 'Z' {
			return Currency{}, false
		}
		c[i] = text[i]
	}
	return c, true
}

// String gives the code; the zero value is "USD".
func (c Currency) String() string {
	if c == (Currency{}) {
		return "USD"
	}
	return string(c[:])
}

// IsUSD is true for USD and for the zero value.
func (c Currency) IsUSD() bool { return c == USD || c == Currency{} }

// Rate is the price of one unit of a currency in pico-USD (1e-12 USD). 0.0000394 USD per VND is 39_400_000. Zero: no rate.
type Rate int64

// RateOne is the rate of USD to itself.
const RateOne Rate = 1_000_000_000_000

// ToUSD converts at the rate, rounding down. Amounts beyond CPMHuge saturate.
func (r Rate) ToUSD(amount CPM) CPM { return mulDivDown(amount, int64(r), int64(RateOne)) }

// ToUSDUp converts at the rate, rounding up, for floors: FromUSD of the result, and of all above it, is never below amount.
func (r Rate) ToUSDUp(amount CPM) CPM { return mulDivUp(amount, int64(r), int64(RateOne)) }

// FromUSD converts back at the same rate, rounding down: nobody pays more than was cleared. A zero rate gives 0.
func (r Rate) FromUSD(usd CPM) CPM {
	if r <= 0 {
		return 0
	}
	return mulDivDown(usd, int64(RateOne), int64(r))
}

// mulDivDown is c*num/den over 128 bits, rounded down, saturating at CPMHuge; all three must be non-negative.
func mulDivDown(c CPM, num, den int64) CPM {
	hi, lo := bits.Mul64(uint64(c), uint64(num))
	if hi >= uint64(den) {
		return CPMHuge
	}
	q, _ := bits.Div64(hi, lo, uint64(den))
	return saturate(q)
}

// mulDivUp is mulDivDown rounded up.
func mulDivUp(c CPM, num, den int64) CPM {
	hi, lo := bits.Mul64(uint64(c), uint64(num))
	if hi >= uint64(den) {
		return CPMHuge
	}
	q, rem := bits.Div64(hi, lo, uint64(den))
	if rem > 0 {
		q++
	}
	return saturate(q)
}

func saturate(q uint64) CPM {
	if q > uint64(CPMHuge) {
		return CPMHuge
	}
	return CPM(q)
}
