package openrtb

import "curb/edge/ad"

// Imp is an impression on offer (OpenRTB 2.6 §3.2.4).
type Imp struct {
	ID                string
	Metric            []Metric
	Banner            *Banner
	Video             *Video
	Audio             *Audio
	Native            *Native
	PMP               *PMP
	DisplayManager    string
	DisplayManagerVer string
	Instl             Flag
	TagID             string
	BidFloor          ad.CPM // in BidFloorCur
	BidFloorCur       string // "": USD
	ClickBrowser      Flag
	Secure            Flag
	IframeBuster      []string
	Rwdd              Flag
	SSAI              int
	Exp               int // seconds
	Qty               *Qty
	DT                Number // Unix seconds
	Refresh           *Refresh
	Ext               []byte
}

func (d *Decoder) readImp(i *Imp) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&i.ID)
		case "metric":
			o.ok = o.once(1) && many(d, &d.metrics, &i.Metric, (*Decoder).readMetric)
		case "banner":
			o.ok = o.once(2) && one(d, &d.banners, &i.Banner, (*Decoder).readBanner)
		case "video":
			o.ok = o.once(3) && one(d, &d.videos, &i.Video, (*Decoder).readVideo)
		case "audio":
			o.ok = o.once(4) && one(d, &d.audios, &i.Audio, (*Decoder).readAudio)
		case "native":
			o.ok = o.once(5) && one(d, &d.natives, &i.Native, (*Decoder).readNative)
		case "pmp":
			o.ok = o.once(6) && one(d, &d.pmps, &i.PMP, (*Decoder).readPMP)
		case "displaymanager":
			o.ok = o.once(7) && d.text(&i.DisplayManager)
		case "displaymanagerver":
			o.ok = o.once(8) && d.text(&i.DisplayManagerVer)
		case "instl":
			o.ok = o.once(9) && d.flag(&i.Instl)
		case "tagid":
			o.ok = o.once(10) && d.text(&i.TagID)
		case "bidfloor":
			o.ok = o.once(11) && d.price(&i.BidFloor)
		case "bidfloorcur":
			o.ok = o.once(12) && d.text(&i.BidFloorCur)
		case "clickbrowser":
			o.ok = o.once(13) && d.flag(&i.ClickBrowser)
		case "secure":
			o.ok = o.once(14) && d.flag(&i.Secure)
		case "iframebuster":
			o.ok = o.once(15) && d.texts(&i.IframeBuster)
		case "rwdd":
			o.ok = o.once(16) && d.flag(&i.Rwdd)
		case "ssai":
			o.ok = o.once(17) && d.integer(&i.SSAI)
		case "exp":
			o.ok = o.once(18) && d.integer(&i.Exp)
		case "qty":
			o.ok = o.once(19) && one(d, &d.qtys, &i.Qty, (*Decoder).readQty)
		case "dt":
			o.ok = o.once(20) && d.number(&i.DT)
		case "refresh":
			o.ok = o.once(21) && one(d, &d.refreshes, &i.Refresh, (*Decoder).readRefresh)
		case "ext":
			o.ok = o.once(22) && d.raw(&i.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

// Metric is a measurement of an impression, such as its viewability (OpenRTB 2.6 §3.2.5).
type Metric struct {
	Type   string
	Value  Number
	Vendor string
	Ext    []byte
}

func (d *Decoder) readMetric(m *Metric) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "type":
			o.ok = o.once(0) && d.text(&m.Type)
		case "value":
			o.ok = o.once(1) && d.number(&m.Value)
		case "vendor":
			o.ok = o.once(2) && d.text(&m.Vendor)
		case "ext":
			o.ok = o.once(3) && d.raw(&m.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendMetric(dst []byte, m *Metric) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"type":`, m.Type)
	dst = number(dst, `"value":`, m.Value)
	dst = text(dst, `"vendor":`, m.Vendor)
	dst = raw(dst, `"ext":`, m.Ext)
	return endObject(dst)
}

// Qty says how many people an impression reaches, for digital out-of-home (OpenRTB 2.6 §3.2.31).
type Qty struct {
	Multiplier Number
	SourceType int
	Vendor     string
	Ext        []byte
}

func (d *Decoder) readQty(q *Qty) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "multiplier":
			o.ok = o.once(0) && d.number(&q.Multiplier)
		case "sourcetype":
			o.ok = o.once(1) && d.integer(&q.SourceType)
		case "vendor":
			o.ok = o.once(2) && d.text(&q.Vendor)
		case "ext":
			o.ok = o.once(3) && d.raw(&q.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendQty(dst []byte, q *Qty) []byte {
	dst = append(dst, '{')
	dst = number(dst, `"multiplier":`, q.Multiplier)
	dst = integer(dst, `"sourcetype":`, q.SourceType)
	dst = text(dst, `"vendor":`, q.Vendor)
	dst = raw(dst, `"ext":`, q.Ext)
	return endObject(dst)
}

// Refresh says how a slot refreshes itself (OpenRTB 2.6 §3.2.33).
type Refresh struct {
	RefSettings []RefSettings
	Count       OptInt
	Ext         []byte
}

func (d *Decoder) readRefresh(r *Refresh) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "refsettings":
			o.ok = o.once(0) && many(d, &d.refSettings, &r.RefSettings, (*Decoder).readRefSettings)
		case "count":
			o.ok = o.once(1) && d.optInt(&r.Count)
		case "ext":
			o.ok = o.once(2) && d.raw(&r.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendRefresh(dst []byte, r *Refresh) []byte {
	dst = append(dst, '{')
	dst = list(dst, `"refsettings":`, r.RefSettings, appendRefSettings)
	dst = optInt(dst, `"count":`, r.Count)
	dst = raw(dst, `"ext":`, r.Ext)
	return endObject(dst)
}

// RefSettings is one way in which a slot refreshes itself (OpenRTB 2.6 §3.2.34).
type RefSettings struct {
	RefType int
	MinInt  int // seconds
	Ext     []byte
}

func (d *Decoder) readRefSettings(s *RefSettings) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "reftype":
			o.ok = o.once(0) && d.integer(&s.RefType)
		case "minint":
			o.ok = o.once(1) && d.integer(&s.MinInt)
		case "ext":
			o.ok = o.once(2) && d.raw(&s.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendRefSettings(dst []byte, s *RefSettings) []byte {
	dst = append(dst, '{')
	dst = integer(dst, `"reftype":`, s.RefType)
	dst = integer(dst, `"minint":`, s.MinInt)
	dst = raw(dst, `"ext":`, s.Ext)
	return endObject(dst)
}

// impressions reads the list of impressions, at most as many as a call may have.
func (d *Decoder) impressions(dst *[]Imp) bool {
	if d.at() == 'n' {
		return d.null()
	}
	l := d.openList()
	start := len(d.imps.items)
	for d.element(&l) {
		if len(d.imps.items)-start == ad.ImpressionsMax {
			return d.excess("imp: too many impressions")
		}
		l.ok = d.readImp(d.imps.next())
	}
	*dst = d.imps.since(start)
	return d.closeList(&l)
}

func appendImp(dst []byte, i *Imp) []byte {
	dst = appendFloor(appendImpOpen(dst, i), i.BidFloor, i.BidFloorCur)
	open := noPMP
	if i.PMP != nil {
		dst = flag(append(dst, pmpKey...), privateKey, i.PMP.PrivateAuction)
		dst, open = appendPMPOpen(dst, i.PMP)
	}
	return endImp(dst, open, nil)
}

// appendImpOpen writes the impression but for floor and pmp, which have a part per bidder and so come last, and leaves it open.
func appendImpOpen(dst []byte, i *Imp) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, i.ID)
	dst = list(dst, `"metric":`, i.Metric, appendMetric)
	if i.Banner != nil {
		dst = appendBanner(append(dst, `"banner":`...), i.Banner)
	}
	if i.Video != nil {
		dst = appendVideo(append(dst, `"video":`...), i.Video)
	}
	if i.Audio != nil {
		dst = appendAudio(append(dst, `"audio":`...), i.Audio)
	}
	if i.Native != nil {
		dst = appendNative(append(dst, `"native":`...), i.Native)
	}
	dst = text(dst, `"displaymanager":`, i.DisplayManager)
	dst = text(dst, `"displaymanagerver":`, i.DisplayManagerVer)
	dst = flag(dst, `"instl":`, i.Instl)
	dst = text(dst, `"tagid":`, i.TagID)
	dst = flag(dst, `"clickbrowser":`, i.ClickBrowser)
	dst = flag(dst, `"secure":`, i.Secure)
	dst = texts(dst, `"iframebuster":`, i.IframeBuster)
	dst = flag(dst, `"rwdd":`, i.Rwdd)
	dst = integer(dst, `"ssai":`, i.SSAI)
	dst = integer(dst, `"exp":`, i.Exp)
	if i.Qty != nil {
		dst = appendQty(append(dst, `"qty":`...), i.Qty)
	}
	dst = number(dst, `"dt":`, i.DT)
	if i.Refresh != nil {
		dst = appendRefresh(append(dst, `"refresh":`...), i.Refresh)
	}
	return raw(dst, `"ext":`, i.Ext)
}

// appendFloor writes the floor of an impression that is open.
func appendFloor(dst []byte, floor ad.CPM, currency string) []byte {
	return text(price(dst, `"bidfloor":`, floor), `"bidfloorcur":`, currency)
}

// endImp adds the deals and closes what appendImpOpen left open.
func endImp(dst []byte, open pmpOpen, deals []Deal) []byte {
	return endObject(endPMP(dst, open, deals))
}
