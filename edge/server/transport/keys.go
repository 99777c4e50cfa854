package transport

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// ticketKeyAge is how long one key encrypts session tickets.
	ticketKeyAge = 12 * time.Hour
	// ticketKeysKept are the newest and two old ones, so that a ticket resumes for 24 to 36 hours.
	ticketKeysKept = 3
)

// keys are the secrets by which a client recognises this node after a restart.
type keys struct {
	dir   string   // "" in memory
	reset [32]byte // derives stateless-reset tokens (RFC 9000 §10.3)
	token [32]byte // encrypts address validation tokens (RFC 9000 §8.1)
	// tickets encrypt TLS session tickets, newest first.
	tickets []ticketKey
}

type ticketKey struct {
	since time.Time
	key   [32]byte
}

// openKeys reads the keys in dir, or makes them.
func openKeys(dir string, now time.Time) (*keys, error) {
	k := &keys{dir: dir}
	var err error
	if k.reset, err = k.open("reset.key"); err != nil {
		return nil, err
	}
	if k.token, err = k.open("token.key"); err != nil {
		return nil, err
	}
	if _, err = k.rotate(now); err != nil {
		return nil, err
	}
	return k, nil
}

// open reads one key of 32 bytes, in hexadecimal, or makes it.
func (k *keys) open(name string) ([32]byte, error) {
	fresh := random32()
	if k.dir == "" {
		return fresh, nil
	}
	path := filepath.Join(k.dir, name)
	made, err := createSecret(path, []byte(hex.EncodeToString(fresh[:])+"\n"))
	if err != nil {
		return fresh, fmt.Errorf("make key %s: %w", path, err)
	}
	if made {
		return fresh, nil
	}
	data, err := readSecret(path)
	if err != nil {
		return fresh, fmt.Errorf("read key: %w", err)
	}
	key, err := parseKey(strings.TrimSpace(string(data)))
	if err != nil {
		return fresh, fmt.Errorf("read key %s: %w; restore it, or remove it and have a new one made", path, err)
	}
	return key, nil
}

func parseKey(text string) (key [32]byte, err error) {
	data, err := hex.DecodeString(text)
	if err != nil || len(data) != len(key) {
		return key, errors.New("it is not 64 hexadecimal digits")
	}
	return [32]byte(data), nil
}

// rotate makes sure that the newest ticket key is younger than ticketKeyAge, and reports whether the keys changed. Nodes
// that share a folder take up each other's keys here.
func (k *keys) rotate(now time.Time) (bool, error) {
	held := k.tickets
	if k.dir != "" {
		var err error
		if held, err = k.readTickets(); err != nil {
			return false, err
		}
	}
	fresh := len(held) > 0 && now.Sub(held[0].since) < ticketKeyAge
	if !fresh {
		held = append([]ticketKey{{now.Truncate(time.Second), random32()}}, held[:min(len(held), ticketKeysKept-1)]...)
		if k.dir != "" {
			if err := k.writeTickets(held); err != nil {
				return false, err
			}
		}
	}
	changed := len(k.tickets) == 0 || k.tickets[0].key != held[0].key
	k.tickets = held
	return changed, nil
}

func (k *keys) ticketFile() string { return filepath.Join(k.dir, "tickets.key") }

// readTickets reads lines of a Unix time and a key; no file is no keys.
func (k *keys) readTickets() ([]ticketKey, error) {
	data, err := readSecret(k.ticketFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read ticket keys: %w", err)
	}
	var held []ticketKey
	for line := range strings.Lines(string(data)) {
		stamp, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		seconds, err := strconv.ParseInt(stamp, 10, 64)
		key, bad := parseKey(text)
		if err != nil || bad != nil || len(held) == ticketKeysKept {
			return nil, fmt.Errorf("read ticket keys: %s:%d: not a Unix time and 64 hexadecimal digits, at most %d lines; remove the file and have a new one made",
				k.ticketFile(), len(held)+1, ticketKeysKept)
		}
		held = append(held, ticketKey{time.Unix(seconds, 0), key})
	}
	return held, nil
}

func (k *keys) writeTickets(held []ticketKey) error {
	var text strings.Builder
	for _, t := range held {
		fmt.Fprintf(&text, "%d %s\n", t.since.Unix(), hex.EncodeToString(t.key[:]))
	}
	if err := writeSecret(k.ticketFile(), []byte(text.String())); err != nil {
		return fmt.Errorf("write ticket keys %s: %w", k.ticketFile(), err)
	}
	return nil
}

// sessionKeys are the ticket keys as crypto/tls wants them: the first encrypts, all decrypt.
func (k *keys) sessionKeys() [][32]byte {
	out := make([][32]byte, len(k.tickets))
	for i, t := range k.tickets {
		out[i] = t.key
	}
	return out
}
