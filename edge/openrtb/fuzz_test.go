package openrtb

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/prebid/openrtb/v20/openrtb2"

	"curb/edge/ad"
)

// Bodies longer than this may pass the limit of one string, which the witnesses do not know.
const fuzzBytesMax = 48 << 10

// FuzzScan holds the scanner against encoding/json: it accepts exactly the documents that are JSON with one meaning.
func FuzzScan(f *testing.F) {
	for _, row := range jsonRows {
		f.Add([]byte(row.body))
	}
	f.Add(document(f, "request.json"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > fuzzBytesMax {
			t.Skip()
		}
		var d Decoder
		d.begin(body, false)
		ours := d.skip() && d.end()
		v := judge(body)
		theirs := v.valid && v.depth <= ad.JSONDepthMax && v.tokens <= ad.JSONTokensMax
		if ours != theirs {
			t.Fatalf("scan says %v (%v), encoding/json says %v (%+v)", ours, d.err, theirs, v)
		}
		if ours && d.tokens != v.tokens {
			t.Fatalf("scan counts %d names and values, encoding/json %d", d.tokens, v.tokens)
		}
	})
}

// explained checks that a document refused as no JSON is none, or has two meanings.
func explained(t *testing.T, body []byte, err error) {
	t.Helper()
	v := judge(body)
	switch code := asErr(err); {
	case code == "" && !v.valid:
		t.Fatalf("accepted what is no JSON with one meaning")
	case code == "" && (v.depth > ad.JSONDepthMax || v.tokens > ad.JSONTokensMax):
		t.Fatalf("accepted what passes a limit: %+v", v)
	case code == CodeJSONInvalid && v.valid && !v.foreign:
		t.Fatalf("refused as no JSON what is: %v", err)
	case code == CodeJSONTooDeep && v.valid && v.depth <= ad.JSONDepthMax:
		t.Fatalf("refused as too deep what is not: %v", err)
	}
}

// FuzzRequest holds requests against prebid/openrtb, forth and back.
func FuzzRequest(f *testing.F) {
	for _, row := range requestRows {
		f.Add([]byte(row.body))
	}
	f.Add(document(f, "request.json"))
	f.Add(document(f, "full-request.json"))
	f.Fuzz(func(t *testing.T, body []byte) { checkRequest(t, body) })
}

// checkRequest gives 1 for a request that is accepted and so was compared.
func checkRequest(t *testing.T, body []byte) int {
	t.Helper()
	if len(body) > fuzzBytesMax {
		return 0
	}
	var d, again Decoder
	r, err := d.DecodeRequest(body)
	explained(t, body, err)
	if err != nil {
		return 0
	}
	out := AppendRequest(nil, r)
	r2, err := again.DecodeRequest(out)
	if err != nil && !strings.Contains(err.Error(), "too many values") {
		t.Fatalf("does not read its own %s: %v", out, err)
	}
	if err == nil && !bytes.Equal(AppendRequest(nil, r2), out) {
		t.Fatalf("changes what it wrote:\n%s\n%s", out, AppendRequest(nil, r2))
	}
	var theirs openrtb2.BidRequest
	if err := json.Unmarshal(body, &theirs); err != nil {
		if !numberTrouble(err) {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		return 0
	}
	modern(&theirs)
	sayTheSame(t, r, &theirs)
	var echoed openrtb2.BidRequest
	if err := json.Unmarshal(out, &echoed); err != nil {
		t.Fatalf("encoding/json refuses %s: %v", out, err)
	}
	sayTheSame(t, r, &echoed)
	return 1
}

// FuzzResponse holds responses against prebid/openrtb, forth and back.
func FuzzResponse(f *testing.F) {
	for _, row := range responseRows {
		f.Add([]byte(row.body))
	}
	for _, row := range priceRows {
		f.Add([]byte(`{"id":"r","seatbid":[{"bid":[{"id":"b","impid":"1","price":` + row.price + `}]}]}`))
	}
	f.Add(document(f, "response.json"))
	f.Add(document(f, "full-response.json"))
	f.Fuzz(func(t *testing.T, body []byte) { checkResponse(t, body) })
}

// checkResponse gives 1 for a response that is accepted.
func checkResponse(t *testing.T, body []byte) int {
	t.Helper()
	if len(body) > fuzzBytesMax {
		return 0
	}
	var d, again Decoder
	r, err := d.DecodeResponse(body)
	explained(t, body, err)
	if err != nil {
		return 0
	}
	out := AppendResponse(nil, r)
	r2, err := again.DecodeResponse(out)
	if err != nil {
		t.Fatalf("does not read its own %s: %v", out, err)
	}
	if !bytes.Equal(AppendResponse(nil, r2), out) {
		t.Fatalf("changes what it wrote:\n%s\n%s", out, AppendResponse(nil, r2))
	}
	for _, seat := range r.SeatBid {
		for _, b := range seat.Bid {
			if b.PriceReason != ad.Undecided && b.Price != 0 {
				t.Fatalf("a bid refused as %v has the price %v", b.PriceReason, b.Price)
			}
		}
	}
	var theirs openrtb2.BidResponse
	if err := json.Unmarshal(body, &theirs); err != nil {
		return 0 // a price that is no number, or a number its field cannot hold
	}
	for i := range theirs.SeatBid {
		for j := range theirs.SeatBid[i].Bid {
			if b := &r.SeatBid[i].Bid[j]; b.PriceReason != ad.Undecided {
				theirs.SeatBid[i].Bid[j].Price = 0 // negative
			}
		}
	}
	sayTheSame(t, r, &theirs)
	var echoed openrtb2.BidResponse
	if err := json.Unmarshal(out, &echoed); err != nil {
		t.Fatalf("encoding/json refuses %s: %v", out, err)
	}
	sayTheSame(t, r, &echoed)
	return 1
}

// FuzzTemplate splices parts of one request into another and holds the result against encoding the merged struct.
func FuzzTemplate(f *testing.F) {
	request, full := document(f, "request.json"), document(f, "full-request.json")
	for _, bare := range []string{
		`{"id":"r","imp":[{"id":"1"}]}`,
		`{"id":"r","imp":[{"id":"1","pmp":{}},{"id":"2"}],"user":{}}`,
		`{"id":"r","imp":[{"id":"1"},{"id":"2","pmp":{"deals":[{"id":"d"}]}}],"user":{"data":[{"id":"x"}]}}`,
	} {
		f.Add([]byte(bare), request)
		f.Add(full, []byte(bare))
		f.Add([]byte(bare), []byte(bare))
	}
	var t Template // used for all, as in service
	f.Fuzz(func(tt *testing.T, body, other []byte) { checkTemplate(tt, &t, body, other) })
}

func checkTemplate(t *testing.T, template *Template, body, other []byte) {
	t.Helper()
	var d, d2 Decoder
	r, err := d.DecodeRequest(body)
	if err != nil {
		return
	}
	donor, err := d2.DecodeRequest(other)
	if err != nil {
		return
	}
	own := spliceOf(donor)
	template.Encode(r)
	got := template.Append([]byte("before,"), own)
	want := AppendRequest([]byte("before,"), merged(r, own))
	if !bytes.Equal(got, want) {
		t.Fatalf("spliced %s\nmerged  %s", got, want)
	}
}

// FuzzText holds strings against encoding/json, both ways.
func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a", "eight by", "nine byte", `"`, "\\", "\x00\x1f\x7f", "é", "日本語テキスト", "\U0001F600x", "\xff\xfe", "a\xc3", "\u2028<>&",
		"plain and \"quoted\" and \\ and \n and é, long enough for several steps of eight"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > fuzzBytesMax/6 {
			t.Skip()
		}
		want := replaced(s)
		out := appendString(nil, s)
		var theirs string
		if err := json.Unmarshal(out, &theirs); err != nil || theirs != want {
			t.Fatalf("encoding/json reads %q as %q (%v)", out, theirs, err)
		}
		body, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range [][]byte{body, out} {
			var d Decoder
			d.begin(body, false)
			if got, ok := d.str(); !ok || got != want || !d.end() {
				t.Fatalf("reads %s as %q (%v)", body, got, d.err)
			}
			d.begin(body, false)
			if !d.skip() || !d.end() {
				t.Fatalf("skips %s: %v", body, d.err)
			}
		}
	})
}

// replaced is s with each byte that is not UTF-8 replaced.
func replaced(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteRune(r)
	}
	return b.String()
}

// FuzzInteger holds integers in every notation against math/big.
func FuzzInteger(f *testing.F) {
	for _, s := range []string{"0", "-0", "1", "-1", "999999999999999999", "1000000000000000000", "1e9", "5.0", "5.50e1", "0.5", "1.5", "100e-2", "1e-1", "0e999999999",
		"1e99999999999", "-12.340e2", "01", "1.", "+1", "1e", "0x10", "NaN", "9007199254740993"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d Decoder
		d.begin([]byte(s), false)
		var v int
		if d.at() == 'n' {
			t.Skip()
		}
		ours := d.integer(&v) && d.end()
		if !utf8.ValidString(s) || !json.Valid([]byte(s)) || strings.ContainsAny(s, `"{[tfn`) {
			if ours {
				t.Fatalf("reads %q", s)
			}
			return
		}
		if _, exponent, ok := strings.Cut(strings.ToLower(s), "e"); ok && len(exponent) > 4 {
			t.Skip() // too large for math/big to write out
		}
		theirs, _ := new(big.Rat).SetString(strings.TrimSpace(s))
		limit := new(big.Rat).SetInt64(1e18)
		want := theirs.IsInt() && theirs.Cmp(limit) < 0 && theirs.Cmp(limit.Neg(limit)) > 0
		if ours != want || ours && theirs.Cmp(new(big.Rat).SetInt64(int64(v))) != 0 {
			t.Fatalf("reads %q as %d, %v; math/big as %v", s, v, ours, theirs)
		}
	})
}

// FuzzPlace looks for documents that the naming of a place does not survive.
func FuzzPlace(f *testing.F) {
	f.Add(document(f, "full-request.json"))
	f.Add([]byte(`]]}}{"a\"`))
	f.Fuzz(func(_ *testing.T, body []byte) { place(body) })
}
