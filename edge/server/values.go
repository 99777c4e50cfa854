package server

import (
	"encoding/binary"
	"strconv"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/catalog"
	"curb/edge/macro"
)

// values are the macros of one slot's creative.
type values struct {
	call *ad.Call
	slot *adcall.Slot
	size ad.Size
	snap *catalog.Snapshot // nil: no place is known
	node string
	// personal: what identifies or describes the user may be told.
	personal bool
	clicks   *clicks // nil: clicks go through the publisher's tracker only
}

var _ macro.Values = (*values)(nil)

// AppendMacro appends the value of a name.
func (v *values) AppendMacro(dst []byte, name macro.Name) []byte {
	if name >= macro.PT1 && name <= macro.PT9 {
		return append(dst, v.call.PassThrough[name-macro.PT1]...)
	}
	switch name {
	case macro.ClickURL:
		if v.clicks != nil {
			return v.clicks.appendPrefix(dst)
		}
		return append(dst, v.call.ClickTracker...)
	case macro.Cachebuster:
		return v.cachebuster(dst)
	case macro.AuctionID:
		return v.call.ID.Append(dst)
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
	return v.appendInventory(dst, name)
}

// appendInventory appends what concerns the place that is sold.
func (v *values) appendInventory(dst []byte, name macro.Name) []byte {
	place := v.slot.Impression.Placement
	switch name {
	case macro.TagID:
		return number(dst, place.ID)
	case macro.TagCode1:
		return append(dst, place.Code...)
	case macro.SellerMemberID:
		return number(dst, place.Member)
	case macro.PublisherID:
		return number(dst, v.call.Publisher.ID)
	case macro.PublisherCode:
		return append(dst, v.call.Publisher.Name...)
	case macro.SiteID:
		return number(dst, v.call.Site.ID)
	case macro.ExtAppID:
		if v.call.Site.Kind == ad.App {
			return append(dst, v.call.Site.Bundle...)
		}
		return dst
	case macro.SupplyType:
		return append(dst, v.supply())
	case macro.ReservePrice:
		return v.slot.Result.Floor.Append(dst)
	case macro.ECP:
		estimate, _ := place.Estimate(v.size)
		return estimate.Clear.Append(dst)
	case macro.Datacenter:
		if v.node == "" {
			return append(dst, '0')
		}
		return append(dst, v.node...)
	case macro.IsPreview:
		if v.call.Debug || v.call.Test {
			return append(dst, '1')
		}
		return append(dst, '0')
	}
	return v.appendUser(dst, name)
}

// supply is the kind of the site: 0 web, 1 web on a phone, 2 app. Screens in public places have no number of their own.
func (v *values) supply() byte {
	switch {
	case v.call.Site.Kind == ad.App:
		return '2'
	case v.call.Site.Kind == ad.Web && v.call.Device.SUA.Mobile == "?1":
		return '1'
	}
	return '0'
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
	case macro.SecondPrice:
		if bid == nil || v.call.Publisher.PriceRule != ad.SecondPrice {
			return dst // the winner pays its own bid, and is not told what the others offered
		}
		return v.slot.Result.Second.Append(dst)
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
