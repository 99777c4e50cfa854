package journal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestASnapshotWaitsForWhoAppliesLate has a caller that changes its state a while after Append returned. The segment that
// the record is in ends at once; the snapshot must not be taken before.
func TestASnapshotWaitsForWhoAppliesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAMDisk(1)
		p := d.start()
		o := Options{Dir: "/log", SnapshotEvery: 10, Settle: 10 * time.Second, Retain: 1, disk: p}
		state := newLedger(1)
		l := open(t, o, state)
		for n := range uint64(100) {
			if err := l.Append(t.Context(), 1, record(n+1, 20)); err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(9*time.Second, func() {
				if err := state.Apply(1, record(n+1, 20)); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(time.Second)
		}
		s := l.Stats()
		if s.Snapshots < 5 || s.SegmentsRemoved < 5 {
			t.Errorf("stats: %+v", s)
		}
		p.kill()
		l.Close()
		// The older snapshot is as complete, with the segments that were left.
		whole := d.image()
		older := whole.clone()
		older[whole.snapshots()[1]][20] ^= 1
		for what, i := range map[string]image{"newest": whole, "older": older} {
			if got, _, err := i.restore(); err != nil || !slices.Equal(got, upTo(100)) {
				t.Errorf("from the %s snapshot: %d records, %v", what, len(got), err)
			}
		}
	})
}

// TestTheOlderSnapshotHasWhatItNeeds damages the newest one after segments were removed.
func TestTheOlderSnapshotHasWhatItNeeds(t *testing.T) {
	whole := grown(t, false)
	whole[whole.snapshots()[1]][50] ^= 1
	d := whole.disk()
	o := Options{Dir: "/log", disk: d.start(), SnapshotEvery: 20, Settle: 1}
	state := newLedger(1)
	synctest.Test(t, func(t *testing.T) {
		l := open(t, o, state)
		if got := state.numbers(); !slices.Equal(got, upTo(grownRecords)) {
			t.Fatalf("restored %d records", len(got))
		}
		// So much was replayed that a new one is taken; the damaged one goes.
		time.Sleep(time.Second)
		if s := l.Stats(); s.Snapshots != 1 || s.Replayed <= 20 {
			t.Errorf("stats: %+v", s)
		}
		closeLog(t, l)
	})
	if got := d.image().snapshots(); len(got) != 2 || got[0] != whole.snapshots()[0] || got[1] != snapshotName(grownRecords) {
		t.Errorf("snapshots are %v", got)
	}
}

func TestSegmentsAreRetained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAMDisk(1)
		o := Options{Dir: "/log", SnapshotEvery: 10, Settle: time.Second, Retain: time.Hour, disk: d.start()}
		state := newLedger(1)
		l := open(t, o, state)
		add := func(every time.Duration) {
			for n := range uint64(100) {
				if err := errors.Join(l.Append(t.Context(), 1, record(n+1, 20)), state.Apply(1, record(n+1, 20))); err != nil {
					t.Fatal(err)
				}
				time.Sleep(every)
			}
		}
		add(30 * time.Second)
		if s := l.Stats(); s.SegmentsRemoved != 0 || s.Snapshots < 9 {
			t.Errorf("after 50 minutes: %+v", s)
		}
		add(time.Minute)
		s := l.Stats()
		if s.SegmentsRemoved == 0 {
			t.Errorf("after 150 minutes: %+v", s)
		}
		// An hour is six segments of ten minutes; two more are not older than an hour as a whole, or not in both snapshots.
		if segments := d.image().segments(); len(segments) < 7 || len(segments) > 9 {
			t.Errorf("kept %v", segments)
		}
		closeLog(t, l)
	})
}

// TestAFailedSnapshotIsTriedAgain fails everything that has to do with snapshots for a while. Appends go on.
func TestAFailedSnapshotIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAMDisk(1)
		p := d.start()
		state := newLedger(1)
		l := open(t, Options{Dir: "/log", SnapshotEvery: 5, Settle: time.Second, disk: p}, state)
		p.fault = func(_, name string) error {
			if strings.Contains(name, snapshotEnding) {
				return errInjected
			}
			return nil
		}
		for n := range uint64(20) {
			if err := errors.Join(l.Append(t.Context(), 1, record(n+1, 20)), state.Apply(1, record(n+1, 20))); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second)
		if s := l.Stats(); s.Snapshots != 0 || s.SnapshotFailures < 5 || l.Healthy() != nil {
			t.Errorf("stats %+v, %v", s, l.Healthy())
		}
		p.mu.Lock()
		p.fault = nil
		p.mu.Unlock()
		time.Sleep(2 * time.Second)
		if s, got := l.Stats(), d.image().snapshots(); s.Snapshots == 0 || !slices.Contains(got, snapshotName(15)) {
			t.Errorf("stats: %+v, files: %v", s, got)
		}
		closeLog(t, l)
	})
}

// TestSnapshotsGoToTheirStates restores with other states than the snapshot was taken of.
func TestSnapshotsGoToTheirStates(t *testing.T) {
	taken := encodeSnapshot(7, chain{sequence: 5, checksum: 9}, []State{holding(1, 1, 2), holding(2, 3)}, time.Now())
	s, err := decodeSnapshot(taken)
	if err != nil || s.identity != 7 || s.position != 5 || s.checksum != 9 {
		t.Fatalf("%+v, %v", s, err)
	}
	for _, c := range []struct {
		states []State
		want   string // what every state holds, or a part of the error
	}{
		{[]State{newLedger(1, 2), newLedger(3)}, "[[1] [2]]"},
		{[]State{newLedger(3), newLedger(2, 1)}, "[[2] [1]]"},
		{[]State{newLedger(1, 9), newLedger(3), newLedger(8)}, "[[1] [2] []]"},
		{[]State{newLedger(1, 2)}, "nobody restores records of kinds [3]"},
		{[]State{newLedger(1), newLedger(2), newLedger(3)}, "were of one state"},
		{[]State{newLedger(1, 3)}, "of two states"},
	} {
		who, err := ownersOf(c.states)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := s.restore(who); err != nil {
			got = err.Error()
		} else {
			var held [][]uint64
			for _, state := range c.states {
				held = append(held, state.(*ledger).numbers())
			}
			got = fmt.Sprint(held)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%v: %s, want %s", c.states, got, c.want)
		}
	}
}

// holding is a state that holds one number.
func holding(number uint64, kinds ...uint8) *ledger {
	s := newLedger(kinds...)
	s.held, s.have[number] = []uint64{number}, true
	return s
}

func TestAStateThatCannotRestoreStopsTheLog(t *testing.T) {
	whole := grown(t, false)
	l, err := Open(Options{Dir: "/log", disk: whole.disk().start()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Restore(&broken{newLedger(1)}); err == nil || !strings.Contains(err.Error(), "apply record") || errors.Is(err, ErrDamaged) {
		t.Errorf("restore: %v", err)
	}
	if err := l.Append(t.Context(), 1, nil); !errors.Is(err, ErrNotRestored) {
		t.Errorf("append: %v", err)
	}
}

// broken is a state that cannot take a record.
type broken struct{ *ledger }

func (*broken) Apply(uint8, []byte) error { return errInjected }
