package openrtb

import "curb/edge/ad"

// Banner is a display impression, or a companion of a video or audio one (OpenRTB 2.6 §3.2.6).
type Banner struct {
	Format   []Format
	W        int
	H        int
	WMax     int
	HMax     int
	WMin     int
	HMin     int
	BType    []int
	BAttr    []int
	Pos      int
	MIMEs    []string
	TopFrame Flag
	ExpDir   []int
	API      []int
	ID       string
	Vcm      Flag
	Ext      []byte
}

func (d *Decoder) readBanner(b *Banner) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "format":
			o.ok = o.once(0) && many(d, &d.formats, &b.Format, (*Decoder).readFormat)
		case "w":
			o.ok = o.once(1) && d.integer(&b.W)
		case "h":
			o.ok = o.once(2) && d.integer(&b.H)
		case "wmax":
			o.ok = o.once(3) && d.integer(&b.WMax)
		case "hmax":
			o.ok = o.once(4) && d.integer(&b.HMax)
		case "wmin":
			o.ok = o.once(5) && d.integer(&b.WMin)
		case "hmin":
			o.ok = o.once(6) && d.integer(&b.HMin)
		case "btype":
			o.ok = o.once(7) && d.integers(&b.BType)
		case "battr":
			o.ok = o.once(8) && d.integers(&b.BAttr)
		case "pos":
			o.ok = o.once(9) && d.integer(&b.Pos)
		case "mimes":
			o.ok = o.once(10) && d.texts(&b.MIMEs)
		case "topframe":
			o.ok = o.once(11) && d.flag(&b.TopFrame)
		case "expdir":
			o.ok = o.once(12) && d.integers(&b.ExpDir)
		case "api":
			o.ok = o.once(13) && d.integers(&b.API)
		case "id":
			o.ok = o.once(14) && d.text(&b.ID)
		case "vcm":
			o.ok = o.once(15) && d.flag(&b.Vcm)
		case "ext":
			o.ok = o.once(16) && d.raw(&b.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendBanner(dst []byte, b *Banner) []byte {
	dst = append(dst, '{')
	dst = list(dst, `"format":`, b.Format, appendFormat)
	dst = integer(dst, `"w":`, b.W)
	dst = integer(dst, `"h":`, b.H)
	dst = integer(dst, `"wmax":`, b.WMax)
	dst = integer(dst, `"hmax":`, b.HMax)
	dst = integer(dst, `"wmin":`, b.WMin)
	dst = integer(dst, `"hmin":`, b.HMin)
	dst = integers(dst, `"btype":`, b.BType)
	dst = integers(dst, `"battr":`, b.BAttr)
	dst = integer(dst, `"pos":`, b.Pos)
	dst = texts(dst, `"mimes":`, b.MIMEs)
	dst = flag(dst, `"topframe":`, b.TopFrame)
	dst = integers(dst, `"expdir":`, b.ExpDir)
	dst = integers(dst, `"api":`, b.API)
	dst = text(dst, `"id":`, b.ID)
	dst = flag(dst, `"vcm":`, b.Vcm)
	dst = raw(dst, `"ext":`, b.Ext)
	return endObject(dst)
}

// Format is one size a banner takes (OpenRTB 2.6 §3.2.10).
type Format struct {
	W      int
	H      int
	WRatio int
	HRatio int
	WMin   int
	Ext    []byte
}

func (d *Decoder) readFormat(f *Format) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "w":
			o.ok = o.once(0) && d.integer(&f.W)
		case "h":
			o.ok = o.once(1) && d.integer(&f.H)
		case "wratio":
			o.ok = o.once(2) && d.integer(&f.WRatio)
		case "hratio":
			o.ok = o.once(3) && d.integer(&f.HRatio)
		case "wmin":
			o.ok = o.once(4) && d.integer(&f.WMin)
		case "ext":
			o.ok = o.once(5) && d.raw(&f.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendFormat(dst []byte, f *Format) []byte {
	dst = append(dst, '{')
	dst = integer(dst, `"w":`, f.W)
	dst = integer(dst, `"h":`, f.H)
	dst = integer(dst, `"wratio":`, f.WRatio)
	dst = integer(dst, `"hratio":`, f.HRatio)
	dst = integer(dst, `"wmin":`, f.WMin)
	dst = raw(dst, `"ext":`, f.Ext)
	return endObject(dst)
}

// companions reads the list of companions, at most ad.CompanionsMax.
func (d *Decoder) companions(dst *[]Banner) bool {
	if d.at() == 'n' {
		return d.null()
	}
	l := d.openList()
	start := len(d.banners.items)
	for d.element(&l) {
		if len(d.banners.items)-start == ad.CompanionsMax {
			return d.excess("companionad: too many companions")
		}
		l.ok = d.readBanner(d.banners.next())
	}
	*dst = d.banners.since(start)
	return d.closeList(&l)
}
