package adcall

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// brought is a market whose bids bring URLs of their own.
type brought struct {
	*market
	won, lost string
}

func (m *brought) Ask(ctx context.Context, snap *catalog.Snapshot, out *openrtb.Outgoing, answers *ad.Answers) {
	m.market.Ask(ctx, snap, out, answers)
	for i := range answers.Bids {
		answers.Bids[i].NURL, answers.Bids[i].LURL = m.won, m.lost
	}
}

// TestWhatNobodyAskedForIsNotTold: bidder 2 wins, 1 loses, 3 has nothing to say.
func TestWhatNobodyAskedForIsNotTold(t *testing.T) {
	const post = "notify" // a path of the bidder
	for _, c := range []struct {
		name      string
		wants     ad.Bidder // of all three
		won, lost string
		want      []string // by bidder
	}{
		{"nothing", ad.Bidder{}, "", "", []string{"", "", ""}},
		{"opted in without an address", ad.Bidder{NotifyLost: true, NotifyNoBid: true, NotifyFull: true}, "", "", []string{"", "", ""}},
		{"an address", ad.Bidder{NotifyURL: post}, "", "", []string{"", "won", ""}},
		{"losses", ad.Bidder{NotifyURL: post, NotifyLost: true}, "", "", []string{"lost/outbid", "won", ""}},
		{"no bids", ad.Bidder{NotifyURL: post, NotifyNoBid: true}, "", "", []string{"", "won", "no_bid"}},
		{"nurl", ad.Bidder{}, "https://acme.example/won", "", []string{"", "won", ""}},
		{"lurl", ad.Bidder{}, "", "https://acme.example/lost", []string{"lost/outbid", "", ""}},
	} {
		contents := inventory()
		contents.Bidders = append(contents.Bidders, ad.Bidder{ID: 3, Name: "mute", Active: true, Endpoint: "https://mute.example/", Members: []ad.MemberID{202}})
		for i := range contents.Bidders {
			b := &contents.Bidders[i]
			if b.NotifyURL = ""; c.wants.NotifyURL != "" {
				b.NotifyURL = b.Endpoint + c.wants.NotifyURL
			}
			b.NotifyLost, b.NotifyPending, b.NotifyNoBid, b.NotifyFull = c.wants.NotifyLost, c.wants.NotifyPending, c.wants.NotifyNoBid, c.wants.NotifyFull
		}
		s := newShop(newFixtureOf(t, contents, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar, 2: 4 * ad.Dollar}))
		s.service = New(Options{Asker: &brought{s.market, c.won, c.lost}, Ledger: s.till, Notifier: s.ear})
		a := s.serve(s.call(1001))
		if err := a.Sell(t.Context(), &a.Slots[0]); err != nil {
			t.Fatal(err)
		}
		a.Release()
		for i, want := range c.want {
			if got := strings.Join(s.ear.of(ad.BidderID(i+1)), " "); got != want {
				t.Errorf("%s: bidder %d heard %q, want %q", c.name, i+1, got, want)
			}
		}
	}
}

// TestFullAuctionsGoToWhoAsked: one bidder of two has the bid request with its notice, byte by byte but for the floor, which
// is net and nobody's business.
func TestFullAuctionsGoToWhoAsked(t *testing.T) {
	contents := inventory()
	contents.Bidders[1].NotifyFull = true
	s := newShop(newFixtureOf(t, contents, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar, 2: 4 * ad.Dollar}))
	for range 2 { // the second time from warm buffers
		s.ear.heard = nil
		s.serve(s.call(1001)).Release()
		for _, n := range s.ear.heard {
			var want []byte
			if n.Bidder == 2 {
				sent := string(s.market.requests[len(s.market.requests)-1])
				if want = []byte(strings.Replace(sent, `,"bidfloor":1,"bidfloorcur":"USD"`, "", 1)); len(want) == len(sent) {
					t.Fatalf("the request has no floor: %s", sent)
				}
			}
			if !slices.Equal(n.Full, want) {
				t.Errorf("bidder %d has %.80q, want %.80q", n.Bidder, n.Full, want)
			}
		}
	}
}

// slow is a till whose disk takes until the context ends, or so long.
type slow struct {
	*till
	takes time.Duration
	waits []context.Context
}

func (l *slow) Bill(ctx context.Context, sale *ad.Sale, now time.Time) (bool, error) {
	l.waits = append(l.waits, ctx)
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-time.After(l.takes):
		return l.till.Bill(ctx, sale, now)
	}
}

// TestPatienceEnds: a booking has ad.BillTimeout, counted from its own beginning, however many came before it, also when the
// client leaves meanwhile.
func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(newFixture(t, map[ad.BidderID]ad.CPM{1: 3 * ad.Dollar}))
		l := &slow{till: s.till}
		s.service = New(Options{Asker: s.market, Ledger: l, Notifier: s.ear})
		for i, c := range []struct {
			takes time.Duration
			sold  bool
		}{{0, true}, {ad.BillTimeout - time.Millisecond, true}, {0, true}, {time.Hour, false}, {ad.BillTimeout - time.Millisecond, true}, {time.Hour, false}} {
			l.takes = c.takes
			call := s.call(1001)
			call.ID[0] = byte(i)
			a := s.serve(call)
			began := time.Now()
			leaves, cancel := context.WithTimeout(t.Context(), time.Microsecond) // the client goes while the bill is written
			defer cancel()
			if err := a.Sell(leaves, &a.Slots[0]); (err == nil) != c.sold {
				t.Errorf("sale %d, whose bill takes %v: %v", i, c.takes, err)
			}
			if took := time.Since(began); took != min(c.takes, ad.BillTimeout) {
				t.Errorf("sale %d took %v", i, took)
			}
			if until, ok := l.waits[i].Deadline(); !ok || !until.Equal(began.Add(ad.BillTimeout)) {
				t.Errorf("sale %d may take until %v", i, until)
			}
			a.Release()
			time.Sleep(time.Hour) // what ended in time stays quiet
		}
	})
}
