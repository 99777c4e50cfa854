package bidder

import (
	"slices"
	"strings"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// exclusions holds advertiser, category, attribute, language and app of an ad against what the call keeps out. What the
// member registered and what the bid says both count.
func (a *answer) exclusions(c *ad.Creative, in *openrtb.Bid, imp *ad.Impression) ad.Reason {
	blocks := &a.call.Blocks
	for _, raw := range in.ADomain {
		domain, ok := asciiDomain(raw)
		if !ok {
			return ad.AdomainInvalid
		}
		if blocks.Advertiser(domain) {
			return ad.AdomainBlocked
		}
	}
	if reason := blocks.Creative(c, imp.BlockedAttributes); reason != ad.Undecided {
		return reason
	}
	switch {
	case slices.ContainsFunc(in.Cat, blocks.Category):
		return ad.CategoryBlocked
	case slices.ContainsFunc(in.Attr, func(attribute int) bool { return slices.Contains(imp.BlockedAttributes, attribute) }):
		return ad.AttributeBlocked
	case blocks.Language(in.Language):
		return ad.LanguageBlocked
	case in.Bundle != "" && slices.Contains(blocks.Apps, in.Bundle):
		return ad.Excluded
	}
	return ad.Undecided
}

// Banner types that a caller may block (OpenRTB 2.6 §3.2.6, btype; List: Banner Ad Types of AdCOM 1.0).
const (
	textBanner   = 1
	htmlBanner   = 2
	scriptBanner = 3
	frameBanner  = 4
)

// typeBlocked holds a banner against the types of banners that the caller blocks. The type is read off what would be
// shown, since nobody says it: a script's URL is JavaScript, a picture's is an XHTML banner, and markup is what it holds.
func (a *answer) typeBlocked(b *ad.Bid, at int) bool {
	slot := a.request.Imp[at].Banner
	c := b.Creative
	if slot == nil || len(slot.BType) == 0 || (c.Media != 0 && c.Media&ad.Banner == 0) {
		return false
	}
	blocked := func(kind int) bool { return slices.Contains(slot.BType, kind) }
	markup := b.Markup
	if markup == "" {
		switch c.Format {
		case ad.FormatImage:
			return blocked(htmlBanner)
		case ad.FormatScript:
			return blocked(scriptBanner)
		}
		markup = c.Content
	}
	markup = strings.ToLower(markup)
	script, frame := strings.Contains(markup, "<script"), strings.Contains(markup, "<iframe")
	switch {
	case script && blocked(scriptBanner), frame && blocked(frameBanner):
		return true
	case script || frame:
		return false
	case strings.Contains(markup, "<img"):
		return blocked(htmlBanner)
	}
	return blocked(textBanner)
}
