package control

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"curb/edge/ad"
)

// Price is a CPM in settings: a JSON number or a string holding one, kept exact to a micro-unit.
type Price ad.CPM

// ParsePrice reads decimal text, such as 2.50.
func ParsePrice(text string) (Price, error) {
	cpm, err := ad.ParseCPM([]byte(text))
	if err != nil {
		return 0, fmt.Errorf("%q is not a price; write a decimal number such as 2.50", text)
	}
	return Price(cpm), nil
}

// UnmarshalJSON reads 2.5 and "2.50".
func (p *Price) UnmarshalJSON(text []byte) (err error) {
	if string(text) == "null" {
		return fmt.Errorf("null is not a price; write a decimal number such as 2.50")
	}
	*p, err = ParsePrice(strings.Trim(string(text), `"`))
	return err
}

// MarshalJSON writes a number.
func (p Price) MarshalJSON() ([]byte, error) { return ad.CPM(p).Append(nil), nil }

// String is the decimal text.
func (p Price) String() string { return ad.CPM(p).String() }

// Set reads a flag's value.
func (p *Price) Set(text string) (err error) {
	*p, err = ParsePrice(text)
	return err
}

// Type names the value in help texts.
func (p *Price) Type() string { return "price" }

// Money is what impressions at prices that add up to sum cost, as exact decimal text: a CPM is the price of a thousand.
func Money(sum ad.CPM) string {
	text := fmt.Sprintf("%d.%09d", sum/1e9, sum%1e9)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// WaitMax bounds every latency a party can be told.
const WaitMax = 10 * time.Minute

// Wait is a duration in settings, written with a unit: "30ms". Range 0 to WaitMax.
type Wait time.Duration

// ParseWait reads a duration with a unit.
func ParseWait(text string) (Wait, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration; write a number with a unit, such as \"30ms\"", text)
	}
	if d < 0 || d > WaitMax {
		return 0, fmt.Errorf("%s is out of range; durations go from 0s to %s", text, WaitMax)
	}
	return Wait(d), nil
}

// UnmarshalJSON reads "30ms".
func (w *Wait) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s is not a duration; write it as text with a unit, such as \"30ms\"", text)
	}
	d, err := ParseWait(s)
	*w = d
	return err
}

// MarshalJSON writes "30ms".
func (w Wait) MarshalJSON() ([]byte, error) { return json.Marshal(w.String()) }

// String is time.Duration's.
func (w Wait) String() string { return time.Duration(w).String() }

// Set reads a flag's value.
func (w *Wait) Set(text string) (err error) {
	*w, err = ParseWait(text)
	return err
}

// Type names the value in help texts.
func (w *Wait) Type() string { return "duration" }
