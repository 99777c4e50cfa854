package server

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// TestOldRatesSellInDollarsOnly holds callers to a table at its last moment and one past it.
func TestOldRatesSellInDollarsOnly(t *testing.T) {
	euro := ad.Currency{'E', 'U', 'R'}
	rates := &ad.ExchangeRates{AsOf: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Rates: map[ad.Currency]ad.Rate{euro: 2 * ad.RateOne}}
	last := rates.AsOf.Add(ad.RatesAgeMax)
	for _, c := range []struct {
		name     string
		now      time.Time
		accepted []string
		currency ad.Currency
		rate     ad.Rate
		floor    string
		reserve  ad.CPM
		ok       bool
	}{
		{"the last moment", last, []string{"EUR", "USD"}, euro, 2 * ad.RateOne, "EUR", 3_000_000, true},
		{"one past it", last.Add(1), []string{"EUR", "USD"}, ad.USD, ad.RateOne, "EUR", 0, false},
		{"one past it, euros only", last.Add(1), []string{"EUR"}, ad.USD, 0, "EUR", 0, false},
		{"one past it, dollars", last.Add(1), []string{"USD"}, ad.USD, ad.RateOne, "USD", 1_500_000, true},
		{"one past it, nothing said", last.Add(1), nil, ad.USD, ad.RateOne, "", 1_500_000, true},
	} {
		currency, rate := answerCurrency(c.accepted, rates, c.now)
		if currency != c.currency || rate != c.rate {
			t.Errorf("%s: answers in %s at %v, want %s at %v", c.name, currency, rate, c.currency, c.rate)
		}
		reserve, ok := floorOf(&openrtb.Imp{BidFloor: 1_500_000, BidFloorCur: c.floor}, rates, c.now)
		if reserve != c.reserve || ok != c.ok {
			t.Errorf("%s: a floor of 1.5 %s is %v, %t; want %v, %t", c.name, c.floor, reserve, ok, c.reserve, c.ok)
		}
	}
}

// TestCallersMeetOldRates calls a node whose table is a month old.
func TestCallersMeetOldRates(t *testing.T) {
	set := contents()
	set.Rates.AsOf = time.Now().Add(-30 * 24 * time.Hour)
	s := &seller{sell: won(502), book: newBook()}
	h := rim(t, s, withContents(t, set))
	for body, want := range map[string]string{
		strings.Replace(bidRequest, `"id"`, `"cur":["EUR"],"id"`, 1):                                `"nbr":2`,
		strings.Replace(bidRequest, `"id"`, `"cur":["EUR","USD"],"id"`, 1):                          `"cur":"USD"`,
		`{"id":"r","imp":[{"id":"x","tagid":"1001","bidfloor":1,"bidfloorcur":"EUR","banner":{}}]}`: "request_invalid",
		`{"id":"r","imp":[{"id":"x","tagid":"1001","bidfloor":1,"bidfloorcur":"USD","banner":{}}]}`: `"price":2`,
	} {
		w := post(h, body)
		var said struct{ Cur string }
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || !strings.Contains(w.Body.String(), want) || said.Cur != "" && said.Cur != "USD" {
			t.Errorf("%s: %v in %.300s, want %s", body, err, w.Body, want)
		}
	}
	if s.calls() != 2 {
		t.Errorf("%d auctions, want those two in dollars", s.calls())
	}
}
