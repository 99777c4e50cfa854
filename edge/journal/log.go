package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// What callers may want to tell apart. Every error of Append, Post and Sync but a context's is one of these.
var (
	// ErrClosed: the log was closed before the record was written.
	ErrClosed = errors.New("the log is closed")
	// ErrNotRestored: Restore has not returned yet, and nothing may be added before.
	ErrNotRestored = errors.New("the log was not restored yet")
	// ErrTooLarge: the record is longer than RecordBytesMax. It was not written.
	ErrTooLarge = errors.New("the record is too large")
	// ErrKind: kinds are 1 to 255. The record was not written.
	ErrKind = errors.New("0 is not a kind of record")
	// ErrFull: too much was posted since the last commit. The record was dropped.
	ErrFull = errors.New("too many posted records wait")
	// ErrUnhealthy: the disk does not take records. What was being written may or may not be there after a restart.
	ErrUnhealthy = errors.New("the log cannot write")
	// ErrDamaged: what was acknowledged cannot be read back. The log does not open.
	ErrDamaged = errors.New("the log is damaged")
	// ErrLow: the volume is nearly full. Records are still taken.
	ErrLow = errors.New("the log's volume is nearly full")
	// ErrInUse: another process, or another Log of this one, has the directory.
	ErrInUse = errors.New("the log is in use")
)

// State is what a log restores: a memory that records change. Consumers satisfy it without importing this package.
type State interface {
	// Kinds are the kinds of the records that change the state, each of one state only.
	Kinds() []uint8
	// Apply replays one record. It may be one that the restored snapshot holds already, and must change nothing then. The
	// record is valid during the call only. An error stops Restore.
	Apply(kind uint8, record []byte) error
	// AppendSnapshot appends everything the state holds. It is called while records are added, from another goroutine: it
	// must hold what every record did that was applied before the call, and may hold more.
	AppendSnapshot(dst []byte) []byte
	// RestoreSnapshot takes what AppendSnapshot gave, once, before any Apply. It is valid during the call only.
	RestoreSnapshot(snapshot []byte) error
}

// Log is a durable sequence of records. Its methods may be called from many goroutines.
type Log struct {
	options Options
	disk    disk
	log     *slog.Logger
	stats   counters

	lock     io.Closer // of the directory
	restored atomic.Bool
	began    atomic.Bool // Restore was called

	// Between those who add and the one who writes.
	mu      sync.Mutex
	pending batch
	room    chan struct{} // closed when pending was taken; nil when nobody waits for that
	refusal error         // why nothing is taken now; nil when all is well
	wake    chan struct{} // 1: it says that there is something, not how much
	quit    chan struct{} // closed by Close
	waiters sync.Pool     // of *waiter

	// The writer's own; Restore's before it runs.
	identity uint64
	spare    batch // the batch that is being written, and its memory afterwards
	at       chain // behind the last acknowledged frame
	segment  *segment
	mark     *marker
	scratch  []byte // a segment, when it is read back

	keeper  keeper
	low     atomic.Bool    // the volume had less than Options.FreeBytes when it was last looked at
	running sync.WaitGroup // the writer and the keeper
	closing sync.Once
	closed  error // what Close found
	found   inventory
}

// Open takes the directory of a log for this process and looks at what is there: that files are whole by their headers and
// none is missing. Nothing can be added until Restore has read it.
//
// Errors: ErrInUse, ErrDamaged, or the operating system's; each says where, why and what to do.
func Open(options Options) (*Log, error) {
	o, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	l := &Log{options: o, disk: o.disk, log: o.Logger, wake: make(chan struct{}, 1), quit: make(chan struct{}), refusal: ErrNotRestored}
	l.waiters.New = func() any { return &waiter{done: make(chan error, 1)} }
	l.keeper.wake = make(chan struct{}, 1)
	if o.Dir == "" {
		return l, nil
	}
	if err := l.disk.MakeDir(o.Dir); err != nil {
		return nil, fmt.Errorf("open log %s: %w", o.Dir, err)
	}
	if l.lock, err = l.disk.Lock(filepath.Join(o.Dir, "lock")); err != nil {
		return nil, fmt.Errorf("open log %s: %w", o.Dir, err)
	}
	if l.found, err = look(l.disk, o.Dir); err != nil {
		l.lock.Close()
		return nil, fmt.Errorf("open log %s: %w", o.Dir, err)
	}
	if l.found.mark.damaged || !l.found.mark.found && len(l.found.segments) > 0 {
		l.log.Error("the mark of the log is damaged or missing: an end that is missing too would not be noticed this time",
			"directory", o.Dir, "sound", l.found.mark.found)
	}
	return l, nil
}

// Healthy tells why nothing can be added: before Restore, while the disk does not take records, and after Close; and, with
// ErrLow, that the volume is nearly full, while there is still time to make room. nil: all is well. It costs a lock that is
// held for moments, and a question to the file system.
func (l *Log) Healthy() error {
	if err := l.refused(); err != nil {
		return err
	}
	return l.short()
}

// refused tells why nothing can be added.
func (l *Log) refused() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refusal
}

// Close writes what waits, and gives the directory back. It returns what went wrong with that; a second call returns the
// same. It is not called while Restore runs.
func (l *Log) Close() error {
	l.closing.Do(func() {
		l.mu.Lock()
		l.refusal = ErrClosed
		l.mu.Unlock()
		close(l.quit)
		l.running.Wait()
		if l.lock != nil {
			l.closed = errors.Join(l.closed, l.lock.Close())
		}
	})
	return l.closed
}

// Sync returns when everything that was added before is on disk, or tells why it is not, with the errors of Append.
func (l *Log) Sync(ctx context.Context) error {
	if l.options.Dir == "" {
		return l.refused()
	}
	w := l.waiters.Get().(*waiter)
	l.mu.Lock()
	if err := l.refusal; err != nil {
		l.mu.Unlock()
		return err
	}
	l.pending.waiters = append(l.pending.waiters, w)
	l.mu.Unlock()
	l.signal()
	return l.wait(ctx, w)
}

// signal tells the writer that there is something to do.
func (l *Log) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// retryEvery is how long the log waits between attempts to recover, and to take a snapshot that failed.
const retryEvery = time.Second
