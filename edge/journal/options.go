package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Options are how a log is opened. The zero value keeps nothing on disk.
type Options struct {
	// Dir is the log's own directory; it is made if it is not there. Empty: the log keeps nothing, and Append returns at once.
	Dir string
	// SegmentBytes is when a file is full and the next one begun: 64 MiB by default, 4 KiB to 1 GiB.
	SegmentBytes int64
	// SnapshotEvery is after how many records the next file is begun, and a snapshot taken, even if the file is not full:
	// 1,000,000 by default. It bounds how much is replayed at start, to about twice as many records.
	SnapshotEvery int
	// Settle is how long after a record was acknowledged a snapshot may count on its being applied: 30 s by default. It
	// must be longer than anybody takes between the return of Append and the change of the state that it stands for.
	Settle time.Duration
	// Retain is how long records are kept that no replay needs any more: 7 days by default.
	Retain time.Duration
	// RetainBytes is how many bytes of segments are kept at most: 8 GiB by default. Beyond it the oldest go before Retain is
	// over, but never one that a replay needs.
	RetainBytes int64
	// FreeBytes is how much room the volume has to have for the log to be healthy: 256 MiB by default, and never more than a
	// tenth of the volume. Records are taken all the same while there is any.
	FreeBytes int64
	// PendingBytes bounds what waits for the next commit: 8 MiB by default, at least one record of the largest size. Append waits when it is full.
	PendingBytes int
	// PostBytes bounds the posted part of it: half of PendingBytes by default. Post refuses when it is full.
	PostBytes int
	// Logger is told of openings, faults and recoveries, never of records. nil: nobody is.
	Logger *slog.Logger

	disk disk // the operating system's, but in tests
}

// withDefaults fills in what was left out and checks the rest. The error names every fault.
func (o Options) withDefaults() (Options, error) {
	if o.SegmentBytes == 0 {
		o.SegmentBytes = 64 << 20
	}
	if o.SnapshotEvery == 0 {
		o.SnapshotEvery = 1_000_000
	}
	if o.Settle == 0 {
		o.Settle = 30 * time.Second
	}
	if o.Retain == 0 {
		o.Retain = 7 * 24 * time.Hour
	}
	if o.RetainBytes == 0 {
		o.RetainBytes = 8 << 30
	}
	if o.FreeBytes == 0 {
		o.FreeBytes = 256 << 20
	}
	if o.PendingBytes == 0 {
		o.PendingBytes = 8 << 20
	}
	if o.PostBytes == 0 {
		o.PostBytes = o.PendingBytes / 2
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.disk == nil {
		o.disk = localDisk{}
	}
	var faults []error
	outside := func(name string, value, least, most int64) {
		if value < least || value > most {
			faults = append(faults, fmt.Errorf("journal option %s is %d: take %d to %d", name, value, least, most))
		}
	}
	outside("SegmentBytes", o.SegmentBytes, 4<<10, 1<<30)
	outside("SnapshotEvery", int64(o.SnapshotEvery), 1, 1<<40)
	outside("PendingBytes", int64(o.PendingBytes), RecordBytesMax+frameHeaderBytes, 256<<20)
	outside("PostBytes", int64(o.PostBytes), frameHeaderBytes, int64(o.PendingBytes))
	outside("RetainBytes", o.RetainBytes, 1, 1<<50)
	outside("FreeBytes", o.FreeBytes, 1, 1<<50)
	if o.Settle < 0 || o.Retain < 0 {
		faults = append(faults, fmt.Errorf("journal options Settle (%s) and Retain (%s) may not be negative", o.Settle, o.Retain))
	}
	return o, errors.Join(faults...)
}
