package server

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/auction"
	"curb/edge/catalog"
	"curb/edge/macro"
)

// atlas is the fixture with a place for an address.
func atlas(t testing.TB) *catalog.Snapshot {
	t.Helper()
	set := contents()
	set.GeoRanges = []catalog.GeoRange{{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Country: "US", Region: "NY", City: "New York"}}
	snap, err := catalog.New(set)
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// known are values of a call about which everything is known.
func known(t testing.TB) *values {
	snap := atlas(t)
	place := snap.Placement(1006)
	imp := &ad.Impression{ID: "i-1", Placement: place}
	eur := ad.Currency{'E', 'U', 'R'}
	creative := snap.Creative(501)
	return &values{
		call: &ad.Call{
			ID: ad.AuctionID{15: 1}, Received: time.Unix(1_800_000_000, 0), Publisher: snap.Publisher(1), Site: snap.Site(12), Page: "https://news.example/?a=b", Cachebuster: "42", ClickTracker: "https://pub.example/c?u=",
			Device:       ad.Device{IP: netip.MustParseAddr("192.0.2.77"), UserAgent: "Mozilla/5.0"},
			Demographics: ad.Demographics{YearOfBirth: 1990, Gender: 'F'}, Location: ad.Location{Known: true, Lat: 4_071_280, Lon: -7_400_600},
			Privacy: ad.Privacy{GDPR: 1, TCF: "CPc", GPP: "DBA", GPPSID: []int{2, 7}, USPrivacy: "1YNN"}, PassThrough: [ad.PassThroughCount]string{"one", 8: "nine"},
		},
		slot: &adcall.Slot{Impression: imp, Outcome: adcall.Sold, Creative: creative, Size: ad.Size{W: 300, H: 250},
			Bid:    &ad.Bid{ID: "b-1", Member: 7, Creative: creative, Price: 2_500_000, Currency: eur, Rate: 2_000_000_000_000, Deal: &ad.Deal{ID: "d-1"}},
			Result: auction.Result{Paid: 2_250_000, Floor: 500_000, Second: 1_990_000, ClearPrice: 2_000_000}},
		size: ad.Size{W: 300, H: 250}, snap: snap, node: "edge-1", personal: true,
	}
}

// said is every macro with its value in known.
var said = map[string]string{
	"CLICK_URL": "https://pub.example/c?u=", "CLICK_URL_ENC": "https%3A%2F%2Fpub.example%2Fc%3Fu%3D", "CACHEBUSTER": "42", "AUCTION_ID": "00000000000000000000000000000001", "TAG_ID": "1006", "CREATIVE_ID": "501",
	"CREATIVE_CODE": "pic", "DEAL_ID": "d-1", "SELLER_MEMBER_ID": "100", "PUBLISHER_ID": "1", "PUBLISHER_CODE": "news", "SITE_ID": "12", "TAG_CODE1": "app", "TAG_CODE2": "", "EXT_APP_ID": "example.news",
	"PRICE_PAID": "2.25", "BID_PRICE": "2.5", "SECOND_PRICE": "", "ECP": "0", "RESERVE_PRICE": "0.5", "USER_ID": "0", "USER_IP": "192.0.2.0", "AGE": "37", "GENDER": "f", "SESSION_FREQ": "", "USER_CITY": "New%20York",
	"USER_STATE": "NY", "USER_COUNTRY": "US", "USER_AGENT": "Mozilla%2F5.0", "USER_AGENT_ENC": "Mozilla%2F5.0", "EXTENDED_IDS": "", "SEG_IDS": "", "SEG_CODES": "", "REFERER_URL_ENC": "https%3A%2F%2Fnews.example%2F%3Fa%3Db",
	"SUPPLY_TYPE": "2", "DATACENTER": "edge-1", "TIMESTAMP": "1800000000", "IS_PREVIEW": "0", "CREATIVE_SIZE": "300x250", "WIDTH": "300", "HEIGHT": "250", "GDPR": "1", "GDPR_APPLIES": "1", "GDPR_CONSENT": "CPc",
	"GDPR_CONSENT_755": "CPc", "GDPR_CONSENT_STRING": "CPc", "GPP_SID": "2%2C7", "GPP_STRING_2": "DBA", "US_PRIVACY": "1YNN", "GEO_LAT": "40.7128", "GEO_LON": "-74.006", "DEVICE_MD5": "", "DEVICE_SHA1": "", "DEVICE_OPENUDID": "",
	"DEVICE_ODIN": "", "DEVICE_AAID": "", "DEVICE_APPLE_IDA": "", "DEVICE_WIN_ID": "", "DEVICE_MAKE_ID": "", "DEVICE_MODEL_ID": "", "CARRIER_ID": "", "PT1": "one", "PT2": "", "PT9": "nine",
	"AUCTION_BID_ID": "b-1", "AUCTION_IMP_ID": "i-1", "AUCTION_SEAT_ID": "7", "AUCTION_AD_ID": "501", "AUCTION_PRICE": "2.25", "AUCTION_CURRENCY": "EUR", "AUCTION_LOSS": "", "AUCTION_MIN_TO_WIN": "",
}

// expanded is the value of one macro in a query.
func expanded(v *values, name string) string {
	out, _ := macro.Expand(nil, "https://t.example/?${"+name+"}", macro.URL, v)
	return strings.TrimPrefix(string(out), "https://t.example/?")
}

func TestEveryMacroHasItsValue(t *testing.T) {
	v := known(t)
	for name, want := range said {
		if strings.HasPrefix(name, "CLICK_URL") {
			want = "https%3A%2F%2Fpub.example%2Fc%3Fu%3D" // as it stands in a query, once
		}
		if got := expanded(v, name); got != want {
			t.Errorf("${%s} is %q, want %q", name, got, want)
		}
	}
}

func TestMacrosOfOtherCalls(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*values)
		want   map[string]string
	}{
		{"nobody may be described", func(v *values) { v.personal = false }, map[string]string{
			"AGE": "0", "GENDER": "u", "GEO_LAT": "", "GEO_LON": "", "USER_IP": "192.0.2.0", "USER_ID": "0", "EXTENDED_IDS": "", "USER_COUNTRY": "US"}},
		{"nothing is known", func(v *values) {
			v.call.Demographics, v.call.Location, v.call.Device, v.call.Privacy, v.node = ad.Demographics{}, ad.Location{}, ad.Device{}, ad.Privacy{GDPR: -1}, ""
		}, map[string]string{
			"AGE": "0", "GENDER": "u", "GEO_LAT": "", "USER_IP": "", "USER_AGENT": "", "USER_CITY": "", "GDPR": "", "GPP_SID": "", "DATACENTER": "0"}},
		{"no atlas", func(v *values) { v.snap = nil }, map[string]string{"USER_CITY": "", "USER_STATE": "", "USER_COUNTRY": ""}},
		{"IPv6", func(v *values) { v.call.Device.IP = netip.MustParseAddr("2001:db8:1:2::3") }, map[string]string{"USER_IP": "2001%3Adb8%3A1%3A%3A", "USER_CITY": ""}},
		{"a default creative", func(v *values) { v.slot.Bid, v.slot.Result = nil, auction.Result{Winner: -1} }, map[string]string{
			"PRICE_PAID": "0", "BID_PRICE": "0", "DEAL_ID": "0", "SECOND_PRICE": "", "AUCTION_BID_ID": "", "CREATIVE_ID": "501"}},
		{"second price", func(v *values) { p := *v.call.Publisher; p.PriceRule = ad.SecondPrice; v.call.Publisher = &p }, map[string]string{"SECOND_PRICE": "1.99"}},
		{"a web site", func(v *values) { v.call.Site = v.snap.Site(11) }, map[string]string{"SUPPLY_TYPE": "0", "EXT_APP_ID": ""}},
		{"a web site on a phone", func(v *values) { v.call.Site, v.call.Device.SUA.Mobile = v.snap.Site(11), "?1" }, map[string]string{"SUPPLY_TYPE": "1"}},
		{"a test", func(v *values) { v.call.Test = true }, map[string]string{"IS_PREVIEW": "1"}},
		{"a debug auction", func(v *values) { v.call.Debug = true }, map[string]string{"IS_PREVIEW": "1"}},
	} {
		v := known(t)
		c.change(v)
		for name, want := range c.want {
			if got := expanded(v, name); got != want {
				t.Errorf("%s: ${%s} is %q, want %q", c.name, name, got, want)
			}
		}
	}
}

// TestMacrosSayWhatTheLawLetsOut goes through the door: the same tag with and without a signal.
func TestMacrosSayWhatTheLawLetsOut(t *testing.T) {
	h := rim(t, &seller{sell: won(502, func(b *ad.Bid) { b.Markup = "${AGE},${GENDER},${GEO_LAT},${USER_IP}" })}, func(o *Options) {
		snap := atlas(t)
		o.Snapshot = func() *catalog.Snapshot { return snap }
	})
	from := func(r *http.Request) { r.RemoteAddr = "192.0.2.77:4000" }
	for query, want := range map[string]string{
		"":                  `30,f,40.7128,192.0.2.0`,
		"&gdpr=1":           `0,u,,192.0.2.0`,
		"&coppa=1":          `0,u,,192.0.2.0`,
		"&us_privacy=1YYN":  `0,u,,192.0.2.0`,
		"&gpp_sid=7":        `0,u,,192.0.2.0`,
		"&us_privacy=1YNN":  `30,f,40.7128,192.0.2.0`,
		"&gdpr=0&gpp_sid=0": `30,f,40.7128,192.0.2.0`,
	} {
		w := get(h, "/tt?id=1001&test=1&dongle=owners-dongle&age=30&gender=f&loc=40.7128,-74.006"+query, from)
		got := fragmentOf(t, w.Body.String())
		if got != want {
			t.Errorf("%q says %s, want %s", query, got, want)
		}
	}
}

func TestCustomMacrosOfABid(t *testing.T) {
	own := []ad.KeyValue{{Key: "OFFER", Value: `50 % <b>"off"`}, {Key: "AUCTION_ID", Value: "forged"}, {Key: "PATH", Value: "a/b?c"}}
	with := func(b *ad.Bid) { b.Macros = own }
	for name, c := range map[string]struct {
		sell func(adcall.Incoming) *adcall.Answer
		want string
	}{
		"markup of the bid":      {won(502, with, func(b *ad.Bid) { b.Markup = "<i>${OFFER}</i>${AUCTION_ID}${NONE}" }), `<i>50&#32;%&#32;&#60;b&#62;&#34;off&#34;</i>00000000000000000000000000000001${NONE}`},
		"registered markup":      {won(506, with), `<i title="50&#32;%&#32;&#60;b&#62;&#34;off&#34;">${OTHER}</i>`},
		"a picture's URLs":       {won(507, with), `<a href="https://shop.example/a%2Fb%3Fc" target="_blank" rel="noopener"><img src="https://cdn.example/a%2Fb%3Fc.png" width="300" height="250" alt="" style="border:0;display:block"></a><img src="https://pixel.example/?p=a%2Fb%3Fc" width="1" height="1" alt="" style="display:none">`},
		"a bid that brings none": {won(506), `<i title="${OFFER}">${OTHER}</i>`},
	} {
		h := rim(t, &seller{sell: c.sell}, tracked(func(s *catalog.Contents) {
			html, picture := s.Creatives[1], s.Creatives[0]
			html.ID, html.Code, html.Content = 506, "own", `<i title="${OFFER}">${OTHER}</i>`
			picture.ID, picture.Code, picture.Content, picture.ClickURL, picture.Pixels = 507, "own-pic", "https://cdn.example/${PATH}.png", "https://shop.example/${PATH}", []string{"https://pixel.example/?p=${PATH}"}
			s.Creatives = append(s.Creatives, html, picture)
		}))
		if got := fragmentOf(t, get(h, "/tt?id=1001&test=1&dongle=owners-dongle").Body.String()); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", name, got, c.want)
		}
	}
}
