package openrtb

import "curb/edge/ad"

// Audio is an audio impression (OpenRTB 2.6 §3.2.8).
type Audio struct {
	MIMEs         []string
	MinDuration   int // seconds
	MaxDuration   int // seconds
	PodDur        int // seconds
	Protocols     []int
	StartDelay    OptInt // seconds, or 0 pre-roll, -1 mid-roll, -2 post-roll
	RqdDurs       []int
	PodID         string
	PodSeq        int
	Sequence      int
	SlotInPod     int
	MinCPMPerSec  ad.CPM
	BAttr         []int
	MaxExtended   int
	MinBitrate    int
	MaxBitrate    int
	Delivery      []int
	CompanionAd   []Banner
	API           []int
	CompanionType []int
	MaxSeq        int
	Feed          int
	Stitched      Flag
	NVol          OptInt
	DurFloors     []DurFloors
	Ext           []byte
}

func (d *Decoder) readAudio(a *Audio) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "mimes":
			o.ok = o.once(0) && d.texts(&a.MIMEs)
		case "minduration":
			o.ok = o.once(1) && d.integer(&a.MinDuration)
		case "maxduration":
			o.ok = o.once(2) && d.integer(&a.MaxDuration)
		case "poddur":
			o.ok = o.once(3) && d.integer(&a.PodDur)
		case "protocols":
			o.ok = o.once(4) && d.integers(&a.Protocols)
		case "startdelay":
			o.ok = o.once(5) && d.optInt(&a.StartDelay)
		case "rqddurs":
			o.ok = o.once(6) && d.integers(&a.RqdDurs)
		case "podid":
			o.ok = o.once(7) && d.text(&a.PodID)
		case "podseq":
			o.ok = o.once(8) && d.integer(&a.PodSeq)
		case "sequence":
			o.ok = o.once(9) && d.integer(&a.Sequence)
		case "slotinpod":
			o.ok = o.once(10) && d.integer(&a.SlotInPod)
		case "mincpmpersec":
			o.ok = o.once(11) && d.price(&a.MinCPMPerSec)
		case "battr":
			o.ok = o.once(12) && d.integers(&a.BAttr)
		case "maxextended":
			o.ok = o.once(13) && d.integer(&a.MaxExtended)
		case "minbitrate":
			o.ok = o.once(14) && d.integer(&a.MinBitrate)
		case "maxbitrate":
			o.ok = o.once(15) && d.integer(&a.MaxBitrate)
		case "delivery":
			o.ok = o.once(16) && d.integers(&a.Delivery)
		case "companionad":
			o.ok = o.once(17) && d.companions(&a.CompanionAd)
		case "api":
			o.ok = o.once(18) && d.integers(&a.API)
		case "companiontype":
			o.ok = o.once(19) && d.integers(&a.CompanionType)
		case "maxseq":
			o.ok = o.once(20) && d.integer(&a.MaxSeq)
		case "feed":
			o.ok = o.once(21) && d.integer(&a.Feed)
		case "stitched":
			o.ok = o.once(22) && d.flag(&a.Stitched)
		case "nvol":
			o.ok = o.once(23) && d.optInt(&a.NVol)
		case "durfloors":
			o.ok = o.once(24) && many(d, &d.durFloors, &a.DurFloors, (*Decoder).readDurFloors)
		case "ext":
			o.ok = o.once(25) && d.raw(&a.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendAudio(dst []byte, a *Audio) []byte {
	dst = append(dst, '{')
	dst = texts(dst, `"mimes":`, a.MIMEs)
	dst = integer(dst, `"minduration":`, a.MinDuration)
	dst = integer(dst, `"maxduration":`, a.MaxDuration)
	dst = integer(dst, `"poddur":`, a.PodDur)
	dst = integers(dst, `"protocols":`, a.Protocols)
	dst = optInt(dst, `"startdelay":`, a.StartDelay)
	dst = integers(dst, `"rqddurs":`, a.RqdDurs)
	dst = text(dst, `"podid":`, a.PodID)
	dst = integer(dst, `"podseq":`, a.PodSeq)
	dst = integer(dst, `"sequence":`, a.Sequence)
	dst = integer(dst, `"slotinpod":`, a.SlotInPod)
	dst = price(dst, `"mincpmpersec":`, a.MinCPMPerSec)
	dst = integers(dst, `"battr":`, a.BAttr)
	dst = integer(dst, `"maxextended":`, a.MaxExtended)
	dst = integer(dst, `"minbitrate":`, a.MinBitrate)
	dst = integer(dst, `"maxbitrate":`, a.MaxBitrate)
	dst = integers(dst, `"delivery":`, a.Delivery)
	dst = list(dst, `"companionad":`, a.CompanionAd, appendBanner)
	dst = integers(dst, `"api":`, a.API)
	dst = integers(dst, `"companiontype":`, a.CompanionType)
	dst = integer(dst, `"maxseq":`, a.MaxSeq)
	dst = integer(dst, `"feed":`, a.Feed)
	dst = flag(dst, `"stitched":`, a.Stitched)
	dst = optInt(dst, `"nvol":`, a.NVol)
	dst = list(dst, `"durfloors":`, a.DurFloors, appendDurFloors)
	dst = raw(dst, `"ext":`, a.Ext)
	return endObject(dst)
}
