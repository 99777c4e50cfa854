package bidder

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// TestTerms: the node's own reader understands what is written.
func TestTerms(t *testing.T) {
	p := start(t, Defaults(206, 2_500_000))
	p.set(`{"min_price":"1.250001","notify_data":"a \"b\"\n","click_url":"https://bidder.example/c?u=","exclusive":true,"debug_text":"why\u0001not",
		"custom_macros":[{"name":"A","value":"1"},{"name":"B","value":"\\"}],"owner_reserve":2.5,"owner_default":"house"}`)
	ask := func(ext string) (openrtb.BidTerms, openrtb.ResponseTerms) {
		t.Helper()
		a := p.call("POST", "/bid", `{"id":"r","imp":[{"id":"i1","banner":{"w":300,"h":250}},{"id":"i2","banner":{"w":728,"h":90}}]`+ext+`}`)
		var d openrtb.Decoder
		response, err := d.DecodeResponse([]byte(a.body))
		if err != nil {
			t.Fatalf("%s: %v", a.body, err)
		}
		var terms openrtb.Terms
		whole, ok := terms.Response(response.Ext)
		bid := openrtb.BidTerms{}
		if len(response.SeatBid) > 0 {
			var good bool
			bid, good = terms.Bid(response.SeatBid[0].Bid[1].Ext)
			ok = ok && good
		}
		if !ok {
			t.Fatalf("not understood: %s", a.body)
		}
		return bid, whole
	}
	bid := openrtb.BidTerms{
		MinPrice: 1_250_001, NotifyData: "a \"b\"\n", ClickURL: "https://bidder.example/c?u=", Macros: []ad.KeyValue{{Key: "A", Value: "1"}, {Key: "B", Value: `\`}},
	}
	gotBid, gotWhole := ask("")
	if diff := cmp.Diff(bid, gotBid); diff != "" {
		t.Errorf("bid (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(openrtb.ResponseTerms{DebugText: "why\x01not"}, gotWhole); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	owner := []openrtb.OwnerTerms{{ImpID: "i1", HasReserve: true, Reserve: 2_500_000, CrID: "house"}, {ImpID: "i2", HasReserve: true, Reserve: 2_500_000, CrID: "house"}}
	bid.Exclusive = true
	const first = `,"ext":{"curb":{"owner_phase":1}}`
	gotBid, gotWhole = ask(first)
	if diff := cmp.Diff(bid, gotBid); diff != "" {
		t.Errorf("bid in the owner's phase (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(openrtb.ResponseTerms{DebugText: "why\x01not", Owner: owner}, gotWhole); diff != "" {
		t.Errorf("answer in the owner's phase (-want +got):\n%s", diff)
	}
	// Without bids it still says what it has to say.
	p.set(`{"bids":0,"debug_text":""}`)
	if _, got := ask(first); len(got.Owner) != 2 {
		t.Errorf("without bids: %+v", got)
	}
	if a := p.call("POST", "/bid", oneImp); a.status != 204 {
		t.Errorf("nothing to say: %d %s", a.status, a.body)
	}
	if s := p.Stats(); s.Answers != 2 || s.NoBids != 2 {
		t.Errorf("%d answers with bids, %d without", s.Answers, s.NoBids)
	}
}

// TestTermsApart: one term alone is written as JSON, too, and none leaves no trace.
func TestTermsApart(t *testing.T) {
	for want, terms := range map[string]Terms{
		"":                                {OwnerReserve: 1, DebugText: "x"},
		`,"ext":{"curb":{"min_price":1}}`: {MinPrice: 1_000_000},
		`,"ext":{"curb":{"custom_macros":[{"name":"A","value":"1"}]}}`: {CustomMacros: []Macro{{"A", "1"}}},
		`,"ext":{"curb":{"exclusive":true}}`:                           {Exclusive: true},
	} {
		if got := string(terms.appendBid(nil, true)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := (&Terms{Exclusive: true}).appendBid(nil, false); len(got) > 0 {
		t.Errorf("outside of the owner's phase: %s", got)
	}
	s := Defaults(201, 1)
	s.CustomMacros = make([]Macro, macrosMax+1)
	if s.Check() == nil {
		t.Error("too many macros pass")
	}
	if s.CustomMacros = s.CustomMacros[1:]; s.Check() != nil {
		t.Errorf("%d macros do not pass", macrosMax)
	}
}
