package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// ledger is a state that behaves as consumers do: it holds what was applied, once each, and orders it by a number that the
// record begins with.
type ledger struct {
	kinds []uint8
	mu    sync.Mutex
	held  []uint64 // in the order of their first application
	have  map[uint64]bool
}

func newLedger(kinds ...uint8) *ledger { return &ledger{kinds: kinds, have: make(map[uint64]bool)} }

func (s *ledger) Kinds() []uint8 { return s.kinds }

func (s *ledger) Apply(kind uint8, record []byte) error {
	if !slices.Contains(s.kinds, kind) {
		return fmt.Errorf("kind %d is not of this state", kind)
	}
	number := binary.BigEndian.Uint64(record)
	for i, b := range record[8:] {
		if b != byte(number)+byte(i) {
			return fmt.Errorf("record %d was changed at byte %d", number, 8+i)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.have[number] {
		s.have[number] = true
		s.held = append(s.held, number)
	}
	return nil
}

func (s *ledger) AppendSnapshot(dst []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, number := range s.held {
		dst = binary.BigEndian.AppendUint64(dst, number)
	}
	return dst
}

func (s *ledger) RestoreSnapshot(b []byte) error {
	for ; len(b) >= 8; b = b[8:] {
		s.held = append(s.held, binary.BigEndian.Uint64(b))
		s.have[binary.BigEndian.Uint64(b)] = true
	}
	if len(b) > 0 {
		return errors.New("the snapshot ends inside a number")
	}
	return nil
}

// numbers are what the state holds.
func (s *ledger) numbers() []uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.held)
}

// record is a record of that size at least 8, which Apply can check.
func record(number uint64, size int) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, size), number)
	for i := 0; len(b) < size; i++ {
		b = append(b, byte(number)+byte(i))
	}
	return b
}

// upTo is 1 to n.
func upTo(n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = uint64(i + 1)
	}
	return out
}

// open opens and restores, or fails the test.
func open(t testing.TB, o Options, states ...State) *Log {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Restore(states...); err != nil {
		l.Close()
		t.Fatal(err)
	}
	return l
}

func closeLog(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// restoredFrom is what a ledger of kind 1 holds after a restart.
func restoredFrom(t testing.TB, o Options) []uint64 {
	t.Helper()
	s := newLedger(1)
	closeLog(t, open(t, o, s))
	return s.numbers()
}

func TestWhatIsAppendedIsRestored(t *testing.T) {
	o := Options{Dir: filepath.Join(t.TempDir(), "a", "log")}
	l := open(t, o, newLedger(1))
	for n := range uint64(100) {
		if err := l.Append(t.Context(), 1, record(n+1, 8+int(n))); err != nil {
			t.Fatal(err)
		}
	}
	closeLog(t, l)
	for range 3 {
		if got := restoredFrom(t, o); !slices.Equal(got, upTo(100)) {
			t.Fatalf("restored %v", got)
		}
	}
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v), want 0600", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(o.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory has mode %v (%v), want 0700", info.Mode(), err)
	}
}

func TestPostsAreWrittenWithTheNextCommit(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	l := open(t, o)
	for n := range uint64(10) {
		if err := l.Post(1, record(n+1, 20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := l.Stats(); s.Posts != 10 || s.Appends != 0 || s.Sequence != 10 || s.Commits == 0 {
		t.Fatalf("stats: %+v", s)
	}
	closeLog(t, l)
	if got := restoredFrom(t, o); !slices.Equal(got, upTo(10)) {
		t.Fatalf("restored %v", got)
	}
}

func TestManyAppendAtOnce(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	l := open(t, o)
	var all sync.WaitGroup
	for g := range uint64(64) {
		all.Go(func() {
			for n := range uint64(20) {
				if err := l.Append(context.Background(), 1, record(g*20+n+1, 64)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	s := l.Stats()
	if s.Appends != 64*20 || s.Commits >= s.Appends/2 {
		t.Errorf("%d records took %d commits: they do not share them", s.Appends, s.Commits)
	}
	closeLog(t, l)
	got := restoredFrom(t, o)
	slices.Sort(got)
	if !slices.Equal(got, upTo(64*20)) {
		t.Fatalf("restored %d records, want each of %d once", len(got), 64*20)
	}
}

func TestKindsGoToTheirStates(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	l := open(t, o)
	for n := range uint64(30) {
		if err := l.Append(t.Context(), uint8(1+n%3), record(n+1, 9)); err != nil {
			t.Fatal(err)
		}
	}
	closeLog(t, l)
	a, b := newLedger(1), newLedger(2, 4)
	closeLog(t, open(t, o, a, b))
	if got := a.numbers(); len(got) != 10 || got[0] != 1 {
		t.Errorf("kind 1: %v", got)
	}
	if got := b.numbers(); len(got) != 10 || got[0] != 2 {
		t.Errorf("kind 2: %v", got)
	}
}

func TestWithoutADirectoryNothingIsKept(t *testing.T) {
	l, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append(t.Context(), 1, nil); !errors.Is(err, ErrNotRestored) {
		t.Errorf("before Restore: %v", err)
	}
	if err := l.Restore(newLedger(1)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Append(t.Context(), 1, record(1, 8)), l.Post(1, record(2, 8)), l.Sync(t.Context()), l.Healthy()); err != nil {
		t.Error(err)
	}
	if s := l.Stats(); s.Appends != 1 || s.Posts != 1 {
		t.Errorf("stats: %+v", s)
	}
	closeLog(t, l)
	if err := l.Append(t.Context(), 1, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestTheDirectoryIsOneProcesss(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	l := open(t, o)
	_, err := Open(o)
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) {
		t.Errorf("opened twice: %v", err)
	}
	closeLog(t, l)
	closeLog(t, open(t, o))
}

func TestRecordsHaveALimit(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	l := open(t, o)
	if err := l.Append(t.Context(), 1, record(1, RecordBytesMax)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if err := l.Append(t.Context(), 1, record(2, RecordBytesMax+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("past the limit: %v", err)
	}
	if err := l.Post(1, record(2, RecordBytesMax+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("posted past the limit: %v", err)
	}
	if err := l.Append(t.Context(), 0, nil); !errors.Is(err, ErrKind) {
		t.Errorf("kind 0: %v", err)
	}
	closeLog(t, l)
	if got := restoredFrom(t, o); !slices.Equal(got, upTo(1)) {
		t.Fatalf("restored %v", got)
	}
}
