package node

import (
	"crypto/rand"
	"fmt"
	"path/filepath"

	"curb/edge/auction"
)

// loadSalt reads the key of the tie tickets from the data directory and makes it on the first start. Without a directory
// it is new each time: ties then fall differently after a restart, and no more fairly.
func loadSalt(dir string) (auction.Salt, error) {
	var salt auction.Salt
	path := filepath.Join(dir, "ticket.key")
	if dir != "" {
		kept, err := readSecret(path)
		switch {
		case err != nil:
			return salt, fmt.Errorf("read the ticket key: %w", err)
		case len(kept) == len(salt):
			copy(salt[:], kept)
			return salt, nil
		case kept != nil:
			return salt, fmt.Errorf("%s holds %d bytes, want %d: restore it, or remove it and lose the replay of ties", path, len(kept), len(salt))
		}
	}
	if _, err := rand.Read(salt[:]); err != nil || dir == "" {
		return salt, err
	}
	if err := keepFile(path, salt[:]); err != nil {
		return salt, fmt.Errorf("keep the ticket key: %w", err)
	}
	return salt, nil
}
