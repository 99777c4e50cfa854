package server

import (
	"strconv"
	"unicode/utf8"

	"curb/edge/ad"
	"curb/edge/adcall"
)

// legacyUnit is what the integer prices of old header bidding adapters count: a ten-thousandth of a dollar per mille.
const legacyUnit ad.CPM = 100

// json writes the answer of /jpt: price, and markup that calls the ad back. Without a sale the price is 0 and the rest is
// empty, so that readers of either find what they look for.
func (p *passing) json(slot *adcall.Slot) {
	out := p.out[:0]
	if p.callback != "" {
		out = append(out, "/**/"...) // whatever reads the first bytes as something else finds a comment
		out = append(out, p.callback...)
		out = append(out, '(')
	}
	wrapped := p.legacy && p.callbackUID != ""
	if wrapped {
		out = append(out, `{"callback_uid":`...)
		out = appendJSONString(out, p.callbackUID)
		out = append(out, `,"result":`...)
	}
	out = p.bid(out, slot)
	if wrapped {
		out = append(out, '}')
	}
	if p.callback != "" {
		out = append(out, ");"...)
	}
	p.out = append(out, '\n')
}

// bid writes the object.
func (p *passing) bid(out []byte, slot *adcall.Slot) []byte {
	if slot.Outcome != adcall.Sold {
		return append(out, `{"cpm":0,"ad":"","width":0,"height":0,"deal_id":"","creative_id":0,"accept":""}`...)
	}
	sale := &slot.Sale
	out = append(out, `{"cpm":`...)
	if p.legacy {
		out = strconv.AppendInt(out, int64(sale.Net/legacyUnit), 10)
	} else {
		out = sale.Net.Append(out)
	}
	out = append(out, `,"ad":"`...)
	if len(p.accept) > 0 {
		out = p.frame(out, slot.Size)
	}
	out = append(out, `","width":`...)
	out = number(out, slot.Size.W)
	out = append(out, `,"height":`...)
	out = number(out, slot.Size.H)
	out = append(out, `,"deal_id":`...)
	out = appendJSONString(out, sale.Deal)
	out = append(out, `,"creative_id":`...)
	out = number(out, sale.Creative)
	out = append(out, `,"accept":"`...)
	out = append(out, p.accept...)
	return append(out, `"}`...)
}

// frame writes the markup that calls the accept URL, as the inside of a JSON string that may stand in a script element. The
// URL is of our own making and needs no escaping.
func (p *passing) frame(out []byte, size ad.Size) []byte {
	out = append(out, `\u003ciframe src=\"`...)
	out = append(out, p.accept...)
	out = append(out, `\" width=\"`...)
	out = number(out, size.W)
	out = append(out, `\" height=\"`...)
	out = number(out, size.H)
	out = append(out, `\" title=\"Advertisement\" scrolling=\"no\" style=\"border:0;display:block\" sandbox=\"`...)
	out = append(out, sandbox...)
	return append(out, `\"\u003e\u003c/iframe\u003e`...)
}

// appendJSONString appends a JSON string in ASCII that means nothing to HTML around it.
func appendJSONString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		b := text[i]
		switch {
		case b >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(text[i:])
			if r > 0xffff {
				r -= 0x10000
				dst = appendUnit(dst, 0xd800+r>>10)
				r = 0xdc00 + r&0x3ff
			}
			dst = appendUnit(dst, r)
			i += n
			continue
		case b < ' ' || b == 0x7f || b == '<' || b == '>' || b == '&' || b == '\'':
			dst = appendUnit(dst, rune(b))
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		default:
			dst = append(dst, b)
		}
		i++
	}
	return append(dst, '"')
}
