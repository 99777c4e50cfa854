package journal

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAFlippedBitIsNoticed(t *testing.T) {
	for _, killed := range []bool{false, true} {
		whole := grown(t, killed)
		r := rand.New(rand.NewPCG(3, 3))
		newest := whole.snapshots()[generations-1]
		for name, data := range whole {
			segment := strings.HasSuffix(name, segmentEnding)
			for offset := range data {
				// Headers byte by byte, of the rest a part, and little of what the mark leaves empty.
				if skip := 8; offset >= segmentHeaderBytes && (r.IntN(skip) > 0 || name == markName && data[offset] == 0 && r.IntN(skip) > 0) {
					continue
				}
				broken := whole.clone()
				broken[name][offset] ^= 1 << r.IntN(8)
				got, logged, err := broken.restore()
				switch {
				case segment && (offset < segmentHeaderBytes || whole.needed(name)) && !errors.Is(err, ErrDamaged):
					t.Fatalf("killed %v: %s, byte %d of %d: restored %d records (%v), want damage", killed, name, offset, len(data), len(got), err)
				case err != nil && !errors.Is(err, ErrDamaged):
					t.Fatalf("%s, byte %d: %v", name, offset, err)
				case err == nil && !slices.Equal(got, upTo(grownRecords)):
					t.Fatalf("killed %v: %s, byte %d of %d: restored %d records of %d without an error", killed, name, offset, len(data), len(got), grownRecords)
				case name == newest && (err != nil || !strings.Contains(logged, newest)):
					t.Fatalf("%s, byte %d: %v, logged %q: want the older snapshot, and a line about it", name, offset, err, logged)
				}
			}
		}
	}
}

func TestDamageSaysWhereWhyAndWhatToDo(t *testing.T) {
	broken := grown(t, false)
	name := broken.segments()[len(broken.segments())-1]
	broken[name][100] ^= 1
	_, _, err := broken.restore()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{"/log/" + name, "at byte ", "checksum", "acknowledged", "from a copy"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
}

// TestACutEndIsNoticed cuts the segment that is written at every byte. The mark says how far it was acknowledged.
func TestACutEndIsNoticed(t *testing.T) {
	for _, killed := range []bool{false, true} {
		whole := grown(t, killed)
		name := whole.segments()[len(whole.segments())-1]
		for size := range whole[name] {
			cut := whole.clone()
			cut[name] = cut[name][:size]
			if got, _, err := cut.restore(); !errors.Is(err, ErrDamaged) {
				t.Fatalf("killed %v: cut to %d bytes: %d records, %v; want damage", killed, size, len(got), err)
			}
		}
	}
}

// TestWithoutTheMarkAnEndMayBeMissing shows what the mark is for, and that its absence is said.
func TestWithoutTheMarkAnEndMayBeMissing(t *testing.T) {
	whole := grown(t, false)
	delete(whole, markName)
	name := whole.segments()[len(whole.segments())-1]
	first, _ := numbered(name, segmentEnding)
	for size := range whole[name] {
		cut := whole.clone()
		cut[name] = cut[name][:size]
		got, logged, err := cut.restore()
		switch {
		case size < segmentHeaderBytes:
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("cut inside the header: %v", err)
			}
		case err != nil || !slices.Equal(got, upTo(len(got))) || len(got) < int(first)-1:
			t.Fatalf("cut to %d bytes: %d records, %v; want a beginning", size, len(got), err)
		case !strings.Contains(logged, "the mark of the log is damaged or missing"):
			t.Fatalf("nothing was said of the missing mark: %q", logged)
		}
	}
}

// TestAWriteCutShortIsRemoved is what a power cut leaves: frames whose write was under way, in any part.
func TestAWriteCutShortIsRemoved(t *testing.T) {
	whole := grown(t, true)
	name := whole.segments()[len(whole.segments())-1]
	c := walk(t, whole[name])
	var frames []byte
	for n := range uint64(20) {
		frames = appendFrame(frames, 1, 0, record(grownRecords+n+1, 30))
	}
	c.link(frames, c.sequence)
	r := rand.New(rand.NewPCG(5, 5))
	for size := range frames {
		torn := whole.clone()
		part := slices.Clone(frames[:size+1])
		if hole := r.IntN(len(part)); r.IntN(2) == 0 {
			clear(part[hole:min(hole+100, len(part))])
		}
		torn[name] = append(torn[name], part...)
		got, logged, err := torn.restore()
		if err != nil || len(got) < grownRecords || !slices.Equal(got, upTo(len(got))) {
			t.Fatalf("%d bytes of a write: %d records, %v", size+1, len(got), err)
		}
		if len(got) < grownRecords+20 && size%58 != 57 && !strings.Contains(logged, name) {
			t.Fatalf("%d bytes of a write were removed silently: %q", size+1, logged)
		}
	}
}

// TestLaterFramesBearWitness takes the mark away and damages a commit that a later one knew to be on disk.
func TestLaterFramesBearWitness(t *testing.T) {
	whole := grown(t, true)
	delete(whole, markName)
	name := whole.segments()[len(whole.segments())-1]
	end := len(whole[name])
	offset := segmentHeaderBytes
	for offset < end {
		size := frameSize(whole[name][offset:])
		broken := whole.clone()
		broken[name][offset+frameHeaderBytes] ^= 1
		got, _, err := broken.restore()
		if last := offset+size == end; last && (err != nil || len(got) != grownRecords-1) {
			t.Fatalf("the last frame: %d records, %v", len(got), err)
		} else if !last && !errors.Is(err, ErrDamaged) {
			t.Fatalf("byte %d: %d records, %v; a later frame shows that this one was on disk", offset, len(got), err)
		}
		offset += size
	}
}

// walk gives the place behind the frames of a segment.
func walk(t *testing.T, data []byte) chain {
	t.Helper()
	h, err := readSegmentHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	c := h.start()
	for data = data[segmentHeaderBytes:]; len(data) > 0; {
		f, err := c.next(data)
		if err != nil {
			t.Fatal(err)
		}
		data = data[f.size():]
	}
	return c
}

func TestAMissingSegmentIsNoticed(t *testing.T) {
	whole := grown(t, false)
	for at, name := range whole.segments() {
		rest := whole.clone()
		delete(rest, name)
		got, _, err := rest.restore()
		if at == 0 && !whole.needed(name) {
			if err != nil || !slices.Equal(got, upTo(grownRecords)) {
				t.Errorf("the oldest, which nobody needs: %d records, %v", len(got), err)
			}
			continue
		}
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s is missing: %d records, %v", name, len(got), err)
		}
		if at < len(whole.segments())-1 && !strings.Contains(err.Error(), name+" at byte 0: the segment is missing") {
			t.Errorf("%s is missing, and the error does not name it: %v", name, err)
		}
	}
	rest := whole.clone()
	for _, name := range whole.segments() {
		delete(rest, name)
	}
	maps.DeleteFunc(rest, func(name string, _ []byte) bool { return strings.HasSuffix(name, segmentEnding) })
	if _, _, err := rest.restore(); !errors.Is(err, ErrDamaged) {
		t.Errorf("all segments are missing: %v", err)
	}
	for _, name := range rest.snapshots() {
		delete(rest, name)
	}
	if _, _, err := rest.restore(); !errors.Is(err, ErrDamaged) {
		t.Errorf("all segments and snapshots are missing: %v", err)
	}
}

func TestWhatIsElsewhereIsNoticed(t *testing.T) {
	whole, other := grown(t, false), grown(t, false)
	segments := whole.segments()
	last, before := segments[len(segments)-1], segments[len(segments)-2]
	cases := map[string]func(i image){
		"two segments are swapped":        func(i image) { i[last], i[before] = i[before], i[last] },
		"a segment is of another log":     func(i image) { i[last] = other[last] },
		"the first one is of another log": func(i image) { i[segments[0]] = other[segments[0]] },
		"the mark is of another log":      func(i image) { i[markName] = other[markName] },
		"all segments are of another log": func(i image) {
			for name := range i {
				if strings.HasSuffix(name, segmentEnding) {
					i[name] = other[name]
				}
			}
		},
		"two frames are swapped": func(i image) {
			d := i[last]
			a := frameSize(d[segmentHeaderBytes:])
			b := frameSize(d[segmentHeaderBytes+a:])
			swapped := append(slices.Clone(d[segmentHeaderBytes+a:segmentHeaderBytes+a+b]), d[segmentHeaderBytes:segmentHeaderBytes+a]...)
			copy(d[segmentHeaderBytes:], swapped)
		},
		"a frame is missing": func(i image) {
			d := i[last]
			a := frameSize(d[segmentHeaderBytes:])
			i[last] = slices.Delete(d, segmentHeaderBytes, segmentHeaderBytes+a)
		},
		"frames of another log": func(i image) {
			d, o := i[last], other[last]
			copy(d[segmentHeaderBytes:], o[segmentHeaderBytes:])
		},
	}
	for what, change := range cases {
		broken := whole.clone()
		change(broken)
		if got, _, err := broken.restore(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %d records, %v; want damage", what, len(got), err)
		}
	}
	foreign := whole.clone()
	for n, name := range foreign.snapshots() {
		foreign[name] = other[other.snapshots()[n]]
	}
	if got, _, err := foreign.restore(); !errors.Is(err, ErrDamaged) {
		t.Errorf("the snapshots are of another log: %d records, %v; want damage, since records before them are gone", len(got), err)
	}
}

// TestTwoContinuationsOfOneLogAreNotMixed is what a directory may be after one of two copies was put back in part.
func TestTwoContinuationsOfOneLogAreNotMixed(t *testing.T) {
	begun := newRAMDisk(1)
	closeLog(t, open(t, Options{Dir: "/log", disk: begun.start()}))
	continued := func(kind uint8) (out image) {
		synctest.Test(t, func(t *testing.T) {
			d := begun.image().disk()
			l := open(t, Options{Dir: "/log", disk: d.start(), SnapshotEvery: 10, Settle: time.Second}, newLedger(1, 2))
			for n := range uint64(35) {
				if err := l.Append(t.Context(), kind, record(n+1, 20)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
			}
			closeLog(t, l)
			out = d.image()
		})
		return out
	}
	one, other := continued(1), continued(2)
	for _, name := range slices.Sorted(maps.Keys(one)) {
		mixed := one.clone()
		mixed[name] = other[name]
		if strings.HasSuffix(name, segmentEnding) {
			// All of the log is replayed, or the segment is not looked at.
			maps.DeleteFunc(mixed, func(name string, _ []byte) bool { return strings.HasSuffix(name, snapshotEnding) })
		} else if strings.HasSuffix(name, snapshotEnding) {
			maps.DeleteFunc(mixed, func(n string, _ []byte) bool { return strings.HasSuffix(n, snapshotEnding) && n != name })
		}
		if bytes.Equal(one[name], other[name]) {
			continue
		}
		if _, _, err := mixed.restore(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s is of another continuation: %v", name, err)
		}
	}
}

func TestBothSnapshotsDamaged(t *testing.T) {
	whole := grown(t, false)
	for _, name := range whole.snapshots() {
		whole[name][len(whole[name])/2] ^= 1
	}
	if got, _, err := whole.restore(); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "frames 1 to ") {
		t.Errorf("%d records, %v; want damage that names the missing records", len(got), err)
	}
}

// TestFilesOfOthersAreLeft puts names into the directory that are none of the log's.
func TestFilesOfOthersAreLeft(t *testing.T) {
	whole := grown(t, false)
	names := []string{"README", "1.log", "00000000000000000001.snap", strings.Repeat("9", 21) + ".log"}
	for _, name := range names {
		whole[name] = []byte("not ours")
	}
	whole["00000000000000000900.log.new"] = []byte("never finished")
	d := whole.disk()
	l := open(t, Options{Dir: "/log", disk: d.start()}, newLedger(1))
	closeLog(t, l)
	for _, name := range names {
		if d.names["/log/"+name] == nil {
			t.Errorf("%s was removed", name)
		}
	}
	for name := range d.names {
		if strings.HasSuffix(name, temporaryEnding) {
			t.Errorf("%s was left", name)
		}
	}
}
