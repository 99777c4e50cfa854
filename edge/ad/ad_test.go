package ad

import "testing"

func TestParseCPM(t *testing.T) {
	cases := []struct {
		text string
		want CPM
		err  error
	}{
		{"1.25", 1_250_000, nil}, {"0", 0, nil}, {"-0.0", 0, nil}, {"5.0e+0000001", 50_000_000, nil},
		{"999.000001", 999_000_001, nil}, {"1e-400", 0, nil}, {"0.00000019", 0, nil}, {"0.0000019", 1, nil},
		{"1e308", CPMHuge, nil}, {"1e309", 0, ErrPriceRange}, {"-1", 0, ErrPrice}, {"", 0, ErrPrice}, {"01", 0, ErrPrice},
		{"1.", 0, ErrPrice}, {".5", 0, ErrPrice}, {"0x10", 0, ErrPrice}, {"NaN", 0, ErrPrice}, {"1e", 0, ErrPrice},
		{"1.23456789012345678901234567890123456789", 1_234_567, nil},
		{"0.00000000000000000000000000000000000001e38", 1_000_000, nil},
		{"1.7976931348623157e308", CPMHuge, nil}, {"1.7976931348623160e308", 0, ErrPriceRange},
	}
	for _, c := range cases {
		got, err := ParseCPM([]byte(c.text))
		if got != c.want || err != c.err {
			t.Errorf("ParseCPM(%q) = %d, %v; want %d, %v", c.text, got, err, c.want, c.err)
		}
	}
}

func TestCPMAppend(t *testing.T) {
	for text, c := range map[string]CPM{"1.5": 1_500_000, "0": 0, "0.000001": 1, "999": CPMMax, "-2.01": -2_010_000} {
		if got := c.String(); got != text {
			t.Errorf("%d prints %q, want %q", int64(c), got, text)
		}
	}
}

func TestSharesRoundAgainstTheSplit(t *testing.T) {
	if got := Share(100_000).Less(6 * Dollar); got != 5_400_000 {
		t.Errorf("6.00 less 10%% = %v, want 5.4", got)
	}
	if got := Share(50_000).Gross(4_522_500); got != 4_760_527 {
		t.Errorf("gross of 4.5225 at 5%% = %v, want 4.760527 (rounded up)", got)
	}
	if got := ShareOne.Gross(1); got != CPMHuge {
		t.Errorf("gross at 100%% = %v, want the huge price", got)
	}
}

func TestRateRoundTripNeverRaises(t *testing.T) {
	vnd := Rate(39_400_000) // 0.0000394 USD
	for _, c := range []CPM{1, 499, Dollar, 25_000 * Dollar, 1e15} {
		if back := vnd.FromUSD(vnd.ToUSD(c)); back > c {
			t.Errorf("%d VND micros became %d on the way back", c, back)
		}
	}
	if got := vnd.ToUSD(CPMHuge); got < CPMMax {
		t.Errorf("a huge price converts to %v, below the cap", got)
	}
}

func TestFloorRoundingNeverLowers(t *testing.T) {
	for _, rate := range []Rate{39_400_000, 999_999_999_999, RateOne, 1_081_300_000_001, 3_257_000_000_000} {
		for _, floor := range []CPM{0, 1, 499, 333_333, Dollar + 1, 25_000*Dollar + 7} {
			if back := rate.FromUSD(rate.ToUSDUp(floor)); back < floor {
				t.Errorf("a floor of %d at %d leaves room for an answer of %d", floor, rate, back)
			}
			if up, down := rate.ToUSDUp(floor), rate.ToUSD(floor); up-down > 1 || up < down {
				t.Errorf("%d at %d is %d rounded up and %d rounded down", floor, rate, up, down)
			}
		}
	}
	if got := RateOne.ToUSDUp(CPMHuge); got != CPMHuge {
		t.Errorf("a huge floor converts to %v", got)
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]bool{"300x250": true, "1x1": true, "0x0": false, "300x250\"><svg": false, "300X250": false, "99999x1": false, "x": false, "": false, "03x4": false} {
		if _, ok := ParseSize(text); ok != want {
			t.Errorf("ParseSize(%q) ok = %v", text, ok)
		}
	}
}

func TestReasonsAreNamedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Reasons() {
		text := r.String()
		if text == "" || seen[text] {
			t.Errorf("reason %d has the text %q, which is empty or taken", r, text)
		}
		seen[text] = true
		if back, ok := ParseReason(text); !ok || back != r {
			t.Errorf("ParseReason(%q) = %v, %v", text, back, ok)
		}
		if won := r.LossCode() == 0; won != (r == Won) {
			t.Errorf("%s has loss code %d", text, r.LossCode())
		}
	}
}

func TestCountryAlpha3(t *testing.T) {
	for two, three := range map[string]string{"US": "USA", "DE": "DEU", "AD": "AND", "ZW": "ZWE", "us": "", "XX": "", "": "", "USA": ""} {
		if got := CountryAlpha3(two); got != three {
			t.Errorf("CountryAlpha3(%q) = %q, want %q", two, got, three)
		}
	}
	for i := 5; i < len(countries); i += 5 {
		if countries[i:i+2] <= countries[i-5:i-3] {
			t.Fatalf("the table is out of order at %s", countries[i:i+5])
		}
	}
}

func TestSeatMayBuy(t *testing.T) {
	for _, c := range []struct {
		seats, blocked []MemberID
		want           bool
	}{
		{nil, nil, true}, {[]MemberID{5, 7, 9}, nil, true}, {[]MemberID{5, 9}, nil, false}, {nil, []MemberID{5, 7}, false}, {nil, []MemberID{5, 9}, true},
		{[]MemberID{7}, []MemberID{7}, false},
	} {
		call := Call{Seats: c.seats, SeatsBlocked: c.blocked}
		if got := call.SeatMayBuy(7); got != c.want {
			t.Errorf("seats %v, blocked %v: member 7 may buy: %v, want %v", c.seats, c.blocked, got, c.want)
		}
	}
}

func TestBlocksTakeWhatLiesBelow(t *testing.T) {
	b := Blocks{Advertisers: []string{"Casino.example", "evil.test."}, Categories: []string{"IAB25", "IAB7-3"}, Languages: []string{"en"}}
	for domain, want := range map[string]bool{"casino.example": true, "www.CASINO.example": true, "notcasino.example": false, "example": false, "a.evil.test": true, "": false} {
		if got := b.Advertiser(domain); got != want {
			t.Errorf("advertiser %q blocked: %v", domain, got)
		}
	}
	for category, want := range map[string]bool{"IAB25": true, "iab25-3": true, "IAB2": false, "IAB255": false, "IAB7": false, "IAB7-3": true} {
		if got := b.Category(category); got != want {
			t.Errorf("category %q blocked: %v", category, got)
		}
	}
	cases := []struct {
		c    Creative
		want Reason
	}{
		{Creative{}, Undecided}, {Creative{Language: "EN"}, Undecided}, {Creative{Language: "de"}, LanguageBlocked},
		{Creative{Attributes: []uint8{1, 13}}, AttributeBlocked}, {Creative{Categories: []string{"IAB25-1"}}, CategoryBlocked},
		{Creative{Advertisers: []string{"ok.test", "x.evil.test"}}, AdomainBlocked},
	}
	for _, c := range cases {
		if got := b.Creative(&c.c, []int{13}); got != c.want {
			t.Errorf("%+v: %v, want %v", c.c, got, c.want)
		}
	}
}
