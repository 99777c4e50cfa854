package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// roomBytes is what a disk must take before a log that failed is trusted to go on: a full disk has room for a header
// sometimes, and readiness should not flap with it.
const roomBytes = 256 << 10

// write is the goroutine that alone touches the segment: it takes what has come since the last commit, writes and syncs it,
// and answers. Whatever comes meanwhile is the next commit, so a commit is as large as the disk is slow.
func (l *Log) write() {
	defer l.running.Done()
	retry := time.NewTimer(retryEvery)
	retry.Stop()
	defer retry.Stop()
	failed := false
	for {
		select {
		case <-l.wake:
			if !failed && l.commit() != nil {
				failed = true
				retry.Reset(retryEvery)
			}
		case <-retry.C:
			if failed = l.recover() != nil; failed {
				retry.Reset(retryEvery)
			}
		case <-l.quit:
			l.finish(failed)
			return
		}
	}
}

// commit brings what waits to disk.
func (l *Log) commit() error {
	b := l.take()
	if b.empty() {
		return nil
	}
	if err := l.put(b); err != nil {
		l.fail(b, err)
		return err
	}
	answer(b.waiters, nil)
	return nil
}

// take swaps the two batches.
func (l *Log) take() *batch {
	l.spare.reset()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending, l.spare = l.spare, l.pending
	l.makeRoom()
	return &l.spare
}

// makeRoom wakes those who wait for the batch to be taken. l.mu is held.
func (l *Log) makeRoom() {
	if l.room != nil {
		close(l.room)
		l.room = nil
	}
}

// put writes and syncs a batch. Nothing has changed for the log on an error but the segment's file, which is not to be
// used any more.
func (l *Log) put(b *batch) error {
	if b.count == 0 {
		return nil
	}
	if err := l.rotate(len(b.frames)); err != nil {
		return err
	}
	s := l.segment
	next := l.at.link(b.frames, l.at.sequence)
	if _, err := s.file.WriteAt(b.frames, s.end); err != nil {
		return fmt.Errorf("write %s at byte %d: %w", s.name, s.end, bare(err))
	}
	before := time.Now()
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", s.name, bare(err))
	}
	l.stats.synced(time.Since(before))
	s.end += int64(len(b.frames))
	s.frames += b.count
	l.stats.writtenBytes.Store(uint64(s.end))
	l.at = next
	l.stats.committed(b, next.sequence)
	l.note()
	return nil
}

// note writes the mark. That it cannot be written costs only sharpness after a crash.
func (l *Log) note() {
	err := l.mark.write(l.at)
	if err != nil && l.stats.markFailures.Add(1) == 1 {
		l.log.Warn("the log's mark cannot be written: after a crash, a missing end would be noticed later", "cause", err)
	}
}

// rotate begins the next segment if the one there is has no room for so many bytes, or has enough frames.
func (l *Log) rotate(bytes int) error {
	s := l.segment
	if s.frames == 0 || s.end+int64(bytes) <= l.options.SegmentBytes && s.frames < l.options.SnapshotEvery {
		return nil
	}
	now := time.Now()
	next, err := createSegment(l.disk, l.options.Dir, s.after(l.at, now), 0)
	if err != nil {
		return err
	}
	// Everything in it was synced: there is nothing that closing could still lose.
	_ = s.file.Close()
	l.segment = next
	l.stats.segments.Add(1)
	l.keeper.add(next.header)
	l.keeper.ended(boundary{at: l.at, since: now})
	return nil
}

// fail answers everybody that the log cannot write, and stops taking records. Posted ones stay: none of the batch will
// count, so they may be written again.
func (l *Log) fail(b *batch, cause error) {
	err := fmt.Errorf("%w: %w: it tries again every %s and goes on by itself once the disk takes records", ErrUnhealthy, cause, retryEvery)
	l.segment.close()
	var kept batch
	kept.addPosted(b)
	l.mu.Lock()
	waiting := l.pending
	kept.addPosted(&waiting)
	l.pending = kept
	if l.refusal != ErrClosed {
		l.refusal = err
	}
	l.makeRoom()
	l.mu.Unlock()
	lost := b.count - b.posted + waiting.count - waiting.posted
	l.stats.failures.Add(1)
	l.stats.failed.Add(uint64(lost))
	answer(b.waiters, err)
	answer(waiting.waiters, err)
	l.log.Error("the log cannot write", "cause", cause, "records refused", lost)
}

// recover looks whether everything acknowledged can be read back, and goes on in a fresh segment, which says where the
// failed one ended.
func (l *Log) recover() error {
	err := l.verify()
	if err == nil {
		var next *segment
		if next, err = createSegment(l.disk, l.options.Dir, l.segment.after(l.at, time.Now()), roomBytes); err == nil {
			l.segment, l.scratch = next, nil
			l.stats.segments.Add(1)
			l.keeper.add(next.header)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil && l.refusal != ErrClosed:
		l.refusal = fmt.Errorf("%w: %w: it tries again every %s and goes on by itself once the disk takes records", ErrUnhealthy, err, retryEvery)
	case err == nil:
		if l.refusal != ErrClosed {
			l.refusal = nil
		}
		l.stats.recoveries.Add(1)
		l.log.Info("the log writes again", "segment", l.segment.name, "records", l.at.sequence)
		l.signal()
	}
	return err
}

// verify reads the acknowledged part of the failed segment from the medium, if the system lets it.
func (l *Log) verify() error {
	s := l.segment
	l.disk.Forget(s.name)
	data, err := l.disk.Read(s.name, l.scratch)
	if err != nil {
		return fmt.Errorf("read back %s: %w", s.name, bare(err))
	}
	l.scratch = data[:0]
	c := s.header.start()
	if int64(len(data)) < s.end {
		return damaged(s.name, int64(len(data)), fmt.Errorf("the file has %d bytes, of which %d were acknowledged", len(data), s.end))
	}
	for offset := int64(segmentHeaderBytes); offset < s.end; {
		f, err := c.next(data[offset:s.end])
		if err != nil {
			return damaged(s.name, offset, err)
		}
		offset += int64(f.size())
	}
	if c != l.at {
		return damaged(s.name, s.end, fmt.Errorf("frame %d is not the one that was acknowledged", c.sequence))
	}
	return nil
}

// close gives up the file; the segment stays for what it says.
func (s *segment) close() {
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
}

// finish writes what waits, once more, and puts the files away.
func (l *Log) finish(failed bool) {
	if failed {
		l.closed = l.recover()
	}
	if l.closed == nil {
		l.closed = l.commit()
	}
	l.mu.Lock()
	rest := l.pending
	l.pending = batch{}
	l.makeRoom()
	l.mu.Unlock()
	answer(rest.waiters, ErrClosed)
	if rest.posted > 0 {
		l.stats.postsDropped.Add(uint64(rest.posted))
		l.closed = errors.Join(l.closed, fmt.Errorf("close log %s: %d posted records were lost, since the disk does not take records", l.options.Dir, rest.posted))
	}
	l.segment.close()
	if err := l.mark.file.Sync(); err != nil {
		l.log.Warn("the log's mark could not be synced", "cause", err)
	}
	_ = l.mark.file.Close()
}

// bare takes off the path that the system puts before an error: an open file may have another name by then.
func bare(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// answer tells waiters how their commit went.
func answer(waiters []*waiter, err error) {
	for _, w := range waiters {
		w.done <- err
	}
}
