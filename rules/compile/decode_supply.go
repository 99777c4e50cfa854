package compile

import (
	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/rules/schema"
)

// from notes where the value that was just added to contents comes from.
func (c *compiler) from(e *entry) {
	c.origins[e.Kind.Name] = append(c.origins[e.Kind.Name], origin{e, ""})
}

func texts(v *schema.Value) []string {
	var out []string
	for _, item := range v.List() {
		out = append(out, item.Text())
	}
	return out
}

func bytesOf(v *schema.Value) []uint8 {
	var out []uint8
	for _, item := range v.List() {
		out = append(out, uint8(item.Whole()))
	}
	return out
}

func sizes(v *schema.Value) []ad.Size {
	var out []ad.Size
	for _, item := range v.List() {
		out = append(out, item.Size())
	}
	return out
}

func (c *compiler) node(e *entry) {
	c.contents.Node = catalog.NodeSettings{Name: e.Name, Timeout: e.Spec.Field("timeout").Duration()}
	c.from(e)
}

// nodeWord is what the Node object says where a publisher does not: the index of a word, 0 without a Node object.
func (c *compiler) nodeWord(field string) int {
	for _, e := range c.byKind["Node"] {
		return e.Spec.Field(field).Word(0)
	}
	return 0
}

func (c *compiler) member(e *entry) {
	s := e.Spec
	c.contents.Members = append(c.contents.Members, ad.Member{
		ID: ad.MemberID(e.id), Name: e.Name, Active: s.Field("active").Flag(true),
		ResellingPriority: uint8(s.Field("reselling_priority").Whole()),
		PlatformFee:       ad.Share(s.Field("platform_fee").Parts()), Dongle: s.Field("dongle").Text(),
	})
	c.from(e)
}

// ownBidders fills in the members' own bidders. They come after all others, since bidders refer to members too; one that
// has a problem is not filled in, so that the problem is reported once.
func (c *compiler) ownBidders() {
	for i, from := range c.origins["Member"] {
		v := from.Spec.Field("bidder")
		if v == nil {
			continue
		}
		if target := c.known(v, "Bidder"); target == nil {
			c.refer(from.entry, v, "Bidder", "bidder")
		} else if !target.shaky {
			c.contents.Members[i].Bidder = ad.BidderID(target.id)
		}
	}
}

func (c *compiler) publisher(e *entry) {
	s := e.Spec
	p := ad.Publisher{
		ID: ad.PublisherID(e.id), Name: e.Name, Active: s.Field("active").Flag(true),
		Domain: s.Field("domain").Text(), Hosts: texts(s.Field("hosts")), Timeout: s.Field("timeout").Duration(),
		PriceRule:         ad.PriceRule(s.Field("price_rule").Word(c.nodeWord("price_rule"))),
		BelowThreshold:    ad.BelowThreshold(s.Field("below_threshold").Word(c.nodeWord("below_threshold"))),
		BlockedCategories: texts(s.Field("blocked_categories")), BlockedAdvertisers: texts(s.Field("blocked_advertisers")),
		BlockedAttributes: bytesOf(s.Field("blocked_attributes")),
		Buckets:           buckets(s.Field("price_buckets")), PriceKey: c.priceKey(e),
	}
	if member := c.refer(e, s.Field("member"), "Member", "member"); member != nil {
		p.Member = ad.MemberID(member.id)
	}
	c.contents.Publishers = append(c.contents.Publishers, p)
	c.from(e)
}

func (c *compiler) site(e *entry) {
	s := e.Spec
	site := ad.Site{
		ID: ad.SiteID(e.id), Name: e.Name, Kind: ad.SupplyKind(s.Field("supply").Word(0)),
		Domain: s.Field("domain").Text(), Page: s.Field("page").Text(), Bundle: s.Field("bundle").Text(),
		StoreURL: s.Field("store_url").Text(), Categories: texts(s.Field("categories")),
	}
	if publisher := c.refer(e, s.Field("publisher"), "Publisher", "publisher"); publisher != nil {
		site.Publisher = ad.PublisherID(publisher.id)
	}
	c.contents.Sites = append(c.contents.Sites, site)
	c.from(e)
}

// positions are OpenRTB's numbers for the words of position.
var positions = [...]uint8{0, 1, 3}

func (c *compiler) placement(e *entry) {
	s := e.Spec
	p := ad.Placement{
		ID: ad.PlacementID(e.id), Code: s.Field("code").Text(), Name: e.Name, Active: s.Field("active").Flag(true),
		Sizes: sizes(s.Field("sizes")), PrivateSizes: sizes(s.Field("private_sizes")),
		Reserve: s.Field("reserve").Money(), SoftFloor: s.Field("soft_floor").Money(), DaisyChain: s.Field("daisy_chain").Text(),
		NoResale: !s.Field("resale").Flag(true), NoPSA: !s.Field("psa").Flag(true),
		Timeout: s.Field("timeout").Duration(), Position: positions[s.Field("position").Word(0)], MediaTypes: ad.Banner,
	}
	if media := s.Field("media_types"); media != nil {
		p.MediaTypes = 0
		for _, m := range media.List() {
			p.MediaTypes |= 1 << m.Word(0)
		}
	}
	c.owner(e, &p)
	c.defaults(e, &p)
	for _, v := range s.Field("ad_servers").List() {
		p.AdServers = append(p.AdServers, ad.AdServer{Name: v.Field("name").Text(), URL: v.Field("url").Text(), SecondPrice: v.Field("second_price").Flag(false)})
	}
	for _, v := range s.Field("estimates").List() {
		p.Estimates = append(p.Estimates, ad.EstimatedClear{
			Size: v.Field("size").Size(), Clear: v.Field("clear").Money(), Average: v.Field("average").Money(), Verified: v.Field("verified").Flag(false),
		})
	}
	c.contents.Placements = append(c.contents.Placements, p)
	c.from(e)
}

// owner fills in site, publisher and member: a placement names its site, and the rest follows.
func (c *compiler) owner(e *entry, p *ad.Placement) {
	site := c.refer(e, e.Spec.Field("site"), "Site", "site")
	if site == nil || site.Spec == nil {
		return
	}
	p.Site = ad.SiteID(site.id)
	publisher := c.known(site.Spec.Field("publisher"), "Publisher")
	if publisher == nil || publisher.Spec == nil {
		return
	}
	p.Publisher = ad.PublisherID(publisher.id)
	if member := c.known(publisher.Spec.Field("member"), "Member"); member != nil {
		p.Member = ad.MemberID(member.id)
	}
}

// known follows a reference of another object, whose own turn it is to report it if it leads nowhere.
func (c *compiler) known(v *schema.Value, kind string) *entry {
	if id := v.ID(); id > 0 {
		return c.byID[idKey{kind, id}]
	}
	return c.byName[nameKey{kind, v.Text()}]
}

func (c *compiler) defaults(e *entry, p *ad.Placement) {
	for i, v := range e.Spec.Field("defaults").List() {
		d := ad.DefaultCreative{Size: v.Field("size").Size(), Price: v.Field("price").Money()}
		if creative := c.refer(e, v.Field("creative"), "Creative", element("defaults", i)+".creative"); creative != nil {
			d.Creative = ad.CreativeID(creative.id)
		}
		p.Defaults = append(p.Defaults, d)
	}
}
