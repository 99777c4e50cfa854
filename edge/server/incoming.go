package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// sale is what reading a bid request came to: an error, nothing that could be sold, or (neither) a call.
type sale struct {
	problem *problem
	detail  string // of problem: place and cause
	none    bool
}

// incoming makes the call of a bid request. Impressions that cannot be sold leave the request, so that those of call and
// request stay side by side.
func (h *Handler) incoming(r *http.Request, c *openCall, in request, received *openrtb.Request) sale {
	call := &c.call
	*call = ad.Call{ID: h.newID(), Format: ad.TagOpenRTB, Received: in.now, Test: received.Test == openrtb.Yes}
	call.TMax = waitOf(received.TMax)
	c.currency, c.rate = answerCurrency(received.Cur, in.snap.Rates(), in.now)
	h.readDevice(r, call, received.Device)
	readPerson(call, received)
	readPage(call, received)
	known, kept, first := 0, 0, received.Imp[0].TagID
	for i := range received.Imp {
		imp := &received.Imp[i]
		placement := h.placementOf(in, received, imp)
		publisher, site, ok := in.seller(placement)
		switch {
		case !ok:
			continue
		case call.Publisher == nil:
			call.Publisher, call.Site = publisher, site
		case call.Publisher != publisher:
			continue // one call, one publisher
		}
		known++
		out, ok := c.impression(imp, placement)
		if !ok {
			continue
		}
		if out.PrivateAuction = isPrivate(imp); out.PrivateAuction && !offersOurs(imp, in.snap) {
			continue
		}
		if out.Reserve, ok = floorOf(imp, in.snap.Rates(), in.now); !ok {
			return sale{problem: &requestInvalid, detail: "imp[" + strconv.Itoa(i) + "].bidfloorcur: want a currency that has an exchange rate here"}
		}
		call.Secure = call.Secure || imp.Secure == openrtb.Yes
		c.imps[kept] = out
		received.Imp[kept] = *imp
		kept++
	}
	received.Imp = received.Imp[:kept]
	call.Impressions = c.imps[:kept]
	if known == 0 {
		return sale{problem: &placementUnknown, detail: unknownTag(first)}
	}
	return sale{none: !c.readSeats(received, in.snap) || kept == 0 || c.rate == 0}
}

// unknownTag says why the first impression names no placement. One that is somebody else's or switched off does not exist.
func unknownTag(first string) string {
	if first == "" {
		return "imp[0].tagid: missing, and site, app and publisher have not exactly one active placement to stand for it"
	}
	return "imp[0].tagid: names no placement that is on sale on this host"
}

// waitOf reads tmax: 0 is not said, everything else is bounded.
func waitOf(milliseconds int) time.Duration {
	if milliseconds == 0 {
		return 0
	}
	bounded := min(max(milliseconds, int(ad.TMaxMin/time.Millisecond)), int(ad.TMaxMax/time.Millisecond))
	return time.Duration(bounded) * time.Millisecond
}

// rateOf is the rate of a currency; 0 if it has none. A table that is too old has none but that of USD: nothing is sold at
// what the world was like last week.
func rateOf(rates *ad.ExchangeRates, currency ad.Currency, now time.Time) ad.Rate {
	if !currency.IsUSD() && !rates.Fresh(now) {
		return 0
	}
	return rates.Rate(currency)
}

// answerCurrency is the first of the caller's currencies that has a rate; USD if it names none. Rate 0: none has one.
func answerCurrency(accepted []string, rates *ad.ExchangeRates, now time.Time) (ad.Currency, ad.Rate) {
	if len(accepted) == 0 {
		return ad.USD, ad.RateOne
	}
	for _, text := range accepted {
		currency, ok := ad.ParseCurrency(text)
		if !ok || text == "" {
			continue
		}
		if rate := rateOf(rates, currency, now); rate > 0 {
			return currency, rate
		}
	}
	return ad.USD, 0
}

// floorOf converts bidfloor to USD, rounding up so that no answer lies below it; false if its currency has no rate.
func floorOf(imp *openrtb.Imp, rates *ad.ExchangeRates, now time.Time) (ad.CPM, bool) {
	if imp.BidFloor == 0 {
		return 0, true
	}
	currency, ok := ad.ParseCurrency(imp.BidFloorCur)
	if !ok {
		return 0, false
	}
	rate := rateOf(rates, currency, now)
	return rate.ToUSDUp(imp.BidFloor), rate > 0
}

// placementOf finds what an impression is an impression of; without tagid, the only placement of its site, app or
// publisher. Where it is clear whose request this is, by the host it came in on, else by publisher.id, tagid is that
// publisher's code, else the id of one of its placements. Elsewhere it is an id.
func (h *Handler) placementOf(in request, received *openrtb.Request, imp *openrtb.Imp) *ad.Placement {
	site, publisher := supplyOf(received)
	if imp.TagID == "" {
		return h.compiledFor(in.snap).only(idOf(site), idOf(publisher))
	}
	named := in.snap.Placement(ad.PlacementID(idOf(imp.TagID)))
	owner := in.tenant
	if owner == nil {
		owner = in.snap.Publisher(ad.PublisherID(idOf(publisher)))
	}
	if owner == nil {
		return named
	}
	if p := in.snap.PlacementByCode(owner.Member, imp.TagID); p != nil && p.Publisher == owner.ID {
		return p
	}
	if named != nil && named.Publisher == owner.ID {
		return named
	}
	return nil
}

// supplyOf gives the ids of site, app or screen, and of its publisher, as the caller wrote them.
func supplyOf(received *openrtb.Request) (site, publisher string) {
	var owner *openrtb.Publisher
	switch {
	case received.Site != nil:
		site, owner = received.Site.ID, received.Site.Publisher
	case received.App != nil:
		site, owner = received.App.ID, received.App.Publisher
	case received.DOOH != nil:
		site, owner = received.DOOH.ID, received.DOOH.Publisher
	}
	if owner != nil {
		publisher = owner.ID
	}
	return site, publisher
}

// idOf reads one of our numeric ids; 0 for anything else.
func idOf(text string) uint32 {
	if text == "" || len(text) > 10 || text[0] < '1' || text[0] > '9' {
		return 0
	}
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(id)
}

// impression makes the slot of an impression; false if the placement takes none of its media or sizes.
func (c *openCall) impression(imp *openrtb.Imp, p *ad.Placement) (out ad.Impression, ok bool) {
	out = ad.Impression{ID: imp.ID, Placement: p, PrivateSizes: p.PrivateSizes, Position: p.Position}
	if imp.Banner != nil {
		from := len(c.sizes)
		c.sizes = appendSizes(c.sizes, imp.Banner, p)
		out.Sizes = c.sizes[from:len(c.sizes):len(c.sizes)]
		if len(out.Sizes) > 0 {
			out.Media |= ad.Banner
		}
		if imp.Banner.Pos > 0 && imp.Banner.Pos < 8 {
			out.Position = uint8(imp.Banner.Pos)
		}
	}
	if imp.Video != nil {
		out.Media |= ad.Video
	}
	if imp.Audio != nil {
		out.Media |= ad.Audio
	}
	if imp.Native != nil {
		out.Media |= ad.Native
	}
	if p.MediaTypes != 0 {
		out.Media &= p.MediaTypes
	}
	return out, out.Media != 0
}

// appendSizes appends the banner's sizes that the placement has, in the caller's order. A banner without sizes takes the
// placement's; a placement without takes the banner's.
func appendSizes(dst []ad.Size, b *openrtb.Banner, p *ad.Placement) []ad.Size {
	from := len(dst)
	offered := false
	add := func(w, h int) {
		if w <= 0 || h <= 0 || w > 9999 || h > 9999 || len(dst)-from == ad.SizesMax {
			return
		}
		offered = true
		size := ad.Size{W: uint16(w), H: uint16(h)}
		if (len(p.Sizes) == 0 || contains(p.Sizes, size)) && !contains(dst[from:], size) {
			dst = append(dst, size)
		}
	}
	for i := range b.Format {
		add(b.Format[i].W, b.Format[i].H)
	}
	add(b.W, b.H)
	if !offered {
		dst = append(dst, p.Sizes...)
	}
	return dst
}

func contains(sizes []ad.Size, size ad.Size) bool {
	for _, s := range sizes {
		if s == size {
			return true
		}
	}
	return false
}

// readDevice fills in the device. What the request says counts for a server that calls on a user's behalf; a browser that
// calls by itself says nothing of the kind, and the connection shows it.
func (h *Handler) readDevice(r *http.Request, call *ad.Call, said *openrtb.Device) {
	h.device(r, &call.Device)
	signals(r, &call.Privacy)
	if said == nil {
		return
	}
	text := said.IP
	if text == "" {
		text = said.IPv6
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		call.Device.IP = addr.Unmap().WithZone("")
	}
	if said.UA != "" {
		call.Device.UserAgent = headerText(said.UA, userAgentBytesMax)
		call.Device.SUA = ad.ClientHints{} // the connection's are another browser's
	}
	if said.Language != "" {
		call.Device.Language = language(said.Language)
	}
	call.DoNotTrack = call.DoNotTrack || said.DNT == openrtb.Yes || said.Lmt == openrtb.Yes
}

// readPerson fills in what is said of the user and of the law.
func readPerson(call *ad.Call, received *openrtb.Request) {
	call.GDPR = -1
	if u := received.User; u != nil {
		call.TCF = u.Consent
		if year := call.Received.UTC().Year(); u.Yob >= birthYearMin && u.Yob <= year {
			call.YearOfBirth = uint16(u.Yob)
		}
		switch u.Gender {
		case "M", "F", "O":
			call.Gender = u.Gender[0]
		}
	}
	g := received.Regs
	if g == nil {
		return
	}
	call.COPPA = g.COPPA == openrtb.Yes
	call.GPC = call.GPC || optedOut(g.Ext)
	switch g.GDPR {
	case openrtb.No:
		call.GDPR = 0
	case openrtb.Yes:
		call.GDPR = 1
	}
	call.GPP, call.GPPSID, call.USPrivacy = g.GPP, g.GPPSID, g.USPrivacy
}

// optedOut reports whether regs.ext says gpc, which is the Sec-GPC header as a server passes it on: "1" or 1.
func optedOut(ext []byte) bool {
	if !bytes.Contains(ext, []byte(`"gpc"`)) {
		return false
	}
	var said struct {
		GPC json.RawMessage `json:"gpc"`
	}
	if json.Unmarshal(ext, &said) != nil {
		return false
	}
	return string(said.GPC) == `"1"` || string(said.GPC) == `1`
}

// readPage takes the page if it is a web URL; an https page takes secure creatives only.
func readPage(call *ad.Call, received *openrtb.Request) {
	if received.Site == nil {
		return
	}
	call.Page, _ = webURL(received.Site.Page)
	call.Secure = strings.HasPrefix(call.Page, "https://")
}
