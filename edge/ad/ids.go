package ad

import "encoding/hex"

// Typed ids. All are assigned by the operator in rule files, positive, and unique per kind within one node's rule set.
type (
	// PublisherID names a Publisher.
	PublisherID uint32
	// SiteID names a Site.
	SiteID uint32
	// PlacementID names a Placement: the id of a tag.
	PlacementID uint32
	// MemberID names a Member: a buying or selling seat. It is the seat of OpenRTB's seatbid.
	MemberID uint32
	// BidderID names a Bidder: an endpoint that bids for one or more members.
	BidderID uint32
	// CreativeID names a registered Creative, OpenRTB's adid.
	CreativeID uint32
	// LineItemID names a LineItem.
	LineItemID uint32
)

// AuctionID is 128 random bits, written as 32 lower-case hex digits. It seeds the ticket that breaks ties.
type AuctionID [16]byte

// Append writes the 32 hex digits.
func (id AuctionID) Append(dst []byte) []byte { return hex.AppendEncode(dst, id[:]) }

// String gives the 32 hex digits.
func (id AuctionID) String() string { return hex.EncodeToString(id[:]) }

// Size is a creative or slot size in CSS pixels. 0x0 means "not said".
type Size struct{ W, H uint16 }

// ParseSize reads WxH, both 1 to 9999 in decimal without sign or leading zero.
func ParseSize(text string) (Size, bool) {
	w, rest, ok := parseSide(text)
	if !ok || rest == "" || rest[0] != 'x' {
		return Size{}, false
	}
	h, rest, ok := parseSide(rest[1:])
	if !ok || rest != "" {
		return Size{}, false
	}
	return Size{w, h}, true
}

func parseSide(text string) (side uint16, rest string, ok bool) {
	i := 0
	for i < len(text) && i < 4 && text[i] >= '0' && text[i] <= '9' {
		side = side*10 + uint16(text[i]-'0')
		i++
	}
	if i == 0 || text[0] == '0' {
		return 0, "", false
	}
	return side, text[i:], true
}

// Append writes WxH.
func (s Size) Append(dst []byte) []byte {
	dst = appendUint(dst, uint64(s.W))
	dst = append(dst, 'x')
	return appendUint(dst, uint64(s.H))
}

// String gives WxH.
func (s Size) String() string { return string(s.Append(nil)) }
