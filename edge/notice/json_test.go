package notice

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"curb/edge/ad"

	"github.com/google/go-cmp/cmp"
)

// TestNotices shows every kind as it goes out.
func TestNotices(t *testing.T) {
	full := wonNotice(1, "")
	full.Full = []byte(`{"id":"1"}`)
	sold := &ad.Notice{Kind: ad.NoticeSold, SaleKey: full.SaleKey, At: calledAt, Bidder: 7, Price: 2_000_000}
	lost := wonNotice(1, "")
	lost.Kind, lost.Reason, lost.Price = ad.NoticeLost, ad.CreativeUnapproved, 0
	failed := &ad.Notice{Kind: ad.NoticeError, SaleKey: full.SaleKey, At: calledAt, Bidder: 7, Reason: ad.Timeout, Micros: 150_001}
	pending := wonNotice(1, "")
	pending.Kind = ad.NoticePending
	post := wonNotice(1, "")
	post.PostPending = true
	common := `"auction_id":"ab000000000000000000000000000001"`
	bid := common + `,"imp_id":"1","bid_id":"b 1/ü","member_id":201,"placement_id":1001,"publisher_id":10,"creative_id":5001,"creative_code":"cr&5","bid_price":1.5`
	rest := `,"currency":"EUR"`
	tail := `,"response_time_ms":12.3,"custom_notify_data":"\"x\"","timestamp":"2026-03-04T05:06:07.891Z"`
	for _, c := range []struct {
		notice *ad.Notice
		want   string
	}{
		{full, `"notify_type":"won","type":"won",` + bid + `,"price_paid":1.230001,"price":1.230001` + rest + tail + `,"auction":{"id":"1"}}`},
		{post, `"notify_type":"won","type":"won","post_pending":true,` + bid + `,"price_paid":1.230001,"price":1.230001` + rest + tail + `}`},
		{pending, `"notify_type":"pending","type":"pending",` + bid + `,"price":1.230001` + rest + tail + `}`},
		{lost, `"notify_type":"lost","type":"lost",` + bid + rest + `,"reason":"creative_invalid_unapproved","loss_code":201,"notify_code":122` + tail + `}`},
		{sold, `"notify_type":"sold","type":"sold",` + common + `,"price_sold_for":2,"price":2,"currency":"USD","timestamp":"2026-03-04T05:06:07.891Z"}`},
		{failed, `"notify_type":"error","type":"error",` + common + `,"reason":"timeout","loss_code":2,"notify_code":10,"response_time_ms":150.001,"timestamp":"2026-03-04T05:06:07.891Z"}`},
	} {
		e := newEvent(c.notice, byPost, calledAt)
		e.Full = c.notice.Full
		e.id = EventID{1, 2, 0xff}
		want := `{"event_id":"0102ff00000000000000000000000000",` + c.want
		if got := string(appendNotice(nil, e)); got != want {
			t.Errorf("%v: %s", c.notice.Kind, cmp.Diff(want, got))
		}
	}
}

func TestBatchIsJSON(t *testing.T) {
	for count := 1; count <= 3; count++ {
		var parts []*delivery
		for i := range count {
			e := newEvent(wonNotice(i, ""), byPost, calledAt)
			parts = append(parts, &e.deliveries(e.ways, calledAt)[0])
		}
		body, used := appendBatch(nil, parts, time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600)))
		var batch struct {
			Timestamp time.Time
			Notices   []told
		}
		d := json.NewDecoder(bytes.NewReader(body))
		d.DisallowUnknownFields()
		if err := json.Unmarshal(body, &batch); err != nil || used != count || len(batch.Notices) != count {
			t.Errorf("%d notices: %d used, %v, %s", count, used, err, body)
		}
		if !strings.HasPrefix(string(body), `{"timestamp":"2026-01-02T02:04:05.000000006Z"`) {
			t.Errorf("%s", body)
		}
	}
}

// FuzzString compares with encoding/json.
func FuzzString(f *testing.F) {
	f.Add("a\"b\\c\n\x00\x7f ü \u2028 😀 \xff\xc0\xaf \xed\xa0\x80 </script>")
	f.Fuzz(func(t *testing.T, s string) {
		got := appendString(nil, s)
		var back string
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%q: %s: %v", s, got, err)
		}
		want, _ := json.Marshal(s)
		var other string
		_ = json.Unmarshal(want, &other)
		if back != other || !utf8.Valid(got) {
			t.Fatalf("%q reads back as %q, want %q", s, back, other)
		}
	})
}

// FuzzRecord: no bytes from a log or snapshot can do more than be refused.
func FuzzRecord(f *testing.F) {
	s := newSpool()
	_, record := s.admit([]*event{newEvent(wonCalls(1), byPost|byNURL|byBURL, calledAt)}, nil)
	n := empty(f)
	n.spool = s
	f.Add(record)
	f.Add(n.AppendSnapshot(nil))
	f.Add(append([]byte{1}, make([]byte, settledBytes)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		n := empty(t)
		_ = n.RestoreSnapshot(data)
		for _, kind := range n.Kinds() {
			_ = n.Apply(kind, data)
		}
		n.spool.restored()
		before := n.AppendSnapshot(nil)
		if err := empty(t).RestoreSnapshot(before); err != nil {
			t.Fatalf("our own snapshot: %v", err)
		}
	})
}
