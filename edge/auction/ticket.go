package auction

import (
	"encoding/binary"
	"math/bits"

	"curb/edge/ad"
)

// Ticket is a seat's lot in the ties of one impression: SipHash-2-4 under the salt over the auction id, the impression
// and the seat. The highest wins. A seat has one ticket however many bids it sends, and nobody without the salt can
// choose an id that wins more often.
func Ticket(salt Salt, auction ad.AuctionID, impression int, seat ad.MemberID) uint64 {
	return newSip(salt, auction).seat(impression, seat).sum(24)
}

// lineItemTicket orders line items of one seat that ask the same price, so that they take turns. Its message is longer
// than a seat's, which keeps the two apart.
func lineItemTicket(s *Setting, item ad.LineItemID, seat ad.MemberID) uint64 {
	return newSip(s.Salt, s.Auction).seat(s.Impression, seat).absorb(uint64(item)).sum(32)
}

// sip is the state of SipHash-2-4 (Aumasson and Bernstein, 2012) for messages that are whole 64-bit words.
type sip struct{ v0, v1, v2, v3 uint64 }

// newSip keys a state and takes in the 16 bytes of the auction id.
func newSip(salt Salt, auction ad.AuctionID) sip {
	return keySip(salt).
		absorb(binary.LittleEndian.Uint64(auction[:8])).
		absorb(binary.LittleEndian.Uint64(auction[8:]))
}

func (h sip) seat(impression int, seat ad.MemberID) sip {
	return h.absorb(uint64(uint32(impression))<<32 | uint64(seat))
}

func keySip(salt Salt) sip {
	k0, k1 := binary.LittleEndian.Uint64(salt[:8]), binary.LittleEndian.Uint64(salt[8:])
	return sip{
		v0: k0 ^ 0x736f6d6570736575,
		v1: k1 ^ 0x646f72616e646f6d,
		v2: k0 ^ 0x6c7967656e657261,
		v3: k1 ^ 0x7465646279746573,
	}
}

// absorb takes in one word: two rounds.
func (h sip) absorb(word uint64) sip {
	h.v3 ^= word
	h.v0, h.v1, h.v2, h.v3 = sipRound(sipRound(h.v0, h.v1, h.v2, h.v3))
	h.v0 ^= word
	return h
}

// sum ends a message of so many bytes, a multiple of 8.
func (h sip) sum(bytes int) uint64 {
	h = h.absorb(uint64(bytes) << 56)
	h.v2 ^= 0xff
	h.v0, h.v1, h.v2, h.v3 = sipRound(sipRound(h.v0, h.v1, h.v2, h.v3))
	h.v0, h.v1, h.v2, h.v3 = sipRound(sipRound(h.v0, h.v1, h.v2, h.v3))
	return h.v0 ^ h.v1 ^ h.v2 ^ h.v3
}

// sipRound takes and gives the state by value, so that it is inlined and stays in registers.
func sipRound(v0, v1, v2, v3 uint64) (uint64, uint64, uint64, uint64) {
	v0 += v1
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v0 = bits.RotateLeft64(v0, 32)
	v2 += v3
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 += v3
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v2 += v1
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	return v0, v1, bits.RotateLeft64(v2, 32), v3
}
