package token

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"curb/edge/ad"
)

// The two ways in which a token does not count.
var (
	// ErrInvalid is a text that is no token of this ring, purpose and host. It says no more on purpose.
	ErrInvalid = errors.New("token is not valid")
	// ErrExpired is a genuine token whose time is over by more than ad.ClockSkewMax.
	ErrExpired = errors.New("token has expired")
)

// Purpose is what a token is for. A token of one purpose is nothing to another.
type Purpose uint8

// Purposes. The zero value is none; tokens of it are neither made nor opened.
const (
	Accept     Purpose = 1 + iota // the publisher's ad server took the sale: /ab
	Impression                    // the ad was shown: /it
	Click                         // it was clicked: /click; extra holds where the click may lead
	Cookie                        // the node's own cookie of a user
	Bill                          // a caller that had the markup from the start showed it: /it bills the sale
	purposeEnd
)

// String is the purpose's word, from which its key is derived: it never changes.
func (p Purpose) String() string {
	switch p {
	case Accept:
		return "accept"
	case Impression:
		return "impression"
	case Click:
		return "click"
	case Cookie:
		return "cookie"
	case Bill:
		return "bill"
	}
	return "none"
}

// Claims is what a token says. It may be used for one token after the other, and then keeps their memory.
type Claims struct {
	Purpose Purpose // Seal seals for this one; Open sets it
	ad.SaleKey
	Kind      ad.BidKind
	Publisher ad.PublisherID
	Placement ad.PlacementID
	Seat      ad.MemberID
	Bidder    ad.BidderID // 0: managed
	LineItem  ad.LineItemID
	Creative  ad.CreativeID
	Price     ad.CPM // of the sale, in Currency
	Currency  ad.Currency
	// Client is a coarse fingerprint of who was sold to, e.g. of address range and browser; a score and never a proof.
	Client uint32
	// Privacy is the caller's own bits of what the law allowed.
	Privacy uint16
	// Issued and Expires are kept in whole seconds up to the year 2106: Issued rounded down, Expires up.
	Issued, Expires time.Time

	buf []byte // what was opened last: plain text, then what was authenticated beside it
}

// claimsBytes is the length of the claims in a token.
const claimsBytes = 16 + 1 + 1 + 1 + 4*6 + 8 + 3 + 4 + 2 + 4 + 4

// append writes the claims as Open reads them: integers big-endian, in this order.
func (c *Claims) append(dst []byte) []byte {
	dst = append(dst, byte(c.Purpose))
	dst = append(dst, c.Auction[:]...)
	dst = append(dst, c.SaleKey.Impression, byte(c.Kind))
	for _, id := range [...]uint32{uint32(c.Publisher), uint32(c.Placement), uint32(c.Seat), uint32(c.Bidder), uint32(c.LineItem), uint32(c.Creative)} {
		dst = binary.BigEndian.AppendUint32(dst, id)
	}
	dst = binary.BigEndian.AppendUint64(dst, uint64(c.Price))
	dst = append(dst, c.Currency[:]...)
	dst = binary.BigEndian.AppendUint32(dst, c.Client)
	dst = binary.BigEndian.AppendUint16(dst, c.Privacy)
	dst = binary.BigEndian.AppendUint32(dst, seconds(c.Issued))
	return binary.BigEndian.AppendUint32(dst, seconds(c.Expires.Add(time.Second-1)))
}

// read is the inverse of append. plain has claimsBytes or more.
func (c *Claims) read(plain []byte) {
	c.Purpose = Purpose(plain[0])
	copy(c.Auction[:], plain[1:17])
	c.SaleKey.Impression, c.Kind = plain[17], ad.BidKind(plain[18])
	at := plain[19:]
	next := func() uint32 {
		id := binary.BigEndian.Uint32(at)
		at = at[4:]
		return id
	}
	c.Publisher, c.Placement = ad.PublisherID(next()), ad.PlacementID(next())
	c.Seat, c.Bidder = ad.MemberID(next()), ad.BidderID(next())
	c.LineItem, c.Creative = ad.LineItemID(next()), ad.CreativeID(next())
	c.Price = ad.CPM(binary.BigEndian.Uint64(at))
	copy(c.Currency[:], at[8:11])
	c.Client = binary.BigEndian.Uint32(at[11:])
	c.Privacy = binary.BigEndian.Uint16(at[15:])
	c.Issued = time.Unix(int64(binary.BigEndian.Uint32(at[17:])), 0).UTC()
	c.Expires = time.Unix(int64(binary.BigEndian.Uint32(at[21:])), 0).UTC()
}

// seconds is t in Unix seconds, the nearest that 32 bits hold.
func seconds(t time.Time) uint32 { return uint32(min(max(t.Unix(), 0), math.MaxUint32)) }
