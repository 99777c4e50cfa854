package journal

import (
	"bytes"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// image is the files of a directory.
type image map[string][]byte

func (d *ramDisk) image() image {
	out := image{}
	for name, f := range d.names {
		out[filepath.Base(name)] = slices.Clone(f.data)
	}
	return out
}

func (i image) clone() image {
	out := maps.Clone(i)
	for name, data := range out {
		out[name] = slices.Clone(data)
	}
	return out
}

func (i image) disk() *ramDisk {
	d := newRAMDisk(1)
	for name, data := range i {
		f := &ramFile{data: slices.Clone(data), medium: slices.Clone(data), dirty: map[int]bool{}}
		d.names["/log/"+name], d.durable["/log/"+name] = f, f
	}
	return d
}

// segments are the names of the segments that hold frames, by their first.
func (i image) segments() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(i)) {
		if strings.HasSuffix(name, segmentEnding) && len(i[name]) > segmentHeaderBytes {
			out = append(out, name)
		}
	}
	return out
}

func (i image) snapshots() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(i)) {
		if strings.HasSuffix(name, snapshotEnding) {
			out = append(out, name)
		}
	}
	return out
}

// restore opens what the image holds, and gives what was restored, the error, and what was logged as a warning or worse.
func (i image) restore() (numbers []uint64, logged string, err error) {
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))
	l, err := Open(Options{Dir: "/log", disk: i.disk().start(), Logger: logger})
	if err != nil {
		return nil, out.String(), err
	}
	defer l.Close()
	state := newLedger(1)
	if err := l.Restore(state); err != nil {
		return nil, out.String(), err
	}
	return state.numbers(), out.String(), nil
}

const grownRecords = 400

// grown is a log of several segments and two snapshots, the oldest segments of which are gone, with records behind the newest
// snapshot. killed leaves it as a killed process does.
func grown(t *testing.T, killed bool) (out image) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAMDisk(1)
		p := d.start()
		state := newLedger(1)
		l := open(t, Options{Dir: "/log", SegmentBytes: 4 << 10, SnapshotEvery: 100, Settle: time.Second, Retain: time.Minute, disk: p}, state)
		for n := range uint64(grownRecords) {
			r := record(n+1, 8+int(n%40))
			if err := l.Append(t.Context(), 1, r); err != nil {
				t.Fatal(err)
			}
			if err := state.Apply(1, r); err != nil {
				t.Fatal(err)
			}
			if n < grownRecords-60 {
				time.Sleep(500 * time.Millisecond)
			}
		}
		if s := l.Stats(); s.Snapshots < 2 || s.SegmentsRemoved == 0 {
			t.Fatalf("the log did not grow as meant: %+v", s)
		}
		if killed {
			p.kill()
		}
		l.Close()
		out = d.image()
	})
	if segments, snapshots := out.segments(), out.snapshots(); len(segments) < 3 || len(snapshots) != generations {
		t.Fatalf("the log did not grow as meant: %v, %v", segments, snapshots)
	}
	return out
}

// needed tells whether a segment holds records that are behind the newest snapshot.
func (i image) needed(name string) bool {
	snapshots, segments := i.snapshots(), i.segments()
	position, _ := numbered(snapshots[len(snapshots)-1], snapshotEnding)
	at := slices.Index(segments, name)
	if at == len(segments)-1 {
		return true
	}
	next, _ := numbered(segments[at+1], segmentEnding)
	return next > position+1
}
