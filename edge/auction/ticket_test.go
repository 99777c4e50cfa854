package auction

import (
	"encoding/binary"
	"testing"

	"curb/edge/ad"
)

// sipOf hashes whole words with the key 00 01 … 0f.
func sipOf(message []byte) uint64 {
	var key Salt
	for i := range key {
		key[i] = byte(i)
	}
	h := keySip(key)
	for at := 0; at < len(message); at += 8 {
		h = h.absorb(binary.LittleEndian.Uint64(message[at:]))
	}
	return h.sum(len(message))
}

// The reference vectors of SipHash-2-4 for messages 00 01 02 … of whole words.
func TestSipHashReferenceVectors(t *testing.T) {
	want := map[int][8]byte{
		0:  {0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72},
		8:  {0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93},
		16: {0xdb, 0x9b, 0xc2, 0x57, 0x7f, 0xcc, 0x2a, 0x3f},
		24: {0x94, 0xaf, 0x49, 0xf6, 0xc6, 0x50, 0xad, 0xb8},
		32: {0xce, 0x7c, 0xf2, 0x72, 0x2f, 0x51, 0x27, 0x71},
	}
	message := make([]byte, 32)
	for i := range message {
		message[i] = byte(i)
	}
	for n, bytes := range want {
		if got := sipOf(message[:n]); got != binary.LittleEndian.Uint64(bytes[:]) {
			t.Errorf("%d bytes hash to %016x, want %x (little-endian)", n, got, bytes)
		}
	}
}

func TestTicketDependsOnAllItIsDrawnFrom(t *testing.T) {
	base := Ticket(Salt{}, ad.AuctionID{}, 0, 7)
	seen := map[uint64]string{base: "base"}
	for name, ticket := range map[string]uint64{
		"salt":       Ticket(Salt{15: 1}, ad.AuctionID{}, 0, 7),
		"auction":    Ticket(Salt{}, ad.AuctionID{15: 1}, 0, 7),
		"auction 0":  Ticket(Salt{}, ad.AuctionID{0: 1}, 0, 7),
		"impression": Ticket(Salt{}, ad.AuctionID{}, 1, 7),
		"seat":       Ticket(Salt{}, ad.AuctionID{}, 0, 8),
		"line item":  lineItemTicket(&Setting{}, 0, 7),
	} {
		if other, taken := seen[ticket]; taken {
			t.Errorf("a different %s draws the ticket of %s", name, other)
		}
		seen[ticket] = name
	}
	if Ticket(Salt{}, ad.AuctionID{}, 0, 7) != base {
		t.Error("the same ticket drawn twice differs")
	}
}

// Four seats tie over many auctions: each wins its quarter, by a chi-squared test at 0.1 % (3 degrees of freedom).
func TestTicketsAreFair(t *testing.T) {
	const auctions, seats = 200_000, 4
	var wins [seats]int
	for n := range auctions {
		var id ad.AuctionID
		binary.BigEndian.PutUint64(id[:8], uint64(n))
		best := 0
		for seat := range seats {
			if Ticket(Salt{1}, id, 0, ad.MemberID(seat)) > Ticket(Salt{1}, id, 0, ad.MemberID(best)) {
				best = seat
			}
		}
		wins[best]++
	}
	chi, expect := 0.0, float64(auctions)/seats
	for _, w := range wins {
		chi += (float64(w) - expect) * (float64(w) - expect) / expect
	}
	if chi > 16.27 {
		t.Errorf("wins %v: chi squared %.1f, want at most 16.27", wins, chi)
	}
}
