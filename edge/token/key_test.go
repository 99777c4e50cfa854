package token

import (
	"bytes"
	"strings"
	"testing"
	"testing/iotest"
)

func TestKeysText(t *testing.T) {
	for name, previous := range map[string]Key{"two": key(6), "one": {}} {
		text := AppendKeys([]byte("before"), key(7), previous)
		text = bytes.TrimPrefix(text, []byte("before"))
		current, got, err := ParseKeys(text)
		if err != nil || current != key(7) || got != previous {
			t.Errorf("%s: %v", name, err)
		}
		if len(text) > KeysBytesMax {
			t.Errorf("%s: %d bytes", name, len(text))
		}
		for bit := range len(text) * 8 {
			text[bit/8] ^= 1 << (bit % 8)
			if _, _, err := ParseKeys(text); err != ErrKeys {
				t.Fatalf("%s, bit %d of %q: %v", name, bit, text, err)
			}
			text[bit/8] ^= 1 << (bit % 8)
		}
		for cut := range len(text) {
			if _, _, err := ParseKeys(text[:cut]); err != ErrKeys {
				t.Fatalf("%s, the first %d bytes: %v", name, cut, err)
			}
		}
	}
}

// TestKeysRefused are texts with a right checksum that are wrong all the same.
func TestKeysRefused(t *testing.T) {
	twice := key(6)
	twice.ID = 7
	longest := strings.Repeat("x", KeysBytesMax)
	for name, text := range map[string]string{
		"an id twice":    string(AppendKeys(nil, key(7), twice)),
		"no secret":      string(AppendKeys(nil, Key{ID: 7}, Key{})),
		"behind the end": string(AppendKeys(nil, key(7), key(6))) + "\n",
		"too long":       string(AppendKeys(nil, key(7), key(6))) + longest,
		"empty":          "",
	} {
		if _, _, err := ParseKeys([]byte(text)); err != ErrKeys {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewKey(t *testing.T) {
	k, err := NewKey(4, noon.Add(1), strings.NewReader(strings.Repeat("r", 40)))
	if err != nil || k.ID != 4 || !k.Made.Equal(noon) || string(k.Secret[:]) != strings.Repeat("r", 32) {
		t.Errorf("%d %v %v", k.ID, k.Made, err)
	}
	if _, err := NewKey(4, noon, strings.NewReader("short")); err == nil {
		t.Error("a key of 5 bytes")
	}
	if _, err := NewKey(4, noon, iotest.ErrReader(bytes.ErrTooLarge)); err == nil {
		t.Error("a key of none")
	}
	if _, err := NewKey(4, noon, bytes.NewReader(make([]byte, 32))); err == nil {
		t.Error("a key of zeros")
	}
}
