package schema

import (
	"encoding/base64"
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

// TestNoMessageShowsAKey mistypes a file with a key at every byte in turn, in every way of a list, and looks for what is
// left of the key in what is said.
func TestNoMessageShowsAKey(t *testing.T) {
	random := rand.New(rand.NewSource(32))
	raw := make([]byte, keyBytes)
	for shape, form := range []string{
		"apiVersion: curb/v1\nkind: Publisher\nmetadata: {name: p}\nspec:\n  id: 1\n  member: m\n  price_key:\n    scheme: aead\n    encryption: KEY\n",
		"apiVersion: curb/v1\nkind: Publisher\nmetadata: {name: p}\nspec: {id: 1, member: m, price_key: {scheme: aead, encryption: \"KEY\"}}\n",
		`{"apiVersion": "curb/v1", "kind": "Publisher", "metadata": {"name": "p"}, "spec": {"id": 1, "member": "m", "price_key": {"scheme": "aead", "encryption" : "KEY"}}}`,
		"apiVersion: curb/v1\nkind: Publisher\nmetadata: {name: p}\nspec:\n  id: 1\n  member: m\n  price_key:\n    scheme: aead\n    encryption: |\n      KEY\n",
	} {
		random.Read(raw)
		key := base64.RawURLEncoding.EncodeToString(raw)
		text := strings.ReplaceAll(form, "KEY", key)
		for i := range text {
			for _, typo := range []string{"", "x", "{", "\"", ": ", "\n", "&", "\x00", "\t", "#"} {
				report := &Report{}
				name := "a.yaml"
				if shape == 2 {
					name = "a.json"
				}
				Parse(name, []byte(text[:i]+typo+text[i+1:]), Options{}, report)
				if said := fmt.Sprint(report.Problems()); shows(said, key) {
					t.Fatalf("shape %d, %q at byte %d of\n%s\nsays\n%s", shape, typo, i, text, said)
				}
			}
		}
	}
}

// shows says whether a message holds a third of a key.
func shows(said, key string) bool {
	const part = 14
	for i := 0; i+part <= len(key); i++ {
		if strings.Contains(said, key[i:i+part]) {
			return true
		}
	}
	return false
}

func TestVeilLeavesTheRest(t *testing.T) {
	for line, want := range map[string]string{
		"  dongle: abcdefgh   # of the demo":                           "  dongle: ********   # ** *** ****",
		`{"Dongle" : "abc", "id": 1}`:                                  `{"Dongle" : "***", "id": *}`,
		"price_key: {scheme: aead, encryption: x,y z, integrity: [z]}": "price_key: {scheme: ****, encryption: *,* *, integrity: [*]}",
		"encryption_key=abc":                                           "encryption_key=abc",
		"a dongle":                                                     "a dongle",
		"dongle:":                                                      "dongle:",
		"spec: {id: 1, dongle: äöü12, x: y}":                           "spec: {id: 1, dongle: *****, x: *}",
		"name: a-very-long-name-of-a-placement-on-the-front-page":      "name: a-very-long-name-of-a-placement-on-the-front-page",
		"url: https://CDN.example/A/b/3/some-long-path-of-a-creative":  "url: https://CDN.example/A/b/3/some-long-path-of-a-creative",
		"x: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8 y":             "x: ******************************************* y",
		"x: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBk short of a few":        "x: *********************************** short of a few",
		"": "",
	} {
		if got := veil(line); got != want {
			t.Errorf("veil(%q)\n got %q\nwant %q", line, got, want)
		}
	}
}

func TestVeilAfterALine(t *testing.T) {
	for _, c := range []struct{ before, line, want string }{
		{"  encryption: |", "    abc: def", "    **** ***"},
		{"  encryption: ab", "cdef", "****"},
		{"  encryption: ab", "  id: 1", "  id: 1"},
		{"  price_key:", "    scheme: aead", "    scheme: aead"},
		{"  price_key:", "    abc", "    ***"},
		{"  id: 1", "  name: x", "  name: x"},
	} {
		if got := veilAfter(c.before, c.line); got != c.want {
			t.Errorf("%q after %q: got %q, want %q", c.line, c.before, got, c.want)
		}
	}
}

func TestKeys(t *testing.T) {
	for text, ok := range map[string]bool{
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8":   true,
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=":  true,
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==": false,
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9":   false, // two bits too many
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh":    false,
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8f":  false,
		"++++AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8":   false, // base64, not base64url
		"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX\nGBkaGxwdHh8": false,
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA":   false,
		"": false,
	} {
		v := &Value{typ: form(FormKey)}
		f := readKey(&reading{Type: v.typ, v: v, text: text})
		if (f == nil) != ok {
			t.Errorf("%q: %v, want accepted: %v", text, f, ok)
		}
		if ok && v.Key()[31] != 31 {
			t.Errorf("%q reads as %v", text, v.Key())
		}
	}
}
