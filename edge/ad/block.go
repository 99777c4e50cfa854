package ad

import (
	"slices"
	"strings"
)

// Blocks is what may not appear on a call's impressions: the publisher's own lists joined with the caller's. The most
// restrictive wins, so a list only ever adds.
type Blocks struct {
	Categories  []string // IAB categories; one keeps its subcategories out too
	Advertisers []string // domains; one keeps its subdomains out too
	Apps        []string // bundles of advertised apps
	// Languages are the only ones allowed (wlang); empty: all. A creative whose language nobody names passes.
	Languages []string
}

// Advertiser reports whether a domain is one of the blocked ones or below one of them, by whole labels. The domain is in
// ASCII, of any case, without a trailing dot.
func (b *Blocks) Advertiser(domain string) bool {
	for _, blocked := range b.Advertisers {
		blocked = strings.TrimSuffix(blocked, ".")
		at := len(domain) - len(blocked)
		if blocked != "" && at >= 0 && (at == 0 || domain[at-1] == '.') && strings.EqualFold(domain[at:], blocked) {
			return true
		}
	}
	return false
}

// Category reports whether a category is one of the blocked ones or a subcategory of one: IAB25 keeps IAB25-3 out too.
func (b *Blocks) Category(category string) bool {
	for _, blocked := range b.Categories {
		n := len(blocked)
		if n > 0 && len(category) >= n && strings.EqualFold(category[:n], blocked) && (len(category) == n || category[n] == '-') {
			return true
		}
	}
	return false
}

// Language reports whether a language may not appear.
func (b *Blocks) Language(language string) bool {
	return language != "" && len(b.Languages) > 0 && !slices.ContainsFunc(b.Languages, func(allowed string) bool {
		return strings.EqualFold(allowed, language)
	})
}

// Creative gives the first reason why a registered creative may not appear on an impression that blocks these
// attributes, or Undecided if it may.
func (b *Blocks) Creative(c *Creative, attributes []int) Reason {
	switch {
	case slices.ContainsFunc(c.Advertisers, b.Advertiser):
		return AdomainBlocked
	case slices.ContainsFunc(c.Categories, b.Category):
		return CategoryBlocked
	case slices.ContainsFunc(c.Attributes, func(a uint8) bool { return slices.Contains(attributes, int(a)) }):
		return AttributeBlocked
	case b.Language(c.Language):
		return LanguageBlocked
	}
	return Undecided
}
