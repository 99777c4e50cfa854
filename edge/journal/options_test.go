package journal

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestOptionsAreChecked(t *testing.T) {
	bad := Options{Dir: "x", SegmentBytes: 1, SnapshotEvery: -1, PendingBytes: 5, Settle: -1, RetainBytes: -1, FreeBytes: -1}
	_, err := Open(bad)
	for _, name := range []string{"SegmentBytes", "SnapshotEvery", "PendingBytes", "PostBytes", "Settle", "RetainBytes", "FreeBytes"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func TestRestoreIsCalledOnceWithStatesOfTheirOwnKinds(t *testing.T) {
	for what, states := range map[string][]State{
		"two of one kind": {newLedger(1, 2), newLedger(2)},
		"kind 0":          {newLedger(0)},
		"no kind":         {newLedger()},
	} {
		l, err := Open(Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Restore(states...); err == nil {
			t.Errorf("%s: no error", what)
		}
		if err := l.Append(t.Context(), 1, nil); !errors.Is(err, ErrNotRestored) {
			t.Errorf("%s, append: %v", what, err)
		}
		closeLog(t, l)
	}
	l := open(t, Options{Dir: t.TempDir()})
	if err := l.Restore(); err == nil {
		t.Error("restored twice")
	}
	closeLog(t, l)
	if fmt.Sprint(l.Healthy()) != ErrClosed.Error() {
		t.Errorf("closed: %v", l.Healthy())
	}
}
