package bidder

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"curb/cmd/curbsim/internal/control"
	"curb/edge/ad"
)

// BidsMax bounds the bids per impression, well past what an exchange takes.
const BidsMax = 200

// Settings are what POST /ctl changes. A POST names only the fields it changes.
type Settings struct {
	Seat     string                   `json:"seat"`     // seatbid.seat: a member of the exchange
	Price    control.Price            `json:"price"`    // CPM in Currency
	Prices   map[string]control.Price `json:"prices"`   // CPM per size, such as {"300x250": 2.5}; others take Price
	Currency string                   `json:"currency"` // ISO 4217; USD is not written into answers
	Latency  control.Wait             `json:"latency"`  // before every answer
	Jitter   control.Wait             `json:"jitter"`   // up to so much more, by the request's id
	Failure  string                   `json:"failure"`  // one of Failures
	// Probability is the share of requests that get a bid, 0 to 1, by the request's id.
	Probability float64  `json:"probability"`
	Bids        int      `json:"bids"`     // per impression; each is a cent below the one before
	Sizes       []string `json:"sizes"`    // it owns a creative for each
	Creative    string   `json:"creative"` // creative code; {size} becomes the size
	Adomain     []string `json:"adomain"`
	Markup      string   `json:"markup"` // adm; empty: the registered creative's content
	// Deal is the deal it uses where it is offered; * is the one with the highest floor of those offered; empty: none.
	Deal      string        `json:"deal"`
	DealPrice control.Price `json:"deal_price"` // 0: Price, raised to the deal's floor
	Notices   bool          `json:"notices"`    // bids carry nurl, burl and lurl
	// NotifyFailure is how notices are taken: none, error_500, hang, close, refuse.
	NotifyFailure string `json:"notify_failure"`
	Terms
	Compress bool `json:"compress"` // answers use a coding the request accepts
	Ready    bool `json:"ready"`    // GET /ready answers 1 or 0
	// PriceText is what the failure bad_price writes as the price, verbatim.
	PriceText string `json:"price_text"`
	// Raw is what the failure raw answers, verbatim.
	Raw Raw `json:"raw"`
}

// Raw is a whole answer made by hand.
type Raw struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header"`
	Body   string            `json:"body"`
}

// Defaults are the settings of a bidder with the given seat number that bids price on everything.
func Defaults(seat int, price control.Price) Settings {
	return Settings{
		Seat: strconv.Itoa(seat), Price: price, Prices: map[string]control.Price{}, Currency: "USD", Failure: "none", NotifyFailure: "none",
		Probability: 1, Bids: 1, Sizes: []string{"300x250", "728x90", "300x600", "320x50"}, Creative: "c-{size}",
		Adomain: []string{fmt.Sprintf("brand-%d.example", seat)}, Ready: true, PriceText: "-1",
		Raw: Raw{Status: 200, Header: map[string]string{"Content-Type": "application/json"}},
	}
}

// Demo is the market of the demo: what bidder n of it (1 to 8) starts with. Bidder 1 always bids and outbids the others on
// 300x250; the others each show one thing.
func Demo(n int) Settings {
	cents := [...]control.Price{2_500_000, 2_100_000, 1_800_000, 1_600_000, 1_400_000, 1_200_000, 1_000_000, 900_000}
	s := Defaults(200+n, cents[(n-1)%len(cents)])
	s.Adomain = []string{[...]string{"kite", "heron", "plover", "tern", "wren", "rook", "lark", "stork"}[(n-1)%len(cents)] + ".example"}
	switch n {
	case 2: // reaches past bidder 1 on the leaderboard
		s.Prices["728x90"] = 2_900_000
	case 3:
		s.Currency = "EUR"
	case 4: // slow, yet well within the deadline
		s.Latency = control.Wait(40 * time.Millisecond)
	case 5: // a private deal wins for it although others bid more
		s.Deal, s.DealPrice = "*", 1_100_000
	case 6: // several bids per impression, on half of the requests
		s.Bids, s.Probability = 3, 0.5
	case 7:
		s.Failure = "no_bid"
	case 8:
		s.Latency, s.Jitter = control.Wait(5*time.Millisecond), control.Wait(30*time.Millisecond)
	}
	return s
}

// Check reports the first setting that makes no sense.
func (s *Settings) Check() error {
	if _, ok := ad.ParseCurrency(s.Currency); !ok || s.Currency == "" {
		return fmt.Errorf("currency: %q is not an ISO 4217 code in capitals, such as EUR", s.Currency)
	}
	if failureNamed(s.Failure) == nil {
		return fmt.Errorf("failure: unknown %q; one of %s", s.Failure, strings.Join(Failures(), ", "))
	}
	if !slices.Contains(noticeFailures(), s.NotifyFailure) {
		return fmt.Errorf("notify_failure: unknown %q; one of %s", s.NotifyFailure, strings.Join(noticeFailures(), ", "))
	}
	if err := s.Terms.check(); err != nil {
		return err
	}
	if !(s.Probability >= 0 && s.Probability <= 1) {
		return fmt.Errorf("probability: %v is not from 0 to 1", s.Probability)
	}
	if s.Bids < 0 || s.Bids > BidsMax {
		return fmt.Errorf("bids: %d is not from 0 to %d", s.Bids, BidsMax)
	}
	for _, text := range s.Sizes {
		if _, ok := ad.ParseSize(text); !ok {
			return fmt.Errorf("sizes: %q is not a size such as 300x250", text)
		}
	}
	for text := range s.Prices {
		if !slices.Contains(s.Sizes, text) {
			return fmt.Errorf("prices: no creative of size %q; sizes are %s", text, strings.Join(s.Sizes, ", "))
		}
	}
	if s.Seat == "" {
		return fmt.Errorf("seat: empty; a bid needs the member it is for, such as 201")
	}
	return s.Raw.check()
}

func (r *Raw) check() error {
	if r.Status < 100 || r.Status > 599 {
		return fmt.Errorf("raw.status: %d is not from 100 to 599", r.Status)
	}
	for name, value := range r.Header {
		if strings.ContainsAny(name+value, "\r\n") || name == "" {
			return fmt.Errorf("raw.header: %q holds a line end or has no name", name)
		}
	}
	return nil
}
