package openrtb

import (
	"fmt"
	"strings"
	"testing"

	"curb/edge/ad"
)

// request is a bid request with these members after the first two.
func request(more string) string { return imp("", more) }

// repeated is n numbered copies, a comma between.
func repeated(format string, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		if strings.Contains(format, "%") {
			fmt.Fprintf(&b, format, i)
		} else {
			b.WriteString(format)
		}
	}
	return b.String()
}

func TestRequestLimits(t *testing.T) {
	long := strings.Repeat("x", ad.JSONStringBytesMax)
	// The request without its list has 8 names and values: itself, id, imp, impression, its id; then the list's name and the list.
	const around = 1 + 2 + 2 + 1 + 2 + 2
	rows := []struct{ name, at, past, code string }{
		{"impressions", `{"id":"r","imp":[` + repeated(`{"id":"%d"}`, ad.ImpressionsMax) + `]}`,
			`{"id":"r","imp":[` + repeated(`{"id":"%d"}`, ad.ImpressionsMax+1) + `]}`, CodeRequestInvalid},
		{"tokens skipped", request(`,"x":[` + repeated(`1`, ad.JSONTokensMax-around) + `]`),
			request(`,"x":[` + repeated(`1`, ad.JSONTokensMax-around+1) + `]`), CodeRequestInvalid},
		{"tokens read", request(`,"bcat":[` + repeated(`"x"`, ad.JSONTokensMax-around) + `]`),
			request(`,"bcat":[` + repeated(`"x"`, ad.JSONTokensMax-around+1) + `]`), CodeRequestInvalid},
		{"tokens, names", request(`,"x":{` + repeated(`"%d":1`, (ad.JSONTokensMax-around)/2) + `}`),
			request(`,"x":{` + repeated(`"%d":1`, (ad.JSONTokensMax-around)/2+1) + `}`), CodeRequestInvalid},
		{"string", request(`,"site":{"page":"` + long + `"}`), request(`,"site":{"page":"x` + long + `"}`), CodeRequestInvalid},
		{"string skipped", request(`,"x":"` + long + `"`), request(`,"x":"x` + long + `"`), CodeRequestInvalid},
		{"string with escapes", request(`,"site":{"page":"\n` + long[1:] + `"}`), request(`,"site":{"page":"\n` + long + `"}`), CodeRequestInvalid},
		{"depth in ext", request(`,"ext":` + nested(ad.JSONDepthMax-1)), request(`,"ext":` + nested(ad.JSONDepthMax)), CodeJSONTooDeep},
		{"depth of objects", request(`,"ext":` + nestedObjects(ad.JSONDepthMax-1)), request(`,"ext":` + nestedObjects(ad.JSONDepthMax)), CodeJSONTooDeep},
		{"companions", imp(`,"video":{"companionad":[`+repeated(`{}`, ad.CompanionsMax)+`]}`, ""),
			imp(`,"video":{"companionad":[`+repeated(`{}`, ad.CompanionsMax+1)+`]}`, ""), CodeRequestInvalid},
	}
	var d Decoder
	for _, row := range rows {
		if _, err := d.DecodeRequest([]byte(row.at)); err != nil {
			t.Errorf("%s: at the limit: %v", row.name, err)
		}
		if _, err := d.DecodeRequest([]byte(row.past)); asErr(err) != row.code {
			t.Errorf("%s: past the limit: %v, want %q", row.name, err, row.code)
		}
	}
}

func nested(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

func nestedObjects(n int) string {
	return strings.Repeat(`{"a":`, n-1) + "{}" + strings.Repeat("}", n-1)
}

// TestDepthStopsTheScan: however much follows, nothing behind the bracket that is too deep is looked at.
func TestDepthStopsTheScan(t *testing.T) {
	var d Decoder
	for _, n := range []int{13, 10_001, 1_000_000} {
		for _, bracket := range []string{`[`, `{"a":`} {
			_, err := d.DecodeRequest([]byte(strings.Repeat(bracket, n)))
			if asErr(err) != CodeJSONTooDeep || err.(*Error).Offset != ad.JSONDepthMax*len(bracket) {
				t.Errorf("%d times %s: %v", n, bracket, err)
			}
		}
	}
}

func answer(bids ...string) string {
	return `{"id":"r","seatbid":[{"bid":[` + strings.Join(bids, `]},{"bid":[`) + `]}]}`
}

func TestResponseLimits(t *testing.T) {
	const one = `{"id":"%d","impid":"1","price":1}`
	markup := strings.Repeat("m", ad.MarkupBytesMax)
	rows := []struct{ name, at, past string }{
		{"bids of one seat", answer(repeated(one, ad.BidsMax)), answer(repeated(one, ad.BidsMax+1))},
		{"bids of two seats", answer(repeated(one, ad.BidsMax-1), one), answer(repeated(one, ad.BidsMax-1), one+","+one)},
		{"seats", `{"seatbid":[` + repeated(`{}`, ad.SeatsMax) + `]}`, `{"seatbid":[` + repeated(`{}`, ad.SeatsMax+1) + `]}`},
		{"markup", answer(`{"adm":"` + markup + `"}`), answer(`{"adm":"m` + markup + `"}`)},
		{"markup, escaped", answer(`{"adm":"` + strings.Repeat(`\u003c`, ad.MarkupBytesMax) + `"}`),
			answer(`{"adm":"` + strings.Repeat(`\u003c`, ad.MarkupBytesMax) + `m"}`)},
		{"string", `{"customdata":"` + strings.Repeat("x", ad.JSONStringBytesMax) + `"}`,
			`{"customdata":"` + strings.Repeat("x", ad.JSONStringBytesMax+1) + `"}`},
		{"tokens", `{"x":[` + repeated("1", ad.JSONTokensMax-3) + `]}`, `{"x":[` + repeated("1", ad.JSONTokensMax-2) + `]}`},
	}
	var d Decoder
	for _, row := range rows {
		if _, err := d.DecodeResponse([]byte(row.at)); err != nil {
			t.Errorf("%s: at the limit: %v", row.name, err)
		}
		_, err := d.DecodeResponse([]byte(row.past))
		if asErr(err) != CodeResponseTooLarge || err.(*Error).Reason != ad.ResponseTooLarge {
			t.Errorf("%s: past the limit: %v", row.name, err)
		}
	}
}

// TestErrorsRepeatNothing: what an error says holds no text of the document but names of the specification.
func TestErrorsRepeatNothing(t *testing.T) {
	var d Decoder
	for _, body := range []string{
		`{"secret":{"secret":"` + strings.Repeat("x", ad.JSONStringBytesMax+1) + `"}}`,
		`{"secret":[{"secret":[` + repeated("1", ad.JSONTokensMax) + `]}]}`,
		`{"id":"secret","imp":"secret"}`,
		`{"secret":1,"secret":2}`,
		`{"secret":secret}`,
	} {
		for _, decode := range []func([]byte) error{
			func(b []byte) error { _, err := d.DecodeRequest(b); return err },
			func(b []byte) error { _, err := d.DecodeResponse(b); return err },
		} {
			if err := decode([]byte(body)); err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%.40s: %v", body, err)
			}
		}
	}
}

// TestMemoryGivenBack: one large document does not leave a Decoder large.
func TestMemoryGivenBack(t *testing.T) {
	var d Decoder
	large := request(`,"x":{` + repeated(`"%d":1`, 5000) + `},"bcat":[` + repeated(`"x"`, 5000) + `],"site":{"page":"\n` +
		strings.Repeat("x", ad.JSONStringBytesMax-1) + `","name":"` + strings.Repeat("x", ad.JSONStringBytesMax) + `"}`)
	if _, err := d.DecodeRequest([]byte(large)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.DecodeRequest([]byte(request(``))); err != nil {
		t.Fatal(err)
	}
	if cap(d.names) > arenaKeep || cap(d.strings.items) > arenaKeep || cap(d.copies) > textKeep {
		t.Errorf("keeps %d names, %d strings, %d bytes of text", cap(d.names), cap(d.strings.items), cap(d.copies))
	}
}
