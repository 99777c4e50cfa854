package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// sectorBytes is what the disk writes whole or not at all.
const sectorBytes = 512

var (
	errInjected = errors.New("injected fault")
	errDead     = errors.New("the process was killed")
)

// ramDisk is a disk that behaves as badly as disks may: what was not synced is lost with the power, in any part and any
// order; a failed sync takes the blame off the pages, so that a later one reports success without having written them; and
// it fills up.
type ramDisk struct {
	mu      sync.Mutex
	rand    *rand.Rand
	names   map[string]*ramFile // the directory as programs see it
	durable map[string]*ramFile // as the last SyncDir left it
	undone  []func(map[string]*ramFile)
	holder  *process
	room    int // bytes that may still be added; negative: any number
	size    int // of the volume; 0: nobody knows
}

// ramFile is a file's content: as programs see it, and as it is on the medium.
type ramFile struct {
	data   []byte
	medium []byte
	dirty  map[int]bool // sectors that the next sync has to write
}

func newRAMDisk(seed uint64) *ramDisk {
	return &ramDisk{rand: rand.New(rand.NewPCG(seed, 1)), names: map[string]*ramFile{}, durable: map[string]*ramFile{}, room: -1}
}

// process is what one run of a program sees of the disk, until it is killed.
type process struct {
	*ramDisk
	dead bool
	// fault is asked before every operation that changes something: whether it fails. nil: none does.
	fault func(operation, name string) error
	// life is how many such operations there are until the process dies in the middle of one; 0: it lives on.
	life int
}

// start gives the disk to a program.
func (d *ramDisk) start() *process { return &process{ramDisk: d} }

// kill ends the process. What it wrote stays as programs see it.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.die()
}

func (p *process) die() {
	p.dead = true
	if p.holder == p {
		p.holder = nil
	}
}

// cutPower ends the process and loses what is not on the medium, or any part of it.
func (p *process) cutPower() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.die()
	d := p.ramDisk
	for _, op := range d.undone[:d.rand.IntN(len(d.undone)+1)] {
		op(d.durable)
	}
	d.undone = nil
	d.names = maps.Clone(d.durable)
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		f := d.names[name]
		size := len(f.medium)
		if len(f.data) != size && d.rand.IntN(2) == 0 {
			size = min(size, len(f.data)) + d.rand.IntN(max(size, len(f.data))-min(size, len(f.data))+1)
		}
		f.writeBack(d.rand, size)
		f.data = slices.Clone(f.medium)
	}
}

// writeBack puts some of the dirty sectors on the medium and forgets about the others.
func (f *ramFile) writeBack(r *rand.Rand, size int) {
	f.medium = resize(f.medium, size)
	for _, sector := range slices.Sorted(maps.Keys(f.dirty)) {
		if r.IntN(2) == 0 {
			copySector(f.medium, f.data, sector)
		}
	}
	clear(f.dirty)
}

func copySector(to, from []byte, sector int) {
	begin := sector * sectorBytes
	if end := min(begin+sectorBytes, len(from), len(to)); begin < end {
		copy(to[begin:end], from[begin:end])
	}
}

func resize(b []byte, size int) []byte {
	if size <= len(b) {
		return b[:size]
	}
	return append(b, make([]byte, size-len(b))...)
}

// may asks whether an operation may be done. died means that the process ends in the middle of it.
func (p *process) may(operation, name string) (died bool, err error) {
	if p.dead {
		return false, errDead
	}
	if p.life > 0 {
		if p.life--; p.life == 0 {
			p.die()
			return true, errDead
		}
	}
	if p.fault != nil {
		if err := p.fault(operation, filepath.Base(name)); err != nil {
			return false, &fs.PathError{Op: operation, Path: name, Err: err}
		}
	}
	return false, nil
}

func (p *process) MakeDir(string) error { return nil }

func (p *process) Lock(string) (io.Closer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holder != nil {
		return nil, ErrInUse
	}
	p.holder = p
	return unlock{p}, nil
}

type unlock struct{ p *process }

func (u unlock) Close() error {
	u.p.mu.Lock()
	defer u.p.mu.Unlock()
	if u.p.holder == u.p {
		u.p.holder = nil
	}
	return nil
}

func (p *process) List(dir string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return nil, errDead
	}
	var out []string
	for name := range p.names {
		out = append(out, filepath.Base(name))
	}
	slices.Sort(out)
	return out, nil
}

func (p *process) lookUp(name string) (*ramFile, error) {
	if p.dead {
		return nil, errDead
	}
	f := p.names[name]
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return f, nil
}

func (p *process) Head(name string, head []byte) (int, int64, error) {
	data, err := p.Read(name, nil)
	return copy(head, data), int64(len(data)), err
}

func (p *process) Read(name string, _ []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.lookUp(name)
	if err != nil {
		return nil, err
	}
	return slices.Clone(f.data), nil
}

func (p *process) Room(string) (free, size uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.size == 0 {
		return 0, 0, errors.ErrUnsupported
	}
	return uint64(p.room), uint64(p.size), nil
}

func (p *process) Forget(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.lookUp(name)
	if err != nil {
		return
	}
	for sector := range (len(f.data) + sectorBytes - 1) / sectorBytes {
		if !f.dirty[sector] {
			copySector(f.data, resize(slices.Clone(f.medium), len(f.data)), sector)
		}
	}
}

func (p *process) Create(name string) (file, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.may("create", name); err != nil {
		return nil, err
	}
	f := &ramFile{dirty: map[int]bool{}}
	p.change(func(names map[string]*ramFile) { names[name] = f })
	return &handle{p: p, f: f, name: name}, nil
}

// change does something to the directory, and remembers it until the directory is synced.
func (p *process) change(op func(map[string]*ramFile)) {
	op(p.names)
	p.undone = append(p.undone, op)
}

func (p *process) Open(name string) (file, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.lookUp(name)
	if err != nil {
		return nil, err
	}
	return &handle{p: p, f: f, name: name}, nil
}

func (p *process) Rename(from, to string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.lookUp(from)
	if err != nil {
		return err
	}
	if _, err := p.may("rename", to); err != nil {
		return err
	}
	p.change(func(names map[string]*ramFile) {
		delete(names, from)
		names[to] = f
	})
	return nil
}

func (p *process) Remove(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.lookUp(name); err != nil {
		return err
	}
	if _, err := p.may("remove", name); err != nil {
		return err
	}
	p.change(func(names map[string]*ramFile) { delete(names, name) })
	return nil
}

func (p *process) SyncDir(dir string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.may("syncdir", dir); err != nil {
		return err
	}
	p.durable = maps.Clone(p.names)
	p.undone = nil
	return nil
}

// handle is an open file.
type handle struct {
	p      *process
	f      *ramFile
	name   string
	closed bool
	failed bool // a sync failed: whoever writes on is wrong
}

func (h *handle) may(operation string) (bool, error) {
	if h.closed {
		return false, fs.ErrClosed
	}
	if h.failed {
		return false, fmt.Errorf("%s of %s after a failed sync: that file cannot be trusted", operation, h.name)
	}
	return h.p.may(operation, h.name)
}

func (h *handle) WriteAt(b []byte, offset int64) (int, error) {
	h.p.mu.Lock()
	defer h.p.mu.Unlock()
	died, err := h.may("write")
	if err != nil {
		if len(b) > 0 && (died || errors.Is(err, errInjected)) {
			// A write that fails may have written any part.
			b = b[:h.p.rand.IntN(len(b))]
			h.put(b, int(offset))
			return len(b), err
		}
		return 0, err
	}
	if more := int(offset) + len(b) - len(h.f.data); h.p.room >= 0 && more > h.p.room {
		b = b[:max(0, len(b)-(more-h.p.room))]
		h.put(b, int(offset))
		return len(b), syscall.ENOSPC
	}
	h.put(b, int(offset))
	return len(b), nil
}

func (h *handle) put(b []byte, offset int) {
	if len(b) == 0 {
		return
	}
	f := h.f
	if more := offset + len(b) - len(f.data); more > 0 {
		f.data = resize(f.data, len(f.data)+more)
		if h.p.room >= 0 {
			h.p.room -= more
		}
	}
	copy(f.data[offset:], b)
	for sector := offset / sectorBytes; sector <= (offset+len(b)-1)/sectorBytes; sector++ {
		f.dirty[sector] = true
	}
}

func (h *handle) Truncate(size int64) error {
	h.p.mu.Lock()
	defer h.p.mu.Unlock()
	if _, err := h.may("truncate"); err != nil {
		return err
	}
	if h.p.room >= 0 {
		h.p.room += len(h.f.data) - int(size)
	}
	h.f.data = resize(h.f.data, int(size))
	return nil
}

func (h *handle) Sync() error {
	h.p.mu.Lock()
	defer h.p.mu.Unlock()
	if _, err := h.may("sync"); err != nil {
		if !h.closed && !h.failed {
			h.f.writeBack(h.p.rand, len(h.f.data))
			h.failed = true
		}
		return err
	}
	h.f.medium = resize(h.f.medium, len(h.f.data))
	for sector := range h.f.dirty {
		copySector(h.f.medium, h.f.data, sector)
	}
	clear(h.f.dirty)
	return nil
}

func (h *handle) Close() error {
	if h.closed {
		return fs.ErrClosed
	}
	h.closed = true
	return nil
}
