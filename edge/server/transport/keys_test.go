package transport

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestKeysSurviveARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	now := time.Unix(1_800_000_000, 0)
	first, err := openKeys(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	second, err := openKeys(dir, now.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if first.reset != second.reset || first.token != second.token || !slices.Equal(first.sessionKeys(), second.sessionKeys()) {
		t.Error("keys differ after a restart")
	}
	if first.reset == first.token || first.reset == [32]byte{} {
		t.Error("keys are not random")
	}
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		if info, _ := f.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
	if len(files) != 3 {
		t.Errorf("%d files, want 3 and no left-overs", len(files))
	}
}

func TestTicketKeysRotate(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		now := time.Unix(1_800_000_000, 0)
		k, err := openKeys(dir, now)
		if err != nil {
			t.Fatal(err)
		}
		var made [][32]byte
		made = append(made, k.sessionKeys()[0])
		for range 4 {
			if changed, err := k.rotate(now.Add(ticketKeyAge - time.Second)); changed || err != nil {
				t.Fatalf("rotated before its time: %v %v", changed, err)
			}
			now = now.Add(ticketKeyAge)
			if changed, err := k.rotate(now); !changed || err != nil {
				t.Fatalf("not rotated in time: %v %v", changed, err)
			}
			made = append([][32]byte{k.sessionKeys()[0]}, made...)
			if want := made[:min(len(made), 3)]; !slices.Equal(k.sessionKeys(), want) {
				t.Fatalf("keeps %d keys, want the newest %d", len(k.sessionKeys()), len(want))
			}
		}
		if dir == "" {
			continue
		}
		other, err := openKeys(dir, now)
		if err != nil || !slices.Equal(other.sessionKeys(), k.sessionKeys()) {
			t.Fatalf("another node with the same folder: %v", err)
		}
	}
}

func TestKeysRefuse(t *testing.T) {
	cases := []struct{ file, content, mode, want string }{
		{"reset.key", strings.Repeat("ab", 32), "644", "chmod 600"},
		{"reset.key", strings.Repeat("ab", 32), "640", "mode 0640"},
		{"token.key", "ab", "600", "64 hexadecimal digits"},
		{"token.key", strings.Repeat("zz", 32), "600", "64 hexadecimal digits"},
		{"reset.key", strings.Repeat("a", secretBytesMax+1), "600", "more than the"},
		{"tickets.key", "yesterday " + strings.Repeat("ab", 32), "600", "tickets.key:1:"},
		{"tickets.key", strings.Repeat("1 "+strings.Repeat("ab", 32)+"\n", 4), "600", "tickets.key:4:"},
		{"tickets.key", "1 " + strings.Repeat("ab", 32), "660", "mode 0660"},
	}
	for _, c := range cases {
		dir := t.TempDir()
		path := filepath.Join(dir, c.file)
		mode := os.FileMode(0)
		for _, d := range c.mode {
			mode = mode<<3 | os.FileMode(d-'0')
		}
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := openKeys(dir, time.Unix(1, 0)); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
			t.Errorf("%s %q with mode %s: %v, want %q", c.file, c.content[:min(8, len(c.content))], c.mode, err, c.want)
		}
	}
}

func TestCreateSecretIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b.key")
	for i, want := range []bool{true, false} {
		if made, err := createSecret(path, []byte{byte('a' + i)}); made != want || err != nil {
			t.Fatalf("time %d: %v %v", i, made, err)
		}
	}
	if data, err := readSecret(path); string(data) != "a" || err != nil {
		t.Fatalf("%q %v: the second writer won", data, err)
	}
}

// badKeys is a folder with a key that is none.
func badKeys(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "reset.key"), []byte("no"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
