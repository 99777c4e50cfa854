package node

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"curb/edge/auction"
)

// loadSalt reads the key of the tie tickets from the data directory and makes it on the first start. Without a directory
// it is new each time: ties then fall differently after a restart, and no more fairly.
func loadSalt(dir string) (auction.Salt, error) {
	var salt auction.Salt
	if dir == "" {
		_, err := rand.Read(salt[:])
		return salt, err
	}
	path := filepath.Join(dir, "ticket.key")
	kept, err := os.ReadFile(path)
	switch {
	case err == nil && len(kept) == len(salt):
		copy(salt[:], kept)
		return salt, nil
	case err == nil:
		return salt, fmt.Errorf("%s holds %d bytes, want %d: restore it, or remove it and lose the replay of ties", path, len(kept), len(salt))
	case !errors.Is(err, fs.ErrNotExist):
		return salt, fmt.Errorf("read the ticket key: %w", err)
	}
	if _, err := rand.Read(salt[:]); err != nil {
		return salt, err
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, salt[:], 0o600); err != nil {
		return salt, fmt.Errorf("keep the ticket key: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return salt, fmt.Errorf("keep the ticket key: %w", err)
	}
	return salt, nil
}
