package macro

import (
	"bytes"
	"strconv"

	"curb/edge/ad"
)

// Redirect is an ad server's URL, parsed: where it leads is fixed, and what follows has places for values. It is immutable
// and may be used by many goroutines at once.
//
// A Redirect and the click targets of landing.go make the only values that a Location header may have.
type Redirect struct {
	origin string         // scheme://host[:port]
	parts  []redirectPart // of path and query

	// What a tag's own URL is compared with: the path up to its first value, as it is written.
	fixed   string
	slotted bool // a value follows it in the path
}

// redirectPart is literal text, percent-encoded as it is sent, and the value after it.
type redirectPart struct {
	literal string
	slot    redirectSlot
	inPath  bool
}

// RedirectValues are the values of one redirect. Texts may be anything: they are percent-encoded.
type RedirectValues struct {
	Bucket       []byte // price rounded down for the ad server's line items, as written there
	Price        ad.CPM // net, USD; 0: nothing was sold
	Sealed       []byte // the price, for the ad server's eyes only
	AcceptURL    []byte // empty: nothing was sold
	Auction      ad.AuctionID
	Creative     ad.CreativeID
	CreativeCode string
	Size         ad.Size // 0x0 writes nothing
	Deal         string
	Cachebuster  string
	Placement    ad.PlacementID
}

// redirectSlot is a macro of ad servers' URLs.
type redirectSlot uint8

const (
	noSlot redirectSlot = iota
	slotBucket
	slotPrice
	slotSealed
	slotAccept
	slotAuction
	slotCreative
	slotCreativeCode
	slotSize
	slotWidth
	slotHeight
	slotDeal
	slotCachebuster
	slotPlacement
)

// slotOf finds a macro by what stands between its braces.
func slotOf(name string) redirectSlot {
	switch name {
	case "PRICEBUCKET":
		return slotBucket
	case "PRICE":
		return slotPrice
	case "SEALED_PRICE":
		return slotSealed
	case "ACCEPT_URL":
		return slotAccept
	case "AUCTION_ID":
		return slotAuction
	case "CREATIVE_ID":
		return slotCreative
	case "CREATIVE_CODE":
		return slotCreativeCode
	case "SIZE":
		return slotSize
	case "WIDTH":
		return slotWidth
	case "HEIGHT":
		return slotHeight
	case "DEAL_ID":
		return slotDeal
	case "CB":
		return slotCachebuster
	case "PLACEMENT_ID":
		return slotPlacement
	}
	return noSlot
}

// Append writes the URL with its values, in one pass: what a value holds is never read again. On an error, which is a
// *RedirectError, dst is as it was.
func (r *Redirect) Append(dst []byte, v RedirectValues) ([]byte, error) {
	from := len(dst)
	dst = append(dst, r.origin...)
	for i := range r.parts {
		p := &r.parts[i]
		dst = append(dst, p.literal...)
		if p.slot != noSlot {
			start := len(dst)
			dst = v.append(dst, p.slot)
			dst = escapeValue(dst, start, p.inPath)
		}
		if len(dst)-from > ad.RedirectBytesMax {
			return dst[:from], errResultTooLong
		}
	}
	if !isSound(dst[from:], r.origin) {
		return dst[:from], errUnsound
	}
	return dst, nil
}

// Where gives scheme, host and port.
func (r *Redirect) Where() string { return r.origin }

// append writes the raw value of a slot.
func (v *RedirectValues) append(dst []byte, slot redirectSlot) []byte {
	switch slot {
	case slotBucket:
		return append(dst, v.Bucket...)
	case slotPrice:
		return v.Price.Append(dst)
	case slotSealed:
		return append(dst, v.Sealed...)
	case slotAccept:
		return append(dst, v.AcceptURL...)
	case slotAuction:
		return v.Auction.Append(dst)
	case slotCreative:
		return strconv.AppendUint(dst, uint64(v.Creative), 10)
	case slotCreativeCode:
		return append(dst, v.CreativeCode...)
	case slotDeal:
		return append(dst, v.Deal...)
	case slotCachebuster:
		return append(dst, v.Cachebuster...)
	case slotPlacement:
		return strconv.AppendUint(dst, uint64(v.Placement), 10)
	}
	if v.Size == (ad.Size{}) {
		return dst
	}
	switch slot {
	case slotSize:
		return v.Size.Append(dst)
	case slotWidth:
		return strconv.AppendUint(dst, uint64(v.Size.W), 10)
	}
	return strconv.AppendUint(dst, uint64(v.Size.H), 10)
}

// escapeValue percent-encodes dst[start:] in place. Nothing but dots would be a step in a path, and no encoding of a dot
// is not one (WHATWG URL): underscores stand for them there.
func escapeValue(dst []byte, start int, inPath bool) []byte {
	if value := dst[start:]; inPath && len(bytes.TrimLeft(value, ".")) == 0 {
		for i := range value {
			value[i] = '_'
		}
		return dst
	}
	mid := len(dst)
	dst = appendComponent(dst, dst[start:mid])
	return dst[:start+copy(dst[start:], dst[mid:])]
}

// isSound is the last look at a URL before it is given away. It holds whatever the rest of the package does.
func isSound[T string | []byte](url []byte, origin T) bool {
	if len(url) <= len(origin) || string(url[:len(origin)]) != string(origin) || url[len(origin)] != '/' {
		return false
	}
	for _, b := range url {
		if b < 0x21 || b > 0x7e || b == '\\' {
			return false
		}
	}
	return true
}
