package journal

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// generations is how many snapshots are kept: the newest, and the one before in case it is damaged.
const generations = 2

// boundary is where a segment ended.
type boundary struct {
	at    chain
	since time.Time // when everything up to there was acknowledged; zero: long ago
}

// keeper takes snapshots and removes what no replay needs, beside the writer.
type keeper struct {
	wake chan struct{} // 1

	mu       sync.Mutex
	boundary boundary        // the newest; at.sequence 0: none
	segments []segmentHeader // all there are, by their first frame; the last is being written

	// The keeper's own.
	states    []State
	snapshots []uint64 // positions of those that are kept, the newest last
}

// begin takes over what Restore found. positions up to the one restored from are sound as far as is known.
func (k *keeper) begin(states []State, positions []uint64, restored uint64) {
	k.states = states
	for _, p := range positions {
		if p <= restored {
			k.snapshots = append(k.snapshots, p)
		}
	}
}

func (k *keeper) list(found []segmentFile, current segmentHeader) {
	for _, s := range found {
		k.segments = append(k.segments, s.header)
	}
	k.add(current)
}

// add notes a segment that was begun. One without frames has been replaced by it.
func (k *keeper) add(h segmentHeader) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.segments); n > 0 && k.segments[n-1].first == h.first {
		k.segments = k.segments[:n-1]
	}
	k.segments = append(k.segments, h)
}

// endedBytes is how many bytes of segments there are without the one being written.
func (k *keeper) endedBytes() uint64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return bytesOf(k.segments)
}

// bytesOf adds up all segments but the last, as each says how long the one before it is.
func bytesOf(segments []segmentHeader) (bytes uint64) {
	for i := 1; i < len(segments); i++ {
		bytes += segments[i].previousEnd
	}
	return bytes
}

// ended tells that a segment ended, so that a snapshot is taken.
func (k *keeper) ended(b boundary) {
	k.mu.Lock()
	k.boundary = b
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// keep is the goroutine.
func (l *Log) keep() {
	defer l.running.Done()
	for {
		select {
		case <-l.keeper.wake:
		case <-l.quit:
			return
		}
		if !l.keepOnce() {
			return
		}
	}
}

// keepOnce takes a snapshot of the newest boundary and removes what it makes superfluous. It tells whether to go on.
//
// The states are asked Settle after the boundary was acknowledged. Until then whoever added a record before it has long
// applied it, so that the snapshot holds everything up to its position.
func (l *Log) keepOnce() bool {
	k := &l.keeper
	k.mu.Lock()
	b := k.boundary
	k.mu.Unlock()
	if !l.sleep(time.Until(b.since.Add(l.options.Settle))) {
		return false
	}
	for {
		err := l.takeSnapshot(b.at)
		l.retain(time.Now())
		if err == nil {
			return true
		}
		if l.stats.snapshotFailures.Add(1) == 1 {
			l.log.Warn("a snapshot could not be taken; it is tried again", "cause", err)
		}
		if !l.sleep(retryEvery) {
			return false
		}
	}
}

// sleep waits, and tells whether the log still goes on.
func (l *Log) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.quit:
		return false
	}
}

// takeSnapshot writes what the states hold, as of at or later, and removes generations that are too many.
func (l *Log) takeSnapshot(at chain) error {
	k := &l.keeper
	if n := len(k.snapshots); n > 0 && k.snapshots[n-1] >= at.sequence {
		return nil
	}
	content := encodeSnapshot(l.identity, at, k.states, time.Now())
	f, err := writeWhole(l.disk, filepath.Join(l.options.Dir, snapshotName(at.sequence)), content, 0)
	if err != nil {
		return err
	}
	_ = f.Close()
	k.snapshots = append(k.snapshots, at.sequence)
	l.stats.snapshots.Add(1)
	l.stats.snapshotBytes.Store(uint64(len(content)))
	if extra := len(k.snapshots) - generations; extra > 0 {
		k.snapshots = slices.Delete(k.snapshots, 0, extra)
	}
	l.dropSnapshots()
	return nil
}

// dropSnapshots removes the files of snapshots that are not kept: older ones, and damaged ones that Restore passed over.
func (l *Log) dropSnapshots() {
	names, err := l.disk.List(l.options.Dir)
	for _, name := range names {
		if position, ok := numbered(name, snapshotEnding); ok && !slices.Contains(l.keeper.snapshots, position) {
			err = errors.Join(err, l.disk.Remove(filepath.Join(l.options.Dir, name)))
		}
	}
	if err != nil {
		l.log.Warn("an old snapshot could not be removed", "cause", err)
	}
	l.countSnapshots()
}

// countSnapshots tells Stats how large the snapshots are that are kept.
func (l *Log) countSnapshots() {
	bytes := uint64(0)
	for _, position := range l.keeper.snapshots {
		if _, size, err := l.disk.Head(filepath.Join(l.options.Dir, snapshotName(position)), nil); err == nil {
			bytes += uint64(size)
		}
	}
	l.stats.keptSnapshotBytes.Store(bytes)
}

// retain removes segments that are wholly in the older of two snapshots, if they are older than Retain or there is more of
// them than RetainBytes.
func (l *Log) retain(now time.Time) {
	k := &l.keeper
	if len(k.snapshots) < generations {
		return
	}
	oldest := k.snapshots[0]
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := bytesOf(k.segments) + l.stats.writtenBytes.Load()
	// A segment's frames are older than the segment after it.
	for len(k.segments) > 1 && k.segments[1].first <= oldest+1 &&
		(now.Sub(k.segments[1].created) > l.options.Retain || kept > uint64(l.options.RetainBytes)) {
		name := filepath.Join(l.options.Dir, segmentName(k.segments[0].first))
		err := l.disk.Remove(name)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			// One by one: were a later removal to last and an earlier one not, a segment would seem to be missing.
			err = l.disk.SyncDir(l.options.Dir)
		}
		if err != nil {
			l.log.Warn("an old segment could not be removed", "file", name, "cause", err)
			return
		}
		kept -= k.segments[1].previousEnd
		k.segments = k.segments[1:]
		l.stats.segmentsRemoved.Add(1)
	}
}
