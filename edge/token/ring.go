package token

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"slices"
	"time"

	"curb/edge/ad"
)

// The parts of a token.
const (
	version    = 1
	headBytes  = 2 // version and key id
	nonceBytes = 12
	tagBytes   = 16
	// leastBytes is a token without extra.
	leastBytes = headBytes + nonceBytes + claimsBytes + tagBytes
	// ExtraBytesMax bounds extra, so that no token is longer than ad.TokenBytesMax.
	ExtraBytesMax = ad.TokenBytesMax*3/4 - leastBytes
	// hostBytesMax bounds a host: a DNS name and a port.
	hostBytesMax = 260
)

// encoding is base64url without padding, whose spare bits are zero: one text per token.
var encoding = base64.RawURLEncoding.Strict()

// Ring is two live keys: the current one seals, both open. It is immutable and safe for concurrent use; a holder that
// changes keys swaps the pointer to the next ring.
type Ring struct {
	current, previous keyed
}

// keyed is a key with its ciphers, made once.
type keyed struct {
	key   Key
	aeads [purposeEnd]cipher.AEAD
}

// newKeyed of a key that is not live has no ciphers: it neither seals nor opens.
func newKeyed(k Key) keyed {
	d := keyed{key: k}
	if !k.live() {
		return d
	}
	for p := Accept; p < purposeEnd; p++ {
		d.aeads[p] = k.cipher(p)
	}
	return d
}

// NewRing makes a ring of two keys. A previous that is the zero Key, or has the current one's id, is left out. With the
// zero Key for current nothing is sealed and nothing opened: there is no secret that everybody knows.
func NewRing(current, previous Key) *Ring {
	r := &Ring{current: newKeyed(current)}
	if previous.live() && previous.ID != current.ID {
		r.previous = newKeyed(previous)
	}
	return r
}

// Rotate makes the ring that seals with next and still opens what this one sealed. What the key before sealed is void,
// so keys are changed no more often than the longest token lives. next.ID is NextID.
func (r *Ring) Rotate(next Key) *Ring {
	after := &Ring{current: newKeyed(next)}
	if next.ID != r.current.key.ID {
		after.previous = r.current
	}
	return after
}

// NextID is the id for the key after the current one.
func (r *Ring) NextID() byte { return r.current.key.ID + 1 }

// Keys are the ring's, for AppendKeys; previous is the zero Key where there is none.
func (r *Ring) Keys() (current, previous Key) { return r.current.key, r.previous.key }

// knows reports whether there can be tokens for the purpose and host at all.
func (r *Ring) knows(p Purpose, host string) bool {
	return p > 0 && p < purposeEnd && len(host) <= hostBytesMax && r.current.aeads[p] != nil
}

// Seal appends a token for c.Purpose to dst: the claims, and extra, which is the caller's own. host is where the token
// will be shown again, as in a URL. nonce is random and used once: a key seals at most 2^32 tokens.
//
// Nothing is appended for no purpose, for an extra of more than ExtraBytesMax, or for a host that cannot be one. Seal
// works in dst's spare room: with 3 KiB + 3 KiB it never allocates.
func (r *Ring) Seal(dst []byte, host string, c *Claims, extra []byte, nonce [nonceBytes]byte) []byte {
	if !r.knows(c.Purpose, host) || len(extra) > ExtraBytesMax {
		return dst
	}
	tokenBytes := leastBytes + len(extra)
	text := len(dst)
	from := text + encoding.EncodedLen(tokenBytes)
	end := from + tokenBytes
	dst = slices.Grow(dst, end+headBytes+1+len(host)-text)

	token := append(dst[from:from:cap(dst)], version, r.current.key.ID)
	token = append(token, nonce[:]...)
	token = c.append(token)
	token = append(token, extra...)
	// The tag goes between the plain text and what is authenticated beside it, which lies in the same spare room.
	beside := appendBeside(dst[end:end:cap(dst)], r.current.key.ID, c.Purpose, host)
	plain := token[headBytes+nonceBytes:]
	r.current.aeads[c.Purpose].Seal(plain[:0], token[headBytes:headBytes+nonceBytes], plain, beside)
	dst = dst[:from]
	encoding.Encode(dst[text:], token[:tokenBytes])
	return dst
}

// Open reads a token that Seal made for the purpose and the host. The error is ErrInvalid, and c then says nothing, or
// ErrExpired, and c says what the token said. extra is valid until c is used again; text is left as it is.
func (r *Ring) Open(text []byte, purpose Purpose, host string, now time.Time, c *Claims) (extra []byte, err error) {
	token, sound := c.decode(text)
	*c = Claims{buf: c.buf}
	if !r.knows(purpose, host) || len(token) < leastBytes {
		return nil, ErrInvalid
	}
	// From here on every text costs the same: what is known to be wrong is held against a key all the same.
	with := &r.current
	switch id := token[1]; {
	case id == r.current.key.ID:
	case id == r.previous.key.ID && r.previous.key.live():
		with = &r.previous
	default:
		sound = false
	}
	sound = sound && token[0] == version
	c.buf = appendBeside(token, with.key.ID, purpose, host)
	beside, sealed := c.buf[len(token):], token[headBytes+nonceBytes:]
	plain, err := with.aeads[purpose].Open(sealed[:0], token[headBytes:headBytes+nonceBytes], sealed, beside)
	if err != nil || !sound || Purpose(plain[0]) != purpose {
		return nil, ErrInvalid
	}
	c.read(plain)
	if c.Expires.Add(ad.ClockSkewMax).Before(now) {
		return nil, ErrExpired
	}
	return plain[claimsBytes:], nil
}

// decode reads the text into c's memory, with room for what Open puts behind it. sound is false for a text that Seal does
// not write; what could be read of it is given all the same. A text over ad.TokenBytesMax is not read.
func (c *Claims) decode(text []byte) (token []byte, sound bool) {
	if len(text) > ad.TokenBytesMax {
		return nil, false
	}
	n := encoding.DecodedLen(len(text))
	c.buf = slices.Grow(c.buf[:0], n+headBytes+1+hostBytesMax)
	got, err := encoding.Decode(c.buf[:n], text)
	// The decoder passes over line ends, so that a token could be written in more than one way.
	sound = err == nil && bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') < 0
	if !sound {
		got = n
	}
	return c.buf[:got], sound
}

// appendBeside writes what is authenticated beside a token: version ‖ key id ‖ purpose ‖ host.
func appendBeside(dst []byte, id byte, p Purpose, host string) []byte {
	return appendHost(append(dst, version, id, byte(p)), host)
}

// appendHost writes a host as one spelling of it: in lower case, without a trailing dot and without the port of https.
func appendHost(dst []byte, host string) []byte {
	name, port := host, ""
	for i := len(host) - 1; i >= 0 && host[i]-'0' < 10 || i >= 0 && host[i] == ':'; i-- {
		if host[i] == ':' {
			name, port = host[:i], host[i:]
			break
		}
	}
	if n := len(name); n > 0 && name[n-1] == '.' {
		name = name[:n-1]
	}
	for i := range len(name) {
		letter := name[i]
		if letter-'A' < 26 {
			letter += 'a' - 'A'
		}
		dst = append(dst, letter)
	}
	if port != ":443" {
		dst = append(dst, port...)
	}
	return dst
}
