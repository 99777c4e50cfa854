package bidder

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// curb is the ext of a bid or answer that says so much to us.
func curb(terms string) []byte { return []byte(`{"curb":{` + terms + `}}`) }

// TestBidTermsRefused: what a bid asks for in ext.curb it gets, or it does not compete.
func TestBidTermsRefused(t *testing.T) {
	const notify, click = `"notify_data":"x"`, `"click_url":"https://click.bidder.example/c?u="`
	for _, c := range []struct {
		name string
		ext  []byte
		want ad.Reason
	}{
		{"nothing", nil, ad.Undecided},
		{"an ext of somebody else's", []byte(`{"prebid":{"min_price":"x"}}`), ad.Undecided},
		{"everything", curb(`"min_price":1,` + notify + `,` + click + `,"custom_macros":[{"name":"SHOP","value":"7"}],"exclusive":true`), ad.Undecided},
		{"a minimum above the bid", curb(`"min_price":5`), ad.Undecided},
		{"a minimum that is a text", curb(`"min_price":"1"`), ad.PriceInvalid},
		{"a negative minimum", curb(`"min_price":-1`), ad.PriceInvalid},
		{"a macro of the longest value", curb(`"custom_macros":[{"name":"SHOP","value":"` + strings.Repeat("v", ad.MacroBytesMax) + `"}]`), ad.Undecided},
		{"a macro of a longer value", curb(`"custom_macros":[{"name":"SHOP","value":"` + strings.Repeat("v", ad.MacroBytesMax+1) + `"}]`), ad.ResponseInvalid},
		{"a macro of the system's name", curb(`"custom_macros":[{"name":"AUCTION_ID","value":"x"}]`), ad.ResponseInvalid},
		{"a macro that is no name", curb(`"custom_macros":[{"name":"a-b","value":"x"}]`), ad.ResponseInvalid},
		{"a macro that is a number", curb(`"custom_macros":[{"name":"SHOP","value":7}]`), ad.ResponseInvalid},
		{"data beyond the limit", curb(`"notify_data":"` + strings.Repeat("d", ad.NotifyDataBytesMax+1) + `"`), ad.ResponseInvalid},
		{"no object", []byte(`{"curb":"x"}`), ad.ResponseInvalid},
		{"a name in other case", curb(`"Exclusive":true`), ad.ResponseInvalid},
		{"a click URL elsewhere", curb(`"click_url":"https://evilbidder.example/c"`), ad.NoticeURLDenied},
		{"a click URL without TLS", curb(`"click_url":"http://click.bidder.example/c"`), ad.NoticeURLDenied},
		{"a click URL that runs", curb(`"click_url":"javascript:alert(1)"`), ad.NoticeURLDenied},
		{"a click URL at an address", curb(`"click_url":"https://169.254.169.254/"`), ad.NoticeURLDenied},
		{"a click URL of 2001 bytes", curb(`"click_url":"https://bidder.example/` + strings.Repeat("c", ad.NoticeURLBytesMax) + `"`), ad.NoticeURLDenied},
	} {
		room := newCourtroom()
		room.bid().Ext = c.ext
		bids, _ := room.judge(t)
		if len(bids) != 1 || bids[0].Reason != c.want {
			t.Errorf("%s: %v, want %v", c.name, bids[0].Reason, c.want)
		}
	}
}

// TestBidTermsKept: also a bid that is refused for something else has its data echoed.
func TestBidTermsKept(t *testing.T) {
	for _, seat := range []string{"201", "301"} {
		room := newCourtroom()
		room.response.SeatBid[0].Seat = seat
		room.bid().Ext = curb(`"min_price":1.25,"notify_data":"line 7","click_url":"https://click.bidder.example/c","custom_macros":[{"name":"A","value":"1"},{"name":"B","value":""}],"exclusive":1`)
		bids, _ := room.judge(t)
		got := ad.Bid{MinPrice: bids[0].MinPrice, NotifyData: bids[0].NotifyData, ClickURL: bids[0].ClickURL, Macros: bids[0].Macros, Exclusive: bids[0].Exclusive}
		want := ad.Bid{MinPrice: 1_250_000, NotifyData: "line 7", ClickURL: "https://click.bidder.example/c", Macros: []ad.KeyValue{{Key: "A", Value: "1"}, {Key: "B"}}, Exclusive: true}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seat %s: %v\n%s", seat, bids[0].Reason, diff)
		}
	}
}

// TestOwnerTerms: the owner's bidder sets reserves and default creatives; nobody else does.
func TestOwnerTerms(t *testing.T) {
	bid := `{"id":"b1","impid":"1","price":1,"crid":"summer"}`
	answer := func(id, bids, owner string) string {
		return fmt.Sprintf(`{"id":%q,"seatbid":[{"seat":"201","bid":[%s]}],"ext":{"curb":{"owner":%s}}}`, id, bids, owner)
	}
	good := `[{"impid":"1","reserve":2.5,"default_crid":"house"}]`
	for _, c := range []struct {
		name   string
		body   string
		owner  bool
		want   []ad.OwnerTerms // Default with its id only
		reason ad.Reason
	}{
		{"with a bid", answer(auctionID(), bid, good), true, []ad.OwnerTerms{{HasReserve: true, Reserve: 2_500_000, Default: &ad.Creative{ID: 700}}}, ad.Undecided},
		{"without one", answer(auctionID(), "", good), true, []ad.OwnerTerms{{HasReserve: true, Reserve: 2_500_000, Default: &ad.Creative{ID: 700}}}, ad.NoBid},
		{"of somebody else", answer(auctionID(), bid, good), false, nil, ad.Undecided},
		{"broken, of somebody else", answer(auctionID(), bid, `7`), false, nil, ad.Undecided},
		{"a reserve of nothing", answer(auctionID(), "", `[{"impid":"1","reserve":0}]`), true, []ad.OwnerTerms{{HasReserve: true}}, ad.NoBid},
		{"no reserve", answer(auctionID(), "", `[{"impid":"1","default_adid":"700"}]`), true, []ad.OwnerTerms{{Default: &ad.Creative{ID: 700}}}, ad.NoBid},
		{"another impression", answer(auctionID(), bid, `[{"impid":"9","reserve":1}]`), true, nil, ad.Undecided},
		{"another member's creative", answer(auctionID(), "", `[{"impid":"1","reserve":1,"default_adid":"501"}]`), true, []ad.OwnerTerms{{HasReserve: true, Reserve: ad.Dollar}}, ad.NoBid},
		{"a creative that does not fit", answer(auctionID(), "", `[{"impid":"1","default_crid":"wide"}]`), true, []ad.OwnerTerms{{}}, ad.NoBid},
		{"a reserve that is a text", answer(auctionID(), bid, `[{"impid":"1","reserve":"1"}]`), true, nil, ad.ResponseInvalid},
		{"an impression twice", answer(auctionID(), bid, `[{"impid":"1"},{"impid":"1"}]`), true, nil, ad.ResponseInvalid},
		{"of another auction", answer("x", "", good), true, nil, ad.IDMismatch},
		{"nothing, of another auction", answer("x", "", `[]`), true, nil, ad.NoBid},
	} {
		m := newMarket(t, func(x *catalog.Contents) {
			size := ad.Size{W: 300, H: 250}
			house := ad.Creative{ID: 700, Code: "house", Member: 100, Active: true, Size: size, Media: ad.Banner, Format: ad.FormatHTML, Content: "x", Secure: true, Audit: ad.Audited}
			wide := house
			wide.ID, wide.Code, wide.Size = 701, "wide", ad.Size{W: 728, H: 90}
			x.Creatives = append(x.Creatives, house, wide)
			if c.owner {
				x.Members[0].Bidder = firstBidder
				x.Bidders[0].Members = append(x.Bidders[0].Members, 100)
			}
		}, "http://"+listen(t, nil, answers(ok(c.body)))+"/bid")
		a := askAll(t, newFanout(t, nil), m, plenty)
		for i := range a.Owner {
			if d := a.Owner[i].Default; d != nil {
				a.Owner[i].Default = &ad.Creative{ID: d.ID}
			}
		}
		if diff := cmp.Diff(c.want, a.Owner); diff != "" || a.Asked[0].Reason != c.reason {
			t.Errorf("%s: %v, want %v\n%s", c.name, a.Asked[0].Reason, c.reason, diff)
		}
	}
}

// TestDebugText: it is kept of debug auctions only, bounded, and without what a terminal would obey.
func TestDebugText(t *testing.T) {
	long := strings.Repeat("é", ad.DebugTextBytesMax)
	for _, c := range []struct {
		name, text, want string
		quiet            bool
	}{
		{"said", `no budget\nfor this`, "no budget\nfor this", false},
		{"not a debug auction", "no budget", "", true},
		{"escapes", `\u001b[2Jred\u202e\u0000\r`, ".[2Jred...", false},
		{"at the limit", strings.Repeat("d", ad.DebugTextBytesMax), strings.Repeat("d", ad.DebugTextBytesMax), false},
		{"over it", strings.Repeat("d", ad.DebugTextBytesMax+1), strings.Repeat("d", ad.DebugTextBytesMax), false},
		{"over it, in the middle of a character", "d" + long, "d" + long[:ad.DebugTextBytesMax-2], false},
	} {
		m := newMarket(t, nil, "http://"+listen(t, nil, answers(ok(`{"id":"whatever","ext":{"curb":{"debug_text":"`+c.text+`"}}}`)))+"/bid")
		out := outgoing(m.snap, plenty)
		out.Call.Debug = !c.quiet
		var a ad.Answers
		newFanout(t, nil).Ask(t.Context(), m.snap, out, &a)
		if got := a.Asked[0].DebugText; got != c.want || a.Asked[0].Reason != ad.NoBid {
			t.Errorf("%s: %v, %.40q of %d bytes, want %.40q of %d", c.name, a.Asked[0].Reason, got, len(got), c.want, len(c.want))
		}
		a.Free()
	}
}

// TestTermsAreOfTheirBid asks one fan-out again and again: terms with escapes are copies in memory that is used again.
func TestTermsAreOfTheirBid(t *testing.T) {
	body := func(i, member int) string {
		return fmt.Sprintf(`{"id":%q,"seatbid":[{"seat":"%d","bid":[{"id":"b1","impid":"1","price":1,"crid":"summer","ext":{"curb":{"notify_data":"\u00e9\n%d","custom_macros":[{"name":"A","value":"\t%d"}]}}}]}]}`, auctionID(), member, i, i)
	}
	var endpoints []string
	for i := range 8 {
		endpoints = append(endpoints, "http://"+listen(t, nil, answers(ok(body(i, firstMember+i))))+"/bid")
	}
	m, f := newMarket(t, nil, endpoints...), newFanout(t, nil)
	for range 5 {
		var a ad.Answers
		f.Ask(t.Context(), m.snap, outgoing(m.snap, plenty), &a)
		for i := range a.Bids {
			b := &a.Bids[i]
			n := int(b.Bidder.ID) - firstBidder
			if b.Reason != ad.Undecided || b.NotifyData != fmt.Sprintf("é\n%d", n) || len(b.Macros) != 1 || b.Macros[0].Value != fmt.Sprintf("\t%d", n) {
				t.Fatalf("bidder %d: %v, %q, %v", n, b.Reason, b.NotifyData, b.Macros)
			}
		}
		if len(a.Bids) != len(endpoints) {
			t.Fatalf("%d bids", len(a.Bids))
		}
		a.Free()
	}
}

// TestStaleRates: with rates of six days ago bidders are told dollars and nothing else is taken, whatever was agreed on.
func TestStaleRates(t *testing.T) {
	now := time.Now()
	euro := []ad.Currency{{'E', 'U', 'R'}}
	for _, c := range []struct {
		name   string
		age    time.Duration
		agreed []ad.Currency
		cur    string
		want   ad.Reason
	}{
		{"fresh", ad.RatesAgeMax, euro, "EUR", ad.Undecided},
		{"stale", ad.RatesAgeMax + time.Second, euro, "EUR", ad.CurrencyNotAllowed},
		{"stale, dollars", ad.RatesAgeMax + time.Second, nil, "USD", ad.Undecided},
		{"stale, dollars by default", ad.RatesAgeMax + time.Second, nil, "", ad.Undecided},
		{"stale, dollars of one who agreed on euros", ad.RatesAgeMax + time.Second, euro, "USD", ad.Undecided},
		{"fresh, dollars of one who agreed on euros", 0, euro, "USD", ad.CurrencyNotAllowed},
		{"stale, no currency", ad.RatesAgeMax + time.Second, euro, "euros", ad.CurrencyInvalid},
	} {
		room := newCourtroom()
		room.contents.Rates.AsOf, room.received = now.Add(-c.age), now
		room.contents.Bidders[0].Currencies, room.response.Cur = c.agreed, c.cur
		if bids, _ := room.judge(t); bids[0].Reason != c.want {
			t.Errorf("%s: %v, want %v", c.name, bids[0].Reason, c.want)
		}
	}
	for age, want := range map[time.Duration][]string{0: {"EUR"}, ad.RatesAgeMax + time.Hour: {"USD"}} {
		r := told(t, func(c *catalog.Contents) {
			c.Bidders[0].Currencies, c.Rates.AsOf = euro, now.Add(-age)
		}, nil)
		if !slices.Equal(r.Cur, want) {
			t.Errorf("rates of %v ago: told %v, want %v", age, r.Cur, want)
		}
	}
}

// TestRequestExtGoesOut: what the flow says to a bidder alone reaches it as it is.
func TestRequestExtGoesOut(t *testing.T) {
	const ext = `{"curb":{"owner_phase":1}}`
	r := told(t, nil, func(_ *catalog.Snapshot, out *openrtb.Outgoing) {
		out.Request.Ext, out.Request.Test = []byte(ext), openrtb.Yes
	})
	if string(r.Ext) != ext || r.Test != openrtb.Yes {
		t.Errorf("ext %s, test %v", r.Ext, r.Test)
	}
}

func TestProvidedData(t *testing.T) {
	weather := ad.Provided{Provider: &ad.DataProvider{Name: "weather"}, Segments: []ad.Segment{{Code: "sunny"}, {Code: `a"b`, Value: -40}, {Code: "c", Value: 1<<31 - 1}}}
	silent := ad.Provided{Provider: &ad.DataProvider{Name: "silent"}}
	r := told(t, nil, func(_ *catalog.Snapshot, out *openrtb.Outgoing) { out.Targets[0].Data = []ad.Provided{silent, weather} })
	want := []openrtb.Data{
		{ID: "seg", Name: "segments", Segment: []openrtb.Segment{{ID: "5001"}, {ID: "5002"}, {ID: "5003"}}},
		{Name: "weather", Segment: []openrtb.Segment{{ID: "sunny"}, {ID: `a"b`, Value: "-40"}, {ID: "c", Value: "2147483647"}}},
	}
	if diff := cmp.Diff(want, r.User.Data); diff != "" {
		t.Error(diff)
	}
	// A request without a user gets one for the data alone.
	r = told(t, nil, func(_ *catalog.Snapshot, out *openrtb.Outgoing) {
		out.Request.User, out.Targets[0].Data = nil, []ad.Provided{weather}
	})
	if diff := cmp.Diff(&openrtb.User{Data: want[1:]}, r.User); diff != "" {
		t.Error(diff)
	}
}

// TestProvidedDataReachesNobodyElse sends to many bidders what many providers said under random contracts: every bidder's
// bytes hold the canaries of its contracts, and no other.
func TestProvidedDataReachesNobodyElse(t *testing.T) {
	var endpoints []string
	for i := range ad.BiddersMax {
		endpoints = append(endpoints, fmt.Sprintf("https://b%d.bidder.example/bid", i))
	}
	snap := snapshot(t, contents(endpoints...))
	f := newFanout(t, nil)
	lines := f.lines(snap)
	out := outgoing(snap, plenty)
	a := newAsk(f)
	a.positions = positions(nil, out)
	random := rand.New(rand.NewPCG(3, 4))
	canary := func(provider, segment int) string { return fmt.Sprintf("canary-%d-%d-", provider, segment) }
	said := make([]ad.Provided, ad.ProvidersMax)
	for p := range said {
		said[p].Provider = &ad.DataProvider{Name: fmt.Sprintf("provider-%d-", p)}
		for s := range 1 + random.IntN(8) {
			said[p].Segments = append(said[p].Segments, ad.Segment{Code: canary(p, s), Value: 1_000_000 + int32(p)})
		}
	}
	found := 0
	for range 50 {
		a.template.Encode(out.Request)
		a.own.begin(snap, out.Call, a.positions)
		for i := range out.Targets {
			contract := map[int]bool{}
			out.Targets[i].Data = nil
			for p := range said {
				if contract[p] = random.IntN(3) == 0; contract[p] {
					out.Targets[i].Data = append(out.Targets[i].Data, said[p])
				}
			}
			l := lines.lines[out.Targets[i].Bidder.ID]
			if !a.offer(l, snap, out, &out.Targets[i]) {
				t.Fatal("nothing on offer")
			}
			q := &inquiry{line: l}
			a.encode(q)
			for p := range said {
				for _, text := range []string{said[p].Provider.Name, canary(p, 0), fmt.Sprintf(`"%d"`, 1_000_000+p)} {
					if got := bytes.Contains(q.request, []byte(text)); got != contract[p] {
						t.Fatalf("bidder %d, provider %d, contract %v: %s is there: %v", i, p, contract[p], text, got)
					}
				}
				if contract[p] {
					found++
				}
			}
		}
	}
	if found < 10_000 {
		t.Errorf("only %d contracts tried", found)
	}
}

// TestTermsAllocateNothing holds the path of answers that say something to us, the owner's too.
func TestTermsAllocateNothing(t *testing.T) {
	room := newCourtroom()
	room.contents.Members[0].Bidder = firstBidder
	room.contents.Bidders[0].Members = append(room.contents.Bidders[0].Members, 100)
	room.contents.Creatives = append(room.contents.Creatives, ad.Creative{ID: 700, Code: "house", Member: 100, Active: true, Audit: ad.Audited, Format: ad.FormatHTML, Content: "x", Secure: true, Size: ad.Size{W: 300, H: 250}})
	room.bid().Ext = curb(`"min_price":1,"notify_data":"\u00e9","click_url":"https://bidder.example/c","custom_macros":[{"name":"SHOP","value":"7"}],"exclusive":true`)
	room.response.Ext = curb(`"debug_text":"nobody asked","owner":[{"impid":"1","reserve":1,"default_crid":"house"}]`)
	snap := snapshot(t, room.contents)
	call := &ad.Call{Publisher: snap.Publisher(10), Secure: true, Impressions: []ad.Impression{{ID: "1", Placement: snap.Placement(1001), Sizes: room.sizes, Media: ad.Banner}}}
	j := judge{snap: snap, call: call, request: &openrtb.Request{ID: auctionID(), Imp: []openrtb.Imp{{ID: "1"}}}, positions: []int{0}, urls: labGuard(t), terms: new(openrtb.Terms)}
	target := &ad.Target{Bidder: snap.Bidder(firstBidder)}
	answers := ad.Answers{Bids: make([]ad.Bid, 0, 4), Owner: make([]ad.OwnerTerms, 0, 4)}
	if n := testing.AllocsPerRun(100, func() {
		answers.Bids, answers.Owner = answers.Bids[:0], answers.Owner[:0]
		var asked ad.Asked
		j.terms.Reset()
		j.whole(target, &room.response, &answers, &asked)
		if len(answers.Bids) != 1 || answers.Bids[0].Reason != ad.Undecided || len(answers.Owner) != 1 || answers.Owner[0].Default == nil || asked.DebugText != "" {
			t.Fatalf("%+v", answers)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
