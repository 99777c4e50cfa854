package vector

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func run(t *testing.T, text string) *Outcome {
	t.Helper()
	file, err := Parse(minimal(text))
	if err != nil {
		t.Fatal(err)
	}
	return file.Cases[0].Run()
}

const twoBids = `"bids": [{"id": "A", "kind": "rtb", "price": 5}, {"id": "B", "kind": "rtb", "price": 3}]`

// Every expectation that is not met is told, in words.
func TestDifferences(t *testing.T) {
	cases := []struct {
		text string
		want []string
	}{
		{`{` + twoBids + `}`, nil},
		{`{` + twoBids + `, "expect": {"winner": "A", "price": 5, "stage": "open", "basis": "own_bid", "shielded_revenue": 0,
			"reasons": {"A": "won", "B": "outbid"}, "net": {"A": 5, "B": 3}, "seller_gets": 5, "buyer_pays": 5, "platform_fee": 0, "paid": 5}}`, nil},
		{`{` + twoBids + `, "expect": {"winner": "B", "price": 5.000001, "stage": "gate", "basis": "floor", "shielded_revenue": 1}}`, []string{
			"A won, expected B", "decided at stage open, expected gate", "price fixed by own_bid, expected floor",
			"price is 5, expected 5.000001", "shielded_revenue is 0, expected 1"}},
		{`{` + twoBids + `, "expect": {"winner": null, "stage": null}}`, []string{"A won, expected nobody", "decided at stage open, expected none"}},
		{`{"bids": [], "expect": {"winner": null, "stage": null}}`, nil},
		{`{"bids": [], "expect": {"winner_one_of": [], "price": 1}}`, []string{"price is 0, expected 1"}},
		{`{` + twoBids + `, "expect": {"winner_one_of": ["B"], "net": {"A": 4}}}`, []string{"A won, expected one of [B]", "net of A is 5, expected 4"}},
		{`{` + twoBids + `, "expect": {"reasons": {"A": "outbid", "B": "tie_lost"}}}`, []string{
			"reason of A is won, expected outbid", "reason of B is outbid, expected tie_lost"}},
		{`{` + twoBids + `, "expect": {"reasons": {"B": "too_cheap"}}}`, []string{`reason of B is outbid, expected "too_cheap", which is no reason we know`}},
		{`{` + twoBids + `, "expect": {"winner_one_of": ["A", "B"], "fair_over_auctions": true}}`, []string{"ties are not fair: of 10000 auctions won [{A 10000} {B 0}]"}},
		{`{` + twoBids + `, "expect": {"winner_one_of": ["B", "B"], "fair_over_auctions": true}}`, []string{
			"A won, expected one of [B B]", "A won auction 00000000000000000000000000000000, expected one of [B B]"}},
	}
	for i, c := range cases {
		if diff := cmp.Diff(c.want, run(t, c.text).Problems); diff != "" {
			t.Errorf("case %d (- want, + got):\n%s", i, diff)
		}
	}
}

// A word stands for itself and for what is finer, never for another step's reason.
func TestReasonsMayBeCoarser(t *testing.T) {
	const bids = `"setting": {"floor": 2, "resale": %v}, "bids": [
		{"id": "deal", "kind": "deal", "price": 1, "deal": {"ask": 2}}, {"id": "rtb", "kind": "rtb", "price": 1, "frequency_capped": true},
		{"id": "blocked", "kind": "rtb", "price": 0.5, "creative_blocked": true, "budget_exhausted": true},
		{"id": "broke", "kind": "managed", "price": 5, "budget_exhausted": true}, {"id": "none", "kind": "rtb"}, {"id": "under", "kind": "rtb", "price": -1},
		{"id": "zero", "kind": "rtb", "price": 0}, {"id": "null", "kind": "rtb", "price": null}]`
	ask := func(resale bool, words string) []string {
		return run(t, fmt.Sprintf(`{`+bids+`, "expect": {"reasons": {%s}}}`, resale, words)).Problems
	}
	accepted := `"deal": "below_floor", "rtb": "frequency_capped", "blocked": "creative_blocked", "broke": "budget", "none": "price_missing", "under": "price_invalid", "zero": "price_invalid", "null": "price_missing"`
	if got := ask(true, accepted); got != nil {
		t.Error(got)
	}
	if got := ask(true, `"deal": "below_deal_floor", "rtb": "capped", "blocked": "blocked", "broke": "budget_exhausted", "none": "malformed", "under": "malformed", "zero": "no_bid"`); got != nil {
		t.Error(got)
	}
	// Resale is checked before caps and after creatives.
	if got := ask(false, `"rtb": "not_resellable", "blocked": "creative_blocked"`); got != nil {
		t.Error(got)
	}
	want := []string{"reason of deal is below_deal_floor, expected outbid", "reason of broke is budget, expected capped",
		"reason of zero is price_invalid, expected price_missing"}
	if diff := cmp.Diff(want, ask(true, `"deal": "outbid", "broke": "capped", "zero": "price_missing"`)); diff != "" {
		t.Error(diff)
	}
}

// The optional fields mean what the format says.
func TestOptionalFields(t *testing.T) {
	cases := map[string]string{
		"currency": `{"setting": {"rates": {"EUR": 1.08, "VND": 0.0000394}}, "bids": [
			{"id": "E", "kind": "rtb", "price": 5, "currency": "EUR"}, {"id": "V", "kind": "rtb", "price": 25000, "currency": "VND"},
			{"id": "X", "kind": "rtb", "price": 25000, "currency": "XXX"}],
			"expect": {"winner": "E", "price": 5.4, "paid": 5, "net": {"V": 0.985}, "reasons": {"X": "currency_invalid"}}}`,
		"goals": `{"bids": [{"id": "C", "kind": "managed", "price": 0.5, "goal": "cpc", "chance": 0.0015},
			{"id": "A", "kind": "managed", "price": 40, "goal": "cpa", "chance": 0.00002}, {"id": "M", "kind": "rtb", "price": 0.7, "goal": "cpm"}],
			"expect": {"winner": "A", "price": 0.8, "net": {"C": 0.75, "M": 0.7}}}`,
		"bias": `{"setting": {"price_rule": "second"}, "bids": [{"id": "A", "kind": "rtb", "price": 1.5},
			{"id": "B", "kind": "rtb", "price": 1.3, "bias": 0.2}, {"id": "C", "kind": "rtb", "price": 9, "bias_cpm": -8}],
			"expect": {"winner": "B", "price": 1.3}}`,
		"seats share a ticket": `{"bids": [{"id": "A", "kind": "rtb", "price": 1, "seat": "x"}, {"id": "B1", "kind": "rtb", "price": 1, "seat": "y"},
			{"id": "B2", "kind": "rtb", "price": 1, "seat": "y"}], "expect": {"winner_one_of": ["A", "B1", "B2"], "fair_over_auctions": true}}`,
		"reason": `{"bids": [{"id": "A", "kind": "rtb", "price": 1, "reason": "creative_insecure"}], "expect": {"winner": null, "reasons": {"A": "creative_insecure"}}}`,
		"free text": `{"comment": "c", "bids": [{"id": "A", "kind": "rtb", "price": 1, "note": "n", "priority": null}], "setting": {"description": "d", "floor": null},
			"expect": {"source": "s", "winner": "A", "price": null}}`,
		"cents": `{"setting": {"rounding": "payment to the cent"}, "bids": [{"id": "A", "kind": "rtb", "price": 1.005, "platform_fee": 0.3}],
			"expect": {"price": 0.7035, "seller_gets": 0.7, "buyer_pays": 1.01, "platform_fee": 0.31}}`,
		"auction id": `{"setting": {"auction_id": "000102030405060708090a0b0c0d0e0f"}, "bids": [{"id": "A", "kind": "rtb", "price": 1}], "expect": {"winner": "A"}}`,
	}
	for name, text := range cases {
		if got := run(t, text).Problems; got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Running a case changes nothing of it, so that it can be run again.
func TestRunTwice(t *testing.T) {
	file, err := Parse(minimal(`{"bids": [{"id": "A", "kind": "rtb", "price": 1}, {"id": "B", "kind": "rtb", "price": 1}], "expect": {"winner": "A"}}`))
	if err != nil {
		t.Fatal(err)
	}
	first, second := file.Cases[0].Run(), file.Cases[0].Run()
	if first.Winner != second.Winner || first.Result != second.Result {
		t.Errorf("%+v, then %+v", first.Result, second.Result)
	}
}

// A case that demands nothing is neither passed nor failed; any demand makes it checked.
func TestUnchecked(t *testing.T) {
	for _, expect := range []string{``, `, "expect": null`, `, "expect": {}`, `, "expect": {"note": "n", "winner_one_of": [], "net": {}, "price": null}`} {
		if o := run(t, `{`+twoBids+expect+`}`); !o.Unchecked || o.Pass() || o.Failed() {
			t.Errorf("%q: unchecked %v, passed %v, failed %v", expect, o.Unchecked, o.Pass(), o.Failed())
		}
	}
	for _, demand := range []string{`"winner": "A"`, `"winner_one_of": ["A"]`, `"stage": "open"`, `"basis": "own_bid"`, `"price": 5`, `"shielded_revenue": 0`,
		`"seller_gets": 5`, `"buyer_pays": 5`, `"platform_fee": 0`, `"paid": 5`, `"net": {"A": 5}`, `"reasons": {"A": "won"}`} {
		if o := run(t, `{`+twoBids+`, "expect": {`+demand+`}}`); o.Unchecked || !o.Pass() {
			t.Errorf("%s: unchecked %v, passed %v, %q", demand, o.Unchecked, o.Pass(), o.Problems)
		}
	}
}
