package openrtb

// Device is what the user sees the ad on (OpenRTB 2.6 §3.2.18).
type Device struct {
	Geo            *Geo
	DNT            Flag
	Lmt            Flag
	UA             string
	SUA            *SUA
	IP             string
	IPv6           string
	DeviceType     int
	Make           string
	Model          string
	OS             string
	OSV            string
	HWV            string
	H              int
	W              int
	PPI            int
	PxRatio        Number
	JS             Flag
	GeoFetch       Flag
	FlashVer       string
	Language       string
	LangB          string
	Carrier        string
	MCCMNC         string
	ConnectionType int
	IFA            string
	DIDSHA1        string
	DIDMD5         string
	DPIDSHA1       string
	DPIDMD5        string
	MACSHA1        string
	MACMD5         string
	Ext            []byte
}

func (d *Decoder) readDevice(v *Device) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "geo":
			o.ok = o.once(0) && one(d, &d.geos, &v.Geo, (*Decoder).readGeo)
		case "dnt":
			o.ok = o.once(1) && d.flag(&v.DNT)
		case "lmt":
			o.ok = o.once(2) && d.flag(&v.Lmt)
		case "ua":
			o.ok = o.once(3) && d.text(&v.UA)
		case "sua":
			o.ok = o.once(4) && one(d, &d.suas, &v.SUA, (*Decoder).readSUA)
		case "ip":
			o.ok = o.once(5) && d.text(&v.IP)
		case "ipv6":
			o.ok = o.once(6) && d.text(&v.IPv6)
		case "devicetype":
			o.ok = o.once(7) && d.integer(&v.DeviceType)
		case "make":
			o.ok = o.once(8) && d.text(&v.Make)
		case "model":
			o.ok = o.once(9) && d.text(&v.Model)
		case "os":
			o.ok = o.once(10) && d.text(&v.OS)
		case "osv":
			o.ok = o.once(11) && d.text(&v.OSV)
		case "hwv":
			o.ok = o.once(12) && d.text(&v.HWV)
		case "h":
			o.ok = o.once(13) && d.integer(&v.H)
		case "w":
			o.ok = o.once(14) && d.integer(&v.W)
		case "ppi":
			o.ok = o.once(15) && d.integer(&v.PPI)
		case "pxratio":
			o.ok = o.once(16) && d.number(&v.PxRatio)
		case "js":
			o.ok = o.once(17) && d.flag(&v.JS)
		case "geofetch":
			o.ok = o.once(18) && d.flag(&v.GeoFetch)
		case "flashver":
			o.ok = o.once(19) && d.text(&v.FlashVer)
		case "language":
			o.ok = o.once(20) && d.text(&v.Language)
		case "langb":
			o.ok = o.once(21) && d.text(&v.LangB)
		case "carrier":
			o.ok = o.once(22) && d.text(&v.Carrier)
		case "mccmnc":
			o.ok = o.once(23) && d.text(&v.MCCMNC)
		case "connectiontype":
			o.ok = o.once(24) && d.integer(&v.ConnectionType)
		case "ifa":
			o.ok = o.once(25) && d.text(&v.IFA)
		case "didsha1":
			o.ok = o.once(26) && d.text(&v.DIDSHA1)
		default:
			o.ok = d.readDeviceMore(&o, v)
		}
	}
	return d.close(&o)
}

// readDeviceMore is the rest of readDevice's names.
func (d *Decoder) readDeviceMore(o *object, v *Device) bool {
	switch o.name {
	case "didmd5":
		return o.once(27) && d.text(&v.DIDMD5)
	case "dpidsha1":
		return o.once(28) && d.text(&v.DPIDSHA1)
	case "dpidmd5":
		return o.once(29) && d.text(&v.DPIDMD5)
	case "macsha1":
		return o.once(30) && d.text(&v.MACSHA1)
	case "macmd5":
		return o.once(31) && d.text(&v.MACMD5)
	case "ext":
		return o.once(32) && d.raw(&v.Ext)
	}
	return d.other(o)
}

func appendDevice(dst []byte, v *Device) []byte {
	dst = append(dst, '{')
	if v.Geo != nil {
		dst = appendGeo(append(dst, `"geo":`...), v.Geo)
	}
	dst = flag(dst, `"dnt":`, v.DNT)
	dst = flag(dst, `"lmt":`, v.Lmt)
	dst = text(dst, `"ua":`, v.UA)
	if v.SUA != nil {
		dst = appendSUA(append(dst, `"sua":`...), v.SUA)
	}
	dst = text(dst, `"ip":`, v.IP)
	dst = text(dst, `"ipv6":`, v.IPv6)
	dst = integer(dst, `"devicetype":`, v.DeviceType)
	dst = text(dst, `"make":`, v.Make)
	dst = text(dst, `"model":`, v.Model)
	dst = text(dst, `"os":`, v.OS)
	dst = text(dst, `"osv":`, v.OSV)
	dst = text(dst, `"hwv":`, v.HWV)
	dst = integer(dst, `"h":`, v.H)
	dst = integer(dst, `"w":`, v.W)
	dst = integer(dst, `"ppi":`, v.PPI)
	dst = number(dst, `"pxratio":`, v.PxRatio)
	dst = flag(dst, `"js":`, v.JS)
	dst = flag(dst, `"geofetch":`, v.GeoFetch)
	dst = text(dst, `"flashver":`, v.FlashVer)
	dst = text(dst, `"language":`, v.Language)
	dst = text(dst, `"langb":`, v.LangB)
	dst = text(dst, `"carrier":`, v.Carrier)
	dst = text(dst, `"mccmnc":`, v.MCCMNC)
	dst = integer(dst, `"connectiontype":`, v.ConnectionType)
	dst = text(dst, `"ifa":`, v.IFA)
	dst = text(dst, `"didsha1":`, v.DIDSHA1)
	dst = text(dst, `"didmd5":`, v.DIDMD5)
	dst = text(dst, `"dpidsha1":`, v.DPIDSHA1)
	dst = text(dst, `"dpidmd5":`, v.DPIDMD5)
	dst = text(dst, `"macsha1":`, v.MACSHA1)
	dst = text(dst, `"macmd5":`, v.MACMD5)
	dst = raw(dst, `"ext":`, v.Ext)
	return endObject(dst)
}
