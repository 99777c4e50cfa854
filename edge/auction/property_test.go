package auction

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"curb/edge/ad"
)

// The properties that hold of any auction whatever. Those that hold under conditions, and those that do not hold, are in
// counterexample_test.go.

func TestEveryBidHasExactlyOneReason(t *testing.T) {
	each(t, func(_ dice, s *sale) error {
		h := s.hold()
		won := 0
		for i, b := range h.Bids {
			switch arrived := s.Bids[i].Reason; {
			case b.Reason == ad.Undecided:
				return fmt.Errorf("%s left undecided", b.ID)
			case arrived != ad.Undecided && b.Reason != arrived:
				return fmt.Errorf("%s came with %v and left with %v", b.ID, arrived, b.Reason)
			case b.Reason == ad.Won:
				won++
				if i != h.Winner {
					return fmt.Errorf("%s has won, but %s is the winner", b.ID, h.winner())
				}
			}
			if j := h.Judged[i]; (j.Stage != NoStage) != (j.Net > 0 && arrivedEligible(h, i)) {
				return fmt.Errorf("%s: judged %+v with reason %v", b.ID, j, b.Reason)
			}
		}
		if (won == 1) != (h.Winner >= 0) || won > 1 || (h.Winner >= 0) != (h.Eligible > 0) {
			return fmt.Errorf("%d winners, winner %d, %d eligible", won, h.Winner, h.Eligible)
		}
		return nil
	})
}

// arrivedEligible tells by the reason alone whether the bid got past its own checks.
func arrivedEligible(h held, i int) bool {
	switch h.Bids[i].Reason {
	case ad.Won, ad.Outbid, ad.TieLost, ad.LowerPriority, ad.ResaleClosed, ad.PrivateClosed, ad.DealPriority:
		return true
	}
	return false
}

func TestPriceLiesBetweenFloorAndOwnBid(t *testing.T) {
	each(t, func(_ dice, s *sale) error {
		h := s.hold()
		if h.Winner < 0 {
			return nil
		}
		w, j := s.Bids[h.Winner], h.Judged[h.Winner]
		switch {
		case w.Reason != ad.Undecided:
			return fmt.Errorf("%s won although refused for %v", w.ID, w.Reason)
		case h.ClearPrice > j.Net || h.ClearPrice < h.Floor || h.Floor != j.Floor:
			return fmt.Errorf("clears at %v outside %v to %v", h.ClearPrice, h.Floor, j.Net)
		case h.BuyerPays < h.ClearPrice || h.BuyerPays > j.Gross:
			return fmt.Errorf("buyer pays %v, outside %v to %v", h.BuyerPays, h.ClearPrice, j.Gross)
		case h.Paid > w.Goal.CPM(w.Price):
			return fmt.Errorf("pays %v %v for a bid of %v", h.Paid, h.Currency, w.Goal.CPM(w.Price))
		case h.ClearPrice == j.Net && !h.Bids[h.Winner].Capped && h.Paid != w.Goal.CPM(w.Price):
			return fmt.Errorf("pays its own bid, %v, but %v is noted", w.Goal.CPM(w.Price), h.Paid)
		case j.Gross > ad.CPMMax:
			return fmt.Errorf("counts as %v, over the cap", j.Gross)
		}
		return nil
	})
}

// TestMinPriceBoundsTheReduction: a winner that is reduced pays no less than it said it may be reduced to, to the micro
// of its own currency; a minimum at or above the bid means no reduction; and who wins is not its matter.
func TestMinPriceBoundsTheReduction(t *testing.T) {
	met := 0
	each(t, func(d dice, s *sale) error {
		h := s.hold()
		if h.Winner < 0 {
			return nil
		}
		w, j := s.Bids[h.Winner], h.Judged[h.Winner]
		bid, least := w.Goal.CPM(w.Price), w.Goal.CPM(w.MinPrice)
		switch {
		case h.Basis == FixedAsk:
		case h.Bids[h.Winner].Capped && least >= bid && h.ClearPrice != j.Net:
			return fmt.Errorf("capped, with a minimum of %v for a bid of %v, clears at %v of %v", least, bid, h.ClearPrice, j.Net)
		case !h.Bids[h.Winner].Capped && h.Paid < min(least, bid):
			return fmt.Errorf("pays %v, may not be reduced below %v", h.Paid, least)
		case h.Basis == AtMinimum:
			met++
		}
		c := s.clone()
		c.Bids[h.Winner].MinPrice = 0
		free := c.hold()
		if free.Winner != h.Winner || free.ClearPrice > h.ClearPrice || !maps.Equal(free.reasons(), h.reasons()) {
			return fmt.Errorf("without its minimum %s wins at %v, with it at %v", free.winner(), free.ClearPrice, h.ClearPrice)
		}
		if s.PriceRule == ad.FirstPrice && free.ClearPrice != h.ClearPrice {
			return fmt.Errorf("first price: %v with a minimum, %v without", h.ClearPrice, free.ClearPrice)
		}
		return nil
	})
	if met < 100 {
		t.Errorf("only %d of %d sales were settled by a minimum", met, rounds)
	}
}

// raised is the sale with the winner's bid raised by a little or a lot.
func raised(d dice, s *sale, winner int) *sale {
	c := s.clone()
	c.Bids[winner].Price += 1 + ad.CPM(d.Int64N(int64(c.Bids[winner].Price)*3+1000))
	return c
}

func TestRaisingTheWinnersBidKeepsTheWin(t *testing.T) {
	each(t, func(d dice, s *sale) error {
		before := s.hold()
		if before.Winner < 0 {
			return nil
		}
		after := raised(d, s, before.Winner)
		if h := after.hold(); h.Winner != before.Winner {
			return fmt.Errorf("%s won with %v and lost to %s with %v", before.winner(),
				s.Bids[before.Winner].Price, h.winner(), after.Bids[before.Winner].Price)
		}
		return nil
	})
}

func TestRaisingTheWinnersBidNeverLowersItsPrice(t *testing.T) {
	each(t, func(d dice, s *sale) error {
		before := s.hold()
		if before.Winner < 0 {
			return nil
		}
		if h := raised(d, s, before.Winner).hold(); h.ClearPrice < before.ClearPrice {
			return fmt.Errorf("%s cleared at %v, and at %v with a higher bid", before.winner(), before.ClearPrice, h.ClearPrice)
		}
		return nil
	})
}

func TestRaisingAManagedWinnersPriorityKeepsTheWin(t *testing.T) {
	each(t, func(_ dice, s *sale) error {
		before := s.hold()
		if before.Winner < 0 || s.Bids[before.Winner].Kind != ad.Managed {
			return nil
		}
		c := s.clone()
		item := c.Bids[before.Winner].LineItem
		if item.Priority == 0 {
			item.Priority = ad.DealPriorityDefault
		}
		item.Priority++
		if h := c.hold(); h.Winner != before.Winner {
			return fmt.Errorf("%s won, and lost to %s at priority %d", before.winner(), h.winner(), item.Priority)
		}
		return nil
	})
}

func TestArrivalChangesNothing(t *testing.T) {
	each(t, func(d dice, s *sale) error {
		c := s.clone()
		d.Shuffle(len(c.Bids), func(i, j int) { c.Bids[i], c.Bids[j] = c.Bids[j], c.Bids[i] })
		a, b := s.hold(), c.hold()
		if a.winner() != b.winner() {
			return fmt.Errorf("%s won, %s in another order", a.winner(), b.winner())
		}
		if !maps.Equal(a.reasons(), b.reasons()) {
			return fmt.Errorf("reasons %v, in another order %v", a.reasons(), b.reasons())
		}
		a.Winner, b.Winner = 0, 0
		if a.Result != b.Result {
			return fmt.Errorf("result %+v, in another order %+v", a.Result, b.Result)
		}
		return nil
	})
}

func TestClosedGateKeepsEverybodyElseOut(t *testing.T) {
	each(t, func(_ dice, s *sale) error {
		h := s.hold()
		closed := false
		for i, b := range h.Bids {
			j := h.Judged[i]
			priority := uint8(0)
			if b.LineItem != nil {
				priority = b.LineItem.Priority
				if priority == 0 {
					priority = ad.DealPriorityDefault
				}
			}
			closed = closed || j.Stage != NoStage && s.ResellingPriority > 0 && priority >= s.ResellingPriority
		}
		if closed != (h.Stage == Gate) || GateClosed(&s.Setting, s.clone().Bids) != closed {
			return fmt.Errorf("gate closed is %v, stage %v", closed, h.Stage)
		}
		if closed && h.Bids[h.Winner].Kind != ad.Managed {
			return fmt.Errorf("%s got past the gate", h.winner())
		}
		return nil
	})
}

func TestManagedDemandAloneTellsTheSameGate(t *testing.T) {
	each(t, func(_ dice, s *sale) error {
		c := s.clone()
		c.Bids = c.Bids[:0]
		for _, b := range s.Bids {
			if b.Kind == ad.Managed {
				c.Bids = append(c.Bids, b)
			}
		}
		alone, all := c.hold(), s.hold()
		if (alone.Stage == Gate) != (all.Stage == Gate) {
			return fmt.Errorf("stage %v with managed bids alone, %v with all", alone.Stage, all.Stage)
		}
		if all.Stage == Gate && (alone.winner() != all.winner() || alone.ClearPrice != all.ClearPrice) {
			return fmt.Errorf("behind the gate %s at %v, with all bids %s at %v", alone.winner(), alone.ClearPrice, all.winner(), all.ClearPrice)
		}
		return nil
	})
}

func TestAnExcludedBidNeverWins(t *testing.T) {
	each(t, func(_ dice, s *sale) error {
		before := s.hold()
		if before.Winner < 0 {
			return nil
		}
		c := s.clone()
		c.Bids[before.Winner].Reason = ad.Excluded
		if h := c.hold(); h.Winner == before.Winner || h.Bids[before.Winner].Reason != ad.Excluded {
			return fmt.Errorf("%s was excluded and left with %v", before.winner(), h.Bids[before.Winner].Reason)
		}
		return nil
	})
}

func TestAnIneligibleBidChangesNothingButItsOwnReason(t *testing.T) {
	each(t, func(d dice, s *sale) error {
		extra := d.bid("extra")
		switch d.IntN(3) {
		case 0:
			extra.Reason = ad.CreativeBlocked
		case 1:
			extra.Price = 0
		case 2:
			extra.Currency, extra.Rate = ad.Currency{'X', 'X', 'X'}, 0
		}
		a, b := s.hold(), s.with(extra).hold()
		if a.Result != b.Result {
			return fmt.Errorf("result %+v, with an ineligible bid %+v", a.Result, b.Result)
		}
		reasons := b.reasons()
		delete(reasons, "extra")
		if !maps.Equal(a.reasons(), reasons) {
			return fmt.Errorf("reasons %v, with an ineligible bid %v", a.reasons(), reasons)
		}
		return nil
	})
}

func TestRaisingTheResellingPriorityNeverTakesAWinFromRTB(t *testing.T) {
	each(t, func(_ dice, s *sale) error {
		before := s.hold()
		if before.Winner < 0 || s.Bids[before.Winner].Kind != ad.RTB || s.ResellingPriority == 0 {
			return nil
		}
		c := s.clone()
		c.ResellingPriority++
		if h := c.hold(); h.Winner != before.Winner {
			return fmt.Errorf("%s won at reselling priority %d, %s one above", before.winner(), s.ResellingPriority, h.winner())
		}
		return nil
	})
}

func TestTheTraceChangesNothing(t *testing.T) {
	each(t, func(_ dice, s *sale) error {
		c := s.clone()
		c.Trace = &Trace{}
		a, b := s.hold(), c.hold()
		if a.Result != b.Result || !maps.Equal(a.reasons(), b.reasons()) {
			return fmt.Errorf("untraced %+v, traced %+v", a.Result, b.Result)
		}
		if c.Trace.Result != b.Result || len(c.Trace.Bids) != len(b.Bids) || len(c.Trace.Ranking) != b.Entered {
			return fmt.Errorf("the trace of %+v says %+v", b.Result, c.Trace.Result)
		}
		if b.Winner >= 0 && c.Trace.Ranking[0] != b.Winner {
			return fmt.Errorf("%s won, but the trace ranks %d first", b.winner(), c.Trace.Ranking[0])
		}
		return nil
	})
}

// Pairs of auctions that must come out alike.

func TestScalingAllMoneyScalesTheResult(t *testing.T) {
	for seed := range uint64(rounds) {
		d := dice{rand.New(rand.NewPCG(seed, 2))}
		s := onGrid(d, d.sale())
		k := ad.CPM(2 + d.IntN(9))
		c := s.clone()
		c.Floor.Price *= k
		for i := range c.Bids {
			c.Bids[i].Price *= k
			if c.Bids[i].Deal != nil {
				c.Bids[i].Deal.Ask *= k
			}
		}
		a, b := s.hold(), c.hold()
		if a.winner() != b.winner() || a.Stage != b.Stage || a.ClearPrice*k != b.ClearPrice || a.Shielded*k != b.Shielded {
			t.Fatalf("seed %d, scaled by %d: %+v became %+v\n%s", seed, k, a.Result, b.Result, s)
		}
		if !maps.Equal(a.reasons(), b.reasons()) {
			t.Fatalf("seed %d, scaled by %d: reasons %v became %v\n%s", seed, k, a.reasons(), b.reasons(), s)
		}
	}
}

// onGrid is a first-price sale whose amounts are multiples of a tie bucket in USD below the cap, so that scaling up
// neither makes nor breaks a tie.
func onGrid(d dice, s *sale) *sale {
	s.PriceRule, s.Floor.Soft, s.PassedOn = ad.FirstPrice, 0, false
	for i := range s.Bids {
		b := &s.Bids[i]
		*b = ad.Bid{ID: b.ID, Member: b.Member, Kind: b.Kind, LineItem: b.LineItem, Deal: b.Deal, Reason: b.Reason}
		b.Price = ad.CPM(1+d.IntN(90_000)) * ad.TieBucket
		if d.in(50) {
			b.Price = ad.CPM(1+d.IntN(24)) * ad.Dollar / 4
		}
	}
	return s
}

// Renaming seats may only change who wins a tie, and then the seat with the highest new ticket does.
func TestRenamingSeatsFollowsTheTickets(t *testing.T) {
	ties := 0
	each(t, func(d dice, s *sale) error {
		for i := range s.Bids { // a seat per bid, and no rank that another bid of the seat could decide
			s.Bids[i].Member = ad.MemberID(i + 1)
		}
		c := s.clone()
		for i, p := range d.Perm(len(c.Bids)) {
			c.Bids[i].Member = ad.MemberID(1000 + p)
		}
		a, b := s.hold(), c.hold()
		if a.Stage != b.Stage || (a.Winner < 0) != (b.Winner < 0) {
			return fmt.Errorf("renamed, %+v became %+v", a.Result, b.Result)
		}
		if a.Winner < 0 {
			return nil
		}
		best := -1
		for i := range c.Bids {
			if b.Judged[i].Entered && bucket(b.Judged[i].Rank) == bucket(a.Judged[a.Winner].Rank) {
				if best >= 0 {
					ties++
				}
				if best < 0 || seatTicket(c, i) > seatTicket(c, best) {
					best = i
				}
			}
		}
		if b.Winner != best {
			return fmt.Errorf("renamed, %s won, but %s has the best ticket", b.winner(), c.Bids[best].ID)
		}
		return nil
	})
	if ties < rounds/100 {
		t.Errorf("only %d ties were met", ties)
	}
}

func seatTicket(s *sale, i int) uint64 {
	return Ticket(s.Salt, s.Auction, s.Impression, s.Bids[i].Member)
}
