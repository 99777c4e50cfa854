package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A frame is one record on disk, little-endian:
//
//	 0  length    uint32  bytes of the record
//	 4  kind      uint8   1-255; never 0, so that zeros are no frame
//	 5  flags     uint8   1: the record was posted, nobody waits for it
//	 6            uint16  0
//	 8  sequence  uint64  one more than the frame before
//	16  behind    uint32  when this was written, frames up to sequence-behind were known to be on disk
//	20  previous  uint32  checksum of the frame before
//	24  checksum  uint32  CRC-32C of the log's identity, bytes 0-23, and the record
//	28  record
//
// sequence and previous chain the frames: one that is missing, swapped or of another log is seen. behind tells damage from a
// crash in the middle of a write: what a later frame knew to be on disk cannot be a write that was cut short.
const (
	frameHeaderBytes = 28
	flagPosted       = 1
)

// RecordBytesMax bounds one record.
const RecordBytesMax = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// What can be wrong with the bytes where a frame should be.
var (
	errFrameShort    = errors.New("the file ends inside a frame")
	errFrameHeader   = errors.New("no frame begins here")
	errFrameChecksum = errors.New("the checksum of the frame is wrong")
	errFrameSequence = errors.New("the frame is not the next one")
	errFramePrevious = errors.New("the frame does not follow the one before")
)

// frame is a frame as read. Record is borrowed from the bytes it was read from.
type frame struct {
	kind     uint8
	flags    uint8
	sequence uint64
	behind   uint32
	previous uint32
	checksum uint32
	record   []byte
}

// size is the bytes the frame takes on disk.
func (f *frame) size() int { return frameHeaderBytes + len(f.record) }

// appendFrame appends a frame that link has yet to complete.
func appendFrame(dst []byte, kind, flags uint8, record []byte) []byte {
	var header [frameHeaderBytes]byte
	binary.LittleEndian.PutUint32(header[0:], uint32(len(record)))
	header[4], header[5] = kind, flags
	dst = append(dst, header[:]...)
	return append(dst, record...)
}

// frameSize is the size of the frame that data begins with, which appendFrame made.
func frameSize(data []byte) int {
	return frameHeaderBytes + int(binary.LittleEndian.Uint32(data))
}

// chain is a place between two frames: what the next one has to say of the one before.
type chain struct {
	identity uint32 // the log's, as a checksum to begin with
	sequence uint64 // of the frame before; 0 at the beginning of the log
	checksum uint32 // of the frame before; identity at the beginning of the log
}

// beginning is where the log with that identity begins.
func beginning(identity uint64) chain {
	id := identityOf(identity)
	return chain{identity: id, checksum: id}
}

func identityOf(identity uint64) uint32 {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], identity)
	return crc32.Checksum(b[:], castagnoli)
}

// link completes the frames that data holds, as those that follow c, and gives the place behind the last one. durable is
// the sequence up to which everything is known to be on disk.
func (c chain) link(data []byte, durable uint64) chain {
	for len(data) > 0 {
		f := data[:frameSize(data)]
		c.sequence++
		binary.LittleEndian.PutUint64(f[8:], c.sequence)
		binary.LittleEndian.PutUint32(f[16:], uint32(c.sequence-durable))
		binary.LittleEndian.PutUint32(f[20:], c.checksum)
		c.checksum = frameChecksum(c.identity, f)
		binary.LittleEndian.PutUint32(f[24:], c.checksum)
		data = data[len(f):]
	}
	return c
}

// next reads the frame that data begins with and steps behind it. c stays where it is on an error.
func (c *chain) next(data []byte) (frame, error) {
	f, err := readFrame(c.identity, data)
	switch {
	case err != nil:
		return frame{}, err
	case f.sequence != c.sequence+1:
		return frame{}, errFrameSequence
	case f.previous != c.checksum:
		return frame{}, errFramePrevious
	}
	c.sequence, c.checksum = f.sequence, f.checksum
	return f, nil
}

// readFrame reads the frame that data begins with, wherever in the log it belongs.
func readFrame(identity uint32, data []byte) (frame, error) {
	if len(data) < frameHeaderBytes {
		return frame{}, errFrameShort
	}
	length := binary.LittleEndian.Uint32(data)
	f := frame{
		kind: data[4], flags: data[5],
		sequence: binary.LittleEndian.Uint64(data[8:]),
		behind:   binary.LittleEndian.Uint32(data[16:]),
		previous: binary.LittleEndian.Uint32(data[20:]),
		checksum: binary.LittleEndian.Uint32(data[24:]),
	}
	switch {
	case f.kind == 0, length > RecordBytesMax, f.sequence == 0, f.behind == 0, uint64(f.behind) > f.sequence:
		return frame{}, errFrameHeader
	case len(data)-frameHeaderBytes < int(length):
		return frame{}, errFrameShort
	}
	whole := data[:frameHeaderBytes+int(length)]
	if frameChecksum(identity, whole) != f.checksum {
		return frame{}, errFrameChecksum
	}
	f.record = whole[frameHeaderBytes:]
	return f, nil
}

func frameChecksum(identity uint32, whole []byte) uint32 {
	sum := crc32.Update(identity, castagnoli, whole[:24])
	return crc32.Update(sum, castagnoli, whole[frameHeaderBytes:])
}

// provenIn tells whether data holds a frame that knew the frame with this sequence to be on disk, and that frame's
// sequence. It is asked where frames end too early: with a witness the rest is damaged, without one it was never finished.
func provenIn(data []byte, identity uint32, sequence uint64) (witness uint64, proven bool) {
	last := sequence + uint64(len(data))/frameHeaderBytes + 1
	for ; len(data) >= frameHeaderBytes; data = data[1:] {
		s := binary.LittleEndian.Uint64(data[8:])
		if s <= sequence || s > last || uint64(binary.LittleEndian.Uint32(data[16:]))+sequence > s {
			continue
		}
		if f, err := readFrame(identity, data); err == nil {
			return f.sequence, true
		}
	}
	return 0, false
}
