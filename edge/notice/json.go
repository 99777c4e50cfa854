package notice

import (
	"strconv"
	"time"
	"unicode/utf8"

	"curb/edge/ad"
)

// appendHead begins a batch; appendTail ends it. Between them stand notices, with commas.
func appendHead(dst []byte, now time.Time) []byte {
	dst = append(dst, `{"timestamp":"`...)
	dst = now.UTC().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, `","notices":[`...)
}

func appendTail(dst []byte) []byte { return append(dst, "]}"...) }

// appendNotice writes one notice. What says nothing is left out.
func appendNotice(dst []byte, e *event) []byte {
	dst = append(dst, `{"event_id":"`...)
	dst = e.id.Append(dst)
	dst = append(dst, `","notify_type":"`...)
	dst = append(dst, e.Kind.String()...)
	dst = append(dst, `","type":"`...)
	dst = append(dst, e.Kind.String()...)
	dst = append(dst, '"')
	if e.PostPending {
		dst = append(dst, `,"post_pending":true`...)
	}
	dst = append(dst, `,"auction_id":"`...)
	dst = e.Auction.Append(dst)
	dst = append(dst, '"')
	dst = appendText(dst, "imp_id", e.Terms.ImpressionID)
	dst = appendText(dst, "bid_id", e.Terms.BidID)
	dst = appendID(dst, "member_id", uint32(e.Member))
	dst = appendID(dst, "placement_id", uint32(e.Placement))
	dst = appendID(dst, "publisher_id", uint32(e.Publisher))
	dst = appendID(dst, "creative_id", uint32(e.Creative))
	dst = appendText(dst, "creative_code", e.Terms.CreativeCode)
	dst = appendPrices(dst, e)
	dst = appendReason(dst, e)
	if e.Micros > 0 {
		dst = append(dst, `,"response_time_ms":`...)
		dst = ad.CPM(e.Micros * 1000).Append(dst) // thousandths of a unit, exact
	}
	dst = appendText(dst, "custom_notify_data", e.Terms.Data)
	dst = append(dst, `,"timestamp":"`...)
	dst = e.At.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, '"')
	if len(e.Full) > 0 {
		dst = append(dst, `,"auction":`...)
		dst = append(dst, e.Full...)
	}
	return append(dst, '}')
}

// appendPrices writes what was offered and what is paid, in the bid's currency; of sold it is what the owner got, USD.
func appendPrices(dst []byte, e *event) []byte {
	if e.BidPrice > 0 {
		dst = appendCPM(dst, "bid_price", e.BidPrice)
	}
	if e.Price > 0 {
		switch e.Kind {
		case ad.NoticeWon:
			dst = appendCPM(dst, "price_paid", e.Price)
		case ad.NoticeSold:
			dst = appendCPM(dst, "price_sold_for", e.Price)
		}
		dst = appendCPM(dst, "price", e.Price)
	}
	if e.BidPrice > 0 || e.Price > 0 {
		dst = appendText(dst, "currency", e.Currency.String())
	}
	return dst
}

func appendReason(dst []byte, e *event) []byte {
	if e.Kind != ad.NoticeLost && e.Kind != ad.NoticeError {
		return dst
	}
	dst = appendText(dst, "reason", e.Reason.String())
	dst = append(dst, `,"loss_code":`...)
	dst = strconv.AppendInt(dst, int64(e.Reason.LossCode()), 10)
	if code := e.Reason.NotifyCode(); code != 0 {
		dst = append(dst, `,"notify_code":`...)
		dst = strconv.AppendInt(dst, int64(code), 10)
	}
	return dst
}

func appendName(dst []byte, name string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

func appendCPM(dst []byte, name string, price ad.CPM) []byte {
	return price.Append(appendName(dst, name))
}

func appendID(dst []byte, name string, id uint32) []byte {
	if id == 0 {
		return dst
	}
	return strconv.AppendUint(appendName(dst, name), uint64(id), 10)
}

func appendText(dst []byte, name, text string) []byte {
	if text == "" {
		return dst
	}
	return appendString(appendName(dst, name), text)
}

// appendString writes a JSON string (RFC 8259 §7). Bytes that are not UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		i++
	}
	return append(dst, '"')
}
