package openrtb

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"curb/edge/ad"
)

func TestBidTerms(t *testing.T) {
	full := `{"other":{"curb":1},"curb":{"min_price":1.25,"notify_data":"a \"b\" é","click_url":"https://bidder.example/c?u=",` +
		`"custom_macros":[{"name":"SHOP","value":"7"},{"value":"","name":"EMPTY"}],"exclusive":true,"later":[1]}}`
	macros := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"name":"M%d","value":"v"}`, i))
		}
		return `{"curb":{"custom_macros":[` + strings.Join(list, ",") + `]}}`
	}
	data := func(n int) string { return `{"curb":{"notify_data":"` + strings.Repeat("d", n) + `"}}` }
	for _, c := range []struct {
		ext  string
		want BidTerms
		ok   bool
	}{
		{full, BidTerms{MinPrice: 1_250_000, NotifyData: `a "b" é`, ClickURL: "https://bidder.example/c?u=", Macros: []ad.KeyValue{{Key: "SHOP", Value: "7"}, {Key: "EMPTY"}}, Exclusive: true}, true},
		{`{}`, BidTerms{}, true},
		{`[1]`, BidTerms{}, true},
		{`"curb"`, BidTerms{}, true},
		{`{"curb":null}`, BidTerms{}, true},
		{`{"curb":{}}`, BidTerms{}, true},
		{`{"prebid":{"min_price":"x"}}`, BidTerms{}, true},
		{`{"curb":{"min_price":null,"notify_data":null,"click_url":null,"custom_macros":null,"exclusive":null}}`, BidTerms{}, true},
		{`{"curb":{"exclusive":1}}`, BidTerms{Exclusive: true}, true},
		{`{"curb":{"exclusive":false}}`, BidTerms{}, true},
		{`{"curb":{"exclusive":0}}`, BidTerms{}, true},
		{`{"curb":{"exclusive":2}}`, BidTerms{}, false},
		{`{"curb":{"exclusive":"yes"}}`, BidTerms{}, false},
		{`{"curb":{"min_price":0}}`, BidTerms{}, true},
		{`{"curb":{"min_price":1e30}}`, BidTerms{MinPrice: ad.CPMHuge}, true},
		{`{"curb":{"min_price":-0.01}}`, BidTerms{PriceReason: ad.PriceInvalid}, true},
		{`{"curb":{"min_price":1e999}}`, BidTerms{PriceReason: ad.PriceInvalid}, true},
		{`{"curb":{"min_price":"1"}}`, BidTerms{PriceReason: ad.PriceInvalid}, true},
		{`{"curb":{"min_price":[1]}}`, BidTerms{PriceReason: ad.PriceInvalid}, true},
		{`{"curb":{"notify_data":7}}`, BidTerms{}, false},
		{data(ad.NotifyDataBytesMax), BidTerms{NotifyData: strings.Repeat("d", ad.NotifyDataBytesMax)}, true},
		{data(ad.NotifyDataBytesMax + 1), BidTerms{NotifyData: strings.Repeat("d", ad.NotifyDataBytesMax+1)}, false},
		{`{"curb":{"click_url":{}}}`, BidTerms{}, false},
		{`{"curb":{"custom_macros":{"name":"A","value":"1"}}}`, BidTerms{}, false},
		{`{"curb":{"custom_macros":[{"name":"A","value":1}]}}`, BidTerms{}, false},
		{`{"curb":{"custom_macros":[{"name":"A"}]}}`, BidTerms{}, false},
		{`{"curb":{"custom_macros":[{"name":"A","value":null}]}}`, BidTerms{}, false},
		{`{"curb":{"custom_macros":[{"name":"","value":"1"}]}}`, BidTerms{}, false},
		{`{"curb":{"custom_macros":[{"value":"1"}]}}`, BidTerms{}, false},
		{`{"curb":{"custom_macros":[null]}}`, BidTerms{}, false},
		{macros(ad.MacrosMax + 1), BidTerms{}, false},
		{`{"curb":7}`, BidTerms{}, false},
		{`{"curb":[]}`, BidTerms{}, false},
		{`{"Curb":{}}`, BidTerms{}, false},
		{`{"curb":{"Min_Price":1}}`, BidTerms{}, false},
	} {
		var terms Terms
		got, ok := terms.Bid([]byte(c.ext))
		if ok != c.ok || c.ok && !cmp.Equal(c.want, got, cmpopts.EquateEmpty()) {
			t.Errorf("%.80s: %+v, %v, want %+v, %v", c.ext, got, ok, c.want, c.ok)
		}
	}
	var terms Terms
	if got, ok := terms.Bid([]byte(macros(ad.MacrosMax))); !ok || len(got.Macros) != ad.MacrosMax {
		t.Errorf("%d macros: %v", len(got.Macros), ok)
	}
}

func TestResponseTerms(t *testing.T) {
	owner := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`{"impid":"%d"}`, i))
		}
		return `{"curb":{"owner":[` + strings.Join(list, ",") + `]}}`
	}
	for _, c := range []struct {
		ext  string
		want ResponseTerms
		ok   bool
	}{
		{`{"curb":{"debug_text":"why\n","owner":[{"impid":"1","reserve":2.5,"default_crid":"house"},{"impid":"2","default_adid":"5001","reserve":0}],"x":1}}`,
			ResponseTerms{DebugText: "why\n", Owner: []OwnerTerms{{ImpID: "1", HasReserve: true, Reserve: 2_500_000, CrID: "house"}, {ImpID: "2", HasReserve: true, AdID: "5001"}}}, true},
		{`{}`, ResponseTerms{}, true},
		{`{"curb":null}`, ResponseTerms{}, true},
		{`{"curb":{"owner":null}}`, ResponseTerms{}, true},
		{`{"curb":{"owner":[{"impid":"1","reserve":null,"default_crid":null}]}}`, ResponseTerms{Owner: []OwnerTerms{{ImpID: "1"}}}, true},
		{`{"curb":{"debug_text":{"a":1},"owner":[]}}`, ResponseTerms{Owner: []OwnerTerms{}}, true},
		{`{"curb":{"owner":{}}}`, ResponseTerms{}, false},
		{`{"curb":{"owner":[{}]}}`, ResponseTerms{}, false},
		{`{"curb":{"owner":[{"impid":""}]}}`, ResponseTerms{}, false},
		{`{"curb":{"owner":[{"impid":1}]}}`, ResponseTerms{}, false},
		{`{"curb":{"owner":[{"impid":"1"},{"impid":"1"}]}}`, ResponseTerms{}, false},
		{`{"curb":{"owner":[{"impid":"1","reserve":"2"}]}}`, ResponseTerms{}, false},
		{`{"curb":{"owner":[{"impid":"1","reserve":-2}]}}`, ResponseTerms{}, false},
		{`{"curb":{"owner":[{"impid":"1","default_crid":7}]}}`, ResponseTerms{}, false},
		{owner(ad.ImpressionsMax + 1), ResponseTerms{}, false},
		{`{"curb":false}`, ResponseTerms{}, false},
	} {
		var terms Terms
		got, ok := terms.Response([]byte(c.ext))
		if ok != c.ok || c.ok && !cmp.Equal(c.want, got, cmpopts.EquateEmpty()) {
			t.Errorf("%.80s: %+v, %v, want %+v, %v", c.ext, got, ok, c.want, c.ok)
		}
	}
	var terms Terms
	if got, ok := terms.Response([]byte(owner(ad.ImpressionsMax))); !ok || len(got.Owner) != ad.ImpressionsMax {
		t.Errorf("%d impressions: %v", len(got.Owner), ok)
	}
}

// TestTermsStay: what one bid said stays right while the next is read, escapes and all, and after a broken one.
func TestTermsStay(t *testing.T) {
	var terms Terms
	for round := range 3 {
		terms.Reset()
		var all []BidTerms
		for i := range 100 {
			ext := fmt.Sprintf(`{"curb":{"notify_data":"\u00e9\n%d-%d","custom_macros":[{"name":"A","value":"\t%d"}]}}`, round, i, i)
			got, ok := terms.Bid([]byte(ext))
			if !ok {
				t.Fatal(ext)
			}
			all = append(all, got)
			if _, ok := terms.Bid([]byte(`{"curb":{"notify_data":"\u00e9xxxxxxxxxxxxxxx","x":`)); ok {
				t.Fatal("a document that ends early is read")
			}
		}
		for i, got := range all {
			want := BidTerms{NotifyData: fmt.Sprintf("é\n%d-%d", round, i), Macros: []ad.KeyValue{{Key: "A", Value: fmt.Sprintf("\t%d", i)}}}
			if !cmp.Equal(want, got) {
				t.Fatalf("round %d: %+v, want %+v", round, got, want)
			}
		}
	}
}

func TestTermsAllocateNothing(t *testing.T) {
	var terms Terms
	bid := []byte(`{"curb":{"min_price":1.25,"notify_data":"a \"b\"","click_url":"https://bidder.example/c?u=","custom_macros":[{"name":"SHOP","value":"7"}],"exclusive":true}}`)
	whole := []byte(`{"curb":{"debug_text":"why\n","owner":[{"impid":"1","reserve":2.5}]}}`)
	if n := testing.AllocsPerRun(100, func() {
		terms.Reset()
		_, a := terms.Bid(bid)
		_, b := terms.Response(whole)
		if !a || !b {
			t.Fatal("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// FuzzTerms: whatever an answer's Exts are, terms that are given are within their limits.
func FuzzTerms(f *testing.F) {
	f.Add([]byte(`{"id":"1","seatbid":[{"bid":[{"id":"1","impid":"1","price":1,"ext":{"curb":{"min_price":1,"custom_macros":[{"name":"A","value":"é\n"}]}}}]}],"ext":{"curb":{"debug_text":"x","owner":[{"impid":"1","reserve":1}]}}}`))
	f.Add([]byte(`{"seatbid":[{"bid":[{"ext":{"curb":{"exclusive":1,"notify_data":"\ud83d\ude00"}}},{"ext":[]}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var d Decoder
		r, err := d.DecodeResponse(body)
		if err != nil {
			return
		}
		var terms Terms
		if w, ok := terms.Response(r.Ext); ok && len(w.Owner) > ad.ImpressionsMax {
			t.Fatalf("%+v", w)
		}
		for i := range r.SeatBid {
			for k := range r.SeatBid[i].Bid {
				b, ok := terms.Bid(r.SeatBid[i].Bid[k].Ext)
				if ok && (len(b.Macros) > ad.MacrosMax || len(b.NotifyData) > ad.NotifyDataBytesMax || b.MinPrice < 0) {
					t.Fatalf("%+v", b)
				}
			}
		}
	})
}
