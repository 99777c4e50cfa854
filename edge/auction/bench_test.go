package auction

import (
	"fmt"
	"testing"

	"curb/edge/ad"
)

// market makes n RTB bids of n seats as a busy placement sees them: fees everywhere, one bid in five in euros, an open
// deal now and then, the odd bid refused beforehand, no ties.
func market(n int) (*Setting, []ad.Bid) {
	setting := &Setting{
		PriceRule: ad.SecondPrice, ResellingPriority: 6, Salt: Salt{1},
		Floor: Applied{Price: ad.Dollar / 2, Source: FloorPlacement},
	}
	eur := ad.Currency{'E', 'U', 'R'}
	deal := &ad.Deal{ID: "D-1", HasAsk: true, Ask: ad.Dollar}
	bids := make([]ad.Bid, n)
	for i := range bids {
		b := &bids[i]
		b.ID, b.Member = fmt.Sprintf("bid-%02d", i), ad.MemberID(100+i)
		b.Price = ad.Dollar + ad.CPM(i*7919%n)*10_000
		b.PlatformFee, b.Currency, b.Rate = 50_000, ad.USD, ad.RateOne
		switch {
		case i%5 == 1:
			b.Currency, b.Rate = eur, ad.RateOne*108/100
		case i%7 == 3:
			b.Kind, b.Deal = ad.DealBid, deal
		case i%11 == 5:
			b.Reason = ad.CreativeUnapproved
		}
	}
	return setting, bids
}

func reset(bids []ad.Bid, reasons []ad.Reason) {
	for i := range bids {
		bids[i].Reason = reasons[i]
	}
}

func reasonsOf(bids []ad.Bid) []ad.Reason {
	reasons := make([]ad.Reason, len(bids))
	for i := range bids {
		reasons[i] = bids[i].Reason
	}
	return reasons
}

func BenchmarkRun(b *testing.B) {
	for _, n := range []int{5, 20, 64} {
		b.Run(fmt.Sprintf("bids=%d", n), func(b *testing.B) {
			setting, bids := market(n)
			arrived := reasonsOf(bids)
			var scratch Scratch
			b.ReportAllocs()
			for b.Loop() {
				reset(bids, arrived)
				Run(setting, bids, &scratch)
			}
		})
	}
}

// All bids in one bucket is the most a tie can cost: a ticket per seat.
func BenchmarkRunAllTied(b *testing.B) {
	setting, bids := market(20)
	for i := range bids {
		bids[i] = ad.Bid{Member: ad.MemberID(i), Price: ad.Dollar}
	}
	arrived := reasonsOf(bids)
	var scratch Scratch
	b.ReportAllocs()
	for b.Loop() {
		reset(bids, arrived)
		Run(setting, bids, &scratch)
	}
}

func BenchmarkTicket(b *testing.B) {
	for b.Loop() {
		Ticket(Salt{1}, ad.AuctionID{2}, 0, 7)
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	for _, n := range []int{5, 20, 64} {
		setting, bids := market(n)
		bids[0].Price = bids[1].Price // a tie draws tickets
		arrived := reasonsOf(bids)
		var scratch Scratch
		Run(setting, bids, &scratch)
		if allocs := testing.AllocsPerRun(100, func() {
			reset(bids, arrived)
			Run(setting, bids, &scratch)
			GateClosed(setting, bids)
			scratch.Judged(0)
		}); allocs != 0 {
			t.Errorf("%d bids: %v allocations, want 0", n, allocs)
		}
	}
}
