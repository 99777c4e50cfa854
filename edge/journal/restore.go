package journal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// owners says which state a kind is of; nil: nobody's, its records are kept and not replayed.
type owners [256]State

func ownersOf(states []State) (*owners, error) {
	var o owners
	for _, s := range states {
		kinds := s.Kinds()
		if len(kinds) == 0 {
			return nil, fmt.Errorf("%T restores no kind of record", s)
		}
		for _, kind := range kinds {
			switch {
			case kind == 0:
				return nil, fmt.Errorf("%T: %w", s, ErrKind)
			case o[kind] != nil:
				return nil, fmt.Errorf("records of kind %d are claimed by %T and %T, or twice", kind, o[kind], s)
			}
			o[kind] = s
		}
	}
	return &o, nil
}

// Restore brings the states to where the log ends: from the newest sound snapshot, then from every record after it. Records
// whose kind is nobody's are passed over. It is called once, before the first Append; the states may be used and records be
// added when it has returned without an error. After an error the log is of no use but to be closed.
//
// The end of a write that a crash cut short is removed, with a line to the logger: nothing of it was acknowledged. Whatever else is
// not as it was written is ErrDamaged. Records that were on their way when a process ended may be there; the order is the
// one in which they were added, without gaps.
func (l *Log) Restore(states ...State) error {
	if !l.began.CompareAndSwap(false, true) {
		return errors.New("restore log: it was called before")
	}
	who, err := ownersOf(states)
	if err != nil {
		return fmt.Errorf("restore log: %w", err)
	}
	if l.options.Dir != "" {
		before := time.Now()
		if err := l.load(who, states); err != nil {
			return fmt.Errorf("restore log %s: %w", l.options.Dir, err)
		}
		l.stats.replayTime.Store(int64(time.Since(before)))
		l.log.Info("the log is restored", "directory", l.options.Dir, "records", l.at.sequence,
			"replayed", l.stats.replayed.Load(), "took", time.Since(before))
		l.running.Add(2)
		go l.write()
		go l.keep()
	}
	l.restored.Store(true)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refusal == ErrNotRestored {
		l.refusal = nil
	}
	return nil
}

// load restores the states and gets the log ready to be written.
func (l *Log) load(who *owners, states []State) error {
	snapshot, err := l.restoreSnapshot(who)
	if err != nil {
		return err
	}
	l.keeper.begin(states, l.found.snapshots, snapshot.position)
	header := segmentHeader{identity: l.found.mark.identity, first: 1, created: time.Now()}
	if len(l.found.segments) == 0 {
		if !l.found.mark.found {
			if header.identity, err = newIdentity(); err != nil {
				return err
			}
		}
		l.at = beginning(header.identity)
		header.previous = l.at.checksum
	} else {
		last, err := l.replay(who, snapshot)
		if err != nil {
			return err
		}
		header = last.after(l.at, header.created)
	}
	if l.mark, err = newMarker(l.disk, l.options.Dir, mark{identity: header.identity, sequence: l.at.sequence, checksum: l.at.checksum}); err != nil {
		return err
	}
	if l.segment, err = createSegment(l.disk, l.options.Dir, header, 0); err != nil {
		return errors.Join(err, l.mark.file.Close())
	}
	l.identity = header.identity
	l.stats.writtenBytes.Store(segmentHeaderBytes)
	l.countSnapshots()
	l.stats.segments.Add(1)
	l.stats.sequence.Store(l.at.sequence)
	l.keeper.list(l.found.segments, header)
	if l.stats.replayed.Load() >= uint64(l.options.SnapshotEvery) {
		l.keeper.ended(boundary{at: l.at})
	}
	l.found, l.scratch = inventory{}, nil
	return nil
}

// newIdentity is a random one, never 0.
func newIdentity() (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b[:]) | 1, nil
}

// replayer reads segments one after the other.
type replayer struct {
	who      *owners
	snapshot snapshot // records up to its position are in the states already
	mark     mark
	at       chain
	applied  uint64
	// durable is behind the last frame of the segment at hand that is known to have been synced.
	durable int64
}

// replay reads every segment that holds what the snapshot does not, and gives the last one, ended where its frames end.
func (l *Log) replay(who *owners, from snapshot) (*segment, error) {
	segments := l.found.segments
	start := len(segments) - 1
	for start > 0 && segments[start].header.first > from.position+1 {
		start--
	}
	if first := segments[start].header.first; first > from.position+1 {
		return nil, damaged(segments[start].name, 0, fmt.Errorf("frames %d to %d are missing: no segment and no snapshot has them",
			from.position+1, first-1))
	}
	r := &replayer{who: who, snapshot: from, mark: l.found.mark}
	var last *segment
	for i := start; i < len(segments); i++ {
		var err error
		if i < len(segments)-1 {
			err = l.replayEnded(r, &segments[i], &segments[i+1].header)
		} else {
			last, err = l.replayLast(r, &segments[i])
		}
		if err != nil {
			return nil, err
		}
	}
	l.at = r.at
	l.stats.replayed.Store(r.applied)
	return last, nil
}

// replayEnded reads a segment whose successor says where it ends: every byte up to there was acknowledged, what follows was not.
func (l *Log) replayEnded(r *replayer, s *segmentFile, next *segmentHeader) error {
	data, err := l.disk.Read(s.name, l.scratch)
	if err != nil {
		return fmt.Errorf("read %s: %w", s.name, bare(err))
	}
	l.scratch = data[:0]
	end := int(next.previousEnd)
	if len(data) < end {
		return damaged(s.name, int64(len(data)), fmt.Errorf("the file ends here, but %d bytes of it were acknowledged", end))
	}
	offset, fault, err := r.read(s, data[:end])
	switch {
	case err != nil:
		return err
	case fault != nil:
		return damaged(s.name, int64(offset), fault)
	case r.at != next.start():
		return damaged(s.name, int64(offset), fmt.Errorf("frame %d is not the one that the next segment follows", r.at.sequence))
	}
	return nil
}

// replayLast reads the segment that was being written. Its end may be a write that was cut short.
func (l *Log) replayLast(r *replayer, s *segmentFile) (*segment, error) {
	data, err := l.disk.Read(s.name, l.scratch)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.name, bare(err))
	}
	offset, fault, err := r.read(s, data)
	if err != nil {
		return nil, err
	}
	if fault == nil {
		fault = errors.New("the log ends here")
	}
	if r.at.sequence < r.mark.sequence || r.at.sequence < r.snapshot.position {
		return nil, damaged(s.name, int64(offset), fmt.Errorf("%w, but %d more frames were acknowledged", fault,
			max(r.mark.sequence, r.snapshot.position)-r.at.sequence))
	}
	if witness, proven := provenIn(data[offset:], r.at.identity, r.at.sequence+1); proven {
		return nil, damaged(s.name, int64(offset), fmt.Errorf("%w, but frame %d knows what was here to have been on disk", fault, witness))
	}
	if offset < len(data) {
		l.stats.cutBytes.Store(uint64(len(data) - offset))
		l.log.Warn("the end of a write that was cut short is removed; nothing of it was acknowledged", "file", s.name,
			"at", offset, "bytes", len(data)-offset, "cause", fault)
	}
	if err := l.harden(s.name, data, r.durable, int64(offset)); err != nil {
		return nil, err
	}
	return &segment{header: s.header, name: s.name, end: int64(offset), frames: int(r.at.sequence + 1 - s.header.first)}, nil
}

// read applies the frames of a segment. It gives where it stopped, and why if that is not the end of the data: fault when
// the bytes are wrong, which a last segment may be, err when there is nothing to weigh.
func (r *replayer) read(s *segmentFile, data []byte) (offset int, fault, err error) {
	// The file was looked at when the log was opened; what counts is what is in it now.
	header, err := readSegmentHeader(data)
	if err == nil && header != s.header {
		err = errors.New("the header changed since the log was opened")
	}
	if err != nil {
		return 0, nil, damaged(s.name, 0, err)
	}
	r.at, offset, r.durable = s.header.start(), segmentHeaderBytes, segmentHeaderBytes
	for {
		if err := r.compare(); err != nil {
			return offset, nil, damaged(s.name, int64(offset), err)
		}
		if r.at.sequence <= r.mark.sequence {
			r.durable = int64(offset)
		}
		if offset == len(data) {
			return offset, nil, nil
		}
		f, fault := r.at.next(data[offset:])
		if fault != nil {
			return offset, fault, nil
		}
		if err := r.apply(&f); err != nil {
			return offset, nil, fmt.Errorf("apply record %d, of kind %d: %w", f.sequence, f.kind, err)
		}
		offset += f.size()
	}
}

// compare holds the frame just read against what the snapshot and the mark say of it.
func (r *replayer) compare() error {
	if r.at.sequence == r.snapshot.position && r.snapshot.position > 0 && r.at.checksum != r.snapshot.checksum {
		return fmt.Errorf("frame %d is not the one that the snapshot ends with", r.at.sequence)
	}
	if r.at.sequence == r.mark.sequence && r.mark.sequence > 0 && r.at.checksum != r.mark.checksum {
		return fmt.Errorf("frame %d is not the one that was acknowledged", r.at.sequence)
	}
	return nil
}

func (r *replayer) apply(f *frame) error {
	state := r.who[f.kind]
	if state == nil || f.sequence <= r.snapshot.position {
		return nil
	}
	r.applied++
	return state.Apply(f.kind, f.record)
}

// harden makes what was read of the last segment durable before anything is built on it. Frames that were never
// acknowledged may be in the system's memory only, and taken there for written: a failed fsync leaves them so. They are
// written once more, and synced.
func (l *Log) harden(name string, data []byte, from, end int64) error {
	if from == end && end == int64(len(data)) {
		return nil
	}
	f, err := l.disk.Open(name)
	if err != nil {
		return fmt.Errorf("make the end of %s durable: %w", name, bare(err))
	}
	_, err = f.WriteAt(data[from:end], from)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("make the end of %s durable: %w", name, bare(err))
	}
	return nil
}
