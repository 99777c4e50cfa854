package notice

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// memoryLog is a log that a test can cut anywhere.
type memoryLog struct {
	mu      sync.Mutex
	records []logged
	fail    bool
	stall   time.Duration
}

type logged struct {
	kind   uint8
	record []byte
}

var errDisk = errors.New("the disk is full")

func (l *memoryLog) Append(ctx context.Context, kind uint8, record []byte) error {
	l.mu.Lock()
	stall := l.stall
	l.mu.Unlock()
	select {
	case <-time.After(stall):
	case <-ctx.Done():
		return ctx.Err()
	}
	return l.Post(kind, record)
}

func (l *memoryLog) Post(kind uint8, record []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail {
		return errDisk
	}
	l.records = append(l.records, logged{kind, slices.Clone(record)})
	return nil
}

func (l *memoryLog) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.records)
}

// replay gives the first n records to a new node.
func (l *memoryLog) replay(t testing.TB, n *Notices, count int) {
	t.Helper()
	for _, r := range l.records[:count] {
		if err := n.Apply(r.kind, r.record); err != nil {
			t.Fatal(err)
		}
	}
}

// turn makes the log fail, or work again.
func (l *memoryLog) turn(fail bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = fail
}
