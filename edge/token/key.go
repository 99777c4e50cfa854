package token

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Key is one secret of a ring, from which a key for each purpose is derived. It is never printed.
type Key struct {
	// ID stands in every token and says which key opens it. Two keys of a ring have different ones.
	ID byte
	// Made is when the key was made, in whole seconds; whoever keeps the keys goes by it when the next is due.
	Made   time.Time
	Secret [32]byte
}

// NewKey makes a key of 32 bytes of random, which must come from a cryptographic source.
func NewKey(id byte, made time.Time, random io.Reader) (Key, error) {
	k := Key{ID: id, Made: made.UTC().Truncate(time.Second)}
	if _, err := io.ReadFull(random, k.Secret[:]); err != nil {
		return Key{}, fmt.Errorf("make a token key: %w", err)
	}
	if !k.live() {
		return Key{}, errors.New("make a token key: the source of randomness gives only zeros")
	}
	return k, nil
}

// String keeps the secret out of messages.
func (Key) String() string { return "[sealed]" }

// GoString keeps it out of dumps.
func (Key) GoString() string { return "[sealed]" }

// live reports whether there is a key at all.
func (k *Key) live() bool { return k.Secret != [32]byte{} }

// cipher is AES-256-GCM under the key's own subkey for the purpose.
func (k *Key) cipher(p Purpose) cipher.AEAD {
	subkey, err := hkdf.Key(sha256.New, k.Secret[:], nil, "curb token 1 "+p.String(), 32)
	if err != nil {
		panic("token: derive a key of 32 bytes: " + err.Error()) // a length that HKDF always has
	}
	return gcm(subkey)
}

// gcm is AES-256-GCM under a key of 32 bytes, with nonces of 12 and tags of 16.
func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("token: AES of a key of 32 bytes: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("token: GCM over AES: " + err.Error())
	}
	return aead
}

// The text of a key file: a line of version, a line per key, a line of checksum.
const (
	keysVersion = "curb-token-keys 1\n"
	// KeysBytesMax bounds it.
	KeysBytesMax = 512
)

// ErrKeys is a text of keys that is not whole: cut, changed, of another version, or not written by AppendKeys.
var ErrKeys = errors.New("token keys: the text is damaged or of another version; restore it, or remove it to start with new keys, which voids every token that is out")

// AppendKeys writes the keys of a ring as text, secrets included: it belongs into a file that only the node reads.
// previous may be the zero Key.
func AppendKeys(dst []byte, current, previous Key) []byte {
	from := len(dst)
	dst = append(dst, keysVersion...)
	dst = appendKey(append(dst, "current "...), &current)
	if previous.live() {
		dst = appendKey(append(dst, "previous "...), &previous)
	}
	sum := sha256.Sum256(dst[from:])
	dst = append(dst, "sum "...)
	return append(hex.AppendEncode(dst, sum[:]), '\n')
}

func appendKey(dst []byte, k *Key) []byte {
	dst = append(strconv.AppendUint(dst, uint64(k.ID), 10), ' ')
	dst = append(strconv.AppendInt(dst, k.Made.Unix(), 10), ' ')
	return append(base64.RawURLEncoding.AppendEncode(dst, k.Secret[:]), '\n')
}

// ParseKeys reads what AppendKeys wrote and nothing else. The error is ErrKeys and never holds any of the text.
func ParseKeys(text []byte) (current, previous Key, err error) {
	rest, ok := bytes.CutPrefix(text, []byte(keysVersion))
	if !ok || len(text) > KeysBytesMax {
		return Key{}, Key{}, ErrKeys
	}
	line, rest, _ := bytes.Cut(rest, []byte("\n"))
	if current, ok = parseKey(line, "current "); !ok {
		return Key{}, Key{}, ErrKeys
	}
	if line, _, _ = bytes.Cut(rest, []byte("\n")); bytes.HasPrefix(line, []byte("previous ")) {
		if previous, ok = parseKey(line, "previous "); !ok || previous.ID == current.ID {
			return Key{}, Key{}, ErrKeys
		}
	}
	// What reads as keys must also be written like that, checksum and all.
	if !bytes.Equal(AppendKeys(nil, current, previous), text) {
		return Key{}, Key{}, ErrKeys
	}
	return current, previous, nil
}

func parseKey(line []byte, word string) (k Key, ok bool) {
	fields, ok := bytes.CutPrefix(line, []byte(word))
	parts := bytes.Split(fields, []byte(" "))
	if !ok || len(parts) != 3 {
		return Key{}, false
	}
	id, err := strconv.ParseUint(string(parts[0]), 10, 8)
	if err != nil {
		return Key{}, false
	}
	made, err := strconv.ParseInt(string(parts[1]), 10, 64)
	if err != nil {
		return Key{}, false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(string(parts[2]))
	if err != nil || len(secret) != len(k.Secret) {
		return Key{}, false
	}
	k = Key{ID: byte(id), Made: time.Unix(made, 0).UTC(), Secret: [32]byte(secret)}
	return k, k.live()
}
