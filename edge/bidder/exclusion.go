package bidder

import (
	"slices"
	"strings"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// exclusions holds advertiser, category, attribute, language and app of an ad against what the publisher, and the
// request as sent, keep out. What the member registered and what the bid says both count.
func (a *answer) exclusions(c *ad.Creative, in *openrtb.Bid, at int) ad.Reason {
	if reason := a.advertisers(c, in); reason != ad.Undecided {
		return reason
	}
	own, sent := a.call.Publisher.BlockedCategories, a.request.BCat
	for _, list := range [...][]string{c.Categories, in.Cat} {
		for _, category := range list {
			if categoryBlocked(category, own) || categoryBlocked(category, sent) {
				return ad.CategoryBlocked
			}
		}
	}
	if a.attributeBlocked(c, in, at) {
		return ad.AttributeBlocked
	}
	if !a.languageAllowed(c, in) {
		return ad.LanguageBlocked
	}
	if in.Bundle != "" && slices.Contains(a.request.BApp, in.Bundle) {
		return ad.Excluded
	}
	return ad.Undecided
}

// advertisers checks every advertiser domain. The publisher's list is checked beside the request's: the request may
// name more (the caller's own), or less (a long list is cut on the wire).
func (a *answer) advertisers(c *ad.Creative, in *openrtb.Bid) ad.Reason {
	own, sent := a.call.Publisher.BlockedAdvertisers, a.request.BAdv
	for _, raw := range in.ADomain {
		domain, ok := asciiDomain(raw)
		if !ok {
			return ad.AdomainInvalid
		}
		if domainBlocked(domain, own) || domainBlocked(domain, sent) {
			return ad.AdomainBlocked
		}
	}
	for _, domain := range c.Advertisers {
		if domainBlocked(domain, own) || domainBlocked(domain, sent) {
			return ad.AdomainBlocked
		}
	}
	return ad.Undecided
}

// domainBlocked reports whether domain is one of the list or below one of them, by whole labels.
func domainBlocked(domain string, list []string) bool {
	for _, blocked := range list {
		blocked = strings.TrimSuffix(blocked, ".")
		at := len(domain) - len(blocked)
		if blocked != "" && at >= 0 && (at == 0 || domain[at-1] == '.') && strings.EqualFold(domain[at:], blocked) {
			return true
		}
	}
	return false
}

// categoryBlocked reports whether a category is one of the list or a subcategory of one: IAB25 keeps IAB25-3 out too.
func categoryBlocked(category string, list []string) bool {
	for _, blocked := range list {
		n := len(blocked)
		if n > 0 && len(category) >= n && strings.EqualFold(category[:n], blocked) && (len(category) == n || category[n] == '-') {
			return true
		}
	}
	return false
}

func (a *answer) attributeBlocked(c *ad.Creative, in *openrtb.Bid, at int) bool {
	imp := &a.request.Imp[at]
	var sent []int
	switch {
	case c.Media&ad.Video != 0 && imp.Video != nil:
		sent = imp.Video.BAttr
	case c.Media&ad.Audio != 0 && imp.Audio != nil:
		sent = imp.Audio.BAttr
	case c.Media&ad.Native != 0 && imp.Native != nil:
		sent = imp.Native.BAttr
	case imp.Banner != nil:
		sent = imp.Banner.BAttr
	}
	own := a.call.Publisher.BlockedAttributes
	blocked := func(attribute int) bool {
		return slices.Contains(sent, attribute) || (attribute >= 0 && attribute < 256 && slices.Contains(own, uint8(attribute)))
	}
	for _, attribute := range c.Attributes {
		if blocked(int(attribute)) {
			return true
		}
	}
	return slices.ContainsFunc(in.Attr, blocked)
}

// languageAllowed applies wlang: a creative whose language nobody names passes.
func (a *answer) languageAllowed(c *ad.Creative, in *openrtb.Bid) bool {
	if len(a.request.WLang) == 0 {
		return true
	}
	language := c.Language
	if language == "" {
		language = in.Language
	}
	return language == "" || slices.ContainsFunc(a.request.WLang, func(allowed string) bool {
		return strings.EqualFold(allowed, language)
	})
}
