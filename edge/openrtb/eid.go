package openrtb

// EID is a user's ids from one source (OpenRTB 2.6 §3.2.27).
type EID struct {
	Inserter string
	Matcher  string
	MM       int
	Source   string
	UIDs     []UID
	Ext      []byte
}

func (d *Decoder) readEID(e *EID) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "inserter":
			o.ok = o.once(0) && d.text(&e.Inserter)
		case "matcher":
			o.ok = o.once(1) && d.text(&e.Matcher)
		case "mm":
			o.ok = o.once(2) && d.integer(&e.MM)
		case "source":
			o.ok = o.once(3) && d.text(&e.Source)
		case "uids":
			o.ok = o.once(4) && many(d, &d.uids, &e.UIDs, (*Decoder).readUID)
		case "ext":
			o.ok = o.once(5) && d.raw(&e.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendEID(dst []byte, e *EID) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"inserter":`, e.Inserter)
	dst = text(dst, `"matcher":`, e.Matcher)
	dst = integer(dst, `"mm":`, e.MM)
	dst = text(dst, `"source":`, e.Source)
	dst = list(dst, `"uids":`, e.UIDs, appendUID)
	dst = raw(dst, `"ext":`, e.Ext)
	return endObject(dst)
}

// UID is one id of a user (OpenRTB 2.6 §3.2.28).
type UID struct {
	ID    string
	AType int
	Ext   []byte
}

func (d *Decoder) readUID(u *UID) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&u.ID)
		case "atype":
			o.ok = o.once(1) && d.integer(&u.AType)
		case "ext":
			o.ok = o.once(2) && d.raw(&u.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendUID(dst []byte, u *UID) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, u.ID)
	dst = integer(dst, `"atype":`, u.AType)
	dst = raw(dst, `"ext":`, u.Ext)
	return endObject(dst)
}
