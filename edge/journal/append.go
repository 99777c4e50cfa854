package journal

import (
	"context"
	"fmt"
)

// batch is what goes to disk with one write and one fsync.
type batch struct {
	frames    []byte // as appendFrame makes them
	count     int
	posted    int // of count
	postBytes int // of frames
	waiters   []*waiter
}

// empty tells that there is nobody to answer and nothing to write.
func (b *batch) empty() bool { return b.count == 0 && len(b.waiters) == 0 }

// reset makes it empty and keeps its memory.
func (b *batch) reset() {
	clear(b.waiters)
	*b = batch{frames: b.frames[:0], waiters: b.waiters[:0]}
}

func (b *batch) add(kind, flags uint8, record []byte) {
	b.frames = appendFrame(b.frames, kind, flags, record)
	b.count++
	if flags&flagPosted != 0 {
		b.posted++
		b.postBytes += frameHeaderBytes + len(record)
	}
}

// addPosted takes over what was posted into another batch.
func (b *batch) addPosted(from *batch) {
	for data := from.frames; len(data) > 0; {
		f := data[:frameSize(data)]
		if f[5]&flagPosted != 0 {
			b.add(f[4], f[5], f[frameHeaderBytes:])
		}
		data = data[len(f):]
	}
}

// waiter is one call of Append or Sync that waits for a commit.
type waiter struct {
	done chan error // 1, so that the writer never waits for who left
}

// Append adds a record and returns once it is on disk: written and synced, together with all that were added meanwhile. The
// record is copied before Append returns, and is at most RecordBytesMax long.
//
// The context ends the waiting, not the writing: with its error the record may or may not be in the log, now and after a
// restart, as with ErrUnhealthy from a write that failed. Either way a caller takes the record for not written, and copes
// with its being replayed one day. With any other error it is not in the log.
func (l *Log) Append(ctx context.Context, kind uint8, record []byte) error {
	if err := check(kind, record); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.options.Dir == "" {
		return l.keepNothing(false)
	}
	w := l.waiters.Get().(*waiter)
	if err := l.enqueue(ctx, kind, record, w); err != nil {
		l.waiters.Put(w)
		l.stats.refused.Add(1)
		return err
	}
	return l.wait(ctx, w)
}

// Post adds a record that nobody waits for: it is written with the next commit. When too much waits, it is dropped and
// counted, with ErrFull. While the disk does not take records, posted ones wait for it, as many as fit. What was posted and
// not written is lost when the process ends without Close.
func (l *Log) Post(kind uint8, record []byte) error {
	if err := check(kind, record); err != nil {
		return err
	}
	if l.options.Dir == "" {
		return l.keepNothing(true)
	}
	l.mu.Lock()
	// A disk that fails may come back: that alone is no reason to refuse.
	if !l.restored.Load() || l.refusal == ErrClosed {
		defer l.mu.Unlock()
		return l.refusal
	}
	size := frameHeaderBytes + len(record)
	if l.pending.postBytes+size > l.options.PostBytes || len(l.pending.frames)+size > l.options.PendingBytes {
		l.mu.Unlock()
		l.stats.postsDropped.Add(1)
		return ErrFull
	}
	l.pending.add(kind, flagPosted, record)
	l.mu.Unlock()
	l.signal()
	return nil
}

func check(kind uint8, record []byte) error {
	switch {
	case kind == 0:
		return ErrKind
	case len(record) > RecordBytesMax:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(record), RecordBytesMax)
	}
	return nil
}

// keepNothing is what a log without a directory does with a record.
func (l *Log) keepNothing(posted bool) error {
	if err := l.Healthy(); err != nil {
		return err
	}
	if posted {
		l.stats.posts.Add(1)
	} else {
		l.stats.appends.Add(1)
	}
	return nil
}

// enqueue puts a record into the next batch, waiting while that is full.
func (l *Log) enqueue(ctx context.Context, kind uint8, record []byte, w *waiter) error {
	l.mu.Lock()
	for {
		if l.refusal != nil {
			defer l.mu.Unlock()
			return l.refusal
		}
		if len(l.pending.frames)+frameHeaderBytes+len(record) <= l.options.PendingBytes {
			break
		}
		if l.room == nil {
			l.room = make(chan struct{})
		}
		room := l.room
		l.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.mu.Lock()
	}
	l.pending.add(kind, 0, record)
	l.pending.waiters = append(l.pending.waiters, w)
	l.mu.Unlock()
	l.signal()
	return nil
}

// wait waits for the answer of the writer. A waiter whose answer is still to come is left to the garbage collector.
func (l *Log) wait(ctx context.Context, w *waiter) error {
	select {
	case err := <-w.done:
		l.waiters.Put(w)
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-w.done:
		l.waiters.Put(w)
		return err
	default:
		l.stats.abandoned.Add(1)
		return ctx.Err()
	}
}
