package openrtb

// Request is a bid request (OpenRTB 2.6 §3.2.1). Field names are the specification's; so are meanings, units and defaults.
// A zero field is absent. At most one of Site, App and DOOH is set.
type Request struct {
	ID      string
	Imp     []Imp // 1 to ad.ImpressionsMax
	Site    *Site
	App     *App
	DOOH    *DOOH
	Device  *Device
	User    *User
	Test    Flag
	AT      int // 1 first price, 2 second price plus
	TMax    int // milliseconds, as received: the reader bounds it
	WSeat   []string
	BSeat   []string
	AllImps Flag
	Cur     []string
	WLang   []string
	WLangB  []string
	ACat    []string
	BCat    []string
	CatTax  int
	BAdv    []string
	BApp    []string
	Source  *Source
	Regs    *Regs
	Ext     []byte
}

func (d *Decoder) readRequest(r *Request) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&r.ID)
		case "imp":
			o.ok = o.once(1) && d.impressions(&r.Imp)
		case "site":
			o.ok = o.once(2) && one(d, &d.sites, &r.Site, (*Decoder).readSite)
		case "app":
			o.ok = o.once(3) && one(d, &d.apps, &r.App, (*Decoder).readApp)
		case "dooh":
			o.ok = o.once(4) && one(d, &d.doohs, &r.DOOH, (*Decoder).readDOOH)
		case "device":
			o.ok = o.once(5) && one(d, &d.devices, &r.Device, (*Decoder).readDevice)
		case "user":
			o.ok = o.once(6) && one(d, &d.users, &r.User, (*Decoder).readUser)
		case "test":
			o.ok = o.once(7) && d.flag(&r.Test)
		case "at":
			o.ok = o.once(8) && d.integer(&r.AT)
		case "tmax":
			o.ok = o.once(9) && d.integer(&r.TMax)
		case "wseat":
			o.ok = o.once(10) && d.texts(&r.WSeat)
		case "bseat":
			o.ok = o.once(11) && d.texts(&r.BSeat)
		case "allimps":
			o.ok = o.once(12) && d.flag(&r.AllImps)
		case "cur":
			o.ok = o.once(13) && d.texts(&r.Cur)
		case "wlang":
			o.ok = o.once(14) && d.texts(&r.WLang)
		case "wlangb":
			o.ok = o.once(15) && d.texts(&r.WLangB)
		case "acat":
			o.ok = o.once(16) && d.texts(&r.ACat)
		case "bcat":
			o.ok = o.once(17) && d.texts(&r.BCat)
		case "cattax":
			o.ok = o.once(18) && d.integer(&r.CatTax)
		case "badv":
			o.ok = o.once(19) && d.texts(&r.BAdv)
		case "bapp":
			o.ok = o.once(20) && d.texts(&r.BApp)
		case "source":
			o.ok = o.once(21) && one(d, &d.sources, &r.Source, (*Decoder).readSource)
		case "regs":
			o.ok = o.once(22) && one(d, &d.regs, &r.Regs, (*Decoder).readRegs)
		case "ext":
			o.ok = o.once(23) && d.raw(&r.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

// AppendRequest writes the request as JSON, absent fields left out and every Ext as it is. Strings that are not UTF-8
// come out with U+FFFD for each bad byte. It allocates only to grow dst.
func AppendRequest(dst []byte, r *Request) []byte {
	dst = appendRequestHead(dst, r)
	for i := range r.Imp {
		dst = appendImp(dst, &r.Imp[i])
	}
	dst = endList(dst)
	dst = appendRequestRest(dst, r)
	if r.User != nil {
		dst = appendUser(append(dst, `"user":`...), r.User)
	}
	dst = texts(dst, `"cur":`, r.Cur)
	dst = texts(dst, `"wseat":`, r.WSeat)
	return endDocument(dst)
}

// appendRequestHead leaves the request open before its first impression.
func appendRequestHead(dst []byte, r *Request) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, r.ID)
	return append(dst, `"imp":[`...)
}

// appendRequestRest writes what follows the impressions but for user, cur and wseat, which have a part per bidder and
// so come last, and leaves the request open.
func appendRequestRest(dst []byte, r *Request) []byte {
	if r.Site != nil {
		dst = appendSite(append(dst, `"site":`...), r.Site)
	}
	if r.App != nil {
		dst = appendApp(append(dst, `"app":`...), r.App)
	}
	if r.DOOH != nil {
		dst = appendDOOH(append(dst, `"dooh":`...), r.DOOH)
	}
	if r.Device != nil {
		dst = appendDevice(append(dst, `"device":`...), r.Device)
	}
	dst = flag(dst, `"test":`, r.Test)
	dst = integer(dst, `"at":`, r.AT)
	dst = integer(dst, `"tmax":`, r.TMax)
	dst = texts(dst, `"bseat":`, r.BSeat)
	dst = flag(dst, `"allimps":`, r.AllImps)
	dst = texts(dst, `"wlang":`, r.WLang)
	dst = texts(dst, `"wlangb":`, r.WLangB)
	dst = texts(dst, `"acat":`, r.ACat)
	dst = texts(dst, `"bcat":`, r.BCat)
	dst = integer(dst, `"cattax":`, r.CatTax)
	dst = texts(dst, `"badv":`, r.BAdv)
	dst = texts(dst, `"bapp":`, r.BApp)
	if r.Source != nil {
		dst = appendSource(append(dst, `"source":`...), r.Source)
	}
	if r.Regs != nil {
		dst = appendRegs(append(dst, `"regs":`...), r.Regs)
	}
	return raw(dst, `"ext":`, r.Ext)
}

// acceptable checks what the scan could not see in passing. The offset is the end: it is the whole that is wrong.
func (d *Decoder) acceptable(r *Request) bool {
	switch {
	case r.ID == "":
		return d.refuse(0, "id: missing or empty")
	case len(r.Imp) == 0:
		return d.refuse(0, "imp: at least one impression is needed")
	case r.Site != nil && r.App != nil, r.Site != nil && r.DOOH != nil, r.App != nil && r.DOOH != nil:
		return d.refuse(0, "more than one of site, app and dooh")
	}
	for i := range r.Imp {
		if r.Imp[i].ID == "" {
			return d.refuse(0, "imp.id: missing or empty")
		}
		for j := range i {
			if r.Imp[j].ID == r.Imp[i].ID {
				return d.refuse(0, "imp.id: two impressions have the same")
			}
		}
	}
	return true
}
