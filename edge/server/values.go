package server

import (
	"encoding/binary"
	"strconv"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/macro"
)

// values are the macros of one slot's creative.
type values struct {
	call *ad.Call
	slot *adcall.Slot
	size ad.Size
}

var _ macro.Values = (*values)(nil)

// AppendMacro appends the value of a name.
func (v *values) AppendMacro(dst []byte, name macro.Name) []byte {
	if name >= macro.PT1 && name <= macro.PT9 {
		return append(dst, v.call.PassThrough[name-macro.PT1]...)
	}
	switch name {
	case macro.ClickURL:
		return append(dst, v.call.ClickTracker...)
	case macro.Cachebuster:
		return v.cachebuster(dst)
	case macro.AuctionID:
		return v.call.ID.Append(dst)
	case macro.TagID:
		return number(dst, v.slot.Impression.Placement.ID)
	case macro.SellerMemberID:
		return number(dst, v.slot.Impression.Placement.Member)
	case macro.PublisherID:
		return number(dst, v.call.Publisher.ID)
	case macro.SiteID:
		return number(dst, v.call.Site.ID)
	case macro.ReservePrice:
		return v.slot.Result.Floor.Append(dst)
	case macro.ECP:
		estimate, _ := v.slot.Impression.Placement.Estimate(v.size)
		return estimate.Clear.Append(dst)
	case macro.RefererURL:
		return append(dst, v.call.Page...)
	case macro.Timestamp:
		return strconv.AppendInt(dst, v.call.Received.Unix(), 10)
	case macro.CreativeSize:
		return v.size.Append(dst)
	case macro.Width:
		return number(dst, v.size.W)
	case macro.Height:
		return number(dst, v.size.H)
	case macro.ImpID:
		return append(dst, v.slot.Impression.ID...)
	}
	return v.appendPerson(dst, name)
}

// appendPerson appends what concerns the user and the law.
func (v *values) appendPerson(dst []byte, name macro.Name) []byte {
	switch name {
	case macro.Age:
		if v.call.YearOfBirth == 0 {
			return append(dst, '0')
		}
		return strconv.AppendInt(dst, int64(v.call.Received.UTC().Year()-int(v.call.YearOfBirth)), 10)
	case macro.Gender:
		switch v.call.Gender {
		case 'M':
			return append(dst, 'm')
		case 'F':
			return append(dst, 'f')
		case 'O':
			return append(dst, 'o')
		}
		return append(dst, 'u')
	case macro.GDPR:
		if v.call.GDPR >= 0 {
			return strconv.AppendInt(dst, int64(v.call.GDPR), 10)
		}
		return dst
	case macro.GDPRConsent:
		return append(dst, v.call.TCF...)
	case macro.GPPString:
		return append(dst, v.call.GPP...)
	case macro.GPPSID:
		for i, id := range v.call.GPPSID {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(dst, int64(id), 10)
		}
		return dst
	case macro.USPrivacy:
		return append(dst, v.call.USPrivacy...)
	}
	return v.appendBid(dst, name)
}

// appendBid appends what concerns creative and bid; a default creative has no bid.
func (v *values) appendBid(dst []byte, name macro.Name) []byte {
	creative, bid := v.slot.Creative, v.slot.Bid
	switch name {
	case macro.CreativeID, macro.AdID:
		if creative == nil {
			return append(dst, '0')
		}
		return number(dst, creative.ID)
	case macro.CreativeCode:
		if creative == nil {
			return dst
		}
		return append(dst, creative.Code...)
	case macro.DealID:
		if bid == nil || bid.Deal == nil {
			return append(dst, '0')
		}
		return append(dst, bid.Deal.ID...)
	case macro.PricePaid:
		if bid == nil {
			return append(dst, '0')
		}
		return v.slot.Result.Paid.Append(dst)
	}
	if bid == nil {
		if name == macro.BidPrice {
			return append(dst, '0')
		}
		return dst
	}
	switch name {
	case macro.BidPrice:
		return bid.Price.Append(dst)
	case macro.BidID:
		return append(dst, bid.ID...)
	case macro.SeatID:
		return number(dst, bid.Member)
	case macro.BidCurrency:
		return append(dst, bid.Currency.String()...)
	}
	return dst
}

// cachebuster is the tag's, or digits that no other call has.
func (v *values) cachebuster(dst []byte) []byte {
	if v.call.Cachebuster != "" {
		return append(dst, v.call.Cachebuster...)
	}
	return strconv.AppendUint(dst, binary.BigEndian.Uint64(v.call.ID[:8]), 10)
}

func number[T ~uint32 | ~uint16](dst []byte, n T) []byte {
	return strconv.AppendUint(dst, uint64(n), 10)
}
