package creative

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
)

// memoryLog keeps records in order, and fails when it is told to: then it may have kept the record all the same.
type memoryLog struct {
	mu      sync.Mutex
	records []logged
	fail    error
	keeps   bool // also what it fails on
}

type logged struct {
	kind   uint8
	record []byte
}

func (l *memoryLog) Append(_ context.Context, kind uint8, record []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail == nil || l.keeps {
		l.records = append(l.records, logged{kind, append([]byte(nil), record...)})
	}
	return l.fail
}

func (l *memoryLog) Post(kind uint8, record []byte) error {
	return l.Append(context.Background(), kind, record)
}

// rules is a rule set with members 201 to 203, of which 201 has a creative "house".
type rules struct{ house ad.Creative }

func (r *rules) Member(id ad.MemberID) *ad.Member {
	if id < 201 || id > 203 {
		return nil
	}
	return &ad.Member{ID: id}
}

func (r *rules) CreativeByCode(member ad.MemberID, code string) *ad.Creative {
	if member == r.house.Member && code == r.house.Code {
		return &r.house
	}
	return nil
}

// world is a registry and what is around it.
type world struct {
	*Registry
	log     *memoryLog
	now     time.Time
	changes int
}

func newWorld() *world {
	w := &world{log: &memoryLog{}, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	w.Registry = w.fresh()
	return w
}

// fresh is an empty registry over the same log.
func (w *world) fresh() *Registry {
	return New(Options{Log: w.log, Now: func() time.Time { return w.now }, Changed: func() { w.changes++ }, Logger: slog.New(slog.DiscardHandler),
		Catalog: func() Catalog { return &rules{ad.Creative{ID: 4001, Member: 201, Code: "house"}} }})
}

// replayed is what the log makes of an empty registry.
func (w *world) replayed(t *testing.T) *Registry {
	t.Helper()
	r := w.fresh()
	for _, x := range w.log.records {
		if err := r.Apply(x.kind, x.record); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func banner(code string) ad.Creative {
	return ad.Creative{Member: 201, Code: code, Active: true, Size: ad.Size{W: 300, H: 250}, Format: ad.FormatImage, Secure: true,
		Content: "https://cdn.example/a.png?cb=${CACHEBUSTER}", ClickURL: "https://shop.example/", Audit: ad.AuditPending, Advertisers: []string{"Shop.Example."}}
}

func (w *world) register(t *testing.T, draft ad.Creative) Registered {
	t.Helper()
	x, created, err := w.Register(t.Context(), draft)
	if err != nil || !created {
		t.Fatalf("register %s: created %v, %v", draft.Code, created, err)
	}
	return x
}

func TestRegisterTwiceIsOnce(t *testing.T) {
	w := newWorld()
	x := w.register(t, banner("a"))
	if x.ID != ad.RegisteredCreativeMin || x.Version != 1 || x.Status() != "pending" || x.Name != "a" || x.Media != ad.Banner || x.Advertisers[0] != "shop.example" {
		t.Errorf("registered %+v", x)
	}
	again, created, err := w.Register(t.Context(), banner("a"))
	if err != nil || created || again.ID != x.ID {
		t.Errorf("the same again: created %v, id %d, %v", created, again.ID, err)
	}
	other := banner("a")
	other.Content = "https://cdn.example/b.png"
	_, _, err = w.Register(t.Context(), other)
	if taken := (*TakenError)(nil); !errors.As(err, &taken) || taken.ID != x.ID {
		t.Errorf("other content: %v", err)
	}
	_, _, err = w.Register(t.Context(), banner("house"))
	if taken := (*TakenError)(nil); !errors.As(err, &taken) || taken.ID != 4001 {
		t.Errorf("the rule set's code: %v", err)
	}
	another := banner("a")
	another.Member = 202
	if y := w.register(t, another); y.ID != ad.RegisteredCreativeMin+1 {
		t.Errorf("another member's code: id %d", y.ID)
	}
	if len(w.log.records) != 2 || w.changes != 2 {
		t.Errorf("%d records, %d changes", len(w.log.records), w.changes)
	}
}

// TestWhatResetsTheAudit changes every field of an approved creative on its own.
func TestWhatResetsTheAudit(t *testing.T) {
	cases := []struct {
		field  string
		change func(*ad.Creative)
		status string
	}{
		{"nothing", func(*ad.Creative) {}, "audited"},
		{"name", func(x *ad.Creative) { x.Name = "b" }, "audited"},
		{"code", func(x *ad.Creative) { x.Code = "b" }, "audited"},
		{"active", func(x *ad.Creative) { x.Active = false }, "audited"},
		{"content", func(x *ad.Creative) { x.Content += "2" }, "pending"},
		{"click_url", func(x *ad.Creative) { x.ClickURL = "" }, "pending"},
		{"size", func(x *ad.Creative) { x.Size.W = 728 }, "pending"},
		{"format", func(x *ad.Creative) { x.Format = ad.FormatScript }, "pending"},
		{"dynamic", func(x *ad.Creative) { x.Dynamic = true }, "pending"},
		{"secure", func(x *ad.Creative) { x.Secure = false }, "pending"},
		{"advertisers", func(x *ad.Creative) { x.Advertisers = nil }, "pending"},
		{"categories", func(x *ad.Creative) { x.Categories = []string{"IAB1"} }, "pending"},
		{"attributes", func(x *ad.Creative) { x.Attributes = []uint8{3} }, "pending"},
		{"language", func(x *ad.Creative) { x.Language = "tr" }, "pending"},
		{"pixels", func(x *ad.Creative) { x.Pixels = []string{"https://t.example/i"} }, "pending"},
		{"audit", func(x *ad.Creative) { x.Audit = ad.AuditNone }, "none"},
	}
	for _, c := range cases {
		t.Run(c.field, func(t *testing.T) {
			w := newWorld()
			x := w.register(t, banner("a"))
			if _, err := w.Approve(t.Context(), Decision{ID: x.ID, Version: 1}); err != nil {
				t.Fatal(err)
			}
			draft := banner("a")
			c.change(&draft)
			got, err := w.Update(t.Context(), x.ID, 2, draft)
			if err != nil || got.Status() != c.status {
				t.Errorf("status %s, %v; want %s", got.Status(), err, c.status)
			}
			if want := uint64(3); c.field != "nothing" && got.Version != want || c.field == "nothing" && got.Version != 2 {
				t.Errorf("version %d", got.Version)
			}
			kept, _ := w.replayed(t).Get(x.ID)
			if diff := cmp.Diff(got, kept); diff != "" {
				t.Errorf("the log tells another story:\n%s", diff)
			}
		})
	}
}

func TestDecisions(t *testing.T) {
	w := newWorld()
	x := w.register(t, banner("a"))
	decide := func(how func(context.Context, Decision) (Registered, error), d Decision, status string, version uint64) {
		t.Helper()
		d.ID = x.ID
		got, err := how(t.Context(), d)
		if err != nil || got.Status() != status || got.Version != version || got.Reason != d.Reason {
			t.Errorf("status %s, version %d, reason %q, %v; want %s, %d, %q", got.Status(), got.Version, got.Reason, err, status, version, d.Reason)
		}
	}
	decide(w.Reject, Decision{Reason: "misleading"}, "rejected", 2)
	decide(w.Approve, Decision{Version: 2}, "audited", 3)
	decide(w.Approve, Decision{}, "audited", 3)
	decide(w.Ban, Decision{Reason: "malware"}, "banned", 4)
	decide(w.Unban, Decision{Reason: "was none"}, "audited", 5)
	if _, err := w.Approve(t.Context(), Decision{ID: x.ID, Version: 4}); !errors.As(err, new(*StaleError)) {
		t.Errorf("an old version: %v", err)
	}
	if _, err := w.Approve(t.Context(), Decision{ID: 7}); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody's id: %v", err)
	}
	if _, err := w.Ban(t.Context(), Decision{ID: x.ID, Reason: strings.Repeat("ä", ReasonMax)}); err != nil {
		t.Errorf("a reason at the limit: %v", err)
	}
	if _, err := w.Unban(t.Context(), Decision{ID: x.ID, Reason: strings.Repeat("ä", ReasonMax+1)}); !errors.As(err, new(*InvalidError)) {
		t.Errorf("a reason past the limit: %v", err)
	}
	draft := banner("b")
	draft.Audit = ad.AuditNone
	y := w.register(t, draft)
	if _, err := w.Approve(t.Context(), Decision{ID: y.ID}); !errors.Is(err, ErrNotSubmitted) {
		t.Errorf("approve what was not submitted: %v", err)
	}
	if got, err := w.Update(t.Context(), y.ID, 0, banner("b")); err != nil || got.Status() != "pending" {
		t.Errorf("submit: %s, %v", got.Status(), err)
	}
}

func TestListPages(t *testing.T) {
	w := newWorld()
	for i := range 7 {
		draft := banner(fmt.Sprint("c", i))
		draft.Member = ad.MemberID(201 + i%2)
		w.register(t, draft)
	}
	if _, err := w.Ban(t.Context(), Decision{ID: ad.RegisteredCreativeMin + 2}); err != nil {
		t.Fatal(err)
	}
	codes := func(f Filter) string {
		page, more := w.List(f)
		text := ""
		for _, x := range page {
			text += x.Code + " "
		}
		return fmt.Sprint(text, more)
	}
	for _, c := range []struct {
		f    Filter
		want string
	}{
		{Filter{Limit: 3}, "c0 c1 c2 true"},
		{Filter{Limit: 3, After: ad.RegisteredCreativeMin + 2}, "c3 c4 c5 true"},
		{Filter{Limit: 3, After: ad.RegisteredCreativeMin + 3}, "c4 c5 c6 false"},
		{Filter{Limit: 3, After: 1<<32 - 1}, "false"},
		{Filter{Limit: 9, Member: 202}, "c1 c3 c5 false"},
		{Filter{Limit: 2, Member: 201, Status: "pending"}, "c0 c4 true"},
		{Filter{Limit: 9, Status: "banned"}, "c2 false"},
		{Filter{Limit: 9, Code: "c5"}, "c5 false"},
	} {
		if got := codes(c.f); got != c.want {
			t.Errorf("%+v gives %s, want %s", c.f, got, c.want)
		}
	}
}

// TestLimits fills the registry by hand: sixteen thousand registrations would be checked one by one.
func TestLimits(t *testing.T) {
	w := newWorld()
	w.count[201] = ad.CreativesPerMemberMax - 1
	w.register(t, banner("a"))
	_, _, err := w.Register(t.Context(), banner("b"))
	if !errors.As(err, new(*FullError)) {
		t.Errorf("past the member's limit: %v", err)
	}
	if _, err := w.Update(t.Context(), ad.RegisteredCreativeMin, 0, ad.Creative{Member: 201, Code: "a", Size: ad.Size{W: 1, H: 1}, Format: ad.FormatHTML, Content: "x"}); err != nil {
		t.Errorf("a full member may still change what it has: %v", err)
	}
	w.count[201], w.bytes = 1, ad.CreativesBytesMax-len(banner("b").Content)
	w.register(t, banner("b"))
	if _, _, err := w.Register(t.Context(), banner("c")); !errors.As(err, new(*FullError)) {
		t.Errorf("past the bytes of all: %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	w := newWorld()
	w.Registry.o.Changed = func() {}
	now := w.now
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for j := range 25 {
				x, _, err := w.Register(t.Context(), banner(fmt.Sprint(i, "-", j)))
				if err != nil {
					t.Error(err)
					return
				}
				w.Served(x.ID, now)
				w.BidOn(x.ID, now)
				w.Creatives()
				w.AppendSnapshot(nil)
				w.Sweep(now)
				if _, err := w.Approve(t.Context(), Decision{ID: x.ID}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if all := w.Creatives(); len(all) != 100 {
		t.Errorf("%d creatives", len(all))
	}
}
