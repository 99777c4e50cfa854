package transport

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// secretBytesMax bounds what is read as a secret: a certificate chain with its key is a few KiB.
const secretBytesMax = 64 << 10

// readSecret reads a file that only its owner may read. Anybody else's rights are an error, not a warning: a key that was
// readable has to be taken for known.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read by others (mode %04o): chmod 600 it if nobody did, else remove it and have a new one made", path, mode)
	}
	if info.Size() > secretBytesMax {
		return nil, fmt.Errorf("%s has %d bytes, more than the %d of any key: remove it and have a new one made", path, info.Size(), secretBytesMax)
	}
	return os.ReadFile(path)
}

// writeSecret puts data into a file at once: readers see all of it or what was there before, also after a power cut.
func writeSecret(path string, data []byte) error {
	temporary, err := newSecret(path, data)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncFolder(filepath.Dir(path))
}

// createSecret is writeSecret for a file that must not be there yet. It reports false if another process was faster.
func createSecret(path string, data []byte) (bool, error) {
	temporary, err := newSecret(path, data)
	if err != nil {
		return false, err
	}
	err = os.Link(temporary, path)
	if e := os.Remove(temporary); e != nil {
		return false, errors.Join(err, e)
	}
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, syncFolder(filepath.Dir(path))
}

// newSecret writes data beside path and returns where.
func newSecret(path string, data []byte) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// random32 makes a key.
func random32() (key [32]byte) {
	rand.Read(key[:]) // never fails (Go 1.24)
	return key
}
