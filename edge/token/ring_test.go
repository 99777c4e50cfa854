package token

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const host = "ads.news.example"

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func key(id byte) Key {
	k := Key{ID: id, Made: noon}
	for i := range k.Secret {
		k.Secret[i] = id + byte(i)
	}
	return k
}

func ring() *Ring { return NewRing(key(7), key(6)) }

func claims(purpose Purpose) *Claims {
	return &Claims{
		Purpose: purpose, SaleKey: ad.SaleKey{Auction: ad.AuctionID{1, 2, 3, 15: 16}, Impression: 3}, Kind: ad.DealBid,
		Publisher: 10, Placement: 1001, Seat: 201, Bidder: 9701, LineItem: 0xFFFF_FFFF, Creative: 5001, Price: 1_234_567,
		Currency: ad.Currency{'E', 'U', 'R'}, Client: 0xCAFE_BABE, Privacy: 0x8001, Issued: noon, Expires: noon.Add(5 * time.Minute),
	}
}

// nonces gives another nonce at each call, the same in every run.
func nonces() func() [12]byte {
	source := rand.NewChaCha8([32]byte{'n'})
	return func() (n [12]byte) {
		_, _ = source.Read(n[:])
		return n
	}
}

func seal(r *Ring, purpose Purpose, extra string) []byte {
	return r.Seal(nil, host, claims(purpose), []byte(extra), [12]byte{1, 2, 3})
}

var sameClaims = cmpopts.IgnoreUnexported(Claims{})

func TestRoundTrip(t *testing.T) {
	for _, p := range []Purpose{Accept, Impression, Click, Cookie, Bill} {
		for _, extra := range []string{"", "x", "https://shop.example/landing?a=1&b=%20", strings.Repeat("e", ExtraBytesMax)} {
			text := ring().Seal([]byte("before "), host, claims(p), []byte(extra), [12]byte{9})
			token, ok := bytes.CutPrefix(text, []byte("before "))
			if !ok {
				t.Fatalf("%s: Seal wrote over what stood before", p)
			}
			if len(token) > ad.TokenBytesMax {
				t.Errorf("%s: a token of %d characters, more than ad.TokenBytesMax", p, len(token))
			}
			kept := bytes.Clone(token)
			var got Claims
			opened, err := ring().Open(token, p, host, noon, &got)
			if err != nil || string(opened) != extra {
				t.Fatalf("%s: extra %.40q, error %v; want %.40q", p, opened, err, extra)
			}
			if diff := cmp.Diff(claims(p), &got, sameClaims); diff != "" {
				t.Errorf("%s: (-sealed +opened)\n%s", p, diff)
			}
			if !bytes.Equal(token, kept) {
				t.Errorf("%s: Open changed the text", p)
			}
		}
	}
}

// TestLength pins the length of a token without extra: it stands in URLs whose room is counted.
func TestLength(t *testing.T) {
	if n := len(seal(ring(), Accept, "")); n != 131 {
		t.Errorf("a token without extra has %d characters, want 131", n)
	}
}

// TestBitFlips: no text that differs in one bit from a token opens, under any purpose.
func TestBitFlips(t *testing.T) {
	r, next := ring(), nonces()
	var c Claims
	tried := 0
	for i := range 1000 {
		purpose := Accept + Purpose(i%5)
		text := r.Seal(nil, host, claims(purpose), []byte("https://shop.example/"[:i%8]), next())
		for bit := range len(text) * 8 {
			text[bit/8] ^= 1 << (bit % 8)
			if _, err := r.Open(text, purpose, host, noon, &c); err != ErrInvalid {
				t.Fatalf("token %d, bit %d: %v, want ErrInvalid", i, bit, err)
			}
			text[bit/8] ^= 1 << (bit % 8)
			tried++
		}
		if _, err := r.Open(text, purpose, host, noon, &c); err != nil {
			t.Fatalf("token %d does not open unchanged: %v", i, err)
		}
	}
	if tried < 1_000_000 {
		t.Errorf("only %d flips tried", tried)
	}
}

// TestLastCharacter tries every character in the place of the last: its spare bits must not be free.
func TestLastCharacter(t *testing.T) {
	r := ring()
	var c Claims
	for extra := range 3 { // the three lengths modulo 3
		text := seal(r, Click, "abc"[:extra])
		opened := 0
		for last := range 256 {
			other := append(bytes.Clone(text[:len(text)-1]), byte(last))
			if _, err := r.Open(other, Click, host, noon, &c); err == nil {
				opened++
			}
		}
		if opened != 1 {
			t.Errorf("%d of 256 last characters open a token with %d bytes of extra, want 1", opened, extra)
		}
	}
}

func TestInvalid(t *testing.T) {
	good := string(seal(ring(), Accept, "extra"))
	raw, _ := base64.RawURLEncoding.DecodeString(good)
	encoded := func(change func(b []byte) []byte) string {
		return base64.RawURLEncoding.EncodeToString(change(bytes.Clone(raw)))
	}
	cases := map[string]string{
		"empty":            "",
		"one character":    "A",
		"truncated":        good[:len(good)-1],
		"truncated a lot":  good[:60],
		"longer":           good + "A",
		"padded":           good + "=",
		"line end inside":  good[:10] + "\n" + good[10:],
		"line end behind":  good + "\r\n",
		"space before":     " " + good,
		"standard base64":  strings.NewReplacer("-", "+", "_", "/").Replace(good) + "+",
		"version 0":        encoded(func(b []byte) []byte { b[0] = 0; return b }),
		"version 2":        encoded(func(b []byte) []byte { b[0] = 2; return b }),
		"unknown key":      encoded(func(b []byte) []byte { b[1] = 99; return b }),
		"the other key":    encoded(func(b []byte) []byte { b[1] = 6; return b }),
		"zeros":            encoded(func(b []byte) []byte { return make([]byte, len(b)) }),
		"over the limit":   strings.Repeat("A", ad.TokenBytesMax+1),
		"at the limit":     strings.Repeat("A", ad.TokenBytesMax),
		"10 KiB":           strings.Repeat(good, 80)[:10<<10],
		"not characters":   "\xff\xfe" + good[2:],
		"percent encoded":  "%" + good[1:],
		"twice":            good + good,
		"without the head": encoded(func(b []byte) []byte { return b[2:] }),
	}
	for name, text := range cases {
		c := *claims(Accept)
		extra, err := ring().Open([]byte(text), Accept, host, noon, &c)
		if err != ErrInvalid || extra != nil {
			t.Errorf("%s: %q, %v, want ErrInvalid", name, extra, err)
		}
		if diff := cmp.Diff(Claims{}, c, sameClaims); diff != "" {
			t.Errorf("%s: a refused token leaves claims behind:\n%s", name, diff)
		}
	}
}

func TestPurposesAndHosts(t *testing.T) {
	var c Claims
	all := []Purpose{0, Accept, Impression, Click, Cookie, Bill, purposeEnd, 255}
	for _, made := range all {
		text := ring().Seal(nil, host, claims(made), nil, [12]byte{})
		known := made >= Accept && made < purposeEnd
		if (len(text) > 0) != known {
			t.Errorf("purpose %d: a token of %d characters", made, len(text))
		}
		for _, shown := range all {
			_, err := ring().Open(text, shown, host, noon, &c)
			if want := known && made == shown; (err == nil) != want {
				t.Errorf("made for %d, shown as %d: %v", made, shown, err)
			}
		}
	}
	text := seal(ring(), Accept, "")
	for shown, want := range map[string]bool{
		host: true, "ADS.News.example": true, host + ".": true, host + ":443": true, host + ".:443": true,
		host + ":8443": false, "news.example": false, "": false, "x" + host: false, host + "x": false, host + "..": false,
		strings.Repeat("a", hostBytesMax+1): false,
	} {
		if _, err := ring().Open(text, Accept, shown, noon, &c); (err == nil) != want {
			t.Errorf("host %.40q: %v", shown, err)
		}
	}
	for made, shown := range map[string]string{"127.0.0.1:8080": "127.0.0.1:8080", "[::1]:443": "[::1]", "A.example.:8080": "a.example:8080", "": "", "[::1]": "[::1]"} {
		text := ring().Seal(nil, made, claims(Accept), nil, [12]byte{})
		if _, err := ring().Open(text, Accept, shown, noon, &c); err != nil {
			t.Errorf("made for %q, shown at %q: %v", made, shown, err)
		}
	}
	if text := ring().Seal(nil, strings.Repeat("a", hostBytesMax+1), claims(Accept), nil, [12]byte{}); len(text) != 0 {
		t.Error("a host over the limit got a token")
	}
	if text := ring().Seal(nil, host, claims(Click), make([]byte, ExtraBytesMax+1), [12]byte{}); len(text) != 0 {
		t.Error("an extra over the limit got a token")
	}
}

func TestExpiry(t *testing.T) {
	text := seal(ring(), Accept, "x")
	expires := noon.Add(5 * time.Minute)
	for after, want := range map[time.Duration]error{
		-time.Second: nil, 0: nil, 120 * time.Second: nil, 120*time.Second + 1: ErrExpired, 121 * time.Second: ErrExpired, 24 * 365 * time.Hour: ErrExpired,
	} {
		var c Claims
		_, err := ring().Open(text, Accept, host, expires.Add(after), &c)
		if err != want {
			t.Errorf("%v after it expires: %v, want %v", after, err, want)
		}
		if c.SaleKey != claims(Accept).SaleKey {
			t.Errorf("%v after it expires: the claims are not there", after)
		}
	}
	// An expired token that was changed says nothing of its age.
	text[40] ^= 1
	if _, err := ring().Open(text, Accept, host, expires.Add(time.Hour), new(Claims)); err != ErrInvalid {
		t.Errorf("expired and changed: %v, want ErrInvalid", err)
	}
}

// TestSeconds: a window is never shorter than was promised, and times beyond 32 bits are the nearest that fit.
func TestSeconds(t *testing.T) {
	c := claims(Accept)
	c.Issued, c.Expires = noon.Add(time.Millisecond), noon.Add(time.Millisecond)
	var got Claims
	open := func() {
		t.Helper()
		if _, err := ring().Open(ring().Seal(nil, host, c, nil, [12]byte{}), Accept, host, time.Time{}, &got); err != nil {
			t.Fatal(err)
		}
	}
	if open(); !got.Issued.Equal(noon) || !got.Expires.Equal(noon.Add(time.Second)) {
		t.Errorf("issued %v, expires %v", got.Issued, got.Expires)
	}
	c.Issued, c.Expires = time.Time{}, time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)
	if open(); got.Issued.Unix() != 0 || got.Expires.Unix() != 1<<32-1 {
		t.Errorf("issued %v, expires %v", got.Issued, got.Expires)
	}
}

func TestRotate(t *testing.T) {
	var c Claims
	first := NewRing(key(255), Key{})
	old := seal(first, Accept, "")
	second := first.Rotate(key(first.NextID()))
	if current, previous := second.Keys(); current.ID != 0 || previous != key(255) {
		t.Errorf("after 255 come %d and %d", current.ID, previous.ID)
	}
	newer := seal(second, Accept, "")
	third := second.Rotate(key(second.NextID()))
	for _, step := range []struct {
		name string
		ring *Ring
		text []byte
		want error
	}{
		{"old in first", first, old, nil}, {"old in second", second, old, nil}, {"old in third", third, old, ErrInvalid},
		{"newer in first", first, newer, ErrInvalid}, {"newer in second", second, newer, nil}, {"newer in third", third, newer, nil},
		{"the first ring's token seals with its current key", NewRing(key(255), key(6)), old, nil},
	} {
		if _, err := step.ring.Open(step.text, Accept, host, noon, &c); err != step.want {
			t.Errorf("%s: %v, want %v", step.name, err, step.want)
		}
	}
	// Two keys of one id cannot be told apart: only the current one lives.
	other := key(255)
	other.Secret[0]++
	for name, r := range map[string]*Ring{"made": NewRing(other, key(255)), "rotated": first.Rotate(other)} {
		if _, err := r.Open(old, Accept, host, noon, &c); err != ErrInvalid {
			t.Errorf("%s with an id twice: %v", name, err)
		}
		if _, previous := r.Keys(); previous != (Key{}) {
			t.Errorf("%s with an id twice: both are kept", name)
		}
	}
}

// TestNoKey: without a secret there is no token, not one that anybody could make.
func TestNoKey(t *testing.T) {
	none := NewRing(Key{ID: 1}, Key{})
	if text := seal(none, Accept, ""); text != nil {
		t.Errorf("sealed without a key: %s", text)
	}
	if _, err := none.Open(seal(ring(), Accept, ""), Accept, host, noon, new(Claims)); err != ErrInvalid {
		t.Errorf("opened without a key: %v", err)
	}
}

// TestClaimsReused: what one token said does not shine through the next.
func TestClaimsReused(t *testing.T) {
	var c Claims
	long, err := ring().Open(seal(ring(), Click, strings.Repeat("long", 100)), Click, host, noon, &c)
	if err != nil || len(long) != 400 {
		t.Fatal(len(long), err)
	}
	short, err := ring().Open(seal(ring(), Click, "short"), Click, host, noon, &c)
	if err != nil || string(short) != "short" {
		t.Errorf("%q, %v", short, err)
	}
}

func TestAllocations(t *testing.T) {
	r, c := ring(), claims(Click)
	extra := []byte("https://shop.example/landing?campaign=summer")
	text := make([]byte, 0, 2*ad.TokenBytesMax)
	var opened Claims
	bad := seal(NewRing(key(9), Key{}), Click, string(extra))
	if n := testing.AllocsPerRun(100, func() {
		text = r.Seal(text[:0], host, c, extra, [12]byte{5})
		if _, err := r.Open(text, Click, host, noon, &opened); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Open(bad, Click, host, noon, &opened); err != ErrInvalid {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestSealGrowsOnce(t *testing.T) {
	// Whatever room dst has, what Seal appends is the same.
	want := seal(ring(), Click, "extra")
	for room := range 500 {
		got := ring().Seal(make([]byte, 0, room), host, claims(Click), []byte("extra"), [12]byte{1, 2, 3})
		if !bytes.Equal(got, want) {
			t.Fatalf("with room for %d: %s", room, got)
		}
	}
}

func TestPrintedKeys(t *testing.T) {
	k := key(3)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, value := range []any{k, &k} {
			if text := fmt.Sprintf(format, value); strings.Contains(text, "0304") || strings.Contains(text, "3 4 5") || strings.Contains(text, "0x3, 0x4") {
				t.Errorf("%s of a key prints it: %s", format, text)
			}
		}
	}
}

// FuzzOpen: a text opens only if it is one of ours, to the character.
func FuzzOpen(f *testing.F) {
	r := ring()
	good := [][]byte{seal(r, Accept, ""), seal(r, Click, "https://shop.example/"), seal(NewRing(key(6), Key{}), Cookie, "uid")}
	for _, text := range good {
		f.Add(text, uint8(Accept), host)
		f.Add(text[:len(text)/2], uint8(Click), "")
	}
	f.Add([]byte("AQcA"), uint8(Impression), "Ads.News.Example.:443")
	f.Fuzz(func(t *testing.T, text []byte, purpose uint8, host string) {
		var c Claims
		extra, err := r.Open(text, Purpose(purpose), host, noon, &c)
		if err != nil {
			if !errors.Is(err, ErrInvalid) || extra != nil {
				t.Fatalf("%q, %v", extra, err)
			}
			return
		}
		if !slices.ContainsFunc(good, func(g []byte) bool { return bytes.Equal(g, text) }) {
			t.Fatalf("opened what was never sealed: %q", text)
		}
	})
}

func BenchmarkSealOpen(b *testing.B) {
	r, c := ring(), claims(Accept)
	text := make([]byte, 0, 512)
	var opened Claims
	b.ReportAllocs()
	for b.Loop() {
		text = r.Seal(text[:0], host, c, nil, [12]byte{5})
		if _, err := r.Open(text, Accept, host, noon, &opened); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenInvalid shows what a forged text costs, beside a good one: the same.
func BenchmarkOpenInvalid(b *testing.B) {
	r := ring()
	good := seal(r, Accept, "")
	bad := map[string][]byte{"good": good, "tag": bytes.Clone(good), "key": bytes.Clone(good), "version": bytes.Clone(good), "encoding": bytes.Clone(good)}
	bad["tag"][100] ^= 1
	bad["key"][2] ^= 4
	bad["version"][0] ^= 4
	bad["encoding"][60] = '!'
	for _, name := range []string{"good", "tag", "key", "version", "encoding"} {
		b.Run(name, func(b *testing.B) {
			var c Claims
			for b.Loop() {
				if _, err := r.Open(bad[name], Accept, host, noon, &c); (err == nil) != (name == "good") {
					b.Fatal(err)
				}
			}
		})
	}
}
