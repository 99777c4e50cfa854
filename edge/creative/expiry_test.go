package creative

import (
	"testing"
	"time"

	"curb/edge/ad"
)

// TestExpiry walks the days around the limit.
func TestExpiry(t *testing.T) {
	w := newWorld() // noon of a day
	x := w.register(t, banner("a"))
	if _, err := w.Approve(t.Context(), Decision{ID: x.ID}); err != nil {
		t.Fatal(err)
	}
	midnight := w.now.Truncate(24 * time.Hour).Add(24 * time.Hour)
	status := func(now time.Time) string {
		w.now = now
		got, _ := w.Get(x.ID)
		return got.Status()
	}
	if s := status(midnight.Add(ad.CreativeExpiry - 1)); s != "audited" || w.Sweep(w.now) != 0 {
		t.Errorf("just before: %s", s)
	}
	changes := w.changes
	if s := status(midnight.Add(ad.CreativeExpiry)); s != "expired" || w.Sweep(w.now) != 1 || w.Sweep(w.now) != 0 || w.changes != changes+1 {
		t.Errorf("at the limit: %s, %d changes", s, w.changes-changes)
	}
	if s := w.Creatives()[0].Expired; !s {
		t.Error("the next catalog is not told")
	}
	records := len(w.log.records)
	w.BidOn(x.ID, w.now)
	w.BidOn(x.ID, w.now)
	if s := status(w.now); s != "audited" || w.changes != changes+2 || len(w.log.records) != records+1 {
		t.Errorf("after a bid: %s, %d changes, %d records", s, w.changes-changes, len(w.log.records)-records)
	}
	w.now = w.now.Add(10 * 24 * time.Hour)
	w.BidOn(x.ID, w.now) // is not expired: nothing to bring back
	for range 3 {
		w.Served(x.ID, w.now)
	}
	if len(w.log.records) != records+2 || w.changes != changes+2 {
		t.Errorf("serving thrice in a day: %d records, %d changes", len(w.log.records)-records, w.changes-changes)
	}
	if s := status(w.now.Add(15 * 24 * time.Hour)); s != "audited" {
		t.Errorf("15 days after it served: %s", s)
	}
	if s := status(w.now.Add(24 * time.Hour)); s != "expired" || w.Sweep(w.now) != 1 {
		t.Errorf("16 days after it served: %s", s)
	}
	kept, _ := w.replayed(t).Get(x.ID)
	if kept.Status() != "expired" || kept.Used != midnight.Add(ad.CreativeExpiry+10*24*time.Hour) {
		t.Errorf("after a restart: %s, used %s", kept.Status(), kept.Used)
	}
	if got, err := w.Update(t.Context(), x.ID, 0, banner("a")); err != nil || got.Status() != "expired" {
		t.Errorf("an update that changes nothing: %s, %v", got.Status(), err)
	}
	renamed := banner("a")
	renamed.Name = "b"
	if got, err := w.Update(t.Context(), x.ID, 0, renamed); err != nil || got.Status() != "audited" {
		t.Errorf("a change: %s, %v", got.Status(), err)
	}
	w.Served(4001, w.now) // the rule set's, and nobody's
	w.Served(ad.RegisteredCreativeMin+9, w.now)
}

// TestServedAllocatesNothing holds the path of every bill to its promise.
func TestServedAllocatesNothing(t *testing.T) {
	w := newWorld()
	x := w.register(t, banner("a"))
	w.Served(x.ID, w.now)
	if n := testing.AllocsPerRun(100, func() { w.Served(x.ID, w.now); w.BidOn(x.ID, w.now); w.Served(4001, w.now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkServed(b *testing.B) {
	w := newWorld()
	x, _, err := w.Register(b.Context(), banner("a"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		w.Served(x.ID, w.now)
	}
}
