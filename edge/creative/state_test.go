package creative

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/journal"
)

// TestFailedWrites lets the log fail, having kept the record or not: the next write settles it, and no two creatives ever
// have one code.
func TestFailedWrites(t *testing.T) {
	for _, keeps := range []bool{false, true} {
		t.Run(fmt.Sprint("keeps ", keeps), func(t *testing.T) {
			w := newWorld()
			w.log.fail, w.log.keeps = errors.New("disk full"), keeps
			if _, _, err := w.Register(t.Context(), banner("a")); err == nil {
				t.Fatal("a write that was not kept was acknowledged")
			}
			if _, more := w.List(Filter{Limit: 1}); more || len(w.Creatives()) != 0 {
				t.Error("it is there all the same")
			}
			if _, _, err := w.Register(t.Context(), banner("b")); err == nil {
				t.Fatal("the disk is still full")
			}
			w.log.fail = nil
			other := banner("a")
			other.Content = "https://cdn.example/other.png"
			if _, _, err := w.Register(t.Context(), other); !errors.As(err, new(*TakenError)) {
				t.Errorf("the code of an unsettled write: %v", err)
			}
			x, created, err := w.Register(t.Context(), banner("a"))
			if err != nil || created || x.ID != ad.RegisteredCreativeMin {
				t.Errorf("asking again: created %v, id %d, %v", created, x.ID, err)
			}
			if y := w.register(t, banner("c")); y.ID != ad.RegisteredCreativeMin+1 {
				t.Errorf("the next id is %d", y.ID)
			}
			if diff := cmp.Diff(w.Creatives(), w.replayed(t).Creatives()); diff != "" {
				t.Errorf("the log tells another story:\n%s", diff)
			}
		})
	}
	w := newWorld()
	w.writing <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.Register(ctx, banner("a")); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left: %v", err)
	}
}

// TestReplay replays everything onto a snapshot taken midway, twice and from the start: nothing changes.
func TestReplay(t *testing.T) {
	w := newWorld()
	a := w.register(t, banner("a"))
	if _, err := w.Approve(t.Context(), Decision{ID: a.ID}); err != nil {
		t.Fatal(err)
	}
	full := banner("full")
	full.Member, full.Format, full.Content, full.Size = 203, ad.FormatVAST, `<VAST version="4.2"/>`, ad.Size{}
	full.Attributes, full.Language, full.Pixels, full.Dynamic = []uint8{1, 255}, "de", []string{"https://t.example/i"}, true
	w.register(t, full)
	snapshot := w.AppendSnapshot([]byte("kept: "))
	renamed := banner("z")
	if _, err := w.Update(t.Context(), a.ID, 0, renamed); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(30 * time.Hour)
	w.Served(a.ID, w.now)
	w.register(t, banner("a"))

	r := w.fresh()
	if err := r.RestoreSnapshot(snapshot[len("kept: "):]); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, x := range w.log.records {
			if err := r.Apply(x.kind, x.record); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(w.Creatives(), r.Creatives()); diff != "" {
		t.Errorf("replayed:\n%s", diff)
	}
	if got, want := string(r.AppendSnapshot(nil)), string(w.AppendSnapshot(nil)); got != want {
		t.Errorf("snapshots differ:\n%s\n%s", got, want)
	}
	x, created, err := r.Register(t.Context(), banner("new"))
	if err != nil || !created || x.ID != ad.RegisteredCreativeMin+3 {
		t.Errorf("after the replay: id %d, %v", x.ID, err)
	}
}

func TestBadRecords(t *testing.T) {
	r := newWorld().Registry
	for _, x := range []logged{{19, nil}, {20, nil}, {20, []byte(`{"v":2,"id":1000000000}`)}, {20, []byte(`{"v":1,"id":5,"media":"banner","format":"html","audit":"none"}`)},
		{20, []byte(`{"v":1,"id":1000000000,"media":"banner","format":"gif","audit":"none"}`)}, {21, []byte("1234567")}} {
		if err := r.Apply(x.kind, x.record); err == nil {
			t.Errorf("kind %d, %q was taken", x.kind, x.record)
		}
	}
	for _, snapshot := range []string{"", "curb creatives 2 1000000000\n", "curb creatives 1 5\n", "curb creatives 1 1000000000\n{}\n"} {
		if err := r.RestoreSnapshot([]byte(snapshot)); err == nil {
			t.Errorf("%q was taken", snapshot)
		}
	}
	if err := r.Apply(21, appendUsed(nil, ad.RegisteredCreativeMin+5, 7)); err != nil { // its creative's record was never acknowledged
		t.Error(err)
	}
}

// TestRestart keeps a registry in the log of a node, ends it, and opens it again.
func TestRestart(t *testing.T) {
	directory := t.TempDir()
	w := newWorld()
	open := func() *journal.Log {
		t.Helper()
		log, err := journal.Open(journal.Options{Dir: directory})
		if err != nil {
			t.Fatal(err)
		}
		w.Registry.o.Log = log
		if err := log.Restore(w.Registry); err != nil {
			t.Fatal(err)
		}
		return log
	}
	log := open()
	x := w.register(t, banner("a"))
	if _, err := w.Approve(t.Context(), Decision{ID: x.ID, Reason: "fine"}); err != nil {
		t.Fatal(err)
	}
	w.register(t, banner("b"))
	w.now = w.now.Add(48 * time.Hour)
	w.Served(x.ID, w.now)
	before := w.AppendSnapshot(nil)
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Ban(t.Context(), Decision{ID: x.ID}); !errors.Is(err, journal.ErrClosed) {
		t.Errorf("a write to a closed log: %v", err)
	}

	w.Registry = w.fresh()
	log = open()
	defer log.Close()
	if diff := cmp.Diff(string(before), string(w.AppendSnapshot(nil))); diff != "" {
		t.Errorf("after the restart:\n%s", diff)
	}
	if got, _ := w.Get(x.ID); got.Status() != "audited" || got.Reason != "fine" || got.Used.Format(time.DateOnly) != "2026-11-23" {
		t.Errorf("after the restart: %+v", got)
	}
}
