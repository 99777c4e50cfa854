package bidder

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// sentTo asks a market of one bidder and gives what the bidder received.
func sentTo(t *testing.T, change func(*catalog.Contents), ask func(*catalog.Snapshot, *openrtb.Outgoing)) (first string, fields map[string][]string, body []byte) {
	t.Helper()
	type seen struct {
		first  string
		fields map[string][]string
		body   []byte
	}
	got := make(chan seen, 1)
	m := newMarket(t, change, "http://"+listen(t, nil, func(p *peer) {
		first, fields, body, err := p.request()
		if err == nil {
			got <- seen{first, fields, body}
			p.say("HTTP/1.1 204 No Content\r\n\r\n")
		}
	})+"/bid?v=1")
	out := outgoing(m.snap, plenty)
	if ask != nil {
		ask(m.snap, out)
	}
	var a ad.Answers
	newFanout(t, nil).Ask(t.Context(), m.snap, out, &a)
	a.Free()
	s := <-got
	delete(s.fields, "Content-Length")
	delete(s.fields, "Host")
	return s.first, s.fields, s.body
}

func TestRequestHead(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(*catalog.Contents)
		accept   string
		encoding []string
	}{
		"plain":       {nil, "identity", nil},
		"gzip both":   {func(c *catalog.Contents) { c.Bidders[0].RequestCoding, c.Bidders[0].AcceptGzip = ad.Gzip, true }, "gzip", []string{"gzip"}},
		"zstd both":   {func(c *catalog.Contents) { c.Bidders[0].RequestCoding, c.Bidders[0].AcceptZstd = ad.Zstd, true }, "zstd", []string{"zstd"}},
		"answers any": {func(c *catalog.Contents) { c.Bidders[0].AcceptGzip, c.Bidders[0].AcceptZstd = true, true }, "zstd, gzip", nil},
	} {
		first, fields, body := sentTo(t, c.change, nil)
		want := map[string][]string{
			"User-Agent": {"curb"}, "Content-Type": {"application/json"}, "X-Openrtb-Version": {"2.6"}, "Connection": {"keep-alive"}, "Accept-Encoding": {c.accept},
		}
		if c.encoding != nil {
			want["Content-Encoding"] = c.encoding
		}
		if diff := cmp.Diff(want, fields); diff != "" || first != "POST /bid?v=1 HTTP/1.1" {
			t.Errorf("%s: %q\n%s", name, first, diff)
		}
		var decoder openrtb.Decoder
		if r, err := decoder.DecodeRequest(unsqueezed(t, body, c.encoding)); err != nil || r.ID != auctionID() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func unsqueezed(t *testing.T, body []byte, encoding []string) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(body)
	var err error
	switch strings.Join(encoding, "") {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
	}
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// TestRequestBody: what remains of the time, the bidder's seats, and its deals on the impressions that are sent.
func TestRequestBody(t *testing.T) {
	deals := []ad.Deal{
		{ID: "open", Active: true}, {ID: "ask", Active: true, HasAsk: true, Ask: 3_500_000, Fixed: true, Members: []ad.MemberID{301, firstMember}}, {ID: "free", Active: true, HasAsk: true},
	}
	_, _, body := sentTo(t, func(c *catalog.Contents) {
		c.Deals = deals
		c.Members = append(c.Members, ad.Member{ID: 301, Active: true})
	}, func(s *catalog.Snapshot, out *openrtb.Outgoing) {
		second := out.Call.Impressions[0]
		second.ID = "2"
		third := second
		third.ID = "3"
		out.Call.Impressions = append(out.Call.Impressions, second, third)
		out.Request.Imp = append(out.Request.Imp, openrtb.Imp{ID: "3", Banner: out.Request.Imp[0].Banner})
		out.Targets[0].Deals = [][]*ad.Deal{{s.Deal("open")}, {s.Deal("free")}, {s.Deal("ask"), s.Deal("free")}}
	})
	var decoder openrtb.Decoder
	r, err := decoder.DecodeRequest(body)
	if err != nil {
		t.Fatal(err)
	}
	if r.TMax > int(plenty/time.Millisecond) || r.TMax < int(plenty/time.Millisecond)-5000 || !slices.Equal(r.WSeat, []string{"201"}) {
		t.Errorf("tmax %d, wseat %v", r.TMax, r.WSeat)
	}
	want := [][]openrtb.Deal{
		{{ID: "open", AT: 1, BidFloor: 250_000, BidFloorCur: "USD"}},
		{{ID: "ask", AT: 3, BidFloor: 3_500_000, BidFloorCur: "USD", WSeat: []string{"201"}}, {ID: "free", AT: 1, BidFloorCur: "USD"}},
	}
	for i := range want {
		if r.Imp[i].PMP == nil {
			t.Fatalf("imp %d has no deals", i)
		}
		if diff := cmp.Diff(want[i], r.Imp[i].PMP.Deals); diff != "" {
			t.Errorf("imp %d: %s", i, diff)
		}
	}
}

// TestCodingRoundTrip, and its limits: 256 KiB and one more, a ratio of 50 and more.
func TestCodingRoundTrip(t *testing.T) {
	c, err := newCoder()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	noise := make([]byte, ad.ResponseBytesMax+1)
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = "0123456789abcdef"[x>>28]
	}
	for _, coding := range []ad.Compression{ad.Gzip, ad.Zstd} {
		for _, size := range []int{0, 1, 1700, ad.ResponseBytesMax} {
			got, reason := c.decode(nil, c.encode(nil, noise[:size], coding), coding)
			if reason != ad.Undecided || !bytes.Equal(got, noise[:size]) {
				t.Errorf("coding %d, %d bytes: %v", coding, size, reason)
			}
		}
		if _, reason := c.decode(nil, c.encode(nil, noise, coding), coding); reason != ad.ResponseTooLarge {
			t.Errorf("coding %d, one byte too many: %v", coding, reason)
		}
		spaces := bytes.Repeat([]byte{' '}, 8<<10)
		small := c.encode(nil, spaces, coding)
		if limit := len(small) * ad.BodyRatioMax; len(spaces) <= limit {
			t.Fatalf("coding %d: %d bytes of spaces make no bomb", coding, len(small))
		}
		if _, reason := c.decode(nil, small, coding); reason != ad.ResponseTooLarge {
			t.Errorf("coding %d, ratio of %d: %v", coding, len(spaces)/len(small), reason)
		}
	}
}

// TestZstdWindows: RFC 9659 lets encoders use 8 MiB, whatever the size of the body. A larger one is refused.
func TestZstdWindows(t *testing.T) {
	c, err := newCoder()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for window, want := range map[int]ad.Reason{8 << 20: ad.Undecided, 16 << 20: ad.ResponseTooLarge, 128 << 20: ad.ResponseTooLarge} {
		var out bytes.Buffer
		w, err := zstd.NewWriter(&out, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1), zstd.WithSingleSegment(false))
		if err != nil {
			t.Fatal(err)
		}
		text := []byte(bidFor(0, auctionID(), "1"))
		_, _ = w.Write(text[:50])
		_ = w.Flush() // so that the size of the whole is not known when the header is written
		_, _ = w.Write(text[50:])
		_ = w.Close()
		if got, reason := c.decode(nil, out.Bytes(), ad.Zstd); reason != want || (reason == ad.Undecided && !bytes.Equal(got, text)) {
			t.Errorf("window of %d: %v, want %v", window, reason, want)
		}
	}
}

// TestCodingAllocatesNothing with buffers that have their size, but for the sink of gzip's writer.
func TestCodingAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("pools are unreliable under the race detector")
	}
	c, err := newCoder()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	text := []byte(strings.Repeat(bidFor(0, auctionID(), "1"), 4))
	for _, coding := range []ad.Compression{ad.Gzip, ad.Zstd} {
		dst, back := make([]byte, 0, 8<<10), make([]byte, 0, 64<<10)
		if n := testing.AllocsPerRun(50, func() {
			small := c.encode(dst, text, coding)
			if _, reason := c.decode(back, small, coding); reason != ad.Undecided {
				t.Fatal(reason)
			}
		}); n > 1 {
			t.Errorf("coding %d: %v allocations", coding, n)
		}
	}
}
