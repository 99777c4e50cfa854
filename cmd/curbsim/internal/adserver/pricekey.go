package adserver

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"curb/edge/ad"
	"curb/edge/token"
)

// PriceKey is what the publisher shares with its ad server, so that it can open the prices that the exchange seals for it.
type PriceKey struct {
	Scheme     string `json:"scheme"`     // aead or xor; empty: sealed prices are left alone
	Encryption string `json:"encryption"` // 32 bytes in base64url
	Integrity  string `json:"integrity"`  // the same, of xor only
	Partner    uint32 `json:"partner"`    // id of the publisher, which aead binds prices to
}

// ParsePriceKey reads SCHEME:ENCRYPTION, for xor with :INTEGRITY after it.
func ParsePriceKey(text string, partner uint32) (PriceKey, error) {
	if text == "none" {
		return PriceKey{}, nil
	}
	parts := strings.Split(text, ":")
	parts = append(parts, make([]string, max(3-len(parts), 0))...)
	k := PriceKey{Scheme: parts[0], Encryption: parts[1], Integrity: parts[2], Partner: partner}
	if len(parts) > 3 || k.Scheme == "" {
		return k, fmt.Errorf("write aead:KEY, xor:KEY:KEY, or none")
	}
	_, err := k.open()
	return k, err
}

// open gives the key in the form that opens prices.
func (k *PriceKey) open() (key ad.PriceKey, err error) {
	switch {
	case k.Scheme == "":
		return key, nil
	case k.Scheme == "aead":
		key.Scheme = ad.PriceAEAD
	case k.Scheme == "xor":
		key.Scheme = ad.PriceXOR
		if err := secret(&key.Integrity, "integrity", k.Integrity); err != nil {
			return key, err
		}
	default:
		return key, fmt.Errorf("price_key.scheme: unknown %q; one of aead, xor", k.Scheme)
	}
	return key, secret(&key.Encryption, "encryption", k.Encryption)
}

func secret(dst *[32]byte, field, text string) error {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil || len(raw) != len(dst) {
		return fmt.Errorf("price_key.%s: not 32 bytes in base64url", field)
	}
	copy(dst[:], raw)
	return nil
}

// verdict is what came of a sealed price.
type verdict uint8

const (
	unsealed  verdict = iota // there was none, or no key
	sealedOK                 // it says the price that stands beside it
	sealedBad                // it is not of the key, or says another
)

// unseal compares the sealed price of a request with the open one.
func (p *plan) unseal(query url.Values, price ad.CPM) verdict {
	text := query.Get("sealed")
	if text == "" || p.key.Scheme == ad.PriceOpen {
		return unsealed
	}
	var auction ad.AuctionID
	if id := query.Get("auction"); len(id) == hex.EncodedLen(len(auction)) {
		if _, err := hex.Decode(auction[:], []byte(id)); err != nil {
			return sealedBad
		}
	}
	opened, err := token.OpenPrice([]byte(text), &p.key, p.PriceKey.Partner, auction)
	if err != nil || opened.Amount != price {
		return sealedBad
	}
	return sealedOK
}
