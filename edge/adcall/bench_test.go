package adcall

import (
	"context"
	"fmt"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/auction"
	"curb/edge/catalog"
)

// deaf hears everything and remembers nothing.
type deaf struct{ heard int }

func (d *deaf) Notify(*ad.Notice) { d.heard++ }

// atOnce is a ledger that has always just written it down.
type atOnce struct{ unbooked }

// heldOpen is an answer with so many bids for one impression, of which the first won. It is made anew without a call, so that
// what is measured is booking and telling only.
type heldOpen struct {
	service *Service
	answer  *Answer
	bids    []ad.Bid
	asked   []ad.Asked
	call    ad.Call
}

func newHeldOpen(bids int, wants ad.Bidder) *heldOpen {
	h := &heldOpen{service: New(Options{Asker: &market{}, Ledger: atOnce{}, Notifier: &deaf{}})}
	snap, err := catalog.New(catalog.Contents{Version: "v1"})
	if err != nil {
		panic(err)
	}
	h.answer = &Answer{service: h.service}
	h.answer.state.snapshot = snap
	p := &ad.Placement{ID: 1001, Member: 100}
	h.call = ad.Call{Publisher: &ad.Publisher{ID: 1}, Received: time.Now(), Impressions: []ad.Impression{{ID: "1", Placement: p}}}
	for i := range bids {
		b := wants
		b.ID = ad.BidderID(i + 1)
		h.asked = append(h.asked, ad.Asked{Bidder: &b, Bids: 1, Micros: 12_000})
		h.bids = append(h.bids, ad.Bid{ID: "bid-4711", Bidder: &b, Member: 201, Price: 2 * ad.Dollar, Rate: ad.RateOne, Reason: ad.Outbid})
	}
	h.bids[0].Reason = ad.Won
	return h
}

func (h *heldOpen) open() *Slot {
	a := h.answer
	a.Call, a.Asked = &h.call, h.asked
	a.Slots = append(a.Slots[:0], Slot{Impression: &h.call.Impressions[0], Outcome: Sold, Bid: &h.bids[0], Bids: h.bids, Result: auction.Result{ClearPrice: 2 * ad.Dollar}})
	a.draw(0)
	return &a.Slots[0]
}

func (h *heldOpen) sell(ctx context.Context) {
	_ = h.answer.Sell(ctx, h.open())
	h.service.settle(h.answer)
}

// TestBookingAllocations: neither booking nor telling allocates, but for the bid request of full auctions.
func TestBookingAllocations(t *testing.T) {
	ctx := context.Background()
	everything := ad.Bidder{NotifyURL: "https://b.example/", NotifyLost: true, NotifyPending: true}
	for name, wants := range map[string]ad.Bidder{"nothing": {}, "everything": everything} {
		h := newHeldOpen(20, wants)
		h.sell(ctx)
		if got := testing.AllocsPerRun(500, func() { h.sell(ctx) }); got > 0 && !racing {
			t.Errorf("selling to bidders that want %s allocates %v times", name, got)
		}
		if heard := h.service.notifier.(*deaf).heard; (heard > 0) != (name == "everything") {
			t.Errorf("bidders that want %s heard %d times", name, heard)
		}
		if got := testing.AllocsPerRun(500, func() {
			_ = h.answer.Promise(ctx, h.open(), nil, false)
			h.service.settle(h.answer)
			h.answer.state.reset()
		}); got > 0 && !racing {
			t.Errorf("a promise to bidders that want %s allocates %v times", name, got)
		}
	}
}

func BenchmarkSell(b *testing.B) {
	h, ctx := newHeldOpen(1, ad.Bidder{}), context.Background()
	slot := *h.open()
	b.ReportAllocs()
	for b.Loop() {
		h.answer.Slots[0] = slot
		_ = h.answer.Sell(ctx, &h.answer.Slots[0])
	}
}

func BenchmarkPromise(b *testing.B) {
	h, ctx := newHeldOpen(1, ad.Bidder{}), context.Background()
	slot := *h.open()
	b.ReportAllocs()
	for b.Loop() {
		h.answer.Slots[0] = slot
		_ = h.answer.Promise(ctx, &h.answer.Slots[0], nil, false)
		h.answer.state.reset()
	}
}

// BenchmarkSettle tells bidders that asked for nothing, and such that asked for all.
func BenchmarkSettle(b *testing.B) {
	all := ad.Bidder{NotifyURL: "https://b.example/", NotifyLost: true}
	for _, wants := range []struct {
		name   string
		bidder ad.Bidder
	}{{"nothing", ad.Bidder{}}, {"all", all}} {
		for _, bids := range []int{1, 5, 20} {
			b.Run(fmt.Sprintf("wants=%s/bids=%d", wants.name, bids), func(b *testing.B) {
				h := newHeldOpen(bids, wants.bidder)
				h.open().settled = billed
				b.ReportAllocs()
				for b.Loop() {
					h.service.settle(h.answer)
				}
			})
		}
	}
}
