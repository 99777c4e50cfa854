package catalog

import (
	"fmt"
	"strconv"

	"curb/edge/ad"
)

// positionMax is the last of OpenRTB's ad positions (2.6, AdCOM List: Placement Positions).
const positionMax = 7

func (v *validator) validateMembers() {
	for i := range v.c.Members {
		m := &v.c.Members[i]
		at := place{v, "Member", i, text(m.ID)}
		at.priority("reselling_priority", m.ResellingPriority)
		at.share("platform_fee", m.PlatformFee)
		v.ownBidder(at, m)
	}
}

func (v *validator) validatePublishers() {
	owner := map[string]ad.PublisherID{}
	for i := range v.c.Publishers {
		p := &v.c.Publishers[i]
		at := place{v, "Publisher", i, text(p.ID)}
		refer(at, "member", "Member", v.members, p.Member)
		at.timeout("timeout", p.Timeout)
		at.buckets("price_buckets", p.Buckets)
		at.priceKey(p.PriceKey)
		for j, host := range p.Hosts {
			if other, taken := owner[host]; taken && other == p.ID {
				at.problem(element("hosts", j), host+" is listed twice", "remove one")
			} else if taken {
				at.problem(element("hosts", j), host+" is taken by Publisher "+text(other), "a host belongs to one publisher")
			}
			owner[host] = p.ID
		}
	}
}

func (v *validator) validateSites() {
	for i := range v.c.Sites {
		s := &v.c.Sites[i]
		refer(place{v, "Site", i, text(s.ID)}, "publisher", "Publisher", v.publishers, s.Publisher)
	}
}

func (v *validator) validatePlacements() {
	taken := map[memberCode]ad.PlacementID{}
	for i := range v.c.Placements {
		p := &v.c.Placements[i]
		at := place{v, "Placement", i, text(p.ID)}
		v.validateOwnership(at, p)
		if p.Code != "" {
			key := memberCode{p.Member, p.Code}
			if other, ok := taken[key]; ok {
				at.problem("code", strconv.Quote(p.Code)+" is taken by Placement "+text(other), "codes are unique within a member")
			}
			taken[key] = p.ID
		}
		if n := len(p.Sizes) + len(p.PrivateSizes); n > ad.SizesMax {
			at.problem("sizes", fmt.Sprintf("%d sizes are too many", n), fmt.Sprintf("up to %d with private_sizes", ad.SizesMax))
		}
		at.money("reserve", p.Reserve)
		at.money("soft_floor", p.SoftFloor)
		at.timeout("timeout", p.Timeout)
		if p.Position > positionMax {
			at.problem("position", text(p.Position)+" is out of range", "0 to 7")
		}
		at.adServers(p.AdServers)
		v.validateDefaults(at, p)
		v.validateEstimates(at, p)
	}
}

// validateOwnership checks that placement, site, publisher and member form one line.
func (v *validator) validateOwnership(at place, p *ad.Placement) {
	if site, ok := refer(at, "site", "Site", v.sites, p.Site); ok && site.Publisher != p.Publisher {
		at.problem("site", "Site "+text(p.Site)+" belongs to Publisher "+text(site.Publisher), "a placement and its site have one publisher")
	}
	refer(at, "member", "Member", v.members, p.Member)
	if publisher, ok := refer(at, "publisher", "Publisher", v.publishers, p.Publisher); ok && publisher.Member != p.Member {
		at.problem("member", "Publisher "+text(p.Publisher)+" belongs to Member "+text(publisher.Member), "a placement belongs to its publisher's member")
	}
}

func (v *validator) validateDefaults(at place, p *ad.Placement) {
	seen := map[ad.Size]bool{}
	for j, d := range p.Defaults {
		field := element("defaults", j)
		at.money(field+".price", d.Price)
		if seen[d.Size] {
			at.problem(field+".size", sizeText(d.Size)+" is listed twice", "one default creative per size")
		}
		seen[d.Size] = true
		creative, ok := refer(at, field+".creative", "Creative", v.creatives, d.Creative)
		if !ok {
			continue
		}
		if creative.Member != p.Member {
			at.problem(field+".creative", "Creative "+text(d.Creative)+" belongs to Member "+text(creative.Member), "default creatives are the owner's")
		}
		if d.Size != (ad.Size{}) && creative.Size != (ad.Size{}) && creative.Size != d.Size {
			at.problem(field+".creative", "Creative "+text(d.Creative)+" is "+creative.Size.String(), "a default for "+d.Size.String()+" needs a creative of that size")
		}
	}
}

func (v *validator) validateEstimates(at place, p *ad.Placement) {
	seen := map[ad.Size]bool{}
	for j, e := range p.Estimates {
		field := element("estimates", j)
		at.money(field+".clear", e.Clear)
		at.money(field+".average", e.Average)
		if seen[e.Size] {
			at.problem(field+".size", sizeText(e.Size)+" is listed twice", "one estimate per size")
		}
		seen[e.Size] = true
	}
}

// sizeText is a size in a message.
func sizeText(s ad.Size) string {
	if s == (ad.Size{}) {
		return "the entry for every size"
	}
	return s.String()
}
