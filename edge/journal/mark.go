package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"path/filepath"
)

// The mark is a small file that says how far the log was acknowledged. It is written after every commit, into one of two
// slots in turn, and not synced: a process that is killed leaves it exact, a machine that loses power leaves an older one,
// which is true as well. It is what shows that the end of the log is missing or damaged, where nothing comes after to show it.
//
// A slot, little-endian: identity uint64, sequence uint64, checksum of that frame uint32, CRC-32C of the twenty bytes uint32.
const (
	markName      = "mark"
	markSlotBytes = 24
	markSlotApart = 4096 // so that a torn write takes one slot at most
	markBytes     = 2 * markSlotApart
)

// mark is what the file says.
type mark struct {
	identity uint64
	sequence uint64
	checksum uint32
	slot     int  // which slot said it
	found    bool // one slot at least is sound
	damaged  bool // a slot holds something that is no mark
}

// readMark takes the newest sound slot.
func readMark(data []byte) mark {
	var best mark
	for slot := range 2 {
		offset := slot * markSlotApart
		if len(data) < offset+markSlotBytes {
			best.damaged = true
			continue
		}
		b := data[offset : offset+markSlotBytes]
		m := mark{identity: binary.LittleEndian.Uint64(b), sequence: binary.LittleEndian.Uint64(b[8:]),
			checksum: binary.LittleEndian.Uint32(b[16:]), slot: slot, found: true, damaged: best.damaged}
		switch {
		case crc32.Checksum(b[:20], castagnoli) != binary.LittleEndian.Uint32(b[20:]):
			best.damaged = best.damaged || m.identity != 0 || m.sequence != 0
		case !best.found || m.sequence > best.sequence:
			best = m
		}
	}
	return best
}

func (m mark) encode(b *[markSlotBytes]byte) {
	binary.LittleEndian.PutUint64(b[0:], m.identity)
	binary.LittleEndian.PutUint64(b[8:], m.sequence)
	binary.LittleEndian.PutUint32(b[16:], m.checksum)
	binary.LittleEndian.PutUint32(b[20:], crc32.Checksum(b[:20], castagnoli))
}

// marker writes the mark.
type marker struct {
	file     file
	identity uint64
	slot     int
	buf      [markSlotBytes]byte
}

// newMarker begins the file anew with what is known.
func newMarker(d disk, dir string, m mark) (*marker, error) {
	content := make([]byte, markBytes)
	w := &marker{identity: m.identity}
	m.encode(&w.buf)
	copy(content, w.buf[:])
	f, err := writeWhole(d, filepath.Join(dir, markName), content, 0)
	if err != nil {
		return nil, fmt.Errorf("begin the mark: %w", err)
	}
	w.file, w.slot = f, 1
	return w, nil
}

// write notes that everything up to c is on disk.
func (w *marker) write(c chain) error {
	m := mark{identity: w.identity, sequence: c.sequence, checksum: c.checksum}
	m.encode(&w.buf)
	if _, err := w.file.WriteAt(w.buf[:], int64(w.slot*markSlotApart)); err != nil {
		return err
	}
	w.slot = 1 - w.slot
	return nil
}
