package server

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/adcall"
)

// Values that rows of the table share.
var (
	thisYear  = uint16(time.Now().UTC().Year())
	longLabel = strings.Repeat("x", ad.LabelBytesMax)
	boxSize   = ad.Size{W: 300, H: 250}
	wideSize  = ad.Size{W: 728, H: 90}
)

// parameterCases has every parameter with what it comes to, and with values it cannot have.
var parameterCases = []struct {
	query string
	got   func(c ad.Call, i ad.Impression) any
	want  any // a string beginning with ! is an error code
}{
	{"id=1001", func(_ ad.Call, i ad.Impression) any { return i.Placement.ID }, ad.PlacementID(1001)},
	{"id=0001001", func(_ ad.Call, i ad.Impression) any { return i.Placement.ID }, ad.PlacementID(1001)},
	{"id=abc", nil, "!param_invalid"}, {"id=-1", nil, "!param_invalid"}, {"id=0", nil, "!param_invalid"},
	{"id=4294967296", nil, "!param_invalid"}, {"id=1e3", nil, "!param_invalid"}, {"id=%31001", func(_ ad.Call, i ad.Impression) any { return i.Placement.ID }, ad.PlacementID(1001)},
	{"id=", nil, "!placement_missing"}, {"", nil, "!placement_missing"}, {"ID=1001", nil, "!placement_missing"},
	{"id=9999", nil, "!placement_unknown"}, {"id=1004", nil, "!placement_unknown"},
	{"id=1001&id=1001", nil, "!param_duplicate"}, {"id=1001&size=300x250&size=300x250", nil, "!param_duplicate"},

	{"member=100&inv_code=home-top", func(_ ad.Call, i ad.Impression) any { return i.Placement.ID }, ad.PlacementID(1001)},
	{"member=200&inv_code=home-top", func(_ ad.Call, i ad.Impression) any { return i.Placement.ID }, ad.PlacementID(2001)},
	{"member=100&inv_code=home-top&id=1003", func(_ ad.Call, i ad.Impression) any { return i.Placement.ID }, ad.PlacementID(1003)},
	{"member=100&inv_code=none", nil, "!placement_unknown"}, {"member=100", nil, "!placement_missing"}, {"inv_code=home-top", nil, "!placement_missing"},
	{"member=x&inv_code=home-top", nil, "!param_invalid"}, {"member=100&inv_code=a<b", nil, "!param_invalid"}, {"member=100&inv_code=" + longLabel + "x", nil, "!param_invalid"},
	{"member=100&inv_code=none&default_tag_id=1003", func(_ ad.Call, i ad.Impression) any { return i.Placement.ID }, ad.PlacementID(1003)},
	{"member=100&default_tag_id=1003", func(_ ad.Call, i ad.Impression) any { return i.Placement.ID }, ad.PlacementID(1003)},
	{"member=100&inv_code=none&default_tag_id=2001", nil, "!placement_unknown"}, {"default_tag_id=1003", nil, "!placement_missing"},

	{"id=1001&size=728x90", func(_ ad.Call, i ad.Impression) any { return i.Sizes }, []ad.Size{boxSize}},
	{"id=1002&size=728x90", func(_ ad.Call, i ad.Impression) any { return i.Sizes }, []ad.Size{wideSize}},
	{"id=1002&size=728x90&promo_sizes=300x250,1x1", func(_ ad.Call, i ad.Impression) any { return i.Sizes }, []ad.Size{wideSize, boxSize, {W: 1, H: 1}}},
	{"id=1001&promo_sizes=728x90", func(_ ad.Call, i ad.Impression) any { return i.Sizes }, []ad.Size{boxSize}},
	{"id=1001&private_sizes=728x90,1x1", func(_ ad.Call, i ad.Impression) any { return i.PrivateSizes }, []ad.Size{wideSize, {W: 1, H: 1}}},
	{"id=1002", nil, "!size_missing"}, {"id=1002&size=", nil, "!size_missing"},
	{"id=1001&size=300x250\"><svg", nil, "!param_invalid"}, {"id=1001&size=300x250%22%3E%3Csvg", nil, "!param_invalid"}, {"id=1001&size=0x0", nil, "!param_invalid"},
	{"id=1001&size=300x250,728x90", nil, "!param_invalid"}, {"id=1001&promo_sizes=300x250,", func(_ ad.Call, i ad.Impression) any { return i.Sizes }, []ad.Size{boxSize}},
	{"id=1002&promo_sizes=" + sizeList(ad.SizesMax), func(_ ad.Call, i ad.Impression) any { return len(i.Sizes) }, ad.SizesMax},
	{"id=1002&promo_sizes=" + sizeList(ad.SizesMax+1), nil, "!param_invalid"},

	{"id=1001&reserve=1.25", func(_ ad.Call, i ad.Impression) any { return i.Reserve }, ad.CPM(1_250_000)},
	{"id=1001&reserve=0", func(_ ad.Call, i ad.Impression) any { return i.Reserve }, ad.CPM(0)},
	{"id=1001&reserve=999", func(_ ad.Call, i ad.Impression) any { return i.Reserve }, ad.CPMMax}, {"id=1001&reserve=999.000001", nil, "!param_invalid"},
	{"id=1001&reserve=-1", nil, "!param_invalid"}, {"id=1001&reserve=1e308", nil, "!param_invalid"}, {"id=1001&reserve=NaN", nil, "!param_invalid"}, {"id=1001&reserve=1,5", nil, "!param_invalid"},

	{"id=1001&referrer=https%3A%2F%2Fnews.example%2Fa%3Fb", func(c ad.Call, _ ad.Impression) any { return c.Page }, "https://news.example/a?b"},
	{"id=1001&referrer=http://news.example/", func(c ad.Call, _ ad.Impression) any { return c.Page }, "http://news.example/"},
	{"id=1001&referrer=https://news.example/%22%3Cscript%3E", func(c ad.Call, _ ad.Impression) any { return c.Page }, "https://news.example/%22%3Cscript%3E"},
	{"id=1001&referrer=javascript:alert(1)", nil, "!param_invalid"}, {"id=1001&referrer=//news.example/", nil, "!param_invalid"},
	{"id=1001&referrer=https://a@b/", nil, "!param_invalid"}, {"id=1001&referrer=https://", nil, "!param_invalid"}, {"id=1001&referrer=https://a/%0d%0aX:y", nil, "!param_invalid"}, {"id=1001&referrer=%zz", nil, "!param_invalid"},

	{"id=1001&cb=Aa.0_-", func(c ad.Call, _ ad.Impression) any { return c.Cachebuster }, "Aa.0_-"},
	{"id=1001&cb=" + strings.Repeat("1", 64), func(c ad.Call, _ ad.Impression) any { return len(c.Cachebuster) }, 64}, {"id=1001&cb=" + strings.Repeat("1", 65), nil, "!param_invalid"},
	{"id=1001&cb=alert(1)//", nil, "!param_invalid"}, {"id=1001&cb=1%0d%0aX:y", nil, "!param_invalid"}, {"id=1001&cb=%%CACHEBUSTER%%", nil, "!param_invalid"},

	{"id=1001&age=30", func(c ad.Call, _ ad.Impression) any { return c.YearOfBirth }, thisYear - 30}, {"id=1001&age=1990", func(c ad.Call, _ ad.Impression) any { return c.YearOfBirth }, uint16(1990)},
	{"id=1001&age=25-35", func(c ad.Call, _ ad.Impression) any { return c.YearOfBirth }, thisYear - 30}, {"id=1001&age=0", func(c ad.Call, _ ad.Impression) any { return c.YearOfBirth }, uint16(0)},
	{"id=1001&age=120", func(c ad.Call, _ ad.Impression) any { return c.YearOfBirth }, thisYear - 120}, {"id=1001&age=121", nil, "!param_invalid"}, {"id=1001&age=35-25", nil, "!param_invalid"},
	{"id=1001&age=1899", nil, "!param_invalid"}, {"id=1001&age=9999", nil, "!param_invalid"}, {"id=1001&age=x", nil, "!param_invalid"}, {"id=1001&age=-5", nil, "!param_invalid"}, {"id=1001&age=25-", nil, "!param_invalid"},
	{"id=1001&gender=m", func(c ad.Call, _ ad.Impression) any { return c.Gender }, byte('M')}, {"id=1001&gender=f", func(c ad.Call, _ ad.Impression) any { return c.Gender }, byte('F')},
	{"id=1001&gender=", func(c ad.Call, _ ad.Impression) any { return c.Gender }, byte(0)}, {"id=1001&gender=x", nil, "!param_invalid"}, {"id=1001&gender=male", nil, "!param_invalid"},
	{"id=1001&position=above", func(_ ad.Call, i ad.Impression) any { return i.Position }, uint8(1)}, {"id=1001&position=below", func(_ ad.Call, i ad.Impression) any { return i.Position }, uint8(3)},
	{"id=1006", func(_ ad.Call, i ad.Impression) any { return i.Position }, uint8(3)}, {"id=1006&position=above", func(_ ad.Call, i ad.Impression) any { return i.Position }, uint8(1)}, {"id=1001&position=Above", nil, "!param_invalid"},
	{"id=1001&loc=48.2081743,16.3738189", func(c ad.Call, _ ad.Impression) any { return c.Location }, ad.Location{Known: true, Lat: 4820817, Lon: 1637381}},
	{"id=1001&loc=-90,180.0000000000000", func(c ad.Call, _ ad.Impression) any { return c.Location }, ad.Location{Known: true, Lat: -9000000, Lon: 18000000}},
	{"id=1001&loc=90.00001,0", nil, "!param_invalid"}, {"id=1001&loc=1", nil, "!param_invalid"}, {"id=1001&loc=1,2,3", nil, "!param_invalid"}, {"id=1001&loc=a,b", nil, "!param_invalid"},
	{"id=1001&loc=1.,2", nil, "!param_invalid"}, {"id=1001&loc=1.00000000000000,2", nil, "!param_invalid"}, {"id=1001&loc=1e1,2", nil, "!param_invalid"},

	{"id=1001&pubclick=https://p.example/c?a=1&id=7&u=", func(c ad.Call, _ ad.Impression) any { return c.ClickTracker }, "https://p.example/c?a=1&id=7&u="},
	{"id=1001&pubclickenc=https%3A%2F%2Fp.example%2Fc%3Fa%26b&test=1&dongle=owners-dongle", func(c ad.Call, _ ad.Impression) any { return fmt.Sprint(c.ClickTracker, c.Test) }, "https://p.example/c?a&btrue"},
	{"id=1001&pubclickenc=https://a.example/&pubclick=https://b.example/", nil, "!param_invalid"}, {"id=1001&pubclick=javascript:alert(1)//", nil, "!param_invalid"}, {"id=1001&pubclick=", func(c ad.Call, _ ad.Impression) any { return c.ClickTracker }, ""},
	{"id=1001&pubclick=https://b.example/\"><script>", func(c ad.Call, _ ad.Impression) any { return c.ClickTracker }, "https://b.example/%22%3E%3Cscript%3E"},
	{"id=1001&psa=0", func(c ad.Call, _ ad.Impression) any { return c.NoPSA }, true}, {"id=1001&psa=true", func(c ad.Call, _ ad.Impression) any { return c.NoPSA }, false}, {"id=1001&psa=no", nil, "!param_invalid"},
	{"id=1001&pt1=a%20b&pt9=z", func(c ad.Call, _ ad.Impression) any { return c.PassThrough[0] + c.PassThrough[8] }, "a bz"}, {"id=1001&pt1=" + longLabel + "x", nil, "!param_invalid"}, {"id=1001&pt3=%00", nil, "!param_invalid"},
	{"id=1001&ext_inv_code=" + longLabel, func(c ad.Call, _ ad.Impression) any { return c.ExternalCode }, longLabel}, {"id=1001&ext_inv_code=" + longLabel + "x", nil, "!param_invalid"},
	{"id=1001&traffic_source_code=t", func(c ad.Call, _ ad.Impression) any { return c.TrafficSource }, "t"}, {"id=1001&traffic_source_code=" + longLabel + "x", nil, "!param_invalid"},
	{"id=1001&external_uid=u", func(c ad.Call, _ ad.Impression) any { return c.ExternalUID }, "u"}, {"id=1001&external_uid=%ff", nil, "!param_invalid"},
	{"id=1001&use_cookies=0", func(c ad.Call, _ ad.Impression) any { return c.NoUser }, true}, {"id=1001&use_cookies=2", nil, "!param_invalid"},
	{"id=1001&truncate_ip=true", func(c ad.Call, _ ad.Impression) any { return true }, true}, {"id=1001&truncate_ip=yes", nil, "!param_invalid"},
	{"id=1001&prevent_rtb=1", func(c ad.Call, _ ad.Impression) any { return c.PreventRTB && !c.PreventDeals }, true}, {"id=1001&prevent_rtb=x", nil, "!param_invalid"},
	{"id=1001&prevent_deals=1", func(c ad.Call, _ ad.Impression) any { return c.PreventDeals && !c.PreventRTB }, true}, {"id=1001&prevent_deals=x", nil, "!param_invalid"},
	{"id=1001&within_iframe=1", func(c ad.Call, _ ad.Impression) any { return c.Framed }, int8(1)}, {"id=1001&within_iframe=0", func(c ad.Call, _ ad.Impression) any { return c.Framed }, int8(-1)}, {"id=1001&within_iframe=x", nil, "!param_invalid"},

	{"id=1001", func(c ad.Call, _ ad.Impression) any { return c.GDPR }, int8(-1)}, {"id=1001&gdpr=1&gdpr_consent=CP-x_.~", func(c ad.Call, _ ad.Impression) any { return fmt.Sprint(c.GDPR, c.TCF) }, "1CP-x_.~"},
	{"id=1001&gdpr=0", func(c ad.Call, _ ad.Impression) any { return c.GDPR }, int8(0)}, {"id=1001&gdpr=2", nil, "!param_invalid"}, {"id=1001&gdpr_consent=${GDPR_CONSENT_755}", nil, "!param_invalid"},
	{"id=1001&gdpr_consent=" + strings.Repeat("C", ad.ConsentBytesMax), func(c ad.Call, _ ad.Impression) any { return len(c.TCF) }, ad.ConsentBytesMax}, {"id=1001&gdpr_consent=" + strings.Repeat("C", ad.ConsentBytesMax+1), nil, "!param_invalid"},
	{"id=1001&gpp=DBAA~1&gpp_sid=2,6,-1", func(c ad.Call, _ ad.Impression) any { return fmt.Sprint(c.GPP, c.GPPSID) }, "DBAA~1[2 6 -1]"}, {"id=1001&gpp_sid=7_8", func(c ad.Call, _ ad.Impression) any { return fmt.Sprint(c.GPPSID) }, "[7 8]"},
	{"id=1001&gpp_sid=x", nil, "!param_invalid"}, {"id=1001&gpp_sid=-2", nil, "!param_invalid"}, {"id=1001&gpp=<", nil, "!param_invalid"},
	{"id=1001&us_privacy=1YN-", func(c ad.Call, _ ad.Impression) any { return c.USPrivacy }, "1YN-"}, {"id=1001&us_privacy=1Y", nil, "!param_invalid"}, {"id=1001&us_privacy=1YN-x", nil, "!param_invalid"},
	{"id=1001&coppa=1", func(c ad.Call, _ ad.Impression) any { return c.COPPA }, true}, {"id=1001&coppa=2", nil, "!param_invalid"},
	{"id=1001&test=1&dongle=owners-dongle", func(c ad.Call, _ ad.Impression) any { return c.Test }, true}, {"id=1001&test=on", nil, "!param_invalid"},
	{"id=1001&target=slot-1", func(ad.Call, ad.Impression) any { return true }, true}, {"id=1001&target=a\"b", nil, "!param_invalid"}, {"id=1001&target=" + strings.Repeat("t", 65), nil, "!param_invalid"},

	{"id=1001&kw_music=rock&kw_music=jazz&kw_=x", func(c ad.Call, _ ad.Impression) any { return fmt.Sprint(c.Keywords) }, "[{music rock} {music jazz}]"},
	{"id=1001&Section=Sport%21&empty&debug_node=1&x=%zz", func(c ad.Call, _ ad.Impression) any { return fmt.Sprint(c.Custom) }, "[{section Sport!} {empty }]"},
	{"id=1001&a=" + strings.Repeat("x", 60) + "&b=" + strings.Repeat("x", 61), func(c ad.Call, _ ad.Impression) any { return len(c.Custom) }, 1},
	{"id=1001&" + repeat("c=1", ad.KeyValuesMax+1), func(c ad.Call, _ ad.Impression) any { return len(c.Custom) }, ad.KeyValuesMax},
	{"id=1001&" + repeat("c=1", ad.QueryParamsMax-1), func(c ad.Call, _ ad.Impression) any { return len(c.Custom) }, ad.KeyValuesMax},
	{"id=1001&" + repeat("c=1", ad.QueryParamsMax), nil, "!param_too_many"},
	{"&&id=1001&&&", func(_ ad.Call, i ad.Impression) any { return i.Placement.ID }, ad.PlacementID(1001)},
}

func TestParameters(t *testing.T) {
	s := &seller{sell: fall(adcall.Blank)}
	h := rim(t, s)
	for _, c := range parameterCases {
		before := s.calls()
		w := get(h, "/tt", func(r *http.Request) { r.URL.RawQuery = c.query })
		if code, isCode := c.want.(string); isCode && strings.HasPrefix(code, "!") {
			status := http.StatusBadRequest
			if code == "!placement_unknown" {
				status = http.StatusNotFound
			}
			if got := w.Header().Get("X-Curb-Error"); got != code[1:] || w.Code != status || w.Body.Len() != 0 || s.calls() != before {
				t.Errorf("?%s: status %d, X-Curb-Error %q, body %q, %d auctions; want %d %s", c.query, w.Code, got, w.Body, s.calls()-before, status, code[1:])
			}
			continue
		}
		if w.Code != http.StatusOK {
			t.Errorf("?%s: status %d, X-Curb-Error %q", c.query, w.Code, w.Header().Get("X-Curb-Error"))
			continue
		}
		if diff := cmp.Diff(c.want, c.got(s.last, s.imps[0])); diff != "" {
			t.Errorf("?%s (-want +got):\n%s", c.query, diff)
		}
	}
}

func sizeList(n int) string {
	sizes := make([]string, n)
	for i := range sizes {
		sizes[i] = fmt.Sprintf("%dx%d", i+1, i+1)
	}
	return strings.Join(sizes, ",")
}

func repeat(pair string, n int) string { return strings.TrimSuffix(strings.Repeat(pair+"&", n), "&") }

// FuzzQuery compares the parser with the standard library's where both agree on the rules, and holds what it promises
// elsewhere.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"id=1001", "a=b&a=c", "x=%zz&y=%41+", "pubclick=http://a/?b&c", "&&=&=x&k", "kw_a=b;c", "%61=%62", "a=%", "a=%4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var p parameters
		if problem := p.parse(raw); problem != nil && problem != &paramDuplicate && problem != &paramTooMany {
			t.Fatalf("%q: %s", raw, problem.code)
		}
		if len(p.key) > ad.KeyValuesMax || len(p.custom) > ad.KeyValuesMax {
			t.Fatalf("%q: %d and %d pairs", raw, len(p.key), len(p.custom))
		}
		for q := (query{rest: raw}); ; {
			key, value, ok := q.next()
			if !ok {
				break
			}
			for _, text := range []string{key, value} {
				got, ok := unescape(text)
				want, err := url.QueryUnescape(text)
				if ok != (err == nil) || got != want {
					t.Fatalf("unescape(%q) = %q, %v; the standard library says %q, %v", text, got, ok, want, err)
				}
			}
		}
		rd := reader{params: &p}
		rd.placementName()
		var v visit
		v.readCall(&rd, request{now: time.Unix(1, 0)})
		v.readImpression(&rd)
		if clean := v.call.ClickTracker; clean != "" {
			if again, ok := webURL(clean); !ok || again != clean {
				t.Fatalf("%q: click tracker %q is not clean", raw, clean)
			}
		}
	})
}
