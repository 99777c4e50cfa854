package adcall

import (
	"strconv"
	"time"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// requestParts are the objects of an outgoing bid request, kept from call to call so that building one allocates
// little. They borrow the call's strings.
type requestParts struct {
	request   openrtb.Request
	imps      []openrtb.Imp
	banners   []openrtb.Banner
	formats   []openrtb.Format
	site      openrtb.Site
	app       openrtb.App
	dooh      openrtb.DOOH
	publisher openrtb.Publisher
	device    openrtb.Device
	geo       openrtb.Geo
	user      openrtb.User
	regs      openrtb.Regs
	source    openrtb.Source
	schain    openrtb.SChain
	nodes     []openrtb.Node
	cur       []string
	keywords  []string
	eid       [1]openrtb.EID
	uid       [1]openrtb.UID
	sua       openrtb.SUA
	brands    []openrtb.BrandVersion
	platform  openrtb.BrandVersion
}

func (p *requestParts) reset() {
	clear(p.imps)
	clear(p.banners)
	clear(p.nodes)
	clear(p.keywords)
	clear(p.brands)
	*p = requestParts{imps: p.imps[:0], banners: p.banners[:0], formats: p.formats[:0], nodes: p.nodes[:0], cur: p.cur[:0],
		keywords: p.keywords[:0], brands: p.brands[:0]}
}

// request builds what every bidder is told; what only one bidder may see (its id of the user, its deals) is spliced in
// when it is sent.
func (s *Service) request(a *Answer) *openrtb.Request {
	a.state.request.reset() // the owner's bidder may have been told before
	p, call := &a.state.request, a.Call
	r := &p.request
	r.ID = call.ID.String()
	r.AT = 1
	if a.surelySecond() {
		r.AT = 2
	}
	r.TMax = int(time.Until(a.state.deadline) / time.Millisecond)
	r.Test = flag(call.Test || call.Debug)
	if call.Debug {
		r.Ext = debugged
	}
	p.cur = append(p.cur, "USD") // a bidder with currencies of its own is told those instead
	r.Cur = p.cur
	r.BCat, r.BAdv, r.BApp, r.WLang = call.Blocks.Categories, call.Blocks.Advertisers, call.Blocks.Apps, call.Blocks.Languages
	if in := a.state.received; in != nil {
		r.CatTax = in.CatTax
	}
	if len(r.BAdv) > advertisersSent {
		r.BAdv = r.BAdv[:advertisersSent]
	}
	a.impressions()
	a.inventory()
	a.device()
	a.person()
	s.chain(a)
	r.Imp = p.imps
	return r
}

// debugged tells bidders that an auction is held to be looked at: they may explain themselves (response.ext.curb.debug_text).
var debugged = []byte(`{"curb":{"debug":1}}`)

// advertisersSent bounds badv on the wire; blocks past it are still enforced on the bids.
const advertisersSent = 64

// surelySecond reports whether every bid is certain to be judged by second price: under a soft floor a bid pays itself,
// and then 1 is the honest word (OpenRTB 2.6 §3.2.1, at).
func (a *Answer) surelySecond() bool {
	if a.Call.Publisher.PriceRule != ad.SecondPrice {
		return false
	}
	for i := range a.Call.Impressions {
		if a.Call.Impressions[i].Placement.SoftFloor > 0 {
			return false
		}
	}
	return true
}

// impressions writes an imp for every impression that is still open.
func (a *Answer) impressions() {
	p, call := &a.state.request, a.Call
	if cap(p.banners) < len(call.Impressions) { // pointers into banners must not move
		p.banners = make([]openrtb.Banner, 0, ad.ImpressionsMax)
	}
	for i := range call.Impressions {
		if a.state.seats[i].closed {
			continue
		}
		imp := &call.Impressions[i]
		out := openrtb.Imp{ID: imp.ID, TagID: strconv.FormatUint(uint64(imp.Placement.ID), 10), Secure: flag(call.Secure)}
		if floor := a.floor(i, a.Slots[i].Size); floor.Price > 0 {
			out.BidFloor, out.BidFloorCur = floor.Price, "USD"
		}
		a.media(&out, imp, i)
		p.imps = append(p.imps, out)
	}
}

// media says what the impression takes. A received request's video, audio and native pass through; banner sizes are ours.
func (a *Answer) media(out *openrtb.Imp, imp *ad.Impression, i int) {
	p := &a.state.request
	var in *openrtb.Imp
	if r := a.state.received; r != nil && i < len(r.Imp) {
		in = &r.Imp[i]
		out.Instl, out.Rwdd, out.Exp, out.DisplayManager, out.DisplayManagerVer = in.Instl, in.Rwdd, in.Exp, in.DisplayManager, in.DisplayManagerVer
	}
	if imp.Media == 0 || imp.Media&ad.Banner != 0 {
		p.banners = append(p.banners, openrtb.Banner{Pos: int(imp.Position), BAttr: imp.BlockedAttributes})
		banner := &p.banners[len(p.banners)-1]
		from := len(p.formats)
		for _, size := range imp.Sizes {
			p.formats = append(p.formats, openrtb.Format{W: int(size.W), H: int(size.H)})
		}
		banner.Format = p.formats[from:len(p.formats):len(p.formats)]
		if len(imp.Sizes) > 0 {
			banner.W, banner.H = int(imp.Sizes[0].W), int(imp.Sizes[0].H)
		}
		switch a.Call.Framed {
		case 1:
			banner.TopFrame = openrtb.No
		case -1:
			banner.TopFrame = openrtb.Yes
		}
		if in != nil && in.Banner != nil {
			banner.API, banner.BType, banner.TopFrame, banner.MIMEs = in.Banner.API, in.Banner.BType, in.Banner.TopFrame, in.Banner.MIMEs
		}
		out.Banner = banner
	}
	if in == nil {
		return
	}
	if imp.Media&ad.Video != 0 {
		out.Video = in.Video
	}
	if imp.Media&ad.Audio != 0 {
		out.Audio = in.Audio
	}
	if imp.Media&ad.Native != 0 {
		out.Native = in.Native
	}
}

// inventory says where the impressions stand. Ids, names and domains are the catalog's, so that a caller cannot pass
// for another publisher; what describes the page or app is the caller's.
func (a *Answer) inventory() {
	p, call := &a.state.request, a.Call
	p.publisher = openrtb.Publisher{ID: strconv.FormatUint(uint64(call.Publisher.ID), 10), Name: call.Publisher.Name, Domain: call.Publisher.Domain}
	id := strconv.FormatUint(uint64(call.Site.ID), 10)
	in := a.state.received
	switch call.Site.Kind {
	case ad.App:
		if in != nil && in.App != nil {
			p.app = *in.App
		}
		p.app.ID, p.app.Name, p.app.Bundle, p.app.StoreURL = id, call.Site.Name, call.Site.Bundle, call.Site.StoreURL
		p.app.Publisher, p.app.Ext = &p.publisher, nil
		p.request.App = &p.app
	case ad.DOOH:
		if in != nil && in.DOOH != nil {
			p.dooh = *in.DOOH
		}
		p.dooh.ID, p.dooh.Name, p.dooh.Domain = id, call.Site.Name, call.Site.Domain
		p.dooh.Publisher, p.dooh.Ext = &p.publisher, nil
		p.request.DOOH = &p.dooh
	default:
		if in != nil && in.Site != nil {
			p.site = *in.Site
		}
		p.site.ID, p.site.Name, p.site.Domain, p.site.Page = id, call.Site.Name, call.Site.Domain, call.Page
		if p.site.Page == "" {
			p.site.Page = call.Site.Page
		}
		if len(call.Site.Categories) > 0 {
			p.site.Cat = call.Site.Categories
		}
		for _, pair := range call.Keywords {
			p.keywords = append(p.keywords, pair.Key+"="+pair.Value)
		}
		if len(p.keywords) > 0 {
			p.site.KwArray = p.keywords
		}
		p.site.Publisher, p.site.Ext = &p.publisher, nil
		p.request.Site = &p.site
	}
}
