package ad

import (
	"math/rand"
	"testing"
	"time"
)

// bidCurrencies are the 28 that bidders use, with a rate of about their size in USD.
var bidCurrencies = map[string]Rate{
	"ARS": 689_000_000, "AUD": 652_100_000_000, "BRL": 187_400_000_000, "GBP": 1_314_700_000_000, "CAD": 713_600_000_000, "CNY": 140_600_000_000,
	"COP": 264_000_000, "CZK": 47_800_000_000, "DKK": 155_100_000_000, "EUR": 1_158_200_000_000, "INR": 11_280_000_000, "IDR": 59_900_000,
	"ILS": 306_200_000_000, "JPY": 6_438_000_000, "MYR": 241_100_000_000, "MXN": 54_310_000_000, "NOK": 98_600_000_000, "NZD": 563_400_000_000,
	"PHP": 16_970_000_000, "RUB": 12_430_000_000, "SGD": 767_400_000_000, "SEK": 105_300_000_000, "CHF": 1_243_800_000_000, "TWD": 32_030_000_000,
	"THB": 30_820_000_000, "TRY": 23_640_000_000, "USD": RateOne, "VND": 37_950_000,
}

// TestNobodyPaysMoreThanTheyBid converts bids to USD and back, at the rates there are and at any rate that is allowed: for
// the bid itself and for any price below it that could be paid. What is lost in rounding is less than a micro-dollar
// is worth, and a micro of the currency.
func TestNobodyPaysMoreThanTheyBid(t *testing.T) {
	random := rand.New(rand.NewSource(28))
	check := func(name string, rate Rate, bid CPM) {
		usd := rate.ToUSD(bid)
		back := rate.FromUSD(usd)
		if back > bid {
			t.Fatalf("%s at %d: a bid of %d pays %d", name, rate, bid, back)
		}
		if micro := CPM(RateOne/rate) + 2; usd < CPMHuge && bid-back > micro {
			t.Fatalf("%s at %d: a bid of %d pays %d, %d short of it", name, rate, bid, back, bid-back)
		}
		if paid := CPM(random.Int63n(int64(usd) + 1)); rate.FromUSD(paid) > bid || rate.ToUSD(rate.FromUSD(paid)) > paid {
			t.Fatalf("%s at %d: cleared at %d USD of %d, a bid of %d pays %d", name, rate, paid, usd, bid, rate.FromUSD(paid))
		}
	}
	if len(bidCurrencies) != 28 {
		t.Fatalf("%d bid currencies", len(bidCurrencies))
	}
	for name, rate := range bidCurrencies {
		for range 2000 {
			check(name, rate, CPM(random.Int63n(int64(999*Dollar))))
			check(name, rate, CPM(random.Int63n(1_000_000_000_000_000)>>random.Intn(50)))
		}
	}
	for range 100_000 {
		rate := RateMin + Rate(random.Int63n(int64(RateMax-RateMin))>>random.Intn(50))
		check("any", rate, CPM(random.Int63n(1_000_000_000_000)>>random.Intn(40)))
	}
	for _, rate := range []Rate{RateMin, RateOne, RateMax} {
		for _, bid := range []CPM{0, 1, CPMMax} {
			check("edge", rate, bid)
		}
	}
}

func table(rates map[string]Rate) *ExchangeRates {
	x := &ExchangeRates{AsOf: time.Unix(0, 0), Rates: map[Currency]Rate{}}
	for name, rate := range rates {
		currency, _ := ParseCurrency(name)
		x.Rates[currency] = rate
	}
	return x
}

func TestJumps(t *testing.T) {
	before := table(map[string]Rate{"EUR": 1_000_000_000_000, "JPY": 6_000_000_000, "VND": 1000, "TRY": RateMax, "CHF": 1, "SEK": 100})
	same := table(map[string]Rate{"EUR": 1_200_000_000_000, "JPY": 4_800_000_000, "VND": 1200, "TRY": RateMax - RateMax/5, "GBP": 5, "CHF": 1})
	if got := same.Jumps(before, nil); got != nil {
		t.Errorf("a move of exactly a fifth is a jump: %v", got)
	}
	if same.Jumps(nil, nil) != nil || same.Jumps(&ExchangeRates{}, nil) != nil {
		t.Error("a first table jumps")
	}
	after := table(map[string]Rate{"EUR": 1_200_000_000_001, "JPY": 4_799_999_999, "VND": 1201, "TRY": 1, "CHF": 2, "GBP": 1})
	accepted := Currency{'T', 'R', 'Y'}
	want := []string{"CHF", "EUR", "JPY", "VND"}
	got := after.Jumps(before, []Currency{accepted})
	if len(got) != len(want) {
		t.Fatalf("jumps %v, want %v", got, want)
	}
	for i, j := range got {
		if j.Currency.String() != want[i] || j.From != before.Rates[j.Currency] || j.To != after.Rates[j.Currency] {
			t.Errorf("jump %d is %+v, want %s", i, j, want[i])
		}
	}
	left := after.Without(got)
	if left.Rate(Currency{'E', 'U', 'R'}) != 0 || left.Rate(accepted) != 1 || left.Rate(USD) != RateOne || len(after.Rates) != 6 || !left.AsOf.Equal(after.AsOf) {
		t.Errorf("without the jumps %+v", left)
	}
	base := after.Baseline(before, got)
	if len(base.Jumps(before, []Currency{accepted})) != 0 {
		t.Error("what is compared with next time holds a jump")
	}
	if again := after.Jumps(&base, nil); len(again) != len(got) {
		t.Errorf("a jump that nobody accepted is none the next day: %v", again)
	}
	if base.Rates[Currency{'S', 'E', 'K'}] != 100 || base.Rates[Currency{'G', 'B', 'P'}] != 1 || base.Rates[accepted] != 1 {
		t.Errorf("the next table is compared with %v", base.Rates)
	}
	if first := after.Baseline(nil, nil); len(first.Rates) != len(after.Rates) {
		t.Errorf("a first table is compared with %v", first.Rates)
	}
}

func TestRatesStayFresh(t *testing.T) {
	x := ExchangeRates{AsOf: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}
	if !x.Fresh(x.AsOf.Add(RatesAgeMax)) || x.Fresh(x.AsOf.Add(RatesAgeMax+1)) || (&ExchangeRates{}).Fresh(x.AsOf) {
		t.Error("a table may be used for five days, and for no more")
	}
}
