package journal

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// told is what the log said of a record.
type told uint8

const (
	acknowledged told = iota
	posted
	refused // nothing of it may be there once a later record was acknowledged
)

type issue struct {
	number uint64
	told   told
}

// history drives a log over a bad disk through runs that end in every way, and checks after each restart that what is
// restored is what the log had said.
type history struct {
	t      *testing.T
	rand   *rand.Rand
	disk   *ramDisk
	number uint64
	kept   []uint64 // what the last restart gave: every later one has to begin with it
	issued []issue  // since then, in order
	seen   struct{ faults, cuts, snapshots, removed, recoveries, restarts uint64 }
}

func (h *history) options(p *process) Options {
	return Options{Dir: "/log", SegmentBytes: 4 << 10, SnapshotEvery: 40, Settle: time.Second, Retain: 20 * time.Second, disk: p}
}

// start opens the log and checks what is restored. Faults may strike meanwhile; then it is tried again.
func (h *history) start() (*process, *Log, *ledger) {
	for {
		p := h.disk.start()
		h.calm(p)
		if h.rand.IntN(4) == 0 {
			p.life = 1 + h.rand.IntN(12)
		}
		state := newLedger(1)
		l, err := Open(h.options(p))
		if err == nil {
			if err = l.Restore(state); err == nil {
				p.mu.Lock()
				p.life = 0
				p.mu.Unlock()
				h.check(state.numbers())
				return p, l, state
			}
			l.Close()
		}
		if errors.Is(err, ErrDamaged) || !errors.Is(err, errDead) {
			h.t.Fatalf("restart: %v\nkept %v\nissued %v", err, h.kept, h.issued)
		}
		h.end(p)
	}
}

// end ends a process: killed, or with the power.
func (h *history) end(p *process) {
	if h.rand.IntN(2) == 0 {
		p.cutPower()
	} else {
		p.kill()
	}
	h.seen.restarts++
}

// check compares what was restored with what was promised.
func (h *history) check(got []uint64) {
	h.t.Helper()
	fail := func(format string, a ...any) {
		h.t.Helper()
		h.t.Fatalf("%s\nkept     %v\nissued   %v\nrestored %v", fmt.Sprintf(format, a...), h.kept, h.issued, got)
	}
	if len(got) < len(h.kept) || !slices.Equal(got[:len(h.kept)], h.kept) {
		fail("what an earlier restart gave is not the beginning any more")
	}
	rest := slices.Clone(got[len(h.kept):])
	last := -1 // the last acknowledged one: all before it is settled
	for i, issue := range h.issued {
		if issue.told == acknowledged {
			last = i
		}
	}
	// What was posted is in the live state, and so in snapshots, before it is in the log: where nothing is acknowledged any
	// more, the order is open.
	settled := 0
	if last >= 0 {
		settled = slices.Index(rest, h.issued[last].number) + 1
	}
	slices.Sort(rest[settled:])
	for i, issue := range h.issued {
		present := len(rest) > 0 && rest[0] == issue.number
		switch {
		case i <= last && issue.told != refused && !present:
			fail("record %d is missing", issue.number)
		case i < last && issue.told == refused && present:
			fail("record %d was refused, later ones were acknowledged, and it is there", issue.number)
		}
		if present {
			rest = rest[1:]
		}
	}
	if len(rest) > 0 {
		fail("records %v are out of order, there twice, or from nowhere", rest)
	}
	h.kept, h.issued = slices.Clone(got), nil
}

// run uses the log for a while.
func (h *history) run(l *Log, state *ledger) {
	for range h.rand.IntN(60) {
		h.number++
		r := record(h.number, 8+h.rand.IntN(200))
		switch h.rand.IntN(10) {
		case 0:
			time.Sleep(time.Duration(h.rand.IntN(3000)) * time.Millisecond)
		case 1, 2:
			if l.Post(1, r) == nil {
				h.issued = append(h.issued, issue{h.number, posted})
				h.apply(state, r)
			}
		default:
			if err := l.Append(h.t.Context(), 1, r); err != nil {
				h.issued = append(h.issued, issue{h.number, refused})
				continue
			}
			h.issued = append(h.issued, issue{h.number, acknowledged})
			h.apply(state, r)
		}
	}
}

func (h *history) apply(state *ledger, r []byte) {
	if err := state.Apply(1, r); err != nil {
		h.t.Fatal(err)
	}
}

// trouble makes a process's disk fail now and then, and may kill it.
func (h *history) trouble(p *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kind := h.rand.IntN(4)
	if kind == 0 {
		p.life = 1 + h.rand.IntN(100)
	}
	rate := []int{0, 200, 20, 5}[h.rand.IntN(4)]
	p.fault = func(string, string) error {
		if rate == 0 || h.disk.rand.IntN(rate) > 0 {
			return nil
		}
		h.seen.faults++
		if h.disk.rand.IntN(2) == 0 {
			return errInjected
		}
		return fmt.Errorf("%w: %w", errInjected, syscall.EIO)
	}
	p.room = -1
	if h.rand.IntN(4) == 0 {
		p.room = h.rand.IntN(600 << 10)
	}
}

func (h *history) calm(p *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.room = nil, -1
}

// live is one history of several runs.
func (h *history) live() {
	for range 6 {
		p, l, state := h.start()
		for range 1 + h.rand.IntN(3) {
			h.trouble(p)
			h.run(l, state)
			if h.rand.IntN(2) == 0 {
				h.calm(p)
				time.Sleep(5 * time.Second)
				if err := l.Healthy(); err != nil && !p.dead {
					h.t.Fatalf("the disk is well again and the log is not: %v", err)
				}
				h.run(l, state)
			}
		}
		if h.rand.IntN(3) == 0 {
			h.calm(p)
			if err := l.Close(); err == nil && len(h.issued) > 0 {
				// Closed well: everything posted is there as well, as if the end had been acknowledged.
				h.settle()
			}
		} else {
			p.mu.Lock()
			p.dead = true
			p.mu.Unlock()
			l.Close()
		}
		s := l.Stats()
		h.seen.snapshots += s.Snapshots
		h.seen.removed += s.SegmentsRemoved
		h.seen.recoveries += s.Recoveries
		h.seen.cuts += s.CutBytes
		h.end(p)
	}
	_, l, _ := h.start()
	l.Close()
}

// settle drops what is certain not to be there and marks the rest as acknowledged.
func (h *history) settle() {
	h.issued = slices.DeleteFunc(h.issued, func(i issue) bool { return i.told == refused })
	for i := range h.issued {
		h.issued[i].told = acknowledged
	}
}

// TestEveryHistoryKeepsItsPromises is the property of the package. A failing seed is replayed with -run and its name; CURB_CRASH_ROUNDS
// is how many there are.
func TestEveryHistoryKeepsItsPromises(t *testing.T) {
	var total history
	seeds := 100
	if testing.Short() {
		seeds = 20
	}
	if n, err := strconv.Atoi(os.Getenv(roundsEnv)); err == nil {
		seeds = n
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &history{t: t, rand: rand.New(rand.NewPCG(seed, 2)), disk: newRAMDisk(seed)}
				h.live()
				total.seen.faults += h.seen.faults
				total.seen.cuts += h.seen.cuts
				total.seen.snapshots += h.seen.snapshots
				total.seen.removed += h.seen.removed
				total.seen.recoveries += h.seen.recoveries
				total.seen.restarts += h.seen.restarts
			})
		})
	}
	t.Logf("seen: %+v", total.seen)
	if s := total.seen; !t.Failed() && min(s.faults, s.cuts, s.snapshots, s.removed, s.recoveries, s.restarts) == 0 {
		t.Errorf("the histories do not reach everything: %+v", s)
	}
}
