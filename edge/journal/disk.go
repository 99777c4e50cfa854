package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// disk is what the log needs of a file system: little enough that tests put a disk in its place which fails, fills up,
// forgets what was not synced and loses power.
type disk interface {
	// MakeDir makes a directory that only its owner may enter, and its parents, and makes that durable.
	MakeDir(dir string) error
	// Lock takes a file for this process alone until it is closed, or until the process ends.
	Lock(name string) (io.Closer, error)
	// List names the files of a directory.
	List(dir string) ([]string, error)
	// Head reads the beginning of a file into head, as much of it as there is, and tells the file's size.
	Head(name string, head []byte) (n int, size int64, err error)
	// Read reads a whole file, into buf if it is large enough.
	Read(name string, buf []byte) ([]byte, error)
	// Create makes an empty file for writing, in the place of one that may be there.
	Create(name string) (file, error)
	// Open opens a file that is there for writing.
	Open(name string) (file, error)
	Rename(from, to string) error
	Remove(name string) error
	// SyncDir makes creations, renamings and removals in a directory durable.
	SyncDir(dir string) error
	// Room tells how many bytes of the volume of a directory are free for us, and how many it has. An error: nobody knows.
	Room(dir string) (free, size uint64, err error)
	// Forget asks that the next reading of a file comes from the medium and not from memory. It may be ignored.
	Forget(name string)
}

// file is an open file. A file whose Sync failed is closed and not written again.
type file interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// fileBytesMax bounds what Read takes into memory: a segment is never longer, a snapshot of sound states neither.
const fileBytesMax = 4 << 30

// localDisk is the operating system's.
type localDisk struct{}

func (localDisk) MakeDir(dir string) error {
	switch info, err := os.Stat(dir); {
	case err == nil && !info.IsDir():
		return fmt.Errorf("%s is not a directory: name another one, or move it away", dir)
	case err == nil:
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return localDisk{}.SyncDir(parent(dir))
}

func (localDisk) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

func (localDisk) Head(name string, head []byte) (int, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, info.Size(), err
}

func (localDisk) Read(name string, buf []byte) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > fileBytesMax {
		return nil, fmt.Errorf("%s has %d bytes, more than any file of a log (%d)", name, info.Size(), int64(fileBytesMax))
	}
	if int64(cap(buf)) < info.Size() {
		buf = make([]byte, info.Size())
	}
	buf = buf[:info.Size()]
	n, err := io.ReadFull(f, buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return buf[:n], err
}

func (localDisk) Create(name string) (file, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
}

func (localDisk) Open(name string) (file, error) { return os.OpenFile(name, os.O_RDWR, 0o600) }

func (localDisk) Rename(from, to string) error { return os.Rename(from, to) }

func (localDisk) Remove(name string) error { return os.Remove(name) }

func (localDisk) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

func (localDisk) Forget(name string) { forget(name) }
