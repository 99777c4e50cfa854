package bidder

import (
	"strconv"
	"time"

	"curb/edge/ad"
)

const jsonFields = "Content-Type: application/json\r\n"

// step is what each further bid on an impression is lower by: a cent.
const step ad.CPM = 10_000

// appendAnswer writes the response to a request and says how many bids it holds. Without bids it writes nothing.
func (p *plan) appendAnswer(dst []byte, a *ask) (body []byte, bids int) {
	start := len(dst)
	dst = append(dst, `{"id":`...)
	if p.twist.id != "" {
		dst = appendString(dst, p.twist.id)
	} else {
		dst = appendString(dst, a.id)
	}
	dst = append(dst, p.opening...)
	for i := range a.impressions {
		imp := &a.impressions[i]
		c := p.pick(imp)
		if c == nil {
			continue
		}
		for k := range p.bids {
			price := c.price - step*ad.CPM(k)
			if price <= 0 && k > 0 {
				break
			}
			dst = p.appendBid(dst, a, imp, c, price, bids)
			bids++
			if p.twist.duplicate {
				dst = p.appendBid(dst, a, imp, c, price, bids-1)
				bids++
			}
		}
	}
	if bids == 0 {
		return dst[:start], 0
	}
	dst = dst[:len(dst)-1] // the comma after the last bid
	return append(dst, p.closing...), bids
}

// pick finds the creative for the first of the impression's sizes that there is one for.
func (p *plan) pick(imp *askedImpression) *creative {
	for _, size := range imp.sizes {
		for i := range p.creatives {
			if p.creatives[i].size == size {
				return &p.creatives[i]
			}
		}
	}
	return nil
}

func (p *plan) appendBid(dst []byte, a *ask, imp *askedImpression, c *creative, price ad.CPM, n int) []byte {
	dst = append(dst, `{"id":`...)
	dst = appendString(dst, a.id)
	dst = append(dst[:len(dst)-1], '-') // within the quotes
	dst = strconv.AppendInt(dst, int64(n+1), 10)
	dst = append(dst, `","impid":`...)
	if p.twist.impression != "" {
		dst = appendString(dst, p.twist.impression)
	} else {
		dst = appendString(dst, imp.id)
	}
	deal := p.offered(imp)
	if deal != nil {
		price = p.dealBid(deal, price)
	}
	dst = append(dst, `,"price":`...)
	if p.twist.priceText {
		dst = append(dst, p.priceText...)
	} else {
		dst = price.Append(dst)
	}
	dst = append(dst, c.rest...)
	if deal != nil {
		dst = appendMember(dst, "dealid", deal.id)
	}
	return append(dst, '}', ',')
}

// offered is the deal the bidder uses on the impression, or nil.
func (p *plan) offered(imp *askedImpression) *askedDeal {
	if p.twist.deal != "" {
		return &askedDeal{id: p.twist.deal}
	}
	if p.deal == "" {
		return nil
	}
	for i := range imp.deals {
		if p.deal == "*" || imp.deals[i].id == p.deal {
			return &imp.deals[i]
		}
	}
	return nil
}

// dealBid is the price under a deal: the one set, else the open price raised to what the deal asks.
func (p *plan) dealBid(deal *askedDeal, open ad.CPM) ad.CPM {
	if p.dealPrice > 0 {
		return p.dealPrice
	}
	return max(open, deal.floor)
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
