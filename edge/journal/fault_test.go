package journal

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestTheNthOperationFails lets every single operation of a run fail once, each in a run of its own.
func TestTheNthOperationFails(t *testing.T) {
	const records = 60
	struck := true
	for nth := 1; struck; nth++ {
		synctest.Test(t, func(t *testing.T) {
			struck = false
			d := newRAMDisk(uint64(nth))
			p := d.start()
			o := Options{Dir: "/log", SegmentBytes: 4 << 10, SnapshotEvery: 20, Settle: time.Second, Retain: 5 * time.Second, disk: p}
			state := newLedger(1)
			l := open(t, o, state)
			count, what := 0, ""
			p.fault = func(operation, name string) error {
				if count++; count == nth {
					struck, what = true, operation+" "+name
					return errInjected
				}
				return nil
			}
			want := appendSome(t, l, state, records)
			if missing := records - len(want); missing > 10 {
				t.Errorf("%s: %d records were refused by one fault", what, missing)
			}
			if err := l.Healthy(); err != nil {
				t.Errorf("%s: still %v", what, err)
			}
			if s := l.Stats(); s.Failures != s.Recoveries || s.Appends != uint64(len(want)) || s.Snapshots == 0 {
				t.Errorf("%s: stats %+v", what, s)
			}
			p.cutPower()
			l.Close()
			o.disk = d.start()
			if got := restoredFrom(t, o); !slices.Equal(got, want) {
				t.Fatalf("%s failed: restored %v\nwant %v", what, got, want)
			}
		})
	}
}

// appendSome appends records a second apart, applies those that were acknowledged, and gives them.
func appendSome(t *testing.T, l *Log, state *ledger, records int) (acknowledged []uint64) {
	t.Helper()
	for n := range uint64(records) {
		r := record(n+1, 50)
		switch err := l.Append(t.Context(), 1, r); {
		case err == nil:
			acknowledged = append(acknowledged, n+1)
			if err := state.Apply(1, r); err != nil {
				t.Fatal(err)
			}
		case !errors.Is(err, ErrUnhealthy):
			t.Fatalf("record %d: %v", n+1, err)
		}
		time.Sleep(400 * time.Millisecond)
	}
	time.Sleep(3 * time.Second)
	return acknowledged
}

func TestAFullDiskIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAMDisk(1)
		p := d.start()
		o := Options{Dir: "/log", disk: p}
		state := newLedger(1)
		l := open(t, o, state)
		p.room = 1000
		want := appendSome(t, l, state, 40)
		if len(want) == 0 || len(want) == 40 {
			t.Fatalf("%d records were taken", len(want))
		}
		time.Sleep(time.Minute)
		err := l.Healthy()
		if !errors.Is(err, ErrUnhealthy) || !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "tries again") {
			t.Errorf("healthy: %v", err)
		}
		if s := l.Stats(); s.Failures != 1 || s.Recoveries != 0 {
			t.Errorf("the log flaps: %+v", s)
		}
		before := time.Now()
		if err := l.Append(t.Context(), 1, record(99, 20)); !errors.Is(err, syscall.ENOSPC) || time.Since(before) > 0 {
			t.Errorf("an append took %s: %v", time.Since(before), err)
		}
		// Posts wait for the disk.
		if err := l.Post(1, record(41, 20)); err != nil {
			t.Error(err)
		}
		// A little space comes and goes on a full disk: it is not enough to go on.
		space := func(bytes int) {
			p.mu.Lock()
			p.room = bytes
			p.mu.Unlock()
			time.Sleep(2 * retryEvery)
		}
		if space(5000); l.Healthy() == nil {
			t.Error("5000 bytes are enough to be healthy")
		}
		space(-1)
		if err := errors.Join(l.Healthy(), l.Append(t.Context(), 1, record(42, 20))); err != nil {
			t.Errorf("there is space again: %v", err)
		}
		closeLog(t, l)
		o.disk = d.start()
		if got := restoredFrom(t, o); !slices.Equal(got, append(want, 41, 42)) {
			t.Errorf("restored %v, want %v and 41, 42", got, want)
		}
	})
}

func TestCloseSaysWhatWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newRAMDisk(1).start()
		l := open(t, Options{Dir: "/log", disk: p})
		p.fault = func(string, string) error { return errInjected }
		if err := l.Append(t.Context(), 1, nil); !errors.Is(err, ErrUnhealthy) || !errors.Is(err, errInjected) {
			t.Errorf("append: %v", err)
		}
		if err := l.Post(1, nil); err != nil {
			t.Error(err)
		}
		err := l.Close()
		if err == nil || !strings.Contains(err.Error(), "1 posted records were lost") {
			t.Errorf("close: %v", err)
		}
		if again := l.Close(); !errors.Is(again, err) {
			t.Errorf("closed again: %v", again)
		}
		if s := l.Stats(); s.PostsDropped != 1 || s.Failed != 1 {
			t.Errorf("stats: %+v", s)
		}
	})
}

// TestWhatWasAcknowledgedIsReadBackBeforeGoingOn damages the segment behind the log's back, and then lets a sync fail.
func TestWhatWasAcknowledgedIsReadBackBeforeGoingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAMDisk(1)
		p := d.start()
		l := open(t, Options{Dir: "/log", disk: p})
		defer l.Close()
		for n := range uint64(5) {
			if err := l.Append(t.Context(), 1, record(n+1, 600)); err != nil {
				t.Fatal(err)
			}
		}
		d.names["/log/"+segmentName(1)].medium[700] ^= 1
		p.fault = failOnce("sync")
		if err := l.Append(t.Context(), 1, record(6, 600)); !errors.Is(err, ErrUnhealthy) {
			t.Fatalf("append: %v", err)
		}
		time.Sleep(time.Minute)
		if err := l.Healthy(); !errors.Is(err, ErrDamaged) {
			t.Errorf("healthy: %v, want damage", err)
		}
	})
}

// TestWhatASyncDidNotWriteIsWrittenAgain is the trap of a failed sync: the system takes the pages for written and gives
// them to who reads, but they are not on the medium. A log that is opened then must not build on them.
func TestWhatASyncDidNotWriteIsWrittenAgain(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			d := newRAMDisk(seed)
			run := func(fault func(string, string) error, n uint64, want error) *process {
				p := d.start()
				l := open(t, Options{Dir: "/log", disk: p}, newLedger(1))
				p.fault = fault
				if err := l.Append(t.Context(), 1, record(n, 3000)); !errors.Is(err, want) {
					t.Fatalf("record %d: %v", n, err)
				}
				p.kill()
				l.Close()
				return p
			}
			run(nil, 1, nil)
			run(failOnce("sync"), 2, ErrUnhealthy)
			run(nil, 3, nil).cutPower()
			if got := restoredFrom(t, Options{Dir: "/log", disk: d.start()}); !slices.Equal(got, upTo(3)) {
				t.Fatalf("seed %d: restored %v", seed, got)
			}
		})
	}
}

// failOnce lets the next operation of that name fail.
func failOnce(name string) func(operation, file string) error {
	var once sync.Once
	return func(operation, file string) (err error) {
		if operation == name {
			once.Do(func() { err = errInjected })
		}
		return err
	}
}

// slowSync lets every sync take that long.
func (p *process) slowSync(d time.Duration) {
	p.fault = func(operation, name string) error {
		if operation == "sync" && strings.HasSuffix(name, segmentEnding+temporaryEnding) {
			p.mu.Unlock()
			time.Sleep(d)
			p.mu.Lock()
		}
		return nil
	}
}

func TestASlowDiskHoldsUpNobodyPastTheirContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAMDisk(1)
		p := d.start()
		o := Options{Dir: "/log", disk: p}
		l := open(t, o)
		p.slowSync(5 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Millisecond)
		defer cancel()
		before := time.Now()
		err := l.Append(ctx, 1, record(1, 20))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(before) != 25*time.Millisecond {
			t.Errorf("after %s: %v", time.Since(before), err)
		}
		// All that come while the first is synced share the second sync.
		var all sync.WaitGroup
		for n := range uint64(100) {
			all.Go(func() {
				if err := l.Append(context.Background(), 1, record(n+2, 20)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		s := l.Stats()
		if s.Commits != 2 || s.Abandoned != 1 || s.Appends != 101 || s.SyncMax != 5*time.Second || s.SyncTotal != 10*time.Second {
			t.Errorf("stats: %+v", s)
		}
		if class := slices.IndexFunc(s.SyncTimes[:], func(n uint64) bool { return n > 0 }); class != SyncBuckets-1 {
			t.Errorf("5 s are of class %d", class)
		}
		closeLog(t, l)
		o.disk = d.start()
		if got := restoredFrom(t, o); len(got) != 101 {
			t.Errorf("restored %d records: the abandoned one was on its way", len(got))
		}
	})
}

func TestWhatWaitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newRAMDisk(1).start()
		const size = 1000 - frameHeaderBytes
		l := open(t, Options{Dir: "/log", disk: p, PostBytes: 10_000, PendingBytes: RecordBytesMax + 100_000})
		p.slowSync(time.Second)
		var all sync.WaitGroup
		all.Go(func() {
			if err := l.Append(context.Background(), 1, record(1, 20)); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		for n := range 10 {
			if err := l.Post(1, record(2, size)); err != nil {
				t.Errorf("post %d: %v", n, err)
			}
		}
		if err := l.Post(1, nil); !errors.Is(err, ErrFull) {
			t.Errorf("a post too many: %v", err)
		}
		// The rest of the room is for those who wait; one who does not fit waits for the next commit.
		waiting := 0
		for range (RecordBytesMax + 90_000) / 1000 {
			waiting++
			all.Go(func() {
				if err := l.Append(context.Background(), 1, record(3, size)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if pending := len(l.pending.frames); pending != (waiting+10)*1000 {
			t.Errorf("%d bytes wait, want %d", pending, (waiting+10)*1000)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := l.Append(ctx, 1, record(4, size)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without room: %v", err)
		}
		if err := l.Append(t.Context(), 1, record(5, size)); err != nil {
			t.Errorf("with the next commit: %v", err)
		}
		all.Wait()
		if s := l.Stats(); s.PostsDropped != 1 || s.Refused != 1 || s.Posts != 10 || s.Appends != uint64(waiting)+2 {
			t.Errorf("stats: %+v", s)
		}
		closeLog(t, l)
	})
}

// TestWhoWaitsForRoomIsToldOfFaults has callers without room when the disk fails, and when the log is closed.
func TestWhoWaitsForRoomIsToldOfFaults(t *testing.T) {
	for _, ending := range []error{ErrUnhealthy, ErrClosed} {
		synctest.Test(t, func(t *testing.T) {
			p := newRAMDisk(1).start()
			l := open(t, Options{Dir: "/log", disk: p, PendingBytes: RecordBytesMax + frameHeaderBytes})
			p.slowSync(time.Second)
			var all sync.WaitGroup
			add := func(size int, want error) {
				all.Go(func() {
					if err := l.Append(context.Background(), 1, record(1, size)); !errors.Is(err, want) {
						t.Errorf("%v, want %v", err, want)
					}
				})
				synctest.Wait()
			}
			if ending == ErrClosed {
				add(20, nil)
				add(RecordBytesMax, nil)
				add(20, ErrClosed)
				closeLog(t, l)
			} else {
				slow := p.fault
				p.fault = func(operation, name string) error {
					if err := slow(operation, name); err != nil || operation != "sync" {
						return err
					}
					return errInjected
				}
				add(20, ErrUnhealthy)
				add(RecordBytesMax, ErrUnhealthy)
				add(20, ErrUnhealthy)
				all.Wait()
				p.kill()
				l.Close()
			}
			all.Wait()
		})
	}
}

func TestAnEndedContextWritesNothing(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	l := open(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Append(ctx, 1, record(1, 8)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	closeLog(t, l)
	if got := restoredFrom(t, o); len(got) != 0 {
		t.Errorf("restored %v", got)
	}
}
