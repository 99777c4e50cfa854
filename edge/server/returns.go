package server

import (
	"crypto/rand"
	"net/http"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/token"
)

// Paths that URLs of ours lead back to.
const (
	pathAccept     = "/ab?e="
	pathImpression = "/it?e="
	pathClick      = "/click?e="
)

// returns makes the URLs of one request that lead back to this node, on the host that the request came in on. Each has a
// token that says which sale it is about. It is part of a pooled request and keeps its memory.
type returns struct {
	ring   *token.Ring
	nonce  func() [12]byte
	host   string // what tokens are bound to
	origin []byte // https://host[:port]
	now    time.Time
	claims token.Claims
	text   []byte // a token while it is made
}

// prepare points it at a request.
func (u *returns) prepare(h *Handler, r *http.Request, in request) {
	u.ring, u.nonce, u.host, u.now = h.tokens(), h.nonce, in.host, in.now
	u.origin = append(append(u.origin[:0], "https://"...), in.host...)
	u.origin = append(u.origin, portOf(r.Host)...)
}

// reset forgets the request.
func (u *returns) reset() {
	*u = returns{origin: u.origin[:0], text: keep(u.text)}
}

// appendAccept writes the URL that accepts a sale which is passed on, for the ad server to show.
func (u *returns) appendAccept(dst []byte, slot *adcall.Slot) []byte {
	u.claim(token.Accept, slot, ad.AcceptWindow(mediaOf(slot)))
	return u.append(dst, pathAccept, nil)
}

// appendBill writes the URL that accepts a sale as a picture, for callers that have the markup already.
func (u *returns) appendBill(dst []byte, slot *adcall.Slot) []byte {
	u.claim(token.Bill, slot, ad.AcceptWindow(mediaOf(slot)))
	return u.append(dst, pathImpression, nil)
}

// appendImpression writes the URL that counts a sale as shown. What is passed on may wait for as long as it can be
// accepted, and then has as long to show.
func (u *returns) appendImpression(dst []byte, slot *adcall.Slot) []byte {
	u.claim(token.Impression, slot, 2*ad.AcceptWindow(mediaOf(slot)))
	return u.append(dst, pathImpression, nil)
}

// appendClick writes the URL that counts a click. extra says where it may lead; see click.go.
func (u *returns) appendClick(dst []byte, slot *adcall.Slot, extra []byte) []byte {
	u.claim(token.Click, slot, ad.AcceptWindow(mediaOf(slot))+ad.ClickWindow)
	return u.append(dst, pathClick, extra)
}

// claim fills in what the token says, for a window that begins with the ad call.
func (u *returns) claim(purpose token.Purpose, slot *adcall.Slot, window time.Duration) {
	sale := &slot.Sale
	u.claims.Purpose, u.claims.SaleKey, u.claims.Kind = purpose, sale.SaleKey, sale.Kind
	u.claims.Publisher, u.claims.Placement, u.claims.Seat = sale.Publisher, sale.Placement, sale.Buyer
	u.claims.Bidder, u.claims.LineItem, u.claims.Creative = sale.Bidder, sale.LineItem, sale.Creative
	u.claims.Price, u.claims.Currency = sale.Paid, sale.Currency
	u.claims.Issued, u.claims.Expires = u.now, sale.At.Add(window)
}

// append writes origin, path and token; nothing at all if extra is longer than a token can hold.
func (u *returns) append(dst []byte, path string, extra []byte) []byte {
	u.text = u.ring.Seal(u.text[:0], u.host, &u.claims, extra, u.nonce())
	if len(u.text) == 0 {
		return dst
	}
	dst = append(append(dst, u.origin...), path...)
	return append(dst, u.text...)
}

// mediaOf is what kind of ad a slot was sold for, which decides how long the sale may wait.
func mediaOf(slot *adcall.Slot) ad.MediaType {
	if slot.Creative != nil && slot.Creative.Media != 0 {
		return slot.Creative.Media
	}
	return slot.Impression.Media
}

// portOf is the colon and port of a Host field; "" for none and for anything but digits.
func portOf(host string) string {
	for i := len(host) - 1; i >= 0; i-- {
		switch b := host[i]; {
		case b == ':':
			if i+1 < len(host) && len(host)-i <= len(":65535") {
				return host[i:]
			}
			return ""
		case b < '0' || b > '9':
			return ""
		}
	}
	return ""
}

// randomNonce is a nonce that nobody else draws.
func randomNonce() (n [12]byte) {
	// Read of crypto/rand never fails and never returns short.
	rand.Read(n[:]) //nolint:errcheck // see above
	return n
}

// ringOfOwn makes keys that live as long as the handler.
func ringOfOwn(now time.Time) *token.Ring {
	var k token.Key
	k.Made = now
	rand.Read(k.Secret[:]) //nolint:errcheck // see randomNonce
	return token.NewRing(k, token.Key{})
}
