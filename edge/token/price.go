package token

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"time"

	"curb/edge/ad"
)

// Price is a price on its way to one partner: a bidder, or a publisher for its ad server.
type Price struct {
	Partner uint32       // id of the bidder or publisher; PriceAEAD binds the text to it
	Auction ad.AuctionID // PriceAEAD binds the text to it
	Amount  ad.CPM       // micro-units of the currency agreed, per mille; 0 or more
	At      time.Time    // when it was sealed, to the microsecond; PriceXOR carries it, so that its age can be judged
}

// The parts of sealed prices.
const (
	priceBytes   = 8  // the amount, big-endian
	vectorBytes  = 16 // of PriceXOR: seconds(4) ‖ microseconds(4) ‖ random(8)
	xorTagBytes  = 4
	xorBytes     = vectorBytes + priceBytes + xorTagBytes
	aeadBytes    = nonceBytes + priceBytes + tagBytes
	aeadBeside   = 4 + 16 // partner ‖ auction
	sealedXOR    = (xorBytes*8 + 5) / 6
	sealedAEAD   = (aeadBytes*8 + 5) / 6
	sealedMemory = 64 // room for either
)

// SealPrice appends the price in base64url under the partner's key: 38 characters of PriceXOR, 48 of PriceAEAD. random is
// used once; PriceXOR takes its first 8 bytes. Nothing is appended for PriceOpen and for a negative amount.
//
// PriceXOR is vector ‖ (amount XOR pad) ‖ tag, where pad begins HMAC-SHA1(encryption key, vector) and tag begins
// HMAC-SHA1(integrity key, amount ‖ vector). PriceAEAD is nonce ‖ AES-256-GCM(encryption key, amount) with
// partner ‖ auction, 4 and 16 bytes, beside it. Numbers are big-endian.
func SealPrice(dst []byte, key *ad.PriceKey, p *Price, random [nonceBytes]byte) []byte {
	if p.Amount < 0 {
		return dst
	}
	sealed := make([]byte, 0, sealedMemory)
	switch key.Scheme {
	case ad.PriceXOR:
		sealed = sealXOR(sealed, key, p, random)
	case ad.PriceAEAD:
		sealed = append(sealed, random[:]...)
		amount := binary.BigEndian.AppendUint64(nil, uint64(p.Amount))
		sealed = gcm(key.Encryption[:]).Seal(sealed, sealed, amount, beside(p.Partner, p.Auction))
	default:
		return dst
	}
	return encoding.AppendEncode(dst, sealed)
}

func sealXOR(dst []byte, key *ad.PriceKey, p *Price, random [nonceBytes]byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, seconds(p.At))
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.At.Nanosecond()/1000))
	dst = append(dst, random[:vectorBytes-8]...)
	vector := dst[:vectorBytes]
	amount := binary.BigEndian.AppendUint64(nil, uint64(p.Amount))
	pad := digest(key.Encryption[:], vector, nil)
	for i := range priceBytes {
		dst = append(dst, amount[i]^pad[i])
	}
	return append(dst, digest(key.Integrity[:], amount, vector)[:xorTagBytes]...)
}

// OpenPrice is the inverse of SealPrice, for partners, tests and the simulator. Every text that is not of the key, and
// for PriceAEAD of the partner and auction, is ErrInvalid. PriceXOR knows neither partner nor auction, and a text made up
// by somebody without the key passes once in 2^32 tries. At is known of PriceXOR only.
func OpenPrice(text []byte, key *ad.PriceKey, partner uint32, auction ad.AuctionID) (Price, error) {
	p := Price{Partner: partner, Auction: auction}
	var memory [sealedMemory]byte
	ok := false
	switch {
	case key.Scheme == ad.PriceXOR && len(text) == sealedXOR:
		sealed, sound := decodePrice(memory[:0], text, xorBytes)
		ok = sound && openXOR(&p, key, sealed)
	case key.Scheme == ad.PriceAEAD && len(text) == sealedAEAD:
		sealed, sound := decodePrice(memory[:0], text, aeadBytes)
		ok = sound && openAEAD(&p, key, sealed)
	}
	if !ok || p.Amount < 0 {
		return Price{}, ErrInvalid
	}
	return p, nil
}

// decodePrice needs no search for line ends: a text of the right length that has some decodes to less.
func decodePrice(dst, text []byte, length int) (sealed []byte, sound bool) {
	sealed, err := encoding.AppendDecode(dst, text)
	return sealed, err == nil && len(sealed) == length
}

func openXOR(p *Price, key *ad.PriceKey, sealed []byte) bool {
	vector, tag := sealed[:vectorBytes], sealed[vectorBytes+priceBytes:]
	pad := digest(key.Encryption[:], vector, nil)
	amount := make([]byte, priceBytes)
	subtle.XORBytes(amount, sealed[vectorBytes:vectorBytes+priceBytes], pad)
	if !hmac.Equal(digest(key.Integrity[:], amount, vector)[:xorTagBytes], tag) {
		return false
	}
	p.Amount = ad.CPM(binary.BigEndian.Uint64(amount))
	p.At = time.Unix(int64(binary.BigEndian.Uint32(vector)), int64(binary.BigEndian.Uint32(vector[4:]))*1000).UTC()
	return true
}

func openAEAD(p *Price, key *ad.PriceKey, sealed []byte) bool {
	amount, err := gcm(key.Encryption[:]).Open(nil, sealed[:nonceBytes], sealed[nonceBytes:], beside(p.Partner, p.Auction))
	if err != nil || len(amount) != priceBytes {
		return false
	}
	p.Amount = ad.CPM(binary.BigEndian.Uint64(amount))
	return true
}

func beside(partner uint32, auction ad.AuctionID) []byte {
	dst := make([]byte, 0, aeadBeside)
	return append(binary.BigEndian.AppendUint32(dst, partner), auction[:]...)
}

// digest is HMAC-SHA1 of a ‖ b (RFC 2104). SHA-1 is the scheme's; as a MAC's hash it still holds.
func digest(key, a, b []byte) []byte {
	mac := hmac.New(sha1.New, key)
	mac.Write(a)
	mac.Write(b)
	return mac.Sum(nil)
}
