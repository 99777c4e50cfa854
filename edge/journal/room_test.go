package journal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// diskBytes is what the files of an image take, but the mark and the lock.
func (i image) diskBytes() (bytes uint64) {
	for name, data := range i {
		if strings.HasSuffix(name, segmentEnding) || strings.HasSuffix(name, snapshotEnding) {
			bytes += uint64(len(data))
		}
	}
	return bytes
}

// TestSegmentsAreBoundedInBytes keeps records for a week and no more than 20 kB of them: what no replay needs goes first.
func TestSegmentsAreBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAMDisk(1)
		p := d.start()
		state := newLedger(1)
		l := open(t, Options{Dir: "/log", SnapshotEvery: 10, SegmentBytes: 4 << 10, Settle: time.Second, RetainBytes: 20_000, disk: p}, state)
		for n := range uint64(400) {
			if err := errors.Join(l.Append(t.Context(), 1, record(n+1, 300)), state.Apply(1, record(n+1, 300))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			if synctest.Wait(); n > 100 {
				kept, now := uint64(0), d.image()
				for _, name := range now.segments() {
					kept += uint64(len(now[name]))
				}
				if kept > 20_000+2*(4<<10) {
					t.Fatalf("%d bytes of segments", kept)
				}
			}
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got, want := l.Stats().DiskBytes, d.image().diskBytes(); got != want {
			t.Errorf("Stats says %d bytes, there are %d", got, want)
		}
		p.kill()
		l.Close()
		whole := d.image()
		if len(whole.segments()) < 3 {
			t.Errorf("kept only %v", whole.segments())
		}
		older := whole.clone()
		older[whole.snapshots()[1]][20] ^= 1
		for what, i := range map[string]image{"newest": whole, "older": older} {
			if got, _, err := i.restore(); err != nil || !slices.Equal(got, upTo(400)) {
				t.Errorf("from the %s snapshot: %d records, %v", what, len(got), err)
			}
		}
	})
}

// TestWhatAReplayNeedsIsKept has no snapshots, so that nothing may go whatever the bound says.
func TestWhatAReplayNeedsIsKept(t *testing.T) {
	d := newRAMDisk(1)
	p := d.start()
	l := open(t, Options{Dir: "/log", SnapshotEvery: 10, Settle: time.Hour, RetainBytes: 1, Retain: 1, disk: p}, newLedger(1))
	for n := range uint64(100) {
		if err := l.Append(t.Context(), 1, record(n+1, 300)); err != nil {
			t.Fatal(err)
		}
	}
	l.retain(time.Now().Add(time.Hour))
	p.kill()
	l.Close()
	if got, _, err := d.image().restore(); err != nil || !slices.Equal(got, upTo(100)) {
		t.Errorf("%d records, %v", len(got), err)
	}
}

func TestALowVolumeIsSaidInTime(t *testing.T) {
	d := newRAMDisk(1)
	p := d.start()
	l := open(t, Options{Dir: "/log", FreeBytes: 1 << 20, disk: p}, newLedger(1))
	defer l.Close()
	if l.Healthy() != nil || l.Stats().FreeBytes != 0 {
		t.Error("a volume that nobody knows the size of")
	}
	for _, c := range []struct {
		free, size int
		low        bool
	}{
		{1 << 20, 100 << 20, false},
		{1<<20 - 1, 100 << 20, true},
		{1 << 20, 100 << 20, true}, // an eighth more, once it was low
		{1<<20 + 1<<17, 100 << 20, false},
		{1 << 20, 100 << 20, false},
		{10_000, 100_000, false}, // a tenth of a small volume is enough
		{9_999, 100_000, true},
	} {
		p.mu.Lock()
		d.room, d.size = c.free, c.size
		p.mu.Unlock()
		if err := l.Healthy(); errors.Is(err, ErrLow) != c.low {
			t.Errorf("%d bytes free of %d: %v", c.free, c.size, err)
		}
		if s := l.Stats(); s.FreeBytes != uint64(c.free) || s.VolumeBytes != uint64(c.size) {
			t.Errorf("stats: %+v", s)
		}
	}
	if err := l.Append(t.Context(), 1, record(1, 20)); err != nil {
		t.Errorf("a record while there is room: %v", err)
	}
}

// TestRoomOfARealVolume also sees that what Stats says is what the files take.
func TestRoomOfARealVolume(t *testing.T) {
	dir := t.TempDir()
	l := open(t, Options{Dir: dir, FreeBytes: 1}, newLedger(1))
	defer l.Close()
	if err := l.Append(t.Context(), 1, record(1, 2000)); err != nil {
		t.Fatal(err)
	}
	s := l.Stats()
	if s.VolumeBytes == 0 {
		t.Skip("this system does not tell")
	}
	if s.FreeBytes == 0 || s.FreeBytes > s.VolumeBytes {
		t.Errorf("%d bytes free of %d", s.FreeBytes, s.VolumeBytes)
	}
	files, bytes := 0, uint64(0)
	names, _ := filepath.Glob(filepath.Join(dir, "*"+segmentEnding))
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			files, bytes = files+1, bytes+uint64(info.Size())
		}
	}
	if s.DiskBytes != bytes || files != 1 {
		t.Errorf("Stats says %d bytes, %d files take %d", s.DiskBytes, files, bytes)
	}
}
