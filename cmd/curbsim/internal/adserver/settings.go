package adserver

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"curb/cmd/curbsim/internal/control"
	"curb/edge/ad"
)

// Settings are what POST /ctl changes.
type Settings struct {
	OwnPrice control.Price `json:"own_price"` // CPM of the direct campaign; 0: none runs
	OwnName  string        `json:"own_name"`
	// OwnLines are further line items of its own. The dearest of those that apply to a request competes.
	OwnLines []OwnLine `json:"own_line_items"`
	// Buckets are the price steps of the exchange that have a line item: low, medium, high, auto or dense, or a list of prices.
	Buckets Buckets `json:"buckets"`
	// LineItems take the place of Buckets where there are any; curb publisher lineitems --format json prints them.
	LineItems []LineItem `json:"line_items"`
	PriceKey  PriceKey   `json:"price_key"` // what the parameter sealed is opened with
	Choice    string     `json:"choice"`    // auto, accept, own
	// Never: the exchange's line item serves without the accept URL being called.
	Never bool `json:"never"`
	// Prefetch: the accept URL is called with Sec-Purpose: prefetch before the page may call it.
	Prefetch bool `json:"prefetch"`
	// Answer is how the accept URL is called when the request names no format: redirect, html, js.
	Answer string `json:"answer"`
	// Repeat is how often the accept URL is called, 1 to 5: by the page, or, where it is redirected there, all but once from here.
	Repeat  int          `json:"repeat"`
	Latency control.Wait `json:"latency"` // before every answer
	Failure string       `json:"failure"` // none, error_500, empty
}

// OwnLine is a line item of the publisher's own.
type OwnLine struct {
	Name  string        `json:"name"`
	Price control.Price `json:"price"` // CPM
	Share float64       `json:"share"` // of the requests it applies to, above 0 to 1, by the request's auction
}

// ParseOwnLine reads NAME=PRICE and NAME=PRICE@SHARE; without a share it applies to all requests.
func ParseOwnLine(text string) (own OwnLine, err error) {
	name, rest, ok := strings.Cut(text, "=")
	price, share, shared := strings.Cut(rest, "@")
	if own.Name, own.Share = name, 1; !ok || name == "" {
		return own, fmt.Errorf("%q is not NAME=PRICE or NAME=PRICE@SHARE", text)
	}
	if shared {
		if own.Share, err = strconv.ParseFloat(share, 64); err != nil {
			return own, fmt.Errorf("%q is not a share, such as 0.25", share)
		}
	}
	return own, own.Price.Set(price)
}

// Bounds of what can be set.
const (
	linesMax    = ad.BucketLinesMax
	ownLinesMax = 100
	repeatMax   = 5
)

// Defaults are the demo's: a line item for each bucket of its publisher, which holds the key of sealed prices, and a direct
// campaign at one dollar.
func Defaults() Settings {
	return Settings{
		OwnPrice: 1_000_000, OwnName: "Spring Campaign", OwnLines: []OwnLine{}, Buckets: Buckets{Name: "dense"}, LineItems: []LineItem{},
		PriceKey: PriceKey{Scheme: "aead", Encryption: "demo-key-of-news-example--not-for-real-use0", Partner: 10},
		Choice:   "auto", Answer: "redirect", Repeat: 1, Failure: "none",
	}
}

// DemoHost is the host of the demo's publisher that leads to the node, beside loopback the one that accept URLs name there.
const DemoHost = "ads.news.example"

// plan is settings made ready for use. It is immutable.
type plan struct {
	Settings
	lines []line // by price, ascending
	keys  []string
	exact map[string]int // line by key and value
	key   ad.PriceKey
}

// oneOf reports a word outside a closed list.
func oneOf(field, word string, words ...string) error {
	if slices.Contains(words, word) {
		return nil
	}
	return fmt.Errorf("%s: unknown %q; one of %s", field, word, strings.Join(words, ", "))
}

// compile reports the first setting that makes no sense.
func compile(s *Settings) (*plan, error) {
	if err := oneOf("choice", s.Choice, "auto", "accept", "own"); err != nil {
		return nil, err
	}
	if err := oneOf("answer", s.Answer, "redirect", "html", "js"); err != nil {
		return nil, err
	}
	if err := oneOf("failure", s.Failure, "none", "error_500", "empty"); err != nil {
		return nil, err
	}
	if s.Repeat < 1 || s.Repeat > repeatMax {
		return nil, fmt.Errorf("repeat: %d is not from 1 to %d", s.Repeat, repeatMax)
	}
	if len(s.OwnLines) > ownLinesMax {
		return nil, fmt.Errorf("own_line_items: %d given; at most %d", len(s.OwnLines), ownLinesMax)
	}
	for _, own := range s.OwnLines {
		if own.Name == "" || !(own.Share > 0 && own.Share <= 1) {
			return nil, fmt.Errorf("own_line_items: %q needs a name, and a share above 0 and up to 1", own.Name)
		}
	}
	p := &plan{Settings: *s, exact: map[string]int{}}
	var err error
	if p.key, err = s.PriceKey.open(); err != nil {
		return nil, err
	}
	return p, p.arrange()
}
