package ad

// PriceScheme is how a price is sealed for a partner. The zero value is not at all.
type PriceScheme uint8

// Price schemes.
const (
	PriceOpen PriceScheme = iota // there is no sealed price
	PriceXOR                     // 38 characters: 16-byte initialisation vector, price XOR HMAC-SHA1 pad, 4-byte tag; two keys
	PriceAEAD                    // 48 characters: AES-256-GCM bound to partner and auction; one key
)

// PriceKey is the secret that a partner opens sealed prices with. It is never printed.
type PriceKey struct {
	Scheme     PriceScheme
	Encryption [32]byte
	Integrity  [32]byte // PriceXOR only
}

// String keeps the key out of messages.
func (PriceKey) String() string { return "[sealed]" }

// GoString keeps it out of dumps.
func (PriceKey) GoString() string { return "[sealed]" }
