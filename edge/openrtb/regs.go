package openrtb

// Regs is the law that applies to a request (OpenRTB 2.6 §3.2.3).
type Regs struct {
	COPPA     Flag
	GDPR      Flag
	USPrivacy string
	GPP       string
	GPPSID    []int
	Ext       []byte
}

func (d *Decoder) readRegs(r *Regs) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "coppa":
			o.ok = o.once(0) && d.flag(&r.COPPA)
		case "gdpr":
			o.ok = o.once(1) && d.flag(&r.GDPR)
		case "us_privacy":
			o.ok = o.once(2) && d.text(&r.USPrivacy)
		case "gpp":
			o.ok = o.once(3) && d.text(&r.GPP)
		case "gpp_sid":
			o.ok = o.once(4) && d.integers(&r.GPPSID)
		case "ext":
			o.ok = o.once(5) && d.regsExt(r)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendRegs(dst []byte, r *Regs) []byte {
	dst = append(dst, '{')
	dst = flag(dst, `"coppa":`, r.COPPA)
	dst = flag(dst, `"gdpr":`, r.GDPR)
	dst = text(dst, `"us_privacy":`, r.USPrivacy)
	dst = text(dst, `"gpp":`, r.GPP)
	dst = integers(dst, `"gpp_sid":`, r.GPPSID)
	dst = raw(dst, `"ext":`, r.Ext)
	return endObject(dst)
}

// regsExt keeps the extension and reads from it what OpenRTB 2.5 had no other place for. What stands in its place of 2.6
// wins, before or after.
func (d *Decoder) regsExt(r *Regs) bool {
	if d.at() != '{' {
		return d.raw(&r.Ext)
	}
	start := d.pos
	var old Regs
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "gdpr":
			o.ok = o.once(0) && d.flag(&old.GDPR)
		case "us_privacy":
			o.ok = o.once(1) && d.text(&old.USPrivacy)
		case "gpp":
			o.ok = o.once(2) && d.text(&old.GPP)
		case "gpp_sid":
			o.ok = o.once(3) && d.integers(&old.GPPSID)
		default:
			o.ok = d.other(&o)
		}
	}
	if r.GDPR == Unset {
		r.GDPR = old.GDPR
	}
	if r.USPrivacy == "" {
		r.USPrivacy = old.USPrivacy
	}
	if r.GPP == "" {
		r.GPP = old.GPP
	}
	if r.GPPSID == nil {
		r.GPPSID = old.GPPSID
	}
	r.Ext = d.since(start)
	return d.close(&o)
}
