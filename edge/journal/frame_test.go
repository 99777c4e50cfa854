package journal

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func frames(records ...string) ([]byte, chain) {
	var out []byte
	for _, r := range records {
		out = appendFrame(out, 1, 0, []byte(r))
	}
	return out, beginning(7).link(out, 0)
}

func TestFramesAreReadAsTheyWereWritten(t *testing.T) {
	data, end := frames("a", "", "ccc")
	c := beginning(7)
	for i, want := range []string{"a", "", "ccc"} {
		f, err := c.next(data)
		if err != nil || string(f.record) != want || f.kind != 1 || f.sequence != uint64(i+1) {
			t.Fatalf("frame %d: %+v, %v", i+1, f, err)
		}
		data = data[f.size():]
	}
	if c != end {
		t.Errorf("the chain ends at %+v, want %+v", c, end)
	}
	if _, err := c.next(data); err != errFrameShort {
		t.Errorf("behind the end: %v", err)
	}
}

func TestARecordThatHoldsAFrameBearsNoWitness(t *testing.T) {
	// Whoever writes records does not know the log's identity, so a frame inside a record is none of this log's.
	var inner []byte
	for range 5 {
		inner = appendFrame(inner, 1, 0, []byte("x"))
	}
	beginning(8).link(inner, 4)
	data, _ := frames(string(inner))
	if w, proven := provenIn(data[frameHeaderBytes:], beginning(7).identity, 1); proven {
		t.Errorf("frame %d of another log was believed", w)
	}
	if w, proven := provenIn(data[frameHeaderBytes:], beginning(8).identity, 1); !proven || w != 5 {
		t.Errorf("frame %d, %v: the case above does not show anything", w, proven)
	}
}

// FuzzFrame reads arbitrary bytes as the frames of a segment: no panic, nothing past the end, and what is read is what
// writing the same records gives.
func FuzzFrame(f *testing.F) {
	good, _ := frames("one", "two", "")
	f.Add(good)
	f.Add(good[:len(good)-1])
	flipped := bytes.Clone(good)
	flipped[30] ^= 4
	f.Add(flipped)
	large := bytes.Clone(good)
	binary.LittleEndian.PutUint32(large, 1<<31)
	f.Add(large)
	f.Add(make([]byte, 100))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, rest := beginning(7), data
		var again []byte
		for {
			before := c
			frame, err := c.next(rest)
			if err != nil {
				if c != before {
					t.Fatal("an error moved the chain")
				}
				break
			}
			whole := appendFrame(nil, frame.kind, frame.flags, frame.record)
			if before.link(whole, frame.sequence-uint64(frame.behind)) != c {
				t.Fatal("the frame is not the one that is written for its record")
			}
			again = append(again, whole...)
			rest = rest[frame.size():]
		}
		if read := data[:len(data)-len(rest)]; len(again) != len(read) {
			t.Fatalf("%d bytes were read as %d", len(read), len(again))
		}
		provenIn(rest, c.identity, c.sequence+1)
		_, _ = readSegmentHeader(data)
		_, _ = decodeSnapshot(data)
		readMark(data)
	})
}

// FuzzSegment puts arbitrary bytes behind a log that was closed, and in the place of a whole file: opening never panics
// and never gives less than was acknowledged without an error.
func FuzzSegment(f *testing.F) {
	f.Add([]byte("garbage"), uint8(0))
	f.Add(make([]byte, 4096), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, where uint8) {
		d := newRAMDisk(1)
		o := Options{Dir: "/log", disk: d.start()}
		l := open(t, o)
		for n := range uint64(3) {
			if err := l.Append(t.Context(), 1, record(n+1, 20)); err != nil {
				t.Fatal(err)
			}
		}
		closeLog(t, l)
		image := d.image()
		switch name := segmentName(1); where % 4 {
		case 0:
			image[name] = append(image[name], data...)
		case 1:
			image[name] = data
		case 2:
			image[markName] = data
		default:
			image[snapshotName(2)] = data
		}
		if got, _, err := image.restore(); err == nil && len(got) < 3 {
			t.Fatalf("restored %v without an error", got)
		}
	})
}
