package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"time"
)

// A snapshot is a file with what every state held after the log's first so many records. Little-endian:
//
//	 0  magic     8 bytes
//	 8  identity  uint64  of the log
//	16  position  uint64  sequence of the last record that is surely in it; it may hold later ones
//	24  created   int64   nanoseconds since 1970
//	32  checksum  uint32  of that record's frame
//	36  sections  uint32  then, of each: kinds uint8, as many kinds, length uint64, what AppendSnapshot gave
//	    checksum  uint32  CRC-32C of everything before
const (
	snapshotHeaderBytes = 40
	snapshotMagic       = "CURBSNP\x01"
	snapshotEnding      = ".snapshot"
)

var errSnapshot = errors.New("the file is no whole snapshot of this version")

// snapshot is what a file holds. Its sections are borrowed from the bytes it was read from.
type snapshot struct {
	identity uint64
	position uint64
	checksum uint32
	sections []section
}

type section struct {
	kinds []byte
	data  []byte
}

func snapshotName(position uint64) string { return fmt.Sprintf("%020d%s", position, snapshotEnding) }

// encodeSnapshot asks every state.
func encodeSnapshot(identity uint64, at chain, states []State, now time.Time) []byte {
	b := make([]byte, snapshotHeaderBytes, 1<<16)
	copy(b, snapshotMagic)
	binary.LittleEndian.PutUint64(b[8:], identity)
	binary.LittleEndian.PutUint64(b[16:], at.sequence)
	binary.LittleEndian.PutUint64(b[24:], uint64(now.UnixNano()))
	binary.LittleEndian.PutUint32(b[32:], at.checksum)
	binary.LittleEndian.PutUint32(b[36:], uint32(len(states)))
	for _, s := range states {
		kinds := s.Kinds()
		b = append(append(b, uint8(len(kinds))), kinds...)
		length := len(b)
		b = s.AppendSnapshot(append(b, make([]byte, 8)...))
		binary.LittleEndian.PutUint64(b[length:], uint64(len(b)-length-8))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeSnapshot(b []byte) (snapshot, error) {
	end := len(b) - 4
	if end < snapshotHeaderBytes || string(b[:8]) != snapshotMagic {
		return snapshot{}, errSnapshot
	}
	if crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]) {
		return snapshot{}, errors.New("the checksum is wrong")
	}
	s := snapshot{
		identity: binary.LittleEndian.Uint64(b[8:]),
		position: binary.LittleEndian.Uint64(b[16:]),
		checksum: binary.LittleEndian.Uint32(b[32:]),
	}
	count := binary.LittleEndian.Uint32(b[36:])
	rest := b[snapshotHeaderBytes:end]
	for range count {
		if len(rest) < 1 || len(rest) < 1+int(rest[0])+8 {
			return snapshot{}, errSnapshot
		}
		kinds := rest[1 : 1+int(rest[0])]
		rest = rest[1+len(kinds):]
		length := binary.LittleEndian.Uint64(rest)
		rest = rest[8:]
		if length > uint64(len(rest)) {
			return snapshot{}, errSnapshot
		}
		s.sections = append(s.sections, section{kinds: kinds, data: rest[:length]})
		rest = rest[length:]
	}
	if len(rest) > 0 {
		return snapshot{}, errSnapshot
	}
	return s, nil
}

// restoreSnapshot gives the states the newest snapshot that is sound. Without one it gives the beginning of the log.
func (l *Log) restoreSnapshot(who *owners) (snapshot, error) {
	for i := len(l.found.snapshots) - 1; i >= 0; i-- {
		position := l.found.snapshots[i]
		name := filepath.Join(l.options.Dir, snapshotName(position))
		s, err := l.readSnapshot(name, position)
		if err != nil {
			l.log.Error("a snapshot is damaged; an older one is taken, or none, and more is replayed", "file", name, "cause", err)
			l.found.snapshots = l.found.snapshots[:i]
			continue
		}
		if err := s.restore(who); err != nil {
			return snapshot{}, fmt.Errorf("restore snapshot %s: %w", name, err)
		}
		return s, nil
	}
	return snapshot{}, nil
}

func (l *Log) readSnapshot(name string, position uint64) (snapshot, error) {
	data, err := l.disk.Read(name, nil)
	if err != nil {
		return snapshot{}, err
	}
	s, err := decodeSnapshot(data)
	switch {
	case err != nil:
		return snapshot{}, err
	case s.position != position:
		return snapshot{}, fmt.Errorf("the file is the one of record %d under another name", s.position)
	case len(l.found.segments) > 0 && s.identity != l.found.segments[0].header.identity:
		return snapshot{}, errors.New("the file is of another log")
	}
	return s, nil
}

// restore hands every section to the state that it is of. One without a state stops everything: what it holds would be
// gone with the next snapshot.
func (s *snapshot) restore(who *owners) error {
	done := make(map[State]bool)
	for _, section := range s.sections {
		var state State
		for _, kind := range section.kinds {
			switch owner := who[kind]; {
			case owner == nil:
			case state == nil:
				state = owner
			case state != owner:
				return fmt.Errorf("records of kinds %v were of one state and are claimed by %T and %T now", section.kinds, state, owner)
			}
		}
		switch {
		case state == nil:
			return fmt.Errorf("nobody restores records of kinds %v, which the log holds: start the version that wrote it", section.kinds)
		case done[state]:
			return fmt.Errorf("%T claims records that were of two states", state)
		}
		done[state] = true
		if err := state.RestoreSnapshot(section.data); err != nil {
			return fmt.Errorf("%T: %w", state, err)
		}
	}
	return nil
}
