package auction

import (
	"encoding/binary"
	"fmt"
	"testing"

	"curb/edge/ad"
)

// Properties that hold only under conditions, each beside the auction that breaks it without them. An auction with
// priorities is not a plain auction: whoever forgets that should find it here.

func managedBid(id string, priority uint8, price ad.CPM) ad.Bid {
	return ad.Bid{ID: id, Kind: ad.Managed, Member: 100, LineItem: &ad.LineItem{ID: ad.LineItemID(len(id)), Priority: priority}, Price: price}
}

func rtbBid(id string, price ad.CPM) ad.Bid {
	return ad.Bid{ID: id, Member: ad.MemberID(200 + int(id[0])), Price: price}
}

func privateBid(id string, ask, price ad.CPM) ad.Bid {
	deal := &ad.Deal{ID: "D-" + id, Type: ad.DealPrivate, HasAsk: true, Ask: ask}
	return ad.Bid{ID: id, Kind: ad.DealBid, Member: 300, Deal: deal, Price: price}
}

// blocked is the sale with the bid of that id blocked.
func (s *sale) blocked(id string) *sale {
	c := s.clone()
	for i := range c.Bids {
		if c.Bids[i].ID == id {
			c.Bids[i].Reason = ad.CreativeBlocked
		}
	}
	return c
}

func outcome(s *sale) string {
	h := s.hold()
	return fmt.Sprintf("%s %v %v", h.winner(), h.ClearPrice, h.Stage)
}

func TestBlockingALoserMayChangeTheWinner(t *testing.T) {
	cases := []struct {
		name          string
		sale          *sale
		loser         string
		before, after string
	}{
		{"the top managed tier leaves, and a richer lower tier comes in",
			&sale{Setting{ResellingPriority: 6}, []ad.Bid{
				managedBid("C3", 4, 4*ad.Dollar), managedBid("C4", 5, 2*ad.Dollar), rtbBid("R", 3*ad.Dollar)}},
			"C4", "R 3 open", "C3 4 open"},
		{"a losing private deal leaves, and the open auction is held after all",
			&sale{Setting{ResellingPriority: 6}, []ad.Bid{
				managedBid("A", 5, 2*ad.Dollar), privateBid("X", ad.Dollar, 3*ad.Dollar/2), rtbBid("R", 7*ad.Dollar)}},
			"X", "A 2 private", "R 7 open"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := outcome(c.sale); got != c.before {
				t.Errorf("%s, want %s", got, c.before)
			}
			if got := outcome(c.sale.blocked(c.loser)); got != c.after {
				t.Errorf("without %s %s, want %s", c.loser, got, c.after)
			}
		})
	}
}

// plainness is what is known of a sale's structure.
func plainness(s *sale) (tiers map[uint8]bool, private bool) {
	tiers = map[uint8]bool{}
	h := s.hold()
	for i, b := range s.Bids {
		if h.Judged[i].Stage == NoStage {
			continue
		}
		if b.Kind == ad.Managed {
			priority := b.LineItem.Priority
			if priority == 0 {
				priority = ad.DealPriorityDefault
			}
			tiers[priority] = true
		}
		private = private || b.Kind == ad.DealBid && b.Deal.Type == ad.DealPrivate
	}
	return tiers, private
}

func TestBlockingALoserKeepsTheWinnerWithoutStages(t *testing.T) {
	tried := 0
	each(t, func(_ dice, s *sale) error {
		before := s.hold()
		tiers, private := plainness(s)
		if before.Winner < 0 || before.Stage != Gate && (private || len(tiers) > 1) {
			return nil
		}
		for i := range s.Bids {
			if i == before.Winner {
				continue
			}
			tried++
			if h := s.blocked(s.Bids[i].ID).hold(); h.Winner != before.Winner {
				return fmt.Errorf("%s won, %s without %s", before.winner(), h.winner(), s.Bids[i].ID)
			}
		}
		return nil
	})
	if tried < rounds {
		t.Errorf("only %d losers blocked", tried)
	}
}

func TestOneMoreBidMayLowerFirstPriceRevenue(t *testing.T) {
	s := &sale{Setting{}, []ad.Bid{managedBid("A", 1, 5*ad.Dollar)}}
	if got := outcome(s); got != "A 5 open" {
		t.Errorf("%s, want A 5 open", got)
	}
	if got := outcome(s.with(managedBid("B", 2, 5*ad.Dollar/2))); got != "B 2.5 open" {
		t.Errorf("with a bid of a higher priority %s, want B 2.5 open", got)
	}
}

func TestOneMoreBidNeverLowersFirstPriceRevenueWithoutStages(t *testing.T) {
	tried := 0
	each(t, func(d dice, s *sale) error {
		s.PriceRule, s.ResellingPriority = ad.FirstPrice, 0
		more := s.with(d.bid("extra"))
		for i := range more.Bids {
			more.Bids[i].Bias = ad.Bias{}
			if deal := more.Bids[i].Deal; deal != nil {
				deal.Fixed = false
			}
		}
		if tiers, private := plainness(more); private || len(tiers) > 1 {
			return nil
		}
		tried++
		last := len(more.Bids) - 1
		a, b := more.without(last).hold(), more.hold()
		if b.ClearPrice <= a.ClearPrice-ad.TieBucket {
			return fmt.Errorf("%v with one bid more, %v without", b.ClearPrice, a.ClearPrice)
		}
		return nil
	})
	if tried < rounds/10 {
		t.Errorf("only %d auctions without stages were met", tried)
	}
}

func TestRaisingTheFloorMayLowerThePrice(t *testing.T) {
	cases := []struct {
		name          string
		sale          *sale
		floor         ad.CPM
		before, after string
	}{
		{"a managed bid falls under it, and the private deal it beat sells for less",
			&sale{Setting{}, []ad.Bid{managedBid("A", 5, 3*ad.Dollar), privateBid("X", ad.Dollar, 2*ad.Dollar)}},
			7 * ad.Dollar / 2, "A 3 private", "X 2 private"},
		{"the setter falls under it, and takes its cent along",
			&sale{Setting{PriceRule: ad.SecondPrice}, []ad.Bid{rtbBid("A", 5*ad.Dollar), rtbBid("B", 3*ad.Dollar)}},
			3_005_000, "A 3.01 open", "A 3.005 open"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := outcome(c.sale); got != c.before {
				t.Errorf("%s, want %s", got, c.before)
			}
			c.sale.Floor.Price = c.floor
			if got := outcome(c.sale); got != c.after {
				t.Errorf("at floor %v %s, want %s", c.floor, got, c.after)
			}
		})
	}
}

// Without stages the price falls by less than the second price's cent, and in first price not at all.
func TestRaisingTheFloorNeverLowersThePriceWithoutStages(t *testing.T) {
	tried := 0
	each(t, func(d dice, s *sale) error {
		s.ResellingPriority = 0
		for i := range s.Bids {
			s.Bids[i].Bias = ad.Bias{}
			if s.Bids[i].Kind == ad.DealBid {
				s.Bids[i].Kind, s.Bids[i].Deal = ad.RTB, nil
			}
		}
		if tiers, _ := plainness(s); len(tiers) > 1 {
			return nil
		}
		c := s.clone()
		c.Floor.Price += 1 + ad.CPM(d.Int64N(int64(2*ad.Dollar)))
		a, b := s.hold(), c.hold()
		if a.Winner < 0 || b.Winner < 0 {
			return nil
		}
		tried++
		slack := ad.CPM(0)
		if s.PriceRule == ad.SecondPrice {
			slack = ad.Cent - 1
		}
		if b.ClearPrice < a.ClearPrice-slack {
			return fmt.Errorf("floor %v: %v, floor %v: %v", s.Floor.Price, a.ClearPrice, c.Floor.Price, b.ClearPrice)
		}
		return nil
	})
	if tried < rounds/10 {
		t.Errorf("only %d auctions without stages were met", tried)
	}
}

func TestFavouringABidMayNotSellUnderTheFloor(t *testing.T) {
	favoured := rtbBid("F", ad.Dollar)
	favoured.Bias = ad.Bias{Share: ad.BiasShareMax}
	s := &sale{Setting{Floor: Applied{Price: 2 * ad.Dollar, Source: FloorPlacement}}, []ad.Bid{favoured, rtbBid("R", 3*ad.Dollar)}}
	if got := outcome(s); got != "R 3 open" {
		t.Errorf("%s, want R 3 open", got)
	}
}

// A seat that splits its bid, or sends many, holds one ticket like everybody else.
func TestManyBidsBuyNoTickets(t *testing.T) {
	const auctions = 20_000
	wins := 0
	for n := range auctions {
		s := &sale{Setting{Salt: Salt{1}}, []ad.Bid{rtbBid("Z", ad.Dollar)}}
		binary.BigEndian.PutUint64(s.Auction[:8], uint64(n))
		for i := range 8 {
			s.Bids = append(s.Bids, ad.Bid{ID: fmt.Sprint(n, i), Member: 7, Price: ad.Dollar})
		}
		if s.hold().winner() != "Z" {
			wins++
		}
	}
	if off := wins - auctions/2; off*off > auctions*25/4 { // five standard deviations
		t.Errorf("eight bids of one seat won %d of %d ties against one bid", wins, auctions)
	}
}

// Closeness is not transitive, so ties are buckets: 1.0004 and 1.0005 differ by less than 1.0000 and 1.0004.
func TestTiesAreBuckets(t *testing.T) {
	cases := []struct {
		a, b ad.CPM
		tied bool
	}{{1_000_000, 1_000_499, true}, {1_000_499, 1_000_500, false}, {1, 499, true}, {499, 500, false}}
	for _, c := range cases {
		if got := bucket(c.a) == bucket(c.b); got != c.tied {
			t.Errorf("%v and %v tied: %v", c.a, c.b, got)
		}
	}
	if bucket(-1) == bucket(0) || bucket(-1) != bucket(-500) || bucket(-501) == bucket(-500) {
		t.Error("buckets below zero are not as wide as those above")
	}
}

// Two line items of one owner that ask the same take turns instead of one starving the other.
func TestLineItemsOfOnePriceTakeTurns(t *testing.T) {
	const auctions = 4_000
	wins := 0
	for n := range auctions {
		s := &sale{Setting{Salt: Salt{1}}, []ad.Bid{managedBid("A", 5, ad.Dollar), managedBid("BB", 5, ad.Dollar)}}
		binary.BigEndian.PutUint64(s.Auction[:8], uint64(n))
		if s.hold().winner() == "A" {
			wins++
		}
	}
	if off := wins - auctions/2; off*off > auctions*25/4 {
		t.Errorf("one of two like line items won %d of %d", wins, auctions)
	}
}
