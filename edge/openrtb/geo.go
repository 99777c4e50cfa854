package openrtb

// Geo is a place: of the device now, or of the user's home (OpenRTB 2.6 §3.2.19).
type Geo struct {
	Lat           Number // degrees, -90 to 90
	Lon           Number // degrees, -180 to 180
	Type          int
	Accuracy      int // metres
	LastFix       int // seconds ago
	IPService     int
	Country       string // ISO 3166-1 alpha-3
	Region        string
	RegionFIPS104 string
	Metro         string
	City          string
	ZIP           string
	UTCOffset     OptInt // minutes
	Ext           []byte
}

func (d *Decoder) readGeo(g *Geo) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "lat":
			o.ok = o.once(0) && d.number(&g.Lat)
		case "lon":
			o.ok = o.once(1) && d.number(&g.Lon)
		case "type":
			o.ok = o.once(2) && d.integer(&g.Type)
		case "accuracy":
			o.ok = o.once(3) && d.integer(&g.Accuracy)
		case "lastfix":
			o.ok = o.once(4) && d.integer(&g.LastFix)
		case "ipservice":
			o.ok = o.once(5) && d.integer(&g.IPService)
		case "country":
			o.ok = o.once(6) && d.text(&g.Country)
		case "region":
			o.ok = o.once(7) && d.text(&g.Region)
		case "regionfips104":
			o.ok = o.once(8) && d.text(&g.RegionFIPS104)
		case "metro":
			o.ok = o.once(9) && d.text(&g.Metro)
		case "city":
			o.ok = o.once(10) && d.text(&g.City)
		case "zip":
			o.ok = o.once(11) && d.text(&g.ZIP)
		case "utcoffset":
			o.ok = o.once(12) && d.optInt(&g.UTCOffset)
		case "ext":
			o.ok = o.once(13) && d.raw(&g.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendGeo(dst []byte, g *Geo) []byte {
	dst = append(dst, '{')
	dst = number(dst, `"lat":`, g.Lat)
	dst = number(dst, `"lon":`, g.Lon)
	dst = integer(dst, `"type":`, g.Type)
	dst = integer(dst, `"accuracy":`, g.Accuracy)
	dst = integer(dst, `"lastfix":`, g.LastFix)
	dst = integer(dst, `"ipservice":`, g.IPService)
	dst = text(dst, `"country":`, g.Country)
	dst = text(dst, `"region":`, g.Region)
	dst = text(dst, `"regionfips104":`, g.RegionFIPS104)
	dst = text(dst, `"metro":`, g.Metro)
	dst = text(dst, `"city":`, g.City)
	dst = text(dst, `"zip":`, g.ZIP)
	dst = optInt(dst, `"utcoffset":`, g.UTCOffset)
	dst = raw(dst, `"ext":`, g.Ext)
	return endObject(dst)
}
