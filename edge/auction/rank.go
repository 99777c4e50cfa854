package auction

import (
	"cmp"

	"curb/edge/ad"
)

// contest is one stage being held.
type contest struct {
	setting *Setting
	bids    []ad.Bid
	entries []entry
	field   field
	stage   Stage

	winner int // index of the best bid so far, or -1
	// leader and runner are the two highest prices among the setters, leaderAt the bid of the first; -1: none.
	leader, runner ad.CPM
	leaderAt       int
	entrants       int
	// shut is the most that an eligible bid was worth that the stage kept out; 0: none.
	shut ad.CPM
}

// hold lets the eligible bids compete, and gives those kept out their reason.
func (c *contest) hold() {
	c.winner, c.leaderAt, c.leader, c.runner = -1, -1, -1, -1
	for i := range c.bids {
		b, e := &c.bids[i], &c.entries[i]
		if b.Reason != ad.Undecided {
			continue
		}
		b.Reason = c.field.admit(c.setting, c.stage, e)
		if b.Reason != ad.Undecided {
			c.shut = max(c.shut, e.value)
			// A private deal of a lower priority has entered the stage, so it sets a price; the rest were never in it.
			if b.Reason == ad.DealPriority {
				c.sets(i, e.value)
			}
			continue
		}
		e.entered = true
		c.entrants++
		c.sets(i, e.value)
		if c.winner < 0 || c.before(i, c.winner) {
			c.winner = i
		}
	}
}

// sets notes a price that some other bid may have to beat.
func (c *contest) sets(i int, value ad.CPM) {
	switch {
	case value > c.leader:
		c.runner, c.leader, c.leaderAt = c.leader, value, i
	case value > c.runner:
		c.runner = value
	}
}

// second is the highest price among the setters but the winner; -1: there is none.
func (c *contest) second() ad.CPM {
	if c.leaderAt == c.winner {
		return c.runner
	}
	return c.leader
}

// before is the order of the ranking: by bucket, then by the seats' tickets, and within one seat by exact rank and then
// by what the bids are. It is total but for bids that are the same in all of that, and never looks at the index.
func (c *contest) before(i, j int) bool {
	if a, b := bucket(c.entries[i].rank), bucket(c.entries[j].rank); a != b {
		return a > b
	}
	x, y := &c.bids[i], &c.bids[j]
	if x.Member == y.Member {
		return c.beforeInSeat(i, j)
	}
	if a, b := c.ticket(i), c.ticket(j); a != b {
		return a > b
	}
	return x.Member < y.Member
}

// bucket is the number of the tie bucket a rank falls into. Ranks may be negative, by a bias, but not below -CPMMax; the
// shift, a multiple of the bucket, keeps division from rounding both sides of zero into one.
func bucket(rank ad.CPM) ad.CPM {
	const shift = ad.CPMMax / ad.TieBucket * ad.TieBucket
	return (rank + shift) / ad.TieBucket
}

// beforeInSeat orders two bids of one seat in one bucket. The seat gains nothing by it, so it is simply the better price,
// and line items of one price take turns by a ticket of their own.
func (c *contest) beforeInSeat(i, j int) bool {
	if a, b := c.entries[i].rank, c.entries[j].rank; a != b {
		return a > b
	}
	x, y := &c.bids[i], &c.bids[j]
	if x.Kind != y.Kind {
		return x.Kind > y.Kind
	}
	if m, n := lineItemID(x), lineItemID(y); m != n {
		a, b := lineItemTicket(c.setting, m, x.Member), lineItemTicket(c.setting, n, y.Member)
		if a != b {
			return a > b
		}
		return m < n
	}
	return orderInSeat(x, y) < 0
}

// orderInSeat is the last word between bids that rank alike: any order will do that does not depend on arrival.
func orderInSeat(x, y *ad.Bid) int {
	return cmp.Or(
		cmp.Compare(bidderID(x), bidderID(y)),
		cmp.Compare(x.ID, y.ID),
		cmp.Compare(dealID(x), dealID(y)),
		cmp.Compare(creativeID(x), creativeID(y)),
		cmp.Compare(y.Price, x.Price),
		cmp.Compare(x.Markup, y.Markup),
	)
}

func bidderID(b *ad.Bid) ad.BidderID {
	if b.Bidder == nil {
		return 0
	}
	return b.Bidder.ID
}

func creativeID(b *ad.Bid) ad.CreativeID {
	if b.Creative == nil {
		return 0
	}
	return b.Creative.ID
}

func lineItemID(b *ad.Bid) ad.LineItemID {
	if b.LineItem == nil {
		return 0
	}
	return b.LineItem.ID
}

func dealID(b *ad.Bid) string {
	if b.Deal == nil {
		return ""
	}
	return b.Deal.ID
}

// ticket draws the seat's ticket on first use: most auctions have no tie and draw none.
func (c *contest) ticket(i int) uint64 {
	e := &c.entries[i]
	if !e.drawn {
		s := c.setting
		e.ticket, e.drawn = Ticket(s.Salt, s.Auction, s.Impression, c.bids[i].Member), true
	}
	return e.ticket
}

// conclude gives the bids that entered and are still undecided their reasons.
func (c *contest) conclude() {
	top := bucket(c.entries[c.winner].rank)
	for i := range c.bids {
		b := &c.bids[i]
		if b.Reason != ad.Undecided {
			continue
		}
		b.Reason = ad.Outbid
		if bucket(c.entries[i].rank) == top {
			b.Reason = ad.TieLost
		}
	}
	c.bids[c.winner].Reason = ad.Won
}
