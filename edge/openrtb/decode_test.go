package openrtb

import (
	"strings"
	"testing"

	"curb/edge/ad"
)

// jsonRows say which documents are JSON with one meaning, wherever they stand.
var jsonRows = []struct{ body, code string }{
	{`{}`, ""},
	{` { "a" : [ 1 , "x" , null , true , false , { } , [ ] ] } ` + "\r\n\t", ""},
	{`{"a":-0.0e+10,"b":1E5,"c":"\"\\\/\b\f\n\r\t\u0041\ud83d\ude00"}`, ""},
	{`{"a":{"b":1},"b":{"b":1}}`, ""},
	{`[{"a":1},{"a":1}]`, ""},
	{`"é日本\u65e5"`, ""},
	{`{"ID":1,"id":1}`, ""}, // outside the objects of the specification case tells names apart
	{``, CodeJSONInvalid},
	{` `, CodeJSONInvalid},
	{`{`, CodeJSONInvalid},
	{`{"a"`, CodeJSONInvalid},
	{`{"a":`, CodeJSONInvalid},
	{`{"a":1`, CodeJSONInvalid},
	{`{"a":1,`, CodeJSONInvalid},
	{`{"a":1,}`, CodeJSONInvalid},
	{`{,"a":1}`, CodeJSONInvalid},
	{`{"a" 1}`, CodeJSONInvalid},
	{`{a:1}`, CodeJSONInvalid},
	{`{"a":1 "b":2}`, CodeJSONInvalid},
	{`[1,]`, CodeJSONInvalid},
	{`[1 2]`, CodeJSONInvalid},
	{`[,]`, CodeJSONInvalid},
	{`[1}`, CodeJSONInvalid},
	{`{"a":1]`, CodeJSONInvalid},
	{`{} {}`, CodeJSONInvalid},
	{`{}x`, CodeJSONInvalid},
	{"{}\x00", CodeJSONInvalid},
	{"{}\v", CodeJSONInvalid},
	{"\ufeff{}", CodeJSONInvalid},
	{`nul`, CodeJSONInvalid},
	{`truex`, CodeJSONInvalid},
	{`True`, CodeJSONInvalid},
	{`NaN`, CodeJSONInvalid},
	{`Infinity`, CodeJSONInvalid},
	{`-Infinity`, CodeJSONInvalid},
	{`0x10`, CodeJSONInvalid},
	{`01`, CodeJSONInvalid},
	{`-`, CodeJSONInvalid},
	{`+1`, CodeJSONInvalid},
	{`.5`, CodeJSONInvalid},
	{`5.`, CodeJSONInvalid},
	{`1e`, CodeJSONInvalid},
	{`1e+`, CodeJSONInvalid},
	{`'a'`, CodeJSONInvalid},
	{`"a`, CodeJSONInvalid},
	{`"a\`, CodeJSONInvalid},
	{`"\x41"`, CodeJSONInvalid},
	{`"\u00g0"`, CodeJSONInvalid},
	{`"\u004"`, CodeJSONInvalid},
	{"\"a\nb\"", CodeJSONInvalid},
	{"\"a\x00b\"", CodeJSONInvalid},
	{"\"eight by\x1f\"", CodeJSONInvalid},
	{"\"\xff\"", CodeJSONInvalid},
	{"\"\xc0\xaf\"", CodeJSONInvalid},         // overlong
	{"\"\xed\xa0\x80\"", CodeJSONInvalid},     // a surrogate in UTF-8
	{"\"\xf4\x90\x80\x80\"", CodeJSONInvalid}, // beyond U+10FFFF
	{"\"\xe2\x82\"", CodeJSONInvalid},         // cut short
	{`"\ud800"`, CodeJSONInvalid},
	{`"\udc00"`, CodeJSONInvalid},
	{`"\ud800\ud800"`, CodeJSONInvalid},
	{`"\ud800x\udc00"`, CodeJSONInvalid},
	{`"\ud83d\u0041"`, CodeJSONInvalid},
	{`{"\ud800":1}`, CodeJSONInvalid},
	{`{"a":1,"a":2}`, CodeJSONInvalid},
	{`{"a":1,"\u0061":2}`, CodeJSONInvalid},
	{`{"x":{"a":1,"b":2,"a":3}}`, CodeJSONInvalid},
	{`{"":1,"":2}`, CodeJSONInvalid},
	{`{"a":1,"b":{"a":1},"c":[{"d":1}],"a":2}`, CodeJSONInvalid},
	{`{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"10":1,"11":1}`, ""},
	{`{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"10":1,"2":1}`, CodeJSONInvalid},
}

func TestScan(t *testing.T) {
	for _, row := range jsonRows {
		var d Decoder
		d.begin([]byte(row.body), false)
		var err error
		if !d.skip() || !d.end() {
			err = d.err
		}
		if asErr(err) != row.code {
			t.Errorf("%q: %v, want %q", row.body, err, row.code)
		}
		// The same inside a request, where the scan reaches it as the value of a name it does not know, and as an ext.
		for _, name := range []string{"unknown", "ext"} {
			_, err := d.DecodeRequest([]byte(`{"id":"r","imp":[{"id":"1"}],"` + name + `":` + row.body + `}`))
			if asErr(err) != row.code {
				t.Errorf("%s: %q: %v, want %q", name, row.body, err, row.code)
			}
		}
	}
}

// imp is a request with one impression that has these members beside its id, and more at the end.
func imp(members, more string) string {
	return `{"id":"r","imp":[{"id":"1"` + members + `}]` + more + `}`
}

// requestRows say what is a bid request; detail is a part of the error's.
var requestRows = []struct{ body, code, detail string }{
	{imp(``, ``), "", ""},
	{imp(`,"unknown":{"a":[1]},"banner":null,"bidfloor":null,"metric":null`, `,"unknown":1,"user":null,"cur":null,"ext":null`), "", ""},
	{imp(`,"video":{"startdelay":0,"w":640.0}`, ``), "", ""},
	{imp(``, `,"tmax":0`), "", ""},
	{imp(``, `,"tmax":-1`), "", ""},
	{imp(``, `,"tmax":1e9`), "", ""},
	{imp(``, `,"ext":[]`), "", ""},
	{imp(``, `,"i\u0064x":1`), "", ""},
	{imp(``, `,"Bcat2":["x"]`), "", ""},

	{`[]`, CodeRequestInvalid, "want an object"},
	{`"x"`, CodeRequestInvalid, "want an object"},
	{`5`, CodeRequestInvalid, "want an object"},
	{`null`, CodeRequestInvalid, "want an object"},
	{`{}`, CodeRequestInvalid, "id: missing"},
	{`{"imp":[{"id":"1"}]}`, CodeRequestInvalid, "id: missing"},
	{`{"id":"","imp":[{"id":"1"}]}`, CodeRequestInvalid, "id: missing"},
	{`{"id":null,"imp":[{"id":"1"}]}`, CodeRequestInvalid, "id: missing"},
	{`{"id":1,"imp":[{"id":"1"}]}`, CodeRequestInvalid, "id: want a string"},
	{`{"id":"r"}`, CodeRequestInvalid, "at least one impression"},
	{`{"id":"r","imp":null}`, CodeRequestInvalid, "at least one impression"},
	{`{"id":"r","imp":[]}`, CodeRequestInvalid, "at least one impression"},
	{`{"id":"r","imp":{}}`, CodeRequestInvalid, "imp: want a list"},
	{`{"id":"r","imp":[null]}`, CodeRequestInvalid, "imp[0]: want an object"},
	{`{"id":"r","imp":[{}]}`, CodeRequestInvalid, "imp.id: missing"},
	{`{"id":"r","imp":[{"id":"1"},{"id":"2"},{"id":"1"}]}`, CodeRequestInvalid, "two impressions"},
	{`{"id":"r","imp":[{"id":"1"},{"id":"\u0031"}]}`, CodeRequestInvalid, "two impressions"},
	{imp(``, `,"site":{},"app":{}`), CodeRequestInvalid, "site, app and dooh"},
	{imp(``, `,"site":{},"dooh":{}`), CodeRequestInvalid, "site, app and dooh"},
	{imp(``, `,"dooh":{},"app":{}`), CodeRequestInvalid, "site, app and dooh"},

	{imp(`,"bidfloor":-1`, ``), CodeRequestInvalid, "imp[0].bidfloor: want a number of 0 or more"},
	{imp(`,"bidfloor":-0.000001`, ``), CodeRequestInvalid, "bidfloor"},
	{imp(`,"bidfloor":-0.0`, ``), "", ""},
	{imp(`,"bidfloor":1e308`, ``), CodeRequestInvalid, "bidfloor"},
	{imp(`,"bidfloor":1e309`, ``), CodeRequestInvalid, "bidfloor"},
	{imp(`,"bidfloor":1e12`, ``), CodeRequestInvalid, "bidfloor"},
	{imp(`,"bidfloor":999999999999.999999`, ``), "", ""},
	{imp(`,"bidfloor":"1"`, ``), CodeRequestInvalid, "bidfloor: want a number"},
	{imp(`,"bidfloor":true`, ``), CodeRequestInvalid, "bidfloor"},
	{imp(`,"bidfloor":NaN`, ``), CodeJSONInvalid, ""},
	{imp(`,"bidfloor":0x10`, ``), CodeJSONInvalid, ""},
	{imp(`,"bidfloor":+1`, ``), CodeJSONInvalid, ""},
	{imp(`,"pmp":{"deals":[{"id":"a"},{"id":"d","bidfloor":"2"}]}`, ``), CodeRequestInvalid, "imp[0].pmp.deals[1].bidfloor: want a number"},
	{imp(``, `,"tmax":"150"`), CodeRequestInvalid, "tmax: want an integer"},
	{imp(``, `,"tmax":1.5`), CodeRequestInvalid, "tmax: want an integer"},
	{imp(``, `,"tmax":1e18`), CodeRequestInvalid, "tmax: want an integer"},
	{imp(`,"secure":2`, ``), CodeRequestInvalid, "imp[0].secure: want 0 or 1"},
	{imp(`,"secure":true`, ``), CodeRequestInvalid, "imp[0].secure: want an integer"},
	{imp(`,"secure":"1"`, ``), CodeRequestInvalid, "imp[0].secure: want an integer"},
	{imp(`,"banner":{"format":[{"w":300},{"w":"300"}]}`, ``), CodeRequestInvalid, "imp[0].banner.format[1].w: want an integer"},
	{imp(`,"banner":{"battr":[1,null]}`, ``), CodeRequestInvalid, "imp[0].banner.battr[1]: want an integer"},
	{imp(``, `,"cur":"USD"`), CodeRequestInvalid, "cur: want a list"},
	{imp(``, `,"cur":["USD",1]`), CodeRequestInvalid, "cur[1]: want a string"},
	{imp(``, `,"device":{"geo":{"lat":"1"}}`), CodeRequestInvalid, "device.geo.lat: want a number"},
	{imp(``, `,"device":[]`), CodeRequestInvalid, "device: want an object"},
	{imp(``, `,"regs":{"ext":{"gdpr":"1"}}`), CodeRequestInvalid, "regs.ext.gdpr: want an integer"},
	{imp(``, `,"user":{"ext":{"eids":{}}}`), CodeRequestInvalid, "user.ext.eids: want a list"},

	{`{"ID":"r","id":"r","imp":[{"id":"1"}]}`, CodeJSONInvalid, "case"},
	{`{"id":"r","ID":"r","imp":[{"id":"1"}]}`, CodeJSONInvalid, "case"},
	{`{"Id":"r","imp":[{"id":"1"}]}`, CodeJSONInvalid, "case"},
	{`{"id":"r","id":"r","imp":[{"id":"1"}]}`, CodeJSONInvalid, "twice"},
	{`{"id":"r","\u0069d":"r","imp":[{"id":"1"}]}`, CodeJSONInvalid, "twice"},
	{`{"id":"r","\u0049d":"r","imp":[{"id":"1"}]}`, CodeJSONInvalid, "case"},
	{imp(`,"\u212aeywords":"x"`, `,"site":{"`+"\u212a"+`eywords":"x"}`), CodeJSONInvalid, "case"},
	{imp(``, `,"u`+"\u017f"+`er":{}`), CodeJSONInvalid, "case"},
	{imp(`,"bidFloor":0`, ``), CodeJSONInvalid, "case"},
	{imp(`,"video":{"DurFloors":[]}`, ``), CodeJSONInvalid, "case"}, // past the first switch
	{imp(`,"x":1,"y":2,"x":3`, ``), CodeJSONInvalid, "twice"},
	{imp(``, `,"regs":{"ext":{"GDPR":1}}`), CodeJSONInvalid, "case"},
	{imp(``, `,"regs":{"ext":{"gdpr":1,"gdpr":1}}`), CodeJSONInvalid, "twice"},
	{imp(``, `} {}`), CodeJSONInvalid, ""},
}

func TestDecodeRequest(t *testing.T) {
	var d Decoder // one for all, as in service
	for _, row := range requestRows {
		r, err := d.DecodeRequest([]byte(row.body))
		if asErr(err) != row.code || err != nil && !strings.Contains(err.Error(), row.detail) {
			t.Errorf("%s: %v, want %q with %q", row.body, err, row.code, row.detail)
		}
		if (r == nil) != (err != nil) {
			t.Errorf("%s: a request %v and an error %v", row.body, r, err)
		}
	}
}

// responseRows say what is a bid response.
var responseRows = []struct{ body, code, detail string }{
	{`{}`, "", ""},
	{`{"id":"r","nbr":0}`, "", ""},
	{`{"id":"r","seatbid":[]}`, "", ""},
	{`{"id":"r","seatbid":[{"bid":[]}]}`, "", ""},
	{`{"id":"r","seatbid":[{}],"ext":{"a":1}}`, "", ""},
	{`[]`, CodeResponseInvalid, "want an object"},
	{`null`, CodeResponseInvalid, "want an object"},
	{`{"id":5}`, CodeResponseInvalid, "id: want a string"},
	{`{"seatbid":{}}`, CodeResponseInvalid, "seatbid: want a list"},
	{`{"seatbid":[{"bid":[{"id":"1","w":"x"}]}]}`, CodeResponseInvalid, "seatbid[0].bid[0].w: want an integer"},
	{`{"seatbid":[{"bid":[{"id":"1","adomain":"x"}]}]}`, CodeResponseInvalid, "seatbid[0].bid[0].adomain: want a list"},
	{`{"cur":"USD","cur":"EUR"}`, CodeJSONInvalid, "twice"},
	{`{"seatbid":[{"bid":[{"Price":1,"price":2}]}]}`, CodeJSONInvalid, "case"},
	{`{"seatbid":[{"bid":[{"id":"1","ext":{"a":1,"a":2}}]}]}`, CodeJSONInvalid, "twice"},
	{`{"id":"r"}x`, CodeJSONInvalid, "follows"},
	{``, CodeJSONInvalid, ""},
}

func TestDecodeResponse(t *testing.T) {
	reasons := map[string]ad.Reason{CodeJSONInvalid: ad.JSONInvalid, CodeJSONTooDeep: ad.JSONTooDeep,
		CodeResponseInvalid: ad.ResponseInvalid, CodeResponseTooLarge: ad.ResponseTooLarge}
	var d Decoder
	for _, row := range responseRows {
		_, err := d.DecodeResponse([]byte(row.body))
		if asErr(err) != row.code || err != nil && !strings.Contains(err.Error(), row.detail) {
			t.Errorf("%s: %v, want %q with %q", row.body, err, row.code, row.detail)
		}
		if err != nil && err.(*Error).Reason != reasons[row.code] {
			t.Errorf("%s: reason %v", row.body, err.(*Error).Reason)
		}
	}
}

// priceRows say what a bid's price reads as. A code means the whole answer is refused.
var priceRows = []struct {
	price  string
	cpm    ad.CPM
	reason ad.Reason
	code   string
}{
	{"0", 0, ad.Undecided, ""}, // the auction's to refuse
	{"-0.0", 0, ad.Undecided, ""},
	{"1e-400", 0, ad.Undecided, ""},
	{"5", 5 * ad.Dollar, ad.Undecided, ""},
	{"5.0e+0000000", 5 * ad.Dollar, ad.Undecided, ""},
	{"5.0e+0000001", 50 * ad.Dollar, ad.Undecided, ""},
	{"0.1", 100_000, ad.Undecided, ""},
	{"999.000001", 999_000_001, ad.Undecided, ""},
	{"1.234567890123456789012345678901234567890", 1_234_567, ad.Undecided, ""},
	{"0.9999999999999999999999999999999999999999", 999_999, ad.Undecided, ""},
	{"1e308", ad.CPMHuge, ad.Undecided, ""},
	{"1e309", 0, ad.PriceInvalid, ""},
	{"-1", 0, ad.PriceInvalid, ""},
	{`"5"`, 0, ad.PriceInvalid, ""},
	{`""`, 0, ad.PriceInvalid, ""},
	{"true", 0, ad.PriceInvalid, ""},
	{"{}", 0, ad.PriceInvalid, ""},
	{"[5]", 0, ad.PriceInvalid, ""},
	{"null", 0, ad.PriceMissing, ""},
	{"NaN", 0, 0, CodeJSONInvalid},
	{"Infinity", 0, 0, CodeJSONInvalid},
	{"0x10", 0, 0, CodeJSONInvalid},
	{"05", 0, 0, CodeJSONInvalid},
	{"5.", 0, 0, CodeJSONInvalid},
	{"", 0, 0, CodeJSONInvalid},
}

func TestPrices(t *testing.T) {
	var d Decoder
	for _, row := range priceRows {
		body := `{"id":"r","seatbid":[{"bid":[{"id":"a","price":` + row.price + `,"impid":"1"},{"id":"b","impid":"1","price":2.5},{"id":"c"}]}]}`
		r, err := d.DecodeResponse([]byte(body))
		if asErr(err) != row.code {
			t.Errorf("%s: %v, want %q", row.price, err, row.code)
		}
		if err != nil {
			continue
		}
		bids := r.SeatBid[0].Bid
		if b := bids[0]; b.Price != row.cpm || b.PriceReason != row.reason || b.ImpID != "1" {
			t.Errorf("%s: %v, %v; want %v, %v", row.price, b.Price, b.PriceReason, row.cpm, row.reason)
		}
		if b := bids[1]; b.Price != 2_500_000 || b.PriceReason != ad.Undecided {
			t.Errorf("%s: the bid beside it has %v, %v", row.price, b.Price, b.PriceReason)
		}
		if b := bids[2]; b.PriceReason != ad.PriceMissing {
			t.Errorf("a bid without a price has reason %v", b.PriceReason)
		}
	}
}

// TestCurrencyThatIsNoText costs the bids their currency, and not the answer its bids.
func TestCurrencyThatIsNoText(t *testing.T) {
	var d Decoder
	for cur, want := range map[string]ad.Reason{
		`["USD","EUR"]`: ad.CurrencyInvalid, `[]`: ad.CurrencyInvalid, `5`: ad.CurrencyInvalid, `{"a":1}`: ad.CurrencyInvalid, `"EUR"`: ad.Undecided, `null`: ad.Undecided,
	} {
		r, err := d.DecodeResponse([]byte(`{"id":"r","cur":` + cur + `,"seatbid":[{"bid":[{"id":"b","impid":"1","price":1}]}]}`))
		if err != nil || r.CurReason != want || len(r.SeatBid) != 1 || (r.Cur != "") != (cur == `"EUR"`) {
			t.Errorf("%s: %+v, %v", cur, r, err)
		}
	}
	for _, broken := range []string{`["USD"`, `[`, `x`, `{"a":1,"a":2}`} {
		if _, err := d.DecodeResponse([]byte(`{"id":"r","cur":` + broken + `}`)); err == nil {
			t.Errorf("%s was read", broken)
		}
	}
}
