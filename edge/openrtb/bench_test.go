package openrtb

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/prebid/openrtb/v20/openrtb2"
)

// The documents of the benchmarks: a request for one banner with a deal, consent, ids and segments, and an answer with
// three bids of two seats, one of them with markup.
func document(tb testing.TB, name string) []byte {
	tb.Helper()
	body, err := os.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

func BenchmarkEncodeRequest(b *testing.B) {
	body := document(b, "request.json")
	b.Run("curb", func(b *testing.B) {
		var d Decoder
		r, err := d.DecodeRequest(body)
		if err != nil {
			b.Fatal(err)
		}
		dst := AppendRequest(nil, r)
		b.SetBytes(int64(len(dst)))
		b.ReportAllocs()
		for b.Loop() {
			dst = AppendRequest(dst[:0], r)
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		var r openrtb2.BidRequest
		if err := json.Unmarshal(body, &r); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(&r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSpliceRequest is what each bidder after the encoding costs.
func BenchmarkSpliceRequest(b *testing.B) {
	var d Decoder
	r, err := d.DecodeRequest(document(b, "request.json"))
	if err != nil {
		b.Fatal(err)
	}
	own := &Splice{BuyerUID: r.User.BuyerUID, Deals: [][]Deal{r.Imp[0].PMP.Deals}, WSeat: r.WSeat}
	r.User.BuyerUID, r.Imp[0].PMP.Deals, r.WSeat = "", nil, nil
	var t Template
	t.Encode(r)
	dst := t.Append(nil, own)
	b.SetBytes(int64(len(dst)))
	b.ReportAllocs()
	for b.Loop() {
		dst = t.Append(dst[:0], own)
	}
}

func BenchmarkDecodeRequest(b *testing.B) {
	body := document(b, "request.json")
	b.Run("curb", func(b *testing.B) {
		var d Decoder
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.DecodeRequest(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var r openrtb2.BidRequest
			if err := json.Unmarshal(body, &r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecodeResponse(b *testing.B) {
	body := document(b, "response.json")
	b.Run("curb", func(b *testing.B) {
		var d Decoder
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.DecodeResponse(body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var r openrtb2.BidResponse
			if err := json.Unmarshal(body, &r); err != nil {
				b.Fatal(err)
			}
		}
	})
}
