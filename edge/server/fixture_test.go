package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/auction"
	"curb/edge/catalog"
)

// contents is a small catalog: publisher 1 with ads.news.example and placements 1001 to 1009, of which two have codes that
// are ids of others and the last has ad servers, publisher 2 with ads.other.example and placement 2001, publisher 3 of the same member as 1, and one
// creative of each format.
func contents() catalog.Contents {
	box, tall := ad.Size{W: 300, H: 250}, ad.Size{W: 300, H: 600}
	return catalog.Contents{
		Version: "1",
		Members: []ad.Member{{ID: 100, Name: "news", Active: true, Dongle: "owners-dongle"}, {ID: 200, Name: "other", Active: true}, {ID: 7, Name: "buyer", Active: true}},
		Publishers: []ad.Publisher{
			{ID: 1, Name: "news", Member: 100, Active: true, Hosts: []string{"ads.news.example"}},
			{ID: 2, Name: "other", Member: 200, Active: true, Hosts: []string{"ads.other.example"}},
			{ID: 3, Name: "weekly", Member: 100, Active: true},
		},
		Sites: []ad.Site{{ID: 11, Name: "news", Publisher: 1}, {ID: 12, Name: "news app", Publisher: 1, Kind: ad.App, Bundle: "example.news"}, {ID: 21, Name: "other", Publisher: 2},
			{ID: 31, Name: "weekly", Publisher: 3}},
		Placements: []ad.Placement{
			{ID: 1001, Code: "home-top", Site: 11, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{box}, MediaTypes: ad.Banner,
				Estimates: []ad.EstimatedClear{{Clear: 1_100_000}}},
			{ID: 1002, Code: "sizeless", Site: 11, Publisher: 1, Member: 100, Active: true, MediaTypes: ad.Banner},
			{ID: 1003, Code: "both", Site: 11, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{box, tall}, MediaTypes: ad.Banner | ad.Video},
			{ID: 1004, Code: "off", Site: 11, Publisher: 1, Member: 100, Sizes: []ad.Size{box}, MediaTypes: ad.Banner},
			{ID: 1005, Code: "chain", Site: 11, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{box}, MediaTypes: ad.Banner,
				DaisyChain: "https://chain.example/p?cb=${CACHEBUSTER}&w=${WIDTH}&h=${HEIGHT}"},
			{ID: 1006, Code: "app", Site: 12, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{box}, MediaTypes: ad.Banner | ad.Native, NoPSA: true, Position: 3},
			{ID: 1007, Code: "1006", Site: 11, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{box}, MediaTypes: ad.Banner},
			{ID: 1008, Code: "2001", Site: 11, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{box}, MediaTypes: ad.Banner},
			{ID: 1009, Code: "preempt", Site: 11, Publisher: 1, Member: 100, Active: true, Sizes: []ad.Size{box}, MediaTypes: ad.Banner,
				AdServers: []ad.AdServer{
					{Name: "own", URL: "https://ads.pub.example/ads?pb={PRICEBUCKET}&p={PRICE}&s={SEALED_PRICE}&a={ACCEPT_URL}&i={AUCTION_ID}" +
						"&c={CREATIVE_ID}.{CREATIVE_CODE}&z={SIZE}&w={WIDTH}&h={HEIGHT}&d={DEAL_ID}&cb={CB}&l={PLACEMENT_ID}&x={NO_SUCH}"},
					{Name: "second", URL: "https://good.example/ads", SecondPrice: true},
					{Name: "old", URL: "https://old.example/adi/news;pb={PRICEBUCKET}"},
				}},
			{ID: 3001, Code: "cover", Site: 31, Publisher: 3, Member: 100, Active: true, Sizes: []ad.Size{box}, MediaTypes: ad.Banner},
			{ID: 2001, Code: "home-top", Site: 21, Publisher: 2, Member: 200, Active: true, Sizes: []ad.Size{box}, MediaTypes: ad.Banner},
		},
		Creatives: []ad.Creative{
			{ID: 501, Code: "pic", Member: 7, Active: true, Audit: ad.Audited, Secure: true, Size: box, Media: ad.Banner, Format: ad.FormatImage,
				Content: "https://cdn.example/a.png?x=1&a=${AUCTION_ID}", ClickURL: "https://shop.example/?a=1&p=${PRICE_PAID}", Advertisers: []string{"shop.example"},
				Categories: []string{"IAB1"}, Attributes: []uint8{3}},
			{ID: 502, Code: "html", Member: 7, Active: true, Dynamic: true, Audit: ad.Audited, Secure: true, Size: box, Media: ad.Banner, Format: ad.FormatHTML,
				Content: `<a href="${CLICK_URL}https://shop.example/">Buy ${CREATIVE_CODE}</a><script>var r="${REFERER_URL}"</script>`, Advertisers: []string{"shop.example"}},
			{ID: 503, Code: "js", Member: 7, Active: true, Audit: ad.Audited, Secure: true, Size: box, Media: ad.Banner, Format: ad.FormatScript,
				Content: "https://cdn.example/ad.js?cb=${CACHEBUSTER}&p=${AUCTION_PRICE}"},
			{ID: 504, Code: "vast", Member: 7, Active: true, Audit: ad.Audited, Secure: true, Size: box, Media: ad.Video, Format: ad.FormatVAST, Content: "https://cdn.example/v.xml?p=${AUCTION_PRICE}"},
			{ID: 505, Code: "native", Member: 7, Active: true, Audit: ad.Audited, Secure: true, Media: ad.Native, Format: ad.FormatNative,
				Content: `{"native":{"link":{"url":"https://shop.example/?r=${REFERER_URL}"}}}`},
		},
		Deals: []ad.Deal{{ID: "d-1", Active: true}, {ID: "d-2", Active: true}},
		Rates: ad.ExchangeRates{AsOf: time.Now().UTC().Truncate(24 * time.Hour), Rates: map[ad.Currency]ad.Rate{{'E', 'U', 'R'}: 2_000_000_000_000, {'S', 'E', 'K'}: 91_644_711_000}},
	}
}

func snapshot(t testing.TB) *catalog.Snapshot {
	t.Helper()
	s, err := catalog.New(contents())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// seller is the flow as far as the rim sees it: it answers every call by a rule, books in a real service over the ledger,
// and remembers what it was asked.
type seller struct {
	sell func(in adcall.Incoming) *adcall.Answer
	book *book // nil: nothing is booked
	once sync.Once
	flow *adcall.Service
	mu   sync.Mutex
	last ad.Call
	imps []ad.Impression
	held int
}

// service is the flow behind the rule: it asks nobody.
func (s *seller) service() *adcall.Service {
	s.once.Do(func() {
		var o adcall.Options
		if s.book != nil {
			o.Ledger = s.book
		}
		s.flow = adcall.New(o)
	})
	return s.flow
}

func (s *seller) Accept(ctx context.Context, in adcall.Acceptance) (adcall.Accepted, error) {
	return s.service().Accept(ctx, in)
}

func (s *seller) Serve(ctx context.Context, in adcall.Incoming) *adcall.Answer {
	s.mu.Lock()
	s.held++
	s.last = *in.Call // what it points to is the handler's again after the answer
	s.last.Keywords, s.last.Custom, s.last.GPPSID = slices.Clone(s.last.Keywords), slices.Clone(s.last.Custom), slices.Clone(s.last.GPPSID)
	s.last.Seats, s.last.SeatsBlocked = slices.Clone(s.last.Seats), slices.Clone(s.last.SeatsBlocked)
	s.imps = append(s.imps[:0], in.Call.Impressions...)
	s.mu.Unlock()
	ruled := s.sell(in)
	answer := s.service().Serve(ctx, in)
	for i := range ruled.Slots {
		if i < len(answer.Slots) {
			answer.Slots[i] = ruled.Slots[i]
		}
	}
	return answer
}

func (s *seller) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// fall answers every slot with one outcome and no creative.
func fall(outcome adcall.Outcome) func(adcall.Incoming) *adcall.Answer {
	return func(in adcall.Incoming) *adcall.Answer {
		return answer(in, func(slot *adcall.Slot) { slot.Outcome = outcome })
	}
}

// won sells every slot to member 7 with a creative, at $2 of a $2.50 bid.
func won(id ad.CreativeID, change ...func(*ad.Bid)) func(adcall.Incoming) *adcall.Answer {
	return func(in adcall.Incoming) *adcall.Answer {
		return answer(in, func(slot *adcall.Slot) {
			c := in.Snapshot.Creative(id)
			slot.Outcome, slot.Creative = adcall.Sold, c
			slot.Bid = &ad.Bid{ID: "b-1", Member: 7, Creative: c, Size: c.Size, Price: 2_500_000, Rate: ad.RateOne}
			if slot.Size == (ad.Size{}) {
				slot.Size = c.Size
			}
			slot.Result = auction.Result{ClearPrice: 2_000_000, BuyerPays: 2_100_000, Paid: 2_250_000, Floor: 500_000}
			for _, f := range change {
				f(slot.Bid)
			}
			slot.Bids = []ad.Bid{*slot.Bid}
			slot.Sale = saleOf(in.Call, slot)
		})
	}
}

// saleOf is the bill of a slot that a rule sold.
func saleOf(call *ad.Call, slot *adcall.Slot) ad.Sale {
	sale := ad.Sale{
		SaleKey: ad.SaleKey{Auction: call.ID}, At: call.Received, Publisher: call.Publisher.ID, Placement: slot.Impression.Placement.ID,
		Owner: slot.Impression.Placement.Member, Buyer: slot.Bid.Member, Creative: slot.Bid.Creative.ID, Size: slot.Size,
		Net: slot.Result.ClearPrice, BuyerPays: slot.Result.BuyerPays, BidPrice: slot.Bid.Price, Paid: slot.Result.Paid, Currency: slot.Bid.Currency,
		Rate: slot.Bid.Rate,
	}
	for i := range call.Impressions {
		if &call.Impressions[i] == slot.Impression {
			sale.Impression = uint8(i)
		}
	}
	if slot.Bid.Deal != nil {
		sale.Deal = slot.Bid.Deal.ID
	}
	return sale
}

func answer(in adcall.Incoming, each func(*adcall.Slot)) *adcall.Answer {
	a := &adcall.Answer{Call: in.Call, Version: in.Snapshot.Version()}
	for i := range in.Call.Impressions {
		slot := adcall.Slot{Impression: &in.Call.Impressions[i], Outcome: adcall.Blank, Result: auction.Result{Winner: -1}}
		if sizes := in.Call.Impressions[i].Sizes; len(sizes) > 0 {
			slot.Size = sizes[0]
		}
		each(&slot)
		a.Slots = append(a.Slots, slot)
	}
	return a
}

// rim is a handler in lab mode on localhost, with fixed auction ids.
func rim(t testing.TB, s *seller, change ...func(*Options)) *Handler {
	t.Helper()
	snap := snapshot(t)
	o := Options{
		AdCalls: s, Snapshot: func() *catalog.Snapshot { return snap }, NodeName: "edge-1", Lab: true,
		IsOwnHost:      func(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "[::1]" },
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		NewAuctionID:   func() ad.AuctionID { return ad.AuctionID{15: 1} },
	}
	for _, f := range change {
		f(&o)
	}
	return New(o)
}

// get asks a handler for a target on a host.
func get(h http.Handler, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = "localhost:8443"
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// post sends an OpenRTB request.
func post(h http.Handler, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/openrtb2/auction", strings.NewReader(body))
	r.Host = "localhost:8443"
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func onHost(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }

func withHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Add(name, value) }
}
