package journal

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// SyncBuckets is how many classes of duration Stats tells fsyncs apart in.
const SyncBuckets = 16

// SyncBound is the longest fsync of a class: 64 µs, twice as long in each that follows; the last class has no bound.
func SyncBound(class int) time.Duration { return 64 * time.Microsecond << class }

// Stats is what the log has done since it was opened.
type Stats struct {
	Appends      uint64 // records of Append that are on disk
	Posts        uint64 // records of Post that are on disk
	PostsDropped uint64 // records of Post that were not taken, or lost by Close
	Refused      uint64 // calls of Append that were turned away before anything was written
	Abandoned    uint64 // calls of Append and Sync whose context ended first
	Failed       uint64 // records of Append that were told a commit had failed
	Commits      uint64 // writes with one fsync each
	Failures     uint64 // commits that failed
	Recoveries   uint64 // times that the log went on after that
	Bytes        uint64 // written by commits
	Sequence     uint64 // records in the log since its beginning

	SyncTimes [SyncBuckets]uint64 // fsyncs of commits by duration; see SyncBound
	SyncTotal time.Duration       // of all of them
	SyncLast  time.Duration
	SyncMax   time.Duration

	Segments         uint64 // files begun
	SegmentsRemoved  uint64 // files that nobody needs any more
	Snapshots        uint64 // taken
	SnapshotFailures uint64
	SnapshotBytes    uint64 // of the newest one
	MarkFailures     uint64 // times that the mark could not be written

	DiskBytes   uint64 // of all segments and snapshots there are
	FreeBytes   uint64 // of the volume that they are on; 0 if nobody knows
	VolumeBytes uint64 // of which it is a part; 0 if nobody knows

	Replayed   uint64 // records that Restore applied
	ReplayTime time.Duration
	CutBytes   uint64 // bytes of a write that a crash had cut short, removed by Restore
}

// counters are what Stats is read from.
type counters struct {
	appends, posts, postsDropped, refused, abandoned, failed atomic.Uint64
	commits, failures, recoveries, bytes, sequence           atomic.Uint64
	segments, segmentsRemoved                                atomic.Uint64
	writtenBytes, keptSnapshotBytes                          atomic.Uint64 // of files: the segment being written, all snapshots
	snapshots, snapshotFailures, snapshotBytes, markFailures atomic.Uint64
	replayed, cutBytes                                       atomic.Uint64
	syncTimes                                                [SyncBuckets]atomic.Uint64
	syncTotal, syncLast, syncMax, replayTime                 atomic.Int64
}

func (c *counters) synced(d time.Duration) {
	class := bits.Len64(uint64(max(d-1, 0)) / uint64(SyncBound(0)))
	c.syncTimes[min(class, SyncBuckets-1)].Add(1)
	c.syncTotal.Add(int64(d))
	c.syncLast.Store(int64(d))
	// Only the writer stores it.
	c.syncMax.Store(max(c.syncMax.Load(), int64(d)))
}

func (c *counters) committed(b *batch, sequence uint64) {
	c.commits.Add(1)
	c.bytes.Add(uint64(len(b.frames)))
	c.appends.Add(uint64(b.count - b.posted))
	c.posts.Add(uint64(b.posted))
	c.sequence.Store(sequence)
}

// Stats tells what the log has done. The numbers are read one by one while the log goes on.
func (l *Log) Stats() Stats {
	c := &l.stats
	s := Stats{
		Appends: c.appends.Load(), Posts: c.posts.Load(), PostsDropped: c.postsDropped.Load(),
		Refused: c.refused.Load(), Abandoned: c.abandoned.Load(), Failed: c.failed.Load(),
		Commits: c.commits.Load(), Failures: c.failures.Load(), Recoveries: c.recoveries.Load(),
		Bytes: c.bytes.Load(), Sequence: c.sequence.Load(),
		SyncTotal: time.Duration(c.syncTotal.Load()), SyncLast: time.Duration(c.syncLast.Load()), SyncMax: time.Duration(c.syncMax.Load()),
		Segments: c.segments.Load(), SegmentsRemoved: c.segmentsRemoved.Load(),
		Snapshots: c.snapshots.Load(), SnapshotFailures: c.snapshotFailures.Load(), SnapshotBytes: c.snapshotBytes.Load(),
		MarkFailures: c.markFailures.Load(),
		Replayed:     c.replayed.Load(), ReplayTime: time.Duration(c.replayTime.Load()), CutBytes: c.cutBytes.Load(),
	}
	s.DiskBytes = l.keeper.endedBytes() + c.writtenBytes.Load() + c.keptSnapshotBytes.Load()
	if l.options.Dir != "" {
		if free, size, err := l.disk.Room(l.options.Dir); err == nil {
			s.FreeBytes, s.VolumeBytes = free, size
		}
	}
	for i := range s.SyncTimes {
		s.SyncTimes[i] = c.syncTimes[i].Load()
	}
	return s
}
