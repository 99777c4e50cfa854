package openrtb

// User is the human behind the device (OpenRTB 2.6 §3.2.20). Who withholds Consent or EIDs from a bidder must drop Ext too:
// requests in the manner of 2.5 repeat them there.
type User struct {
	ID         string
	BuyerUID   string
	Yob        int
	Gender     string
	Keywords   string
	KwArray    []string
	CustomData string
	Geo        *Geo
	Data       []Data
	Consent    string
	EIDs       []EID
	Ext        []byte
}

func (d *Decoder) readUser(u *User) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&u.ID)
		case "buyeruid":
			o.ok = o.once(1) && d.text(&u.BuyerUID)
		case "yob":
			o.ok = o.once(2) && d.integer(&u.Yob)
		case "gender":
			o.ok = o.once(3) && d.text(&u.Gender)
		case "keywords":
			o.ok = o.once(4) && d.text(&u.Keywords)
		case "kwarray":
			o.ok = o.once(5) && d.texts(&u.KwArray)
		case "customdata":
			o.ok = o.once(6) && d.text(&u.CustomData)
		case "geo":
			o.ok = o.once(7) && one(d, &d.geos, &u.Geo, (*Decoder).readGeo)
		case "data":
			o.ok = o.once(8) && many(d, &d.datas, &u.Data, (*Decoder).readData)
		case "consent":
			o.ok = o.once(9) && d.text(&u.Consent)
		case "eids":
			o.ok = o.once(10) && many(d, &d.eids, &u.EIDs, (*Decoder).readEID)
		case "ext":
			o.ok = o.once(11) && d.userExt(u)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

// userExt keeps the extension and reads from it what OpenRTB 2.5 had no other place for. What stands in its place of 2.6
// wins, before or after.
func (d *Decoder) userExt(u *User) bool {
	if d.at() != '{' {
		return d.raw(&u.Ext)
	}
	start := d.pos
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "consent":
			var consent string
			o.ok = o.once(0) && d.text(&consent)
			if u.Consent == "" {
				u.Consent = consent
			}
		case "eids":
			var eids []EID
			o.ok = o.once(1) && many(d, &d.eids, &eids, (*Decoder).readEID)
			if u.EIDs == nil {
				u.EIDs = eids
			}
		default:
			o.ok = d.other(&o)
		}
	}
	u.Ext = d.since(start)
	return d.close(&o)
}

// userOpen is what a request's encoding has left open where a bidder's data may follow.
type userOpen uint8

const (
	noUser   userOpen = iota // the request has no user
	bareUser                 // user is open, without data so far
	dataUser                 // user and its list of data are open
)

func appendUser(dst []byte, u *User) []byte {
	dst, open := appendUserOpen(dst, u)
	dst = endData(dst, open, nil)
	return endObject(text(dst, `"buyeruid":`, u.BuyerUID))
}

// appendUserOpen writes the user but for buyeruid, and leaves it open where data of one bidder would follow.
func appendUserOpen(dst []byte, u *User) ([]byte, userOpen) {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, u.ID)
	dst = integer(dst, `"yob":`, u.Yob)
	dst = text(dst, `"gender":`, u.Gender)
	dst = text(dst, `"keywords":`, u.Keywords)
	dst = texts(dst, `"kwarray":`, u.KwArray)
	dst = text(dst, `"customdata":`, u.CustomData)
	if u.Geo != nil {
		dst = appendGeo(append(dst, `"geo":`...), u.Geo)
	}
	dst = text(dst, `"consent":`, u.Consent)
	dst = list(dst, `"eids":`, u.EIDs, appendEID)
	dst = raw(dst, `"ext":`, u.Ext)
	if len(u.Data) == 0 {
		return dst, bareUser
	}
	dst = append(dst, `"data":[`...)
	for i := range u.Data {
		dst = appendData(dst, &u.Data[i])
	}
	return dst, dataUser
}

// endData adds data to an open user and closes the list, if there is one.
func endData(dst []byte, open userOpen, data []Data) []byte {
	if len(data) > 0 && open != dataUser {
		dst = append(dst, `"data":[`...)
		open = dataUser
	}
	for i := range data {
		dst = appendData(dst, &data[i])
	}
	if open == dataUser {
		dst = endList(dst)
	}
	return dst
}
