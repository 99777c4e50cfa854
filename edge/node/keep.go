package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keepFile writes a file of the data directory so that it is there whole or not at all, also after a power cut. Only
// this user may read it.
func keepFile(path string, content []byte) error {
	fresh := path + ".new"
	file, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// readSecret reads a file that only this user may read; nil if there is none yet. Who else can read it could forge what
// it seals, so the node does not start with it.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if open := info.Mode().Perm() & 0o077; open != 0 {
		return nil, fmt.Errorf("%w: %s may be read by others (mode %04o): chmod 600 it, or remove it, which voids what it sealed", ErrSettings, path, info.Mode().Perm())
	}
	return os.ReadFile(path)
}
