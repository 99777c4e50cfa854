package catalog

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"curb/edge/ad"
)

// Snapshot is the catalog of one version. It is immutable: do not write through the pointers and slices it gives. All
// methods are safe for concurrent use, take constant time and allocate nothing; what is absent is nil.
type Snapshot struct {
	version    string
	members    table[ad.MemberID, ad.Member]
	publishers table[ad.PublisherID, ad.Publisher]
	sites      table[ad.SiteID, ad.Site]
	placements table[ad.PlacementID, ad.Placement]
	bidders    table[ad.BidderID, ad.Bidder]
	creatives  table[ad.CreativeID, ad.Creative]
	lineItems  table[ad.LineItemID, ad.LineItem]
	deals      table[string, ad.Deal]
	providers  table[string, ad.DataProvider]

	activeBidders   []*ad.Bidder
	activeProviders []*ad.DataProvider
	ownerBidder     map[ad.PlacementID]*ad.Bidder
	placementByCode map[memberCode]*ad.Placement
	creativeByCode  map[memberCode]*ad.Creative
	publisherByHost map[string]*ad.Publisher
	hosts           []string
	dealsFor        map[ad.PlacementID][]*ad.Deal
	lineItemsFor    map[ad.PlacementID][]*ad.LineItem
	rates           ad.ExchangeRates
	geo             geoIndex
	node            NodeSettings
	counts          Counts
}

// memberCode is a code that is unique within a member.
type memberCode struct {
	member ad.MemberID
	code   string
}

// New builds a snapshot. The error is an *InvalidError with every problem found; then there is no snapshot.
func New(c Contents) (*Snapshot, error) {
	if problems := Validate(&c); len(problems) > 0 {
		return nil, &InvalidError{Problems: problems}
	}
	s := &Snapshot{
		version:    c.Version,
		members:    newTable(c.Members, func(m *ad.Member) ad.MemberID { return m.ID }),
		publishers: newTable(c.Publishers, func(p *ad.Publisher) ad.PublisherID { return p.ID }),
		sites:      newTable(c.Sites, func(x *ad.Site) ad.SiteID { return x.ID }),
		placements: newTable(c.Placements, func(p *ad.Placement) ad.PlacementID { return p.ID }),
		bidders:    newTable(c.Bidders, func(b *ad.Bidder) ad.BidderID { return b.ID }),
		creatives:  newTable(c.Creatives, func(x *ad.Creative) ad.CreativeID { return x.ID }),
		lineItems:  newTable(c.LineItems, func(l *ad.LineItem) ad.LineItemID { return l.ID }),
		deals:      newTable(c.Deals, func(d *ad.Deal) string { return d.ID }),
		providers:  newTable(c.DataProviders, func(d *ad.DataProvider) string { return d.Name }),
		rates:      ad.ExchangeRates{AsOf: c.Rates.AsOf, Rates: maps.Clone(c.Rates.Rates), Accept: slices.Clone(c.Rates.Accept)},
		geo:        newGeoIndex(c.GeoRanges),
		node:       c.Node,
	}
	if s.node.Timeout == 0 {
		s.node.Timeout = ad.TMaxDefault
	}
	s.indexCodes()
	s.indexActive()
	s.indexHosts()
	s.indexDemand()
	s.count(&c)
	return s, nil
}

func (s *Snapshot) indexCodes() {
	s.placementByCode = make(map[memberCode]*ad.Placement, len(s.placements.list))
	for _, p := range s.placements.list {
		if p.Code != "" {
			s.placementByCode[memberCode{p.Member, p.Code}] = p
		}
	}
	s.creativeByCode = make(map[memberCode]*ad.Creative, len(s.creatives.list))
	for _, c := range s.creatives.list {
		if c.Code != "" {
			s.creativeByCode[memberCode{c.Member, c.Code}] = c
		}
	}
}

// indexActive lists who takes part, and who is asked first on which placement.
func (s *Snapshot) indexActive() {
	for _, b := range s.bidders.list {
		if b.Active {
			s.activeBidders = append(s.activeBidders, b)
		}
	}
	for _, d := range s.providers.list {
		if d.Active {
			s.activeProviders = append(s.activeProviders, d)
		}
	}
	s.ownerBidder = make(map[ad.PlacementID]*ad.Bidder)
	for _, p := range s.placements.list {
		if b := s.bidders.get(s.members.get(p.Member).Bidder); b != nil && b.Active {
			s.ownerBidder[p.ID] = b
		}
	}
}

func (s *Snapshot) indexHosts() {
	s.publisherByHost = make(map[string]*ad.Publisher)
	for _, p := range s.publishers.list {
		for _, host := range p.Hosts {
			s.publisherByHost[host] = p
		}
	}
	s.hosts = slices.Sorted(maps.Keys(s.publisherByHost))
}

func (s *Snapshot) count(c *Contents) {
	s.counts = Counts{
		Members: len(c.Members), Publishers: len(c.Publishers), Sites: len(c.Sites), Placements: len(c.Placements),
		Bidders: len(c.Bidders), Creatives: len(c.Creatives), LineItems: len(c.LineItems), Deals: len(c.Deals),
		DataProviders: len(c.DataProviders), Rates: len(c.Rates.Rates), GeoRanges: len(c.GeoRanges),
	}
}

// Version is Contents.Version.
func (s *Snapshot) Version() string { return s.version }

// Member finds a member by id.
func (s *Snapshot) Member(id ad.MemberID) *ad.Member { return s.members.get(id) }

// Members lists all members by id.
func (s *Snapshot) Members() []*ad.Member { return s.members.list }

// Publisher finds a publisher by id.
func (s *Snapshot) Publisher(id ad.PublisherID) *ad.Publisher { return s.publishers.get(id) }

// Publishers lists all publishers by id.
func (s *Snapshot) Publishers() []*ad.Publisher { return s.publishers.list }

// PublisherByHost finds the publisher, active or not, whose CNAME host this is: lower case, no port, no trailing dot.
func (s *Snapshot) PublisherByHost(host string) *ad.Publisher { return s.publisherByHost[host] }

// Hosts lists the CNAME hosts of all publishers in order.
func (s *Snapshot) Hosts() []string { return s.hosts }

// Site finds a site by id.
func (s *Snapshot) Site(id ad.SiteID) *ad.Site { return s.sites.get(id) }

// Sites lists all sites by id.
func (s *Snapshot) Sites() []*ad.Site { return s.sites.list }

// Placement finds a placement, active or not, by id.
func (s *Snapshot) Placement(id ad.PlacementID) *ad.Placement { return s.placements.get(id) }

// Placements lists all placements by id.
func (s *Snapshot) Placements() []*ad.Placement { return s.placements.list }

// PlacementByCode finds a placement by its owner and inv_code.
func (s *Snapshot) PlacementByCode(member ad.MemberID, code string) *ad.Placement {
	return s.placementByCode[memberCode{member, code}]
}

// Bidder finds a bidder, active or not, by id.
func (s *Snapshot) Bidder(id ad.BidderID) *ad.Bidder { return s.bidders.get(id) }

// Bidders lists all bidders by id, inactive ones too.
func (s *Snapshot) Bidders() []*ad.Bidder { return s.bidders.list }

// ActiveBidders lists the active bidders by id.
func (s *Snapshot) ActiveBidders() []*ad.Bidder { return s.activeBidders }

// OwnerBidder is the bidder of a placement's owner, the one that is asked before all others; nil: the owner has none that
// is active.
func (s *Snapshot) OwnerBidder(id ad.PlacementID) *ad.Bidder { return s.ownerBidder[id] }

// Creative finds a registered creative by our id, OpenRTB's bid.adid.
func (s *Snapshot) Creative(id ad.CreativeID) *ad.Creative { return s.creatives.get(id) }

// Creatives lists all creatives by id.
func (s *Snapshot) Creatives() []*ad.Creative { return s.creatives.list }

// CreativeByCode finds a creative by the member's own code, OpenRTB's bid.crid.
func (s *Snapshot) CreativeByCode(member ad.MemberID, code string) *ad.Creative {
	return s.creativeByCode[memberCode{member, code}]
}

// Deal finds a deal, active or not, by id.
func (s *Snapshot) Deal(id string) *ad.Deal { return s.deals.get(id) }

// Deals lists all deals by id.
func (s *Snapshot) Deals() []*ad.Deal { return s.deals.list }

// DealsFor lists the active deals that are valid on a placement, by id. Their dates are for the caller to judge.
func (s *Snapshot) DealsFor(id ad.PlacementID) []*ad.Deal { return s.dealsFor[id] }

// LineItems lists all line items by id.
func (s *Snapshot) LineItems() []*ad.LineItem { return s.lineItems.list }

// LineItem finds a line item by id.
func (s *Snapshot) LineItem(id ad.LineItemID) *ad.LineItem { return s.lineItems.get(id) }

// LineItemsFor lists the active line items of the placement's owner that target it, by id. Their dates are for the
// caller to judge.
func (s *Snapshot) LineItemsFor(id ad.PlacementID) []*ad.LineItem { return s.lineItemsFor[id] }

// DataProviders lists all data providers by name.
func (s *Snapshot) DataProviders() []*ad.DataProvider { return s.providers.list }

// ActiveProviders lists the active data providers by name, at most ad.ProvidersMax.
func (s *Snapshot) ActiveProviders() []*ad.DataProvider { return s.activeProviders }

// Rates is the frozen table of exchange rates; never nil, empty when contents had none.
func (s *Snapshot) Rates() *ad.ExchangeRates { return &s.rates }

// Geo says where an address is, or nil. A mapped IPv4 address counts as IPv4.
func (s *Snapshot) Geo(addr netip.Addr) *GeoRange { return s.geo.find(addr) }

// Node is what the rule set says about its nodes; never nil.
func (s *Snapshot) Node() *NodeSettings { return &s.node }

// Timeout is the deadline of auctions on a placement: its own, else its publisher's, else the node's.
func (s *Snapshot) Timeout(p *ad.Placement) time.Duration {
	if p.Timeout > 0 {
		return p.Timeout
	}
	if owner := s.publishers.get(p.Publisher); owner != nil && owner.Timeout > 0 {
		return owner.Timeout
	}
	return s.node.Timeout
}

// Counts is how much the snapshot holds.
func (s *Snapshot) Counts() Counts { return s.counts }
