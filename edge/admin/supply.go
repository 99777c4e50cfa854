package admin

import (
	"net/http"
	neturl "net/url"
	"slices"
	"strconv"
	"strings"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// Publisher is a publisher as GET /v1/publishers answers it. Keys that seal prices are nobody's to see.
type Publisher struct {
	ID           uint32   `json:"id"`
	Name         string   `json:"name"`
	Active       bool     `json:"active"`
	Member       uint32   `json:"member"`
	Domain       string   `json:"domain"`
	Hosts        []string `json:"hosts"` // CNAMEd to the nodes; tags use the first
	PriceRule    string   `json:"price_rule"`
	PriceBuckets Buckets  `json:"price_buckets"`
	Placements   int      `json:"placements"`
}

// Buckets are the steps in which prices reach a publisher's ad server.
type Buckets struct {
	Precision int     `json:"precision"` // decimals that are written
	Ranges    []Range `json:"ranges"`
}

// Range is a stretch of prices with one step, CPM in USD as decimal text.
type Range struct {
	Max       string `json:"max"`
	Increment string `json:"increment"`
}

// Placement is a placement as GET /v1/placements/{id} answers it: everything a tag needs.
type Placement struct {
	ID            uint32   `json:"id"`
	Code          string   `json:"code"`
	Name          string   `json:"name"`
	Active        bool     `json:"active"`
	Member        uint32   `json:"member"` // the owner; with code it names the placement
	Publisher     uint32   `json:"publisher"`
	PublisherName string   `json:"publisher_name"`
	Hosts         []string `json:"hosts"`
	Site          Site     `json:"site"`
	Sizes         []string `json:"sizes"`         // empty: the tag says
	PrivateSizes  []string `json:"private_sizes"` // for deals only
	Media         []string `json:"media"`
	// AdServers are those that preemptive tags may call; the first is the one a tag without redir calls.
	AdServers    []AdServer `json:"ad_servers"`
	PriceBuckets Buckets    `json:"price_buckets"`
}

// AdServer is a publisher's ad server by the name that redir says, and what the parameters are called in which it is told
// the price bucket and the accept URL: line items and creatives there name them. Empty: it is not told.
type AdServer struct {
	Name            string `json:"name"`
	PriceParameter  string `json:"price_parameter"`
	AcceptParameter string `json:"accept_parameter"`
}

// Site is where a placement stands.
type Site struct {
	ID     uint32 `json:"id"`
	Name   string `json:"name"`
	Kind   string `json:"kind"` // site, app or dooh
	Domain string `json:"domain"`
	Page   string `json:"page"`
	Bundle string `json:"bundle"`
}

// supply answers what is for sale.
type supply struct{ snapshot func() *catalog.Snapshot }

func (s *supply) routes() []route {
	return []route{
		{"GET /v1/publishers", s.publishers},
		{"GET /v1/placements", s.placements},
		{"GET /v1/placements/{placement}", s.placement},
	}
}

func (s *supply) publishers(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string][]Publisher{"publishers": Publishers(s.snapshot())})
}

func (s *supply) placements(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string][]Placement{"placements": Placements(s.snapshot())})
}

// placement finds one by id, or by code where that is one placement's only, or one member's (?member=).
func (s *supply) placement(w http.ResponseWriter, r *http.Request) {
	snap := s.snapshot()
	var member ad.MemberID
	refused := parameters(r.URL.Query(), map[string]func(string) (string, bool){"member": func(text string) (string, bool) {
		n, err := strconv.ParseUint(text, 10, 32)
		member = ad.MemberID(n)
		return "write a member's id", err == nil
	}})
	if refused != nil {
		refused.write(w)
		return
	}
	found := FindPlacements(snap, member, r.PathValue("placement"))
	switch len(found) {
	case 0:
		(&refusal{status: http.StatusNotFound, code: "placement_unknown", detail: "there is no placement of this id or code", remedy: "GET /v1/placements lists them"}).write(w)
	case 1:
		writeJSON(w, http.StatusOK, found[0])
	default:
		(&refusal{status: http.StatusConflict, code: "placement_ambiguous", detail: "several members have a placement of this code", remedy: "name the member: ?member=ID, or the placement by id"}).write(w)
	}
}

// Publishers lists the publishers of a snapshot by id.
func Publishers(snap *catalog.Snapshot) []Publisher {
	count := map[ad.PublisherID]int{}
	for _, p := range snap.Placements() {
		count[p.Publisher]++
	}
	all := make([]Publisher, 0, len(snap.Publishers()))
	for _, p := range snap.Publishers() {
		all = append(all, Publisher{ID: uint32(p.ID), Name: p.Name, Active: p.Active, Member: uint32(p.Member), Domain: p.Domain,
			Hosts: filled(p.Hosts), PriceRule: p.PriceRule.String(), PriceBuckets: buckets(p.Buckets), Placements: count[p.ID]})
	}
	return all
}

// Placements lists the placements of a snapshot by id.
func Placements(snap *catalog.Snapshot) []Placement {
	all := make([]Placement, 0, len(snap.Placements()))
	for _, p := range snap.Placements() {
		all = append(all, placementOf(snap, p))
	}
	return all
}

// FindPlacements finds placements by id or code. A code is unique within its member only: without a member several may
// have it.
func FindPlacements(snap *catalog.Snapshot, member ad.MemberID, ref string) []Placement {
	if id, err := strconv.ParseUint(ref, 10, 32); err == nil {
		if p := snap.Placement(ad.PlacementID(id)); p != nil && (member == 0 || p.Member == member) {
			return []Placement{placementOf(snap, p)}
		}
	}
	var found []Placement
	for _, p := range snap.Placements() {
		if ref != "" && p.Code == ref && (member == 0 || p.Member == member) {
			found = append(found, placementOf(snap, p))
		}
	}
	return found
}

func placementOf(snap *catalog.Snapshot, p *ad.Placement) Placement {
	x := Placement{ID: uint32(p.ID), Code: p.Code, Name: p.Name, Active: p.Active, Member: uint32(p.Member), Publisher: uint32(p.Publisher),
		Hosts: []string{}, Sizes: sizes(p.Sizes), PrivateSizes: sizes(p.PrivateSizes), Media: []string{}, AdServers: []AdServer{}}
	if publisher := snap.Publisher(p.Publisher); publisher != nil {
		x.PublisherName, x.Hosts, x.PriceBuckets = publisher.Name, filled(publisher.Hosts), buckets(publisher.Buckets)
	}
	if site := snap.Site(p.Site); site != nil {
		x.Site = Site{ID: uint32(site.ID), Name: site.Name, Kind: siteKinds[site.Kind], Domain: site.Domain, Page: site.Page, Bundle: site.Bundle}
	}
	for _, m := range []ad.MediaType{ad.Banner, ad.Video, ad.Audio, ad.Native} {
		if p.MediaTypes&m != 0 {
			x.Media = append(x.Media, m.String())
		}
	}
	for _, server := range p.AdServers {
		x.AdServers = append(x.AdServers, AdServer{server.Name, parameter(server.URL, "{PRICEBUCKET}"), parameter(server.URL, "{ACCEPT_URL}")})
	}
	return x
}

// parameter is the name of the parameter that a macro fills in an ad server's URL. Ad servers that take key values in a
// parameter of their own have them there encoded, so the URL is decoded as long as it is encoded, at most thrice.
func parameter(url, macro string) string {
	for range 3 {
		decoded, err := neturl.PathUnescape(url)
		if err != nil || decoded == url {
			break
		}
		url = decoded
	}
	before, _, found := strings.Cut(url, "="+macro)
	if !found {
		return ""
	}
	return before[strings.LastIndexAny(before, "?&=;,/ ")+1:]
}

// siteKinds are OpenRTB's objects for a place.
var siteKinds = [...]string{ad.Web: "site", ad.App: "app", ad.DOOH: "dooh"}

func sizes(all []ad.Size) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = s.String()
	}
	return out
}

// buckets spells out the steps that hold, also where a publisher set none.
func buckets(b ad.Buckets) Buckets {
	if len(b.Ranges) == 0 {
		b, _ = ad.BucketsNamed("medium")
	}
	x := Buckets{Precision: int(b.Precision), Ranges: []Range{}}
	for _, r := range slices.Clone(b.Ranges) {
		x.Ranges = append(x.Ranges, Range{r.Max.String(), r.Increment.String()})
	}
	return x
}
