package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A segment is a file of frames, named after the first of them. It begins with a header, little-endian:
//
//	 0  magic          8 bytes
//	 8  identity       uint64  random, the same in every file of a log
//	16  first          uint64  sequence of its first frame
//	24  created        int64   nanoseconds since 1970
//	32  previousFirst  uint64  first of the segment before; 0: this is the first segment of the log
//	40  previousEnd    uint64  bytes of the segment before that count; what stands behind them was never acknowledged
//	48  previous       uint32  checksum of the last frame of the segment before
//	52  checksum       uint32  CRC-32C of bytes 0-51
//
// A segment's end is said by the one after it and not by its own length: so a file that could not be written or synced is
// ended without being touched again.
const (
	segmentHeaderBytes = 56
	segmentMagic       = "CURBLOG\x01"
	segmentEnding      = ".log"
	temporaryEnding    = ".new"
)

var (
	errHeaderShort    = errors.New("the file ends inside its header")
	errHeaderMagic    = errors.New("the file does not begin like a segment of this version")
	errHeaderChecksum = errors.New("the checksum of the header is wrong")
)

// segmentHeader is what a segment says of itself.
type segmentHeader struct {
	identity      uint64
	first         uint64
	created       time.Time
	previousFirst uint64
	previousEnd   uint64
	previous      uint32
}

// start is the place before the segment's first frame.
func (h *segmentHeader) start() chain {
	return chain{identity: identityOf(h.identity), sequence: h.first - 1, checksum: h.previous}
}

func (h *segmentHeader) encode() []byte {
	b := make([]byte, segmentHeaderBytes)
	copy(b, segmentMagic)
	binary.LittleEndian.PutUint64(b[8:], h.identity)
	binary.LittleEndian.PutUint64(b[16:], h.first)
	binary.LittleEndian.PutUint64(b[24:], uint64(h.created.UnixNano()))
	binary.LittleEndian.PutUint64(b[32:], h.previousFirst)
	binary.LittleEndian.PutUint64(b[40:], h.previousEnd)
	binary.LittleEndian.PutUint32(b[48:], h.previous)
	binary.LittleEndian.PutUint32(b[52:], crc32.Checksum(b[:52], castagnoli))
	return b
}

func readSegmentHeader(b []byte) (segmentHeader, error) {
	switch {
	case len(b) < segmentHeaderBytes:
		return segmentHeader{}, errHeaderShort
	case string(b[:8]) != segmentMagic:
		return segmentHeader{}, errHeaderMagic
	case crc32.Checksum(b[:52], castagnoli) != binary.LittleEndian.Uint32(b[52:]):
		return segmentHeader{}, errHeaderChecksum
	}
	return segmentHeader{
		identity:      binary.LittleEndian.Uint64(b[8:]),
		first:         binary.LittleEndian.Uint64(b[16:]),
		created:       time.Unix(0, int64(binary.LittleEndian.Uint64(b[24:]))),
		previousFirst: binary.LittleEndian.Uint64(b[32:]),
		previousEnd:   binary.LittleEndian.Uint64(b[40:]),
		previous:      binary.LittleEndian.Uint32(b[48:]),
	}, nil
}

// segment is the file that is being written.
type segment struct {
	header segmentHeader
	name   string
	file   file
	end    int64 // bytes that are on disk and acknowledged
	frames int   // in those bytes
}

// after is the header of the segment that follows s, where at is the place behind the last acknowledged frame. A segment
// without frames is replaced: the new one takes its name and its predecessor.
func (s *segment) after(at chain, now time.Time) segmentHeader {
	h := s.header
	h.created = now
	if s.frames > 0 {
		h.first, h.previousFirst, h.previousEnd, h.previous = at.sequence+1, s.header.first, uint64(s.end), at.checksum
	}
	return h
}

// createSegment makes a segment under its own name at once, whole and durable. room is how many bytes are written and taken
// back to see that the disk has some; 0 to not look.
func createSegment(d disk, dir string, h segmentHeader, room int) (*segment, error) {
	name := filepath.Join(dir, segmentName(h.first))
	f, err := writeWhole(d, name, h.encode(), room)
	if err != nil {
		return nil, fmt.Errorf("begin segment %s: %w", name, bare(err))
	}
	return &segment{header: h, name: name, file: f, end: segmentHeaderBytes}, nil
}

// writeWhole makes a file appear under its name with all of its content, durably, or not at all. The file stays open.
func writeWhole(d disk, name string, content []byte, room int) (file, error) {
	temporary := name + temporaryEnding
	f, err := d.Create(temporary)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteAt(content, 0)
	if err == nil && room > 0 {
		_, err = f.WriteAt(make([]byte, room), int64(len(content)))
		if err == nil {
			err = f.Sync()
		}
		if err == nil {
			err = f.Truncate(int64(len(content)))
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = d.Rename(temporary, name)
	}
	if err == nil {
		err = d.SyncDir(parent(name))
	}
	if err != nil {
		// What is left of the file is removed when the log is opened next, if it cannot be now.
		f.Close()
		_ = d.Remove(temporary)
		return nil, err
	}
	return f, nil
}

func parent(name string) string { return filepath.Dir(name) }

func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentEnding) }

// numbered reads the number in a name that ends so.
func numbered(name, ending string) (uint64, bool) {
	digits, ok := strings.CutSuffix(name, ending)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
