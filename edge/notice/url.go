package notice

import (
	"errors"
	"strconv"
	"strings"

	"curb/edge/ad"
)

// urlBytesMax bounds a notice URL after its macros are filled.
const urlBytesMax = 4 << 10

var errURLTooLong = errors.New("URL is longer than 4096 bytes once its macros are filled")

// Seal appends the price, sealed so that only the partner reads it.
type Seal func(dst []byte, key *ad.PriceKey, partner uint32, auction ad.AuctionID, price ad.CPM) []byte

// expansion fills the macros of one event's URLs.
type expansion struct {
	event  *event
	bidder *ad.Bidder
	seal   Seal
}

// appendURL fills ${NAME} in one pass: what a value holds is never read again. Values are percent-encoded where they
// stand; names that mean nothing stay, with braces encoded. Scheme and host hold no macro: egress.Guard.CheckURL has said
// so.
func (x *expansion) appendURL(dst []byte, template string) ([]byte, error) {
	for {
		at := strings.Index(template, "${")
		if at < 0 {
			dst = appendLiteral(dst, template)
			break
		}
		dst = appendLiteral(dst, template[:at])
		template = template[at:]
		end := strings.IndexByte(template, '}')
		start := len(dst)
		if end >= 0 {
			var known bool
			if dst, known = x.appendValue(dst, template[2:end]); known {
				dst = encodeFrom(dst, start)
				template = template[end+1:]
				continue
			}
		}
		dst = append(dst, "$%7B"...)
		template = template[2:]
	}
	if len(dst) > urlBytesMax {
		return dst, errURLTooLong
	}
	return dst, nil
}

// appendValue appends the raw value of a macro of OpenRTB 2.6 §4.4, or of ours.
func (x *expansion) appendValue(dst []byte, name string) (_ []byte, known bool) {
	e := x.event
	switch name {
	case "AUCTION_ID":
		return e.Auction.Append(dst), true
	case "AUCTION_BID_ID":
		return append(dst, e.Terms.BidID...), true
	case "AUCTION_IMP_ID":
		return append(dst, e.Terms.ImpressionID...), true
	case "AUCTION_SEAT_ID":
		return appendNumber(dst, uint32(e.Member)), true
	case "AUCTION_AD_ID":
		return appendNumber(dst, uint32(e.Creative)), true
	case "AUCTION_PRICE":
		return x.appendPrice(dst), true
	case "AUCTION_CURRENCY":
		return append(dst, e.Currency.String()...), true
	case "AUCTION_LOSS":
		return strconv.AppendInt(dst, int64(x.loss()), 10), true
	case "AUCTION_MIN_TO_WIN":
		return dst, true // not disclosed (OpenRTB 2.6 §4.4 lets an exchange remove it)
	case "CREATIVE_CODE":
		return append(dst, e.Terms.CreativeCode...), true
	case "SEALED_PRICE":
		return x.appendSealed(dst), true
	}
	return dst, false
}

// appendPrice says nothing to losers: the clearing price is the winner's business.
func (x *expansion) appendPrice(dst []byte) []byte {
	if x.event.Kind != ad.NoticeWon {
		return dst
	}
	return x.event.Price.Append(dst)
}

func (x *expansion) appendSealed(dst []byte) []byte {
	key := &x.bidder.PriceKey
	if x.event.Kind != ad.NoticeWon || key.Scheme == ad.PriceOpen || x.seal == nil {
		return dst
	}
	return x.seal(dst, key, uint32(x.bidder.ID), x.event.Auction, x.event.Price)
}

func (x *expansion) loss() int {
	if x.event.Kind != ad.NoticeLost {
		return 0
	}
	return x.event.Reason.LossCode()
}

func appendNumber(dst []byte, id uint32) []byte {
	if id == 0 {
		return dst
	}
	return strconv.AppendUint(dst, uint64(id), 10)
}

// appendLiteral copies what the bidder wrote, which CheckURL has passed; braces are percent-encoded (RFC 3986 §2).
func appendLiteral(dst []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; c {
		case '{':
			dst = append(dst, "%7B"...)
		case '}':
			dst = append(dst, "%7D"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// encodeFrom percent-encodes dst[start:] in place, all but unreserved characters (RFC 3986 §2.3).
func encodeFrom(dst []byte, start int) []byte {
	const digits = "0123456789ABCDEF"
	extra := 0
	for _, c := range dst[start:] {
		if !unreserved(c) {
			extra += 2
		}
	}
	if extra == 0 {
		return dst
	}
	from := len(dst) - 1
	dst = append(dst, make([]byte, extra)...)
	for to := len(dst) - 1; from >= start; from-- {
		c := dst[from]
		if unreserved(c) {
			dst[to] = c
			to--
			continue
		}
		dst[to], dst[to-1], dst[to-2] = digits[c&15], digits[c>>4], '%'
		to -= 3
	}
	return dst
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~'
}

// hostOf is the authority of a URL, what deliveries to one server have in common.
func hostOf(url string) string {
	if at := strings.Index(url, "://"); at >= 0 {
		url = url[at+3:]
	}
	if at := strings.IndexAny(url, "/?"); at >= 0 {
		url = url[:at]
	}
	return strings.ToLower(url)
}
