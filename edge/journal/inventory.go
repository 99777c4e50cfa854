package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// inventory is what a directory holds.
type inventory struct {
	segments  []segmentFile // by their first frame
	snapshots []uint64      // positions, the newest last
	mark      mark
}

// segmentFile is a segment that is not written any more.
type segmentFile struct {
	name   string
	size   int64
	header segmentHeader
}

// damaged is the error for what cannot be read back: where, why, and what to do.
func damaged(name string, offset int64, cause error) error {
	return fmt.Errorf("%w: %s at byte %d: %w: put the directory back from a copy, or move it away to begin with an empty log",
		ErrDamaged, name, offset, cause)
}

// look reads the names and headers of a directory, and removes files that were never finished.
func look(d disk, dir string) (inventory, error) {
	names, err := d.List(dir)
	if err != nil {
		return inventory{}, err
	}
	var in inventory
	for _, name := range names {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, temporaryEnding) {
			if err := d.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return in, err
			}
		} else if first, ok := numbered(name, segmentEnding); ok {
			s, err := lookAt(d, path, first)
			if err != nil {
				return in, err
			}
			in.segments = append(in.segments, s)
		} else if position, ok := numbered(name, snapshotEnding); ok {
			in.snapshots = append(in.snapshots, position)
		}
	}
	slices.Sort(in.snapshots)
	slices.SortFunc(in.segments, func(a, b segmentFile) int { return cmp.Compare(a.header.first, b.header.first) })
	if in.mark, err = lookForMark(d, filepath.Join(dir, markName)); err != nil {
		return in, err
	}
	return in, in.check(dir)
}

// lookAt reads a segment's header.
func lookAt(d disk, path string, first uint64) (segmentFile, error) {
	head := make([]byte, segmentHeaderBytes)
	n, size, err := d.Head(path, head)
	if err != nil {
		return segmentFile{}, fmt.Errorf("read %s: %w", path, bare(err))
	}
	h, err := readSegmentHeader(head[:n])
	if err == nil && h.first != first {
		err = fmt.Errorf("the file is the one of frame %d under another name", h.first)
	}
	if err != nil {
		return segmentFile{}, damaged(path, 0, err)
	}
	return segmentFile{name: path, size: size, header: h}, nil
}

func lookForMark(d disk, path string) (mark, error) {
	data, err := d.Read(path, nil)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return mark{}, nil
	case err != nil:
		return mark{}, fmt.Errorf("read %s: %w", path, bare(err))
	}
	return readMark(data), nil
}

// check finds files that are missing, by what those that are there say of them.
func (in *inventory) check(dir string) error {
	if len(in.segments) == 0 {
		if in.mark.sequence > 0 || len(in.snapshots) > 0 {
			return damaged(dir, 0, errors.New("there are no segments, but there were some: the mark or a snapshot says so"))
		}
		return nil
	}
	if in.mark.found && in.mark.identity != in.segments[0].header.identity {
		return damaged(in.segments[0].name, 0, errors.New("the segment and the mark are of two logs"))
	}
	for i := 1; i < len(in.segments); i++ {
		before, s := &in.segments[i-1], &in.segments[i]
		switch end := int64(s.header.previousEnd); {
		case s.header.identity != before.header.identity:
			return damaged(s.name, 0, fmt.Errorf("the segment and %s are of two logs", before.name))
		case s.header.previousFirst != before.header.first:
			missing := filepath.Join(dir, segmentName(s.header.previousFirst))
			return damaged(missing, 0, fmt.Errorf("the segment is missing: %s follows it", s.name))
		case before.size < end || end < segmentHeaderBytes:
			return damaged(before.name, before.size, fmt.Errorf("the file ends here, but %d bytes of it were acknowledged", end))
		}
	}
	return nil
}
