package bidder

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// plan is settings compiled for the hot path. It is immutable.
type plan struct {
	failure     *failure
	twist       twist
	latency     time.Duration
	jitter      time.Duration
	probability float64
	bids        int
	creatives   []creative
	deal        string
	dealPrice   ad.CPM
	wrongDeal   openrtb.Deal // of the failure unknown_deal
	compress    bool
	seed        uint64

	terms            Terms
	bidExt, ownerExt []byte // of a bid; the owner's bidder says more before an auction
	owner            ownerWords
	ownerSays        bool

	// The answer is: {"id": · the request's id · opening · bids · the answer's ext · closing.
	opening, closing []byte
	priceText        string
	raw              Raw
	rawFields        string
	bomb             []byte
}

// creative is what the bidder can offer for a size.
type creative struct {
	size  ad.Size
	price ad.CPM
	// rest is everything of a bid from its price's comma on, without the closing brace: creative, advertiser, size, markup, notices.
	rest []byte
}

// compiler turns settings into a plan; base is the bidder's own URL, for notices.
func compiler(base string) func(*Settings) (*plan, error) {
	return func(s *Settings) (*plan, error) {
		if err := s.Check(); err != nil {
			return nil, err
		}
		f := failureNamed(s.Failure)
		p := &plan{
			failure: f, twist: f.twist, latency: time.Duration(s.Latency), jitter: time.Duration(s.Jitter),
			probability: s.Probability, bids: s.Bids, deal: s.Deal, dealPrice: ad.CPM(s.DealPrice), compress: s.Compress,
			seed: hashString(offset64, s.Seat), priceText: s.PriceText, raw: s.Raw,
		}
		p.wrongDeal.ID = p.twist.deal
		p.terms, p.bidExt, p.ownerExt = s.Terms, s.Terms.appendBid(nil, false), s.Terms.appendBid(nil, true)
		p.owner, p.ownerSays = s.Terms.prepare()
		p.frame(s)
		for _, text := range s.Sizes {
			p.creatives = append(p.creatives, p.offer(s, base, text))
		}
		for _, name := range slices.Sorted(maps.Keys(s.Raw.Header)) {
			p.rawFields += name + ": " + s.Raw.Header[name] + "\r\n"
		}
		if s.Failure == "gzip_bomb" {
			p.bomb = bomb()
		}
		return p, nil
	}
}

// frame prepares what stands around the bids.
func (p *plan) frame(s *Settings) {
	currency, seat := s.Currency, s.Seat
	if p.twist.currency != "" {
		currency = p.twist.currency
	}
	if p.twist.seat != "" {
		seat = p.twist.seat
	}
	p.opening = []byte(",")
	if currency != "USD" {
		p.opening = append(p.opening, `"cur":"`+currency+`",`...)
	}
	p.opening = append(p.opening, `"seatbid":[{"seat":`...)
	p.opening = appendString(p.opening, seat)
	p.opening = append(p.opening, `,"bid":[`...)
	p.closing = append([]byte(`}`), bytes.Repeat([]byte{' '}, p.twist.pad)...)
}

// offer prepares the bid for one size.
func (p *plan) offer(s *Settings, base, text string) creative {
	size, _ := ad.ParseSize(text)
	c := creative{size: size, price: ad.CPM(s.Price)}
	if own, ok := s.Prices[text]; ok {
		c.price = ad.CPM(own)
	}
	if p.twist.size != (ad.Size{}) {
		size = p.twist.size
		text = size.String()
	}
	code := strings.ReplaceAll(s.Creative, "{size}", text)
	if p.twist.creative != "" {
		code = p.twist.creative
	}
	if !p.twist.noCreative {
		c.rest = appendMember(c.rest, "crid", code)
	}
	if len(s.Adomain) > 0 {
		c.rest = append(c.rest, `,"adomain":[`...)
		for i, domain := range s.Adomain {
			if i > 0 {
				c.rest = append(c.rest, ',')
			}
			c.rest = appendString(c.rest, domain)
		}
		c.rest = append(c.rest, ']')
	}
	c.rest = append(c.rest, `,"w":`+strconv.Itoa(int(size.W))+`,"h":`+strconv.Itoa(int(size.H))...)
	if s.Markup != "" {
		c.rest = appendMember(c.rest, "adm", s.Markup)
	}
	c.rest = append(c.rest, p.notices(s, base)...)
	return c
}

// notices are the bid's notice URLs, with the macros of OpenRTB 2.6 §4.4.
func (p *plan) notices(s *Settings, base string) (text []byte) {
	const which = "auction=${AUCTION_ID}&imp=${AUCTION_IMP_ID}&bid=${AUCTION_BID_ID}"
	const price = "&price=${AUCTION_PRICE}&currency=${AUCTION_CURRENCY}"
	if p.twist.notice != "" {
		return appendMember(nil, "nurl", p.twist.notice)
	}
	if s.Notices {
		text = appendMember(text, "nurl", base+"/win?"+which+price)
		text = appendMember(text, "burl", base+"/bill?"+which+price)
		text = appendMember(text, "lurl", base+"/loss?"+which+"&reason=${AUCTION_LOSS}")
	}
	return text
}

// bomb is a gzip body that decodes to an opening brace and 32 MiB of spaces.
func bomb() []byte {
	var out bytes.Buffer
	writer, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed) // the level is a constant, so no error
	spaces := bytes.Repeat([]byte{' '}, 1<<20)
	writer.Write([]byte{'{'})
	for range 32 {
		writer.Write(spaces)
	}
	writer.Close()
	return out.Bytes()
}
