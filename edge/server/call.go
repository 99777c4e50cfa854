package server

import (
	"net/http"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// Bounds of the texts of a tag.
const (
	codeBytesMax    = 100
	elementBytesMax = 64
	cbBytesMax      = 64
)

// visit is one request for a tag: its parameters, the call made of them, and the buffers of its answer. It is pooled.
type visit struct {
	params   parameters
	call     ad.Call
	imps     [1]ad.Impression
	sizes    []ad.Size
	private  []ad.Size
	sections []int
	target   string // element that a script renders into
	passing  passing
	returns  returns
	debug    debugging

	page pageWriter
	out  []byte // a script around the page
	self []byte // the tag's own path and query
}

func (v *visit) reset() {
	v.params.reset()
	v.call = ad.Call{}
	v.imps[0] = ad.Impression{}
	v.sizes, v.private, v.sections, v.target = v.sizes[:0], v.private[:0], v.sections[:0], ""
	v.passing.reset()
	v.returns.reset()
	v.debug = debugging{}
	v.page.reset()
	v.out, v.self = keep(v.out), v.self[:0]
}

// read makes the call of a tag: it finds the placement and checks every parameter. All parameters are checked, whether
// they have an effect or not.
func (v *visit) read(r *http.Request, in request) *problem {
	if p := v.params.parse(r.URL.RawQuery); p != nil {
		return p
	}
	rd := reader{params: &v.params}
	name := rd.placementName()
	v.readCall(&rd, in)
	v.readImpression(&rd)
	v.target = rd.charset(fieldTarget, elementBytesMax, "-_.:")
	v.passing.read(&rd)
	v.debug.read(&rd)
	if rd.bad {
		return &paramInvalid
	}
	if !name.given() {
		return &placementMissing
	}
	placement := name.find(in.snap)
	var onSale bool
	if v.call.Publisher, v.call.Site, onSale = in.seller(placement); !onSale {
		return &placementUnknown
	}
	if p := v.slot(placement); p != nil {
		return p
	}
	return v.debug.open(&v.call, placement, in.snap)
}

// placementName is how a tag names its placement.
type placementName struct {
	id       ad.PlacementID
	member   ad.MemberID
	code     string
	standard ad.PlacementID // used when the member is known and the code is not
}

func (r *reader) placementName() placementName {
	return placementName{
		id:       ad.PlacementID(r.number(fieldID)),
		member:   ad.MemberID(r.number(fieldMember)),
		code:     r.charset(fieldCode, codeBytesMax, "._-%"),
		standard: ad.PlacementID(r.number(fieldDefaultTag)),
	}
}

// given reports whether the tag says enough to look anything up.
func (n placementName) given() bool {
	return n.id != 0 || n.member != 0 && (n.code != "" || n.standard != 0)
}

func (n placementName) find(snap *catalog.Snapshot) *ad.Placement {
	if n.id != 0 {
		return snap.Placement(n.id)
	}
	if p := snap.PlacementByCode(n.member, n.code); p != nil && n.code != "" {
		return p
	}
	if p := snap.Placement(n.standard); p != nil && p.Member == n.member {
		return p
	}
	return nil
}

// seller gives the publisher and site of a placement. ok is false for one that is not on sale here: none of that name,
// another tenant's, or switched off.
func (in request) seller(p *ad.Placement) (publisher *ad.Publisher, site *ad.Site, ok bool) {
	if p == nil || !p.Active || in.tenant != nil && p.Publisher != in.tenant.ID {
		return nil, nil, false
	}
	publisher, site = in.snap.Publisher(p.Publisher), in.snap.Site(p.Site)
	if publisher == nil || !publisher.Active || site == nil {
		return nil, nil, false
	}
	if member := in.snap.Member(p.Member); member == nil || !member.Active {
		return nil, nil, false
	}
	return publisher, site, true
}

// readCall reads what concerns the whole call.
func (v *visit) readCall(r *reader, in request) {
	c := &v.call
	c.Format, c.Received = in.format, in.now
	if page := r.text(fieldReferrer, urlBytesMax); page != "" {
		var ok bool
		if c.Page, ok = webURL(page); !ok {
			r.fail()
		}
	}
	c.Cachebuster = r.charset(fieldCB, cbBytesMax, "._-")
	c.YearOfBirth, c.Gender = r.birthYear(in.now), r.gender()
	c.Location = r.location()
	c.ClickTracker = r.clickTracker()
	c.NoPSA = !r.bool(fieldPSA, true)
	for i := range c.PassThrough {
		c.PassThrough[i] = r.text(fieldPT1+field(i), ad.LabelBytesMax)
	}
	c.ExternalCode = r.text(fieldExtInvCode, ad.LabelBytesMax)
	c.TrafficSource = r.text(fieldTrafficSource, ad.LabelBytesMax)
	c.ExternalUID = r.text(fieldExternalUID, ad.LabelBytesMax)
	c.NoUser = !r.bool(fieldUseCookies, true)
	r.bool(fieldTruncateIP, true) // addresses always leave truncated
	c.PreventRTB, c.PreventDeals = r.bool(fieldPreventRTB, false), r.bool(fieldPreventDeals, false)
	c.Framed = r.framed()
	c.GDPR, c.TCF = r.gdpr(), r.charset(fieldGDPRConsent, ad.ConsentBytesMax, "-_.~")
	c.GPP = r.charset(fieldGPP, ad.ConsentBytesMax, "-_.~")
	v.sections = r.sections(v.sections)
	c.GPPSID, c.USPrivacy, c.COPPA = v.sections, r.usPrivacy(), r.bool(fieldCOPPA, false)
	c.Test = r.bool(fieldTest, false)
	c.Keywords, c.Custom = v.params.key, v.params.custom
}

// clickTracker reads pubclick as it stands, or pubclickenc decoded; a tag says one of them.
func (r *reader) clickTracker() string {
	tracker := r.text(fieldPubClickEnc, urlBytesMax)
	if r.params.has(fieldPubClick) {
		if tracker != "" {
			r.fail()
		}
		tracker = r.params.raw[fieldPubClick]
	}
	if tracker == "" {
		return ""
	}
	clean, ok := webURL(tracker)
	if !ok {
		r.fail()
	}
	return clean
}

// readImpression reads what concerns the slot, before the placement is known.
func (v *visit) readImpression(r *reader) {
	imp := &v.imps[0]
	imp.ID, imp.Media = "1", ad.Banner
	imp.Reserve, imp.Position = r.reserve(), r.position()
	v.sizes = r.sizes(v.sizes, fieldSize)
	if len(v.sizes) > 1 {
		r.fail()
	}
	v.sizes = r.sizes(v.sizes, fieldPromoSizes)
	v.private = r.sizes(v.private, fieldPrivateSizes)
}

// slot settles between the placement's own settings and the tag's: sizes and position of the placement stand.
func (v *visit) slot(p *ad.Placement) *problem {
	imp := &v.imps[0]
	imp.Placement, imp.Sizes, imp.PrivateSizes = p, p.Sizes, p.PrivateSizes
	if len(p.Sizes) == 0 {
		imp.Sizes = v.sizes
	}
	if len(imp.Sizes) == 0 {
		return &sizeMissing
	}
	if len(p.PrivateSizes) == 0 {
		imp.PrivateSizes = v.private
	}
	if imp.Position == 0 {
		imp.Position = p.Position
	}
	v.call.Impressions = v.imps[:]
	return nil
}
