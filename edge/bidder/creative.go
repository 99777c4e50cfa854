package bidder

import (
	"slices"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// creative finds the registered creative a bid names and holds it against the impression. Whatever markup the bid
// carries, an unregistered creative does not serve.
func (a *answer) creative(b *ad.Bid, in *openrtb.Bid, imp *ad.Impression) ad.Reason {
	c, reason := a.registered(b.Member, in)
	if reason != ad.Undecided {
		return reason
	}
	b.Creative = c
	if reason := c.ServesOn(a.call.Publisher.ID); reason != ad.Undecided {
		return reason
	}
	if !fits(c, in, imp) {
		return ad.CreativeFormat
	}
	if reason := a.size(b, c, imp); reason != ad.Undecided {
		return reason
	}
	if a.call.Secure && !c.Secure {
		return ad.CreativeInsecure
	}
	if in.AdM == "" && c.Content == "" {
		return ad.MarkupMissing
	}
	return ad.Undecided
}

// registered looks a creative up: by our id (adid), else by the member's own code (crid). It must be the member's own.
func (a *answer) registered(member ad.MemberID, in *openrtb.Bid) (*ad.Creative, ad.Reason) {
	var c *ad.Creative
	switch {
	case in.AdID != "":
		if id, ok := decimal(in.AdID); ok {
			c = a.snap.Creative(ad.CreativeID(id))
		}
	case in.CrID != "":
		c = a.snap.CreativeByCode(member, in.CrID)
	default:
		return nil, ad.CreativeMissing
	}
	if c == nil || c.Member != member {
		return nil, ad.CreativeInvalid
	}
	return c, ad.Undecided
}

// fits holds media type and format against the impression, and against what the bid says it is (mtype, OpenRTB 2.6
// List: Creative Markup Types).
func fits(c *ad.Creative, in *openrtb.Bid, imp *ad.Impression) bool {
	media, wanted := c.Media, imp.Media
	if media == 0 {
		media = ad.Banner
	}
	if wanted == 0 {
		wanted = ad.Banner
	}
	if media&wanted == 0 {
		return false
	}
	said := [...]ad.MediaType{media, ad.Banner, ad.Video, ad.Audio, ad.Native}
	if in.MType < 0 || in.MType >= len(said) || said[in.MType]&media == 0 {
		return false
	}
	switch c.Format {
	case ad.FormatVAST:
		return media&(ad.Video|ad.Audio) != 0
	case ad.FormatNative:
		return media&ad.Native != 0
	}
	return media&ad.Banner != 0
}

// size holds the creative's size, or that of the bid for a creative of any size, against the impression's. Sizes that
// the impression keeps for deals count under a deal. A bid that gives one side leaves the other to the creative (OpenRTB
// 2.6 requires neither). Only banners have a size that the slot gives.
func (a *answer) size(b *ad.Bid, c *ad.Creative, imp *ad.Impression) ad.Reason {
	said := b.Size
	if c.Size != (ad.Size{}) {
		b.Size = c.Size
		if said.W == 0 {
			said.W = c.Size.W
		}
		if said.H == 0 {
			said.H = c.Size.H
		}
	}
	if c.Media != 0 && c.Media&ad.Banner == 0 {
		return ad.Undecided
	}
	if said != b.Size {
		return ad.CreativeSize
	}
	if len(imp.Sizes) == 0 || slices.Contains(imp.Sizes, b.Size) {
		return ad.Undecided
	}
	if b.Deal != nil && slices.Contains(imp.PrivateSizes, b.Size) {
		return ad.Undecided
	}
	return ad.CreativeSize
}

// sizeOf is the bid's w and h; 0x0 where it names none. A size beyond what a Size holds is nobody's.
func sizeOf(in *openrtb.Bid) ad.Size {
	if in.W <= 0 && in.H <= 0 {
		return ad.Size{}
	}
	const most = 1<<16 - 1
	return ad.Size{W: uint16(min(max(in.W, 0), most)), H: uint16(min(max(in.H, 0), most))}
}
