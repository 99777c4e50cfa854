package bidder

import (
	"strconv"
	"time"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

const jsonFields = "Content-Type: application/json\r\n"

// step is what each further bid on an impression is lower by: a cent.
const step ad.CPM = 10_000

// draft is an answer being written.
type draft struct {
	plan *plan
	id   string // the request's
	out  []byte
	bids int
	// ownerPhase: the request comes before the auction, to the owner's bidder alone.
	ownerPhase bool
}

// appendAnswer writes the response to a request and says how many bids it holds; without wanting there are none. Without bids
// it writes nothing, unless it has something else to say.
func (p *plan) appendAnswer(dst []byte, a *ask, want bool) (body []byte, bids int) {
	start := len(dst)
	d := draft{plan: p, id: a.ID, out: append(dst, `{"id":`...), ownerPhase: a.inOwnerPhase()}
	if p.twist.id != "" {
		d.out = appendString(d.out, p.twist.id)
	} else {
		d.out = appendString(d.out, a.ID)
	}
	bare := len(d.out)
	d.out = append(d.out, p.opening...)
	for i := range a.Imp {
		if want {
			d.offer(&a.Imp[i])
		}
	}
	if d.bids == 0 {
		d.out = append(d.out[:bare], `,"seatbid":[]`...)
		before := len(d.out)
		if d.appendExt(a); len(d.out) == before {
			return d.out[:start], 0
		}
		return append(d.out, '}'), 0
	}
	d.out = append(d.out[:len(d.out)-1], `]}]`...) // over the comma after the last bid
	d.appendExt(a)
	return append(d.out, p.closing...), d.bids
}

// offer writes the bids on one impression.
func (d *draft) offer(imp *openrtb.Imp) {
	c := d.plan.pick(imp.Banner)
	if c == nil {
		return
	}
	for k := range d.plan.bids {
		price := c.price - step*ad.CPM(k)
		if price <= 0 && k > 0 {
			return
		}
		d.bids++
		d.bid(imp, c, price)
		if d.plan.twist.duplicate {
			d.bid(imp, c, price)
		}
	}
}

// pick finds the creative for the first of the banner's sizes that there is one for.
func (p *plan) pick(banner *openrtb.Banner) *creative {
	if banner == nil {
		return nil
	}
	for i := range banner.Format {
		if c := p.creativeOf(banner.Format[i].W, banner.Format[i].H); c != nil {
			return c
		}
	}
	return p.creativeOf(banner.W, banner.H)
}

func (p *plan) creativeOf(w, h int) *creative {
	for i := range p.creatives {
		if size := p.creatives[i].size; int(size.W) == w && int(size.H) == h {
			return &p.creatives[i]
		}
	}
	return nil
}

// bid writes one bid and a comma.
func (d *draft) bid(imp *openrtb.Imp, c *creative, price ad.CPM) {
	p, out := d.plan, d.out
	out = append(out, `{"id":`...)
	out = appendString(out, d.id)
	out = append(out[:len(out)-1], '-') // within the quotes
	out = strconv.AppendInt(out, int64(d.bids), 10)
	out = append(out, `","impid":`...)
	if p.twist.impression != "" {
		out = appendString(out, p.twist.impression)
	} else {
		out = appendString(out, imp.ID)
	}
	deal := p.offered(imp.PMP)
	if deal != nil {
		price = p.dealBid(deal, price)
	}
	out = append(out, `,"price":`...)
	if p.twist.priceText {
		out = append(out, p.priceText...)
	} else {
		out = price.Append(out)
	}
	out = append(out, c.rest...)
	if deal != nil {
		out = appendMember(out, "dealid", deal.ID)
	}
	if d.ownerPhase {
		out = append(out, p.ownerExt...)
	} else {
		out = append(out, p.bidExt...)
	}
	d.out = append(out, '}', ',')
}

// offered is the deal the bidder uses on the impression, or nil.
func (p *plan) offered(pmp *openrtb.PMP) *openrtb.Deal {
	if p.twist.deal != "" {
		return &p.wrongDeal
	}
	if p.deal == "" || pmp == nil {
		return nil
	}
	var best *openrtb.Deal
	for i := range pmp.Deals {
		deal := &pmp.Deals[i]
		if deal.ID == p.deal {
			return deal
		}
		if p.deal == "*" && (best == nil || deal.BidFloor > best.BidFloor) {
			best = deal
		}
	}
	return best
}

// dealBid is the price under a deal: the one set, else the open price raised to what the deal asks.
func (p *plan) dealBid(deal *openrtb.Deal, open ad.CPM) ad.CPM {
	if p.dealPrice > 0 {
		return p.dealPrice
	}
	return max(open, deal.BidFloor)
}

// bidsOn tells by the request's id whether it is among the share that gets a bid.
func (p *plan) bidsOn(hash uint64) bool {
	return p.probability >= 1 || float64(hash>>11)/(1<<53) < p.probability
}

// wait is the latency of the answer to a request.
func (p *plan) wait(hash uint64) time.Duration {
	if p.jitter <= 0 {
		return p.latency
	}
	return p.latency + time.Duration(mix(hash+1)%uint64(p.jitter))
}

func appendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }

func appendMember(dst []byte, name, value string) []byte {
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	return appendString(dst, value)
}

// appendString writes a JSON string (RFC 8259 §7).
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		if c < ' ' {
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		} else {
			dst = append(dst, '\\', c)
		}
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

// offset64 starts an FNV-1a hash.
const offset64 = 14695981039346656037

// hashString is FNV-1a with a finisher, so that near ids fall far apart.
func hashString(seed uint64, s string) uint64 {
	for i := range len(s) {
		seed = (seed ^ uint64(s[i])) * 1099511628211
	}
	return mix(seed)
}

func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
