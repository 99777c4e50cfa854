package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/ledger"
)

// offered makes a pending of a publisher; a long one, as of OpenRTB, has no document.
func offered(n int, publisher ad.PublisherID, long bool) *ad.Pending {
	s := sale(n)
	s.Publisher = publisher
	p := pendingOf(s)
	if long {
		p.Expires, p.Document = s.At.Add(ad.AcceptWindowLong), nil
	}
	return p
}

// fill passes sales on until the ledger refuses, and gives how many it took.
func fill(t *testing.T, l *ledger.Ledger, n *int, publisher ad.PublisherID, long bool) (taken int64, err error) {
	t.Helper()
	for ; ; taken++ {
		*n++
		if err := l.Hold(t.Context(), offered(*n, publisher, long)); err != nil {
			if !errors.Is(err, ledger.ErrFull) {
				t.Fatal(err)
			}
			return taken, err
		}
	}
}

// However many publishers take all that they can get, the next one gets something, as much as is left free then.
func TestPublishersShareTheRoom(t *testing.T) {
	l := ledger.New(ledger.Options{Log: nothing{}, Pendings: 1200})
	n := 0
	for i, want := range []int64{600, 300, 150, 75, 37} {
		got, err := fill(t, l, &n, ad.PublisherID(1+i), false)
		if got != want {
			t.Errorf("publisher %d passed %d sales on, want %d", 1+i, got, want)
		}
		if name := fmt.Sprintf("publisher %d's", 1+i); !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not say whose share is full: %v", err)
		}
	}
	s := l.Status()
	if s.Pendings != 1162 || s.Publishers != 5 || s.Fullest.Count != 600 || s.FullestPublisher != 1 || s.Long.Count != 0 || s.Bare.Count != 0 {
		t.Errorf("%+v", s)
	}
	if _, err := fill(t, l, &n, 9, true); !strings.Contains(err.Error(), "publisher 9's") {
		t.Error(err)
	}
	elapse(l, noon, noon.Add(8*time.Minute))
	if s := l.Status(); s.Pendings != s.Long.Count || s.Publishers != 1 {
		t.Errorf("%+v", s)
	}
}

// Sales that may be accepted for six hours leave half of the room to banners, whoever has them, and share their half alike.
func TestLongPendingsLeaveRoom(t *testing.T) {
	l := ledger.New(ledger.Options{Log: nothing{}, Pendings: 1200})
	n, long := 0, int64(0)
	for publisher := range ad.PublisherID(40) {
		got, err := fill(t, l, &n, 1+publisher, true)
		if long += got; publisher == 0 && (got != 300 || !strings.Contains(err.Error(), "longer than five minutes")) {
			t.Errorf("%d long sales of one publisher, %v", got, err)
		}
	}
	if s := l.Status(); s.Long.Count != long || s.Bare != s.Long || s.Pendings != long || long < 590 || long > 600 {
		t.Errorf("%d long sales: %+v", long, s)
	}
	if got, _ := fill(t, l, &n, 1, false); got < 150 {
		t.Errorf("%d banners of a publisher that has long sales", got)
	}
	if got, _ := fill(t, l, &n, 99, false); got < 200 {
		t.Errorf("%d banners of one that has none", got)
	}
	elapse(l, noon, noon.Add(time.Hour))
	if s := l.Status(); s.Pendings != long || s.Long.Count != long {
		t.Errorf("banners are over: %+v", s)
	}
	elapse(l, noon.Add(time.Hour), noon.Add(7*time.Hour))
	s := l.Status()
	if s.Pendings != 0 || s.PendingBytes != 0 || s.Long != (ledger.Usage{}) || s.Bare != (ledger.Usage{}) || s.Publishers != 0 {
		t.Errorf("all are over: %+v", s)
	}
}

// The room is counted alike whichever way a pending came and goes, over restarts too.
func TestRoomOverRestart(t *testing.T) {
	l, log := replay(t, ledger.Options{}, nil, nil)
	for n := range 30 {
		mustHold(t, l, offered(n, ad.PublisherID(n%3), n%2 == 0))
	}
	log.setFail(always(kept))
	if err := l.Hold(t.Context(), offered(30, 1, true)); err == nil {
		t.Fatal("no error")
	}
	log.setFail(nil)
	want := l.Status()
	back, _ := replay(t, ledger.Options{Pendings: 4}, l.AppendSnapshot(nil), nil)
	if got := back.Status(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	elapse(back, noon, noon.Add(7*time.Hour))
	if s := back.Status(); s.Pendings != 0 || s.PendingBytes != 0 || s.Publishers != 0 {
		t.Errorf("%+v", s)
	}
}

// A document comes back as it was, and takes less than it is long.
func TestDocumentsAreCompressed(t *testing.T) {
	for _, document := range [][]byte{nil, {}, []byte("<b>ad</b>"), bytes.Repeat([]byte("<a href=x>"), 25), bytes.Repeat([]byte("<a href=x>"), 26),
		bytes.Repeat([]byte("<a href=x>"), 40_000)} {
		l, log := replay(t, ledger.Options{}, nil, nil)
		p := pendingOf(sale(1))
		p.Document, p.Script = document, true
		mustHold(t, l, p)
		mustHold(t, l, p)
		whole, _ := replay(t, ledger.Options{}, nil, log.all())
		short, _ := replay(t, ledger.Options{}, l.AppendSnapshot(nil), nil)
		for _, l := range []*ledger.Ledger{l, whole, short} {
			found, state := l.Pending(p.SaleKey, noon)
			if state != ledger.PendingOpen || found.Document != nil {
				t.Errorf("%v with %d bytes", state, len(found.Document))
			}
			for _, first := range []bool{true, false} {
				accepted, got, _, err := l.Accept(t.Context(), p.SaleKey, noon)
				if got != first || err != nil || !bytes.Equal(accepted.Document, document) || (accepted.Document == nil) != (document == nil) || !accepted.Script {
					t.Errorf("%d bytes came back as %d, %v", len(document), len(accepted.Document), err)
				}
			}
		}
		if got := l.Status().PendingBytes; len(document) > 1000 && got > 1000 {
			t.Errorf("%d bytes take %d", len(document), got)
		}
	}
}
