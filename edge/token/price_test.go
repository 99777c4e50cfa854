package token

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"

	"github.com/google/go-cmp/cmp"
)

// TestPriceVectors holds both directions against prices that another implementation sealed.
func TestPriceVectors(t *testing.T) {
	file, err := os.ReadFile("testdata/prices.txt")
	if err != nil {
		t.Fatal(err)
	}
	vectors := 0
	for line := range strings.Lines(string(file)) {
		if line[0] == '#' {
			continue
		}
		var scheme, encryption, integrity, auction, random, text string
		var p Price
		var sec, micros int64
		if _, err := fmt.Sscan(line, &scheme, &encryption, &integrity, &p.Partner, &auction, &p.Amount, &sec, &micros, &random, &text); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		key := ad.PriceKey{Scheme: map[string]ad.PriceScheme{"xor": ad.PriceXOR, "aead": ad.PriceAEAD}[scheme]}
		copy(key.Encryption[:], decoded(t, base64.RawURLEncoding.DecodeString, encryption))
		copy(key.Integrity[:], decoded(t, base64.RawURLEncoding.DecodeString, integrity))
		copy(p.Auction[:], decoded(t, hex.DecodeString, auction))
		p.At = time.Unix(sec, micros*1000).UTC()
		if got := SealPrice([]byte("p="), &key, &p, [12]byte(decoded(t, hex.DecodeString, random))); string(got) != "p="+text {
			t.Errorf("%s %s: sealed %s, want %s", scheme, p.Amount, got, text)
		}
		if scheme == "aead" {
			p.At = time.Time{}
		}
		got, err := OpenPrice([]byte(text), &key, p.Partner, p.Auction)
		if diff := cmp.Diff(p, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-sealed +opened)\n%s", text, err, diff)
		}
		vectors++
	}
	if vectors < 14 {
		t.Errorf("%d vectors, want 14", vectors)
	}
}

func decoded(t *testing.T, decode func(string) ([]byte, error), text string) []byte {
	t.Helper()
	b, err := decode(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return b
}

func priceKey(scheme ad.PriceScheme) *ad.PriceKey {
	return &ad.PriceKey{Scheme: scheme, Encryption: [32]byte{1, 2, 3}, Integrity: [32]byte{4, 5, 6}}
}

func TestPriceRoundTrips(t *testing.T) {
	rounds := 100_000
	if testing.Short() {
		rounds = 1000
	}
	random, next := rand.New(rand.NewPCG(1, 2)), nonces()
	for _, scheme := range []ad.PriceScheme{ad.PriceXOR, ad.PriceAEAD} {
		key := priceKey(scheme)
		var text []byte
		for range rounds {
			p := Price{Partner: random.Uint32(), Auction: ad.AuctionID{byte(random.Uint32())}, Amount: ad.CPM(random.Uint64() >> (1 + random.UintN(63))), At: noon}
			text = SealPrice(text[:0], key, &p, next())
			if len(text) != map[ad.PriceScheme]int{ad.PriceXOR: 38, ad.PriceAEAD: 48}[scheme] {
				t.Fatalf("scheme %d: %d characters: %s", scheme, len(text), text)
			}
			got, err := OpenPrice(text, key, p.Partner, p.Auction)
			if err != nil || got.Amount != p.Amount {
				t.Fatalf("scheme %d: sealed %s, opened %s, %v", scheme, p.Amount, got.Amount, err)
			}
		}
	}
}

// TestPriceRefused: no changed text, no other key, partner or auction.
func TestPriceRefused(t *testing.T) {
	p := Price{Partner: 7, Auction: ad.AuctionID{8}, Amount: 1_500_000, At: noon}
	next := nonces()
	for _, scheme := range []ad.PriceScheme{ad.PriceXOR, ad.PriceAEAD} {
		key := priceKey(scheme)
		for range 200 {
			text := SealPrice(nil, key, &p, next())
			for bit := range len(text) * 8 {
				text[bit/8] ^= 1 << (bit % 8)
				if got, err := OpenPrice(text, key, 7, p.Auction); err != ErrInvalid || got != (Price{}) {
					t.Fatalf("scheme %d, bit %d of %s: %+v, %v", scheme, bit, text, got, err)
				}
				text[bit/8] ^= 1 << (bit % 8)
			}
		}
		text := SealPrice(nil, key, &p, next())
		other := *key
		other.Encryption[31]++
		swapped := *key
		swapped.Scheme = ad.PriceXOR + ad.PriceAEAD - scheme
		for name, open := range map[string]func() (Price, error){
			"another partner's key": func() (Price, error) { return OpenPrice(text, &other, 7, p.Auction) },
			"the other scheme":      func() (Price, error) { return OpenPrice(text, &swapped, 7, p.Auction) },
			"no scheme":             func() (Price, error) { return OpenPrice(text, &ad.PriceKey{}, 7, p.Auction) },
			"shorter":               func() (Price, error) { return OpenPrice(text[1:], key, 7, p.Auction) },
			"longer":                func() (Price, error) { return OpenPrice(append(bytes.Clone(text), 'A'), key, 7, p.Auction) },
			"padded": func() (Price, error) {
				return OpenPrice(append(bytes.Clone(text[:len(text)-1]), '='), key, 7, p.Auction)
			},
			"a line end":       func() (Price, error) { return OpenPrice(append([]byte{'\n'}, text[1:]...), key, 7, p.Auction) },
			"a line end in it": func() (Price, error) { return OpenPrice(append([]byte{'\n'}, text...), key, 7, p.Auction) },
			"empty":            func() (Price, error) { return OpenPrice(nil, key, 7, p.Auction) },
		} {
			if _, err := open(); err != ErrInvalid {
				t.Errorf("scheme %d, %s: %v", scheme, name, err)
			}
		}
		bound := scheme == ad.PriceAEAD
		if _, err := OpenPrice(text, key, 9, p.Auction); (err != nil) != bound {
			t.Errorf("scheme %d, another partner: %v", scheme, err)
		}
		if _, err := OpenPrice(text, key, 7, ad.AuctionID{9}); (err != nil) != bound {
			t.Errorf("scheme %d, another auction: %v", scheme, err)
		}
	}
}

// TestPriceNotSealed: what cannot be sealed leaves nothing, above all not the price.
func TestPriceNotSealed(t *testing.T) {
	for name, got := range map[string][]byte{
		"open":     SealPrice(nil, &ad.PriceKey{}, &Price{Amount: 5}, [12]byte{}),
		"unknown":  SealPrice(nil, &ad.PriceKey{Scheme: 3}, &Price{Amount: 5}, [12]byte{}),
		"negative": SealPrice(nil, priceKey(ad.PriceAEAD), &Price{Amount: -5}, [12]byte{}),
	} {
		if len(got) != 0 {
			t.Errorf("%s: %s", name, got)
		}
	}
	// A key holder may seal an amount beyond CPM; it is refused, not read as negative.
	p := Price{Amount: math.MinInt64, At: noon}
	forged := sealXOR(nil, priceKey(ad.PriceXOR), &p, [12]byte{})
	if _, err := OpenPrice(encoding.AppendEncode(nil, forged), priceKey(ad.PriceXOR), 0, ad.AuctionID{}); err != ErrInvalid {
		t.Errorf("an amount over 63 bits: %v", err)
	}
}

// FuzzOpenPrice: what opens is, sealed again with the same random bytes, the same text.
func FuzzOpenPrice(f *testing.F) {
	p := Price{Partner: 7, Auction: ad.AuctionID{8}, Amount: 1_500_000, At: noon}
	for _, scheme := range []ad.PriceScheme{ad.PriceXOR, ad.PriceAEAD} {
		f.Add(SealPrice(nil, priceKey(scheme), &p, [12]byte{1, 2, 3}), uint8(scheme), p.Partner)
	}
	f.Add([]byte(""), uint8(ad.PriceOpen), uint32(0))
	f.Fuzz(func(t *testing.T, text []byte, scheme uint8, partner uint32) {
		key := priceKey(ad.PriceScheme(scheme))
		got, err := OpenPrice(text, key, partner, p.Auction)
		if err != nil {
			return
		}
		raw, _ := encoding.AppendDecode(nil, text)
		var random [12]byte
		if key.Scheme == ad.PriceXOR {
			copy(random[:], raw[8:vectorBytes])
		} else {
			copy(random[:], raw)
		}
		if again := SealPrice(nil, key, &got, random); !bytes.Equal(again, text) {
			t.Fatalf("%q opens as %+v, which is sealed as %q", text, got, again)
		}
	})
}

func BenchmarkPrice(b *testing.B) {
	for name, scheme := range map[string]ad.PriceScheme{"xor": ad.PriceXOR, "aead": ad.PriceAEAD} {
		b.Run(name, func(b *testing.B) {
			key, p, dst := priceKey(scheme), Price{Partner: 7, Amount: 1_500_000, At: noon}, make([]byte, 0, 64)
			b.ReportAllocs()
			for b.Loop() {
				dst = SealPrice(dst[:0], key, &p, [12]byte{})
			}
		})
	}
}
