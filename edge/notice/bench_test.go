package notice

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
	"unsafe"

	"curb/edge/ad"
)

// unsafeString borrows bytes, as the strings of a bid do.
func unsafeString(b []byte) string { return unsafe.String(&b[0], len(b)) }

// idle is Notices before Start: they take and send nothing.
func idleDesk(b testing.TB, url string) *desk {
	d := newDesk(b, bidderAt(url), nil)
	bidder := &d.bidder
	d.options.Bidders = func(ad.BidderID) *ad.Bidder { return bidder }
	return d
}

// TestNotifyAllocates no more than its copy: an event and its texts.
func TestNotifyAllocates(t *testing.T) {
	d := idleDesk(t, "https://bidder.example")
	lost, forgotten := notice(ad.NoticeLost, 1), notice(ad.NoticeLost, 2)
	d.Notify(lost)
	if got := testing.AllocsPerRun(1000, func() { d.Notify(lost) }); got > 2 {
		t.Errorf("a lost notice allocates %v times", got)
	}
	d.bidder.NotifyLost = false
	if got := testing.AllocsPerRun(1000, func() { d.Notify(forgotten) }); got > 0 {
		t.Errorf("a notice that nobody wants allocates %v times", got)
	}
}

func BenchmarkNotifyLost(b *testing.B) {
	d := idleDesk(b, "https://bidder.example")
	n := notice(ad.NoticeLost, 1)
	b.ReportAllocs()
	for b.Loop() {
		d.Notify(n)
	}
}

func BenchmarkNotifyUnwanted(b *testing.B) {
	d := idleDesk(b, "https://bidder.example")
	d.bidder.NotifyLost = false
	n := notice(ad.NoticeLost, 1)
	b.ReportAllocs()
	for b.Loop() {
		d.Notify(n)
	}
}

func BenchmarkBatch(b *testing.B) {
	var parts []*delivery
	for i := range batchMax {
		e := newEvent(wonNotice(i, "https://bidder.example"), byPost, calledAt)
		parts = append(parts, &e.deliveries(e.ways, calledAt)[0])
	}
	var body []byte
	b.ReportAllocs()
	for b.Loop() {
		body, _ = appendBatch(body[:0], parts, calledAt)
	}
	b.SetBytes(int64(len(body)))
}

func BenchmarkStore(b *testing.B) {
	e := newEvent(wonCalls(1), byPost|byNURL|byBURL, calledAt)
	var st store
	p := newPacker()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e.Auction = auctionID(i)
		e.id = eventID(ad.NoticeWon, &e.Notice)
		st.put(e, p)
		if st.count >= 10_000 {
			for st.count > 0 {
				st.get(p)
			}
		}
	}
}

func BenchmarkURL(b *testing.B) {
	e := newEvent(wonNotice(1, "https://bidder.example"), byNURL, calledAt)
	x := expansion{event: e, bidder: &ad.Bidder{}}
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = x.appendURL(buf[:0], e.Terms.NURL)
	}
}

// BenchmarkDeliver is one won notice by one or three ways, from Notify to the answer, on sockets; the server's share is in it.
func BenchmarkDeliver(b *testing.B) {
	for name, urls := range map[string]bool{"post": false, "post nurl burl": true} {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusNoContent)
			}))
			b.Cleanup(server.Close)
			d := newDesk(b, bidderAt(server.URL), nil)
			d.Start()
			n, ways := wonNotice(1, ""), uint64(1)
			if urls {
				n, ways = wonNotice(1, server.URL), 3
			}
			sent := uint64(0)
			for b.Loop() {
				n.Auction = auctionID(int(sent))
				sent++
				d.Notify(n)
				for sent%5000 == 0 && d.Stats().Total.Sent[ad.NoticeWon] < ways*sent {
					time.Sleep(time.Millisecond)
				}
			}
			until(b, "everything", func() bool { return d.Stats().Total.Sent[ad.NoticeWon] >= ways*sent })
		})
	}
}
