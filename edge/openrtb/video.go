package openrtb

import "curb/edge/ad"

// Video is an in-stream or out-stream video impression (OpenRTB 2.6 §3.2.7).
type Video struct {
	MIMEs          []string
	MinDuration    int    // seconds
	MaxDuration    int    // seconds
	StartDelay     OptInt // seconds, or 0 pre-roll, -1 mid-roll, -2 post-roll
	MaxSeq         int
	PodDur         int // seconds
	Protocols      []int
	W              int
	H              int
	PodID          string
	PodSeq         int
	RqdDurs        []int
	Placement      int
	Plcmt          int
	Linearity      int
	Skip           Flag
	SkipMin        int
	SkipAfter      int
	Sequence       int
	SlotInPod      int
	MinCPMPerSec   ad.CPM
	BAttr          []int
	MaxExtended    int
	MinBitRate     int
	MaxBitRate     int
	BoxingAllowed  Flag
	PlaybackMethod []int
	PlaybackEnd    int
	Delivery       []int
	Pos            int
	CompanionAd    []Banner
	API            []int
	CompanionType  []int
	PodDedupe      []int
	DurFloors      []DurFloors
	Protocol       int // deprecated for Protocols
	Ext            []byte
}

func (d *Decoder) readVideo(v *Video) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "mimes":
			o.ok = o.once(0) && d.texts(&v.MIMEs)
		case "minduration":
			o.ok = o.once(1) && d.integer(&v.MinDuration)
		case "maxduration":
			o.ok = o.once(2) && d.integer(&v.MaxDuration)
		case "startdelay":
			o.ok = o.once(3) && d.optInt(&v.StartDelay)
		case "maxseq":
			o.ok = o.once(4) && d.integer(&v.MaxSeq)
		case "poddur":
			o.ok = o.once(5) && d.integer(&v.PodDur)
		case "protocols":
			o.ok = o.once(6) && d.integers(&v.Protocols)
		case "w":
			o.ok = o.once(7) && d.integer(&v.W)
		case "h":
			o.ok = o.once(8) && d.integer(&v.H)
		case "podid":
			o.ok = o.once(9) && d.text(&v.PodID)
		case "podseq":
			o.ok = o.once(10) && d.integer(&v.PodSeq)
		case "rqddurs":
			o.ok = o.once(11) && d.integers(&v.RqdDurs)
		case "placement":
			o.ok = o.once(12) && d.integer(&v.Placement)
		case "plcmt":
			o.ok = o.once(13) && d.integer(&v.Plcmt)
		case "linearity":
			o.ok = o.once(14) && d.integer(&v.Linearity)
		case "skip":
			o.ok = o.once(15) && d.flag(&v.Skip)
		case "skipmin":
			o.ok = o.once(16) && d.integer(&v.SkipMin)
		case "skipafter":
			o.ok = o.once(17) && d.integer(&v.SkipAfter)
		case "sequence":
			o.ok = o.once(18) && d.integer(&v.Sequence)
		case "slotinpod":
			o.ok = o.once(19) && d.integer(&v.SlotInPod)
		case "mincpmpersec":
			o.ok = o.once(20) && d.price(&v.MinCPMPerSec)
		case "battr":
			o.ok = o.once(21) && d.integers(&v.BAttr)
		case "maxextended":
			o.ok = o.once(22) && d.integer(&v.MaxExtended)
		case "minbitrate":
			o.ok = o.once(23) && d.integer(&v.MinBitRate)
		case "maxbitrate":
			o.ok = o.once(24) && d.integer(&v.MaxBitRate)
		case "boxingallowed":
			o.ok = o.once(25) && d.flag(&v.BoxingAllowed)
		case "playbackmethod":
			o.ok = o.once(26) && d.integers(&v.PlaybackMethod)
		default:
			o.ok = d.readVideoMore(&o, v)
		}
	}
	return d.close(&o)
}

// readVideoMore is the rest of readVideo's names.
func (d *Decoder) readVideoMore(o *object, v *Video) bool {
	switch o.name {
	case "playbackend":
		return o.once(27) && d.integer(&v.PlaybackEnd)
	case "delivery":
		return o.once(28) && d.integers(&v.Delivery)
	case "pos":
		return o.once(29) && d.integer(&v.Pos)
	case "companionad":
		return o.once(30) && d.companions(&v.CompanionAd)
	case "api":
		return o.once(31) && d.integers(&v.API)
	case "companiontype":
		return o.once(32) && d.integers(&v.CompanionType)
	case "poddedupe":
		return o.once(33) && d.integers(&v.PodDedupe)
	case "durfloors":
		return o.once(34) && many(d, &d.durFloors, &v.DurFloors, (*Decoder).readDurFloors)
	case "protocol":
		return o.once(35) && d.integer(&v.Protocol)
	case "ext":
		return o.once(36) && d.raw(&v.Ext)
	}
	return d.other(o)
}

func appendVideo(dst []byte, v *Video) []byte {
	dst = append(dst, '{')
	dst = texts(dst, `"mimes":`, v.MIMEs)
	dst = integer(dst, `"minduration":`, v.MinDuration)
	dst = integer(dst, `"maxduration":`, v.MaxDuration)
	dst = optInt(dst, `"startdelay":`, v.StartDelay)
	dst = integer(dst, `"maxseq":`, v.MaxSeq)
	dst = integer(dst, `"poddur":`, v.PodDur)
	dst = integers(dst, `"protocols":`, v.Protocols)
	dst = integer(dst, `"w":`, v.W)
	dst = integer(dst, `"h":`, v.H)
	dst = text(dst, `"podid":`, v.PodID)
	dst = integer(dst, `"podseq":`, v.PodSeq)
	dst = integers(dst, `"rqddurs":`, v.RqdDurs)
	dst = integer(dst, `"placement":`, v.Placement)
	dst = integer(dst, `"plcmt":`, v.Plcmt)
	dst = integer(dst, `"linearity":`, v.Linearity)
	dst = flag(dst, `"skip":`, v.Skip)
	dst = integer(dst, `"skipmin":`, v.SkipMin)
	dst = integer(dst, `"skipafter":`, v.SkipAfter)
	dst = integer(dst, `"sequence":`, v.Sequence)
	dst = integer(dst, `"slotinpod":`, v.SlotInPod)
	dst = price(dst, `"mincpmpersec":`, v.MinCPMPerSec)
	dst = integers(dst, `"battr":`, v.BAttr)
	dst = integer(dst, `"maxextended":`, v.MaxExtended)
	dst = integer(dst, `"minbitrate":`, v.MinBitRate)
	dst = integer(dst, `"maxbitrate":`, v.MaxBitRate)
	dst = flag(dst, `"boxingallowed":`, v.BoxingAllowed)
	dst = integers(dst, `"playbackmethod":`, v.PlaybackMethod)
	dst = integer(dst, `"playbackend":`, v.PlaybackEnd)
	dst = integers(dst, `"delivery":`, v.Delivery)
	dst = integer(dst, `"pos":`, v.Pos)
	dst = list(dst, `"companionad":`, v.CompanionAd, appendBanner)
	dst = integers(dst, `"api":`, v.API)
	dst = integers(dst, `"companiontype":`, v.CompanionType)
	dst = integers(dst, `"poddedupe":`, v.PodDedupe)
	dst = list(dst, `"durfloors":`, v.DurFloors, appendDurFloors)
	dst = integer(dst, `"protocol":`, v.Protocol)
	dst = raw(dst, `"ext":`, v.Ext)
	return endObject(dst)
}

// DurFloors is the floor of a range of durations (OpenRTB 2.6 §3.2.35).
type DurFloors struct {
	MinDur   int // seconds
	MaxDur   int // seconds
	BidFloor ad.CPM
	Ext      []byte
}

func (d *Decoder) readDurFloors(f *DurFloors) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "mindur":
			o.ok = o.once(0) && d.integer(&f.MinDur)
		case "maxdur":
			o.ok = o.once(1) && d.integer(&f.MaxDur)
		case "bidfloor":
			o.ok = o.once(2) && d.price(&f.BidFloor)
		case "ext":
			o.ok = o.once(3) && d.raw(&f.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendDurFloors(dst []byte, f *DurFloors) []byte {
	dst = append(dst, '{')
	dst = integer(dst, `"mindur":`, f.MinDur)
	dst = integer(dst, `"maxdur":`, f.MaxDur)
	dst = price(dst, `"bidfloor":`, f.BidFloor)
	dst = raw(dst, `"ext":`, f.Ext)
	return endObject(dst)
}
