package catalog

import (
	"slices"
	"strconv"

	"curb/edge/ad"
)

// WithCreatives gives the contents with creatives that were registered with the node beside those of the rule set. What the
// rule set says stands: a registered creative that does not fit beside it is left out and reported, with Index being its
// place in more, so that no registration can keep a rule set from being used.
//
// A publisher that a rule set no longer has is dropped from the publishers that banned a creative. One that approved it
// takes the creative along if no other did: nobody left that approved it does not mean that everybody does.
func (c Contents) WithCreatives(more []ad.Creative) (Contents, []Problem) {
	v := &validator{members: byID(c.Members, func(m *ad.Member) ad.MemberID { return m.ID }),
		publishers: byID(c.Publishers, func(p *ad.Publisher) ad.PublisherID { return p.ID }),
		creatives:  byID(c.Creatives, func(x *ad.Creative) ad.CreativeID { return x.ID })}
	codes := make(map[memberCode]ad.CreativeID, len(c.Creatives)+len(more))
	for i := range c.Creatives {
		codes[memberCode{c.Creatives[i].Member, c.Creatives[i].Code}] = c.Creatives[i].ID
	}
	c.Creatives = slices.Clip(c.Creatives)
	for i := range more {
		x := more[i]
		before := len(v.problems)
		v.registered(place{v, "Creative", i, text(x.ID)}, &x, codes)
		if len(v.problems) > before {
			continue
		}
		v.creatives[x.ID] = &more[i]
		codes[memberCode{x.Member, x.Code}] = x.ID
		c.Creatives = append(c.Creatives, x)
	}
	return c, v.problems
}

// registered reports why a registered creative does not fit beside the rule set's, and drops publishers that are gone.
func (v *validator) registered(at place, x *ad.Creative, codes map[memberCode]ad.CreativeID) {
	if x.ID < ad.RegisteredCreativeMin {
		at.problem("id", at.id+" is an id of rule sets", "registered creatives have ids from "+text(ad.RegisteredCreativeMin)+" on")
	} else if v.creatives[x.ID] != nil {
		at.problem("id", at.id+" is taken by another Creative", "ids are unique within a kind")
	}
	refer(at, "member", "Member", v.members, x.Member)
	if other, taken := codes[memberCode{x.Member, x.Code}]; taken && x.Code != "" {
		at.problem("code", strconv.Quote(x.Code)+" is taken by Creative "+text(other), "codes are unique within a member; the rule set's stands")
	}
	if n := len(x.Pixels); n > ad.PixelsMax {
		at.problem("pixels", strconv.Itoa(n)+" pixels are too many", "up to "+strconv.Itoa(ad.PixelsMax))
	}
	gone := func(id ad.PublisherID) bool { return v.publishers[id] == nil }
	approved := slices.DeleteFunc(slices.Clone(x.ApprovedBy), gone)
	if len(approved) == 0 && len(x.ApprovedBy) > 0 {
		at.problem("approved_by", "no publisher that approved it is left", "approve it again")
	}
	x.ApprovedBy, x.BannedBy = approved, slices.DeleteFunc(slices.Clone(x.BannedBy), gone)
}

// byID maps values by id; of two with one id the first stands, as validation reports the second.
func byID[K comparable, V any](values []V, id func(*V) K) map[K]*V {
	all := make(map[K]*V, len(values))
	for i := range values {
		if key := id(&values[i]); all[key] == nil {
			all[key] = &values[i]
		}
	}
	return all
}
