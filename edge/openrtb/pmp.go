package openrtb

import "curb/edge/ad"

// PMP is the private marketplace of an impression (OpenRTB 2.6 §3.2.11).
type PMP struct {
	PrivateAuction Flag
	Deals          []Deal
	Ext            []byte
}

func (d *Decoder) readPMP(p *PMP) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "private_auction":
			o.ok = o.once(0) && d.flag(&p.PrivateAuction)
		case "deals":
			o.ok = o.once(1) && many(d, &d.deals, &p.Deals, (*Decoder).readDeal)
		case "ext":
			o.ok = o.once(2) && d.raw(&p.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

// Deal is a deal an impression is offered under (OpenRTB 2.6 §3.2.12).
type Deal struct {
	ID           string
	BidFloor     ad.CPM // in BidFloorCur
	BidFloorCur  string // "": USD
	AT           int    // 1 first price, 2 second price plus, 3 fixed at BidFloor
	WSeat        []string
	WADomain     []string
	Guar         Flag
	MinCPMPerSec ad.CPM
	DurFloors    []DurFloors
	Ext          []byte
}

func (d *Decoder) readDeal(e *Deal) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&e.ID)
		case "bidfloor":
			o.ok = o.once(1) && d.price(&e.BidFloor)
		case "bidfloorcur":
			o.ok = o.once(2) && d.text(&e.BidFloorCur)
		case "at":
			o.ok = o.once(3) && d.integer(&e.AT)
		case "wseat":
			o.ok = o.once(4) && d.texts(&e.WSeat)
		case "wadomain":
			o.ok = o.once(5) && d.texts(&e.WADomain)
		case "guar":
			o.ok = o.once(6) && d.flag(&e.Guar)
		case "mincpmpersec":
			o.ok = o.once(7) && d.price(&e.MinCPMPerSec)
		case "durfloors":
			o.ok = o.once(8) && many(d, &d.durFloors, &e.DurFloors, (*Decoder).readDurFloors)
		case "ext":
			o.ok = o.once(9) && d.raw(&e.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func appendDeal(dst []byte, e *Deal) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, e.ID)
	dst = price(dst, `"bidfloor":`, e.BidFloor)
	dst = text(dst, `"bidfloorcur":`, e.BidFloorCur)
	dst = integer(dst, `"at":`, e.AT)
	dst = texts(dst, `"wseat":`, e.WSeat)
	dst = texts(dst, `"wadomain":`, e.WADomain)
	dst = flag(dst, `"guar":`, e.Guar)
	dst = price(dst, `"mincpmpersec":`, e.MinCPMPerSec)
	dst = list(dst, `"durfloors":`, e.DurFloors, appendDurFloors)
	dst = raw(dst, `"ext":`, e.Ext)
	return endObject(dst)
}

// pmpOpen is what an impression's encoding has left open where more deals may follow.
type pmpOpen uint8

const (
	noPMP    pmpOpen = iota // the impression has no pmp
	barePMP                 // pmp is open, without deals so far
	dealsPMP                // pmp and its list of deals are open
)

// A pmp begins with these; what a bidder is told of its being private stands between the first and the rest.
const (
	pmpKey     = `"pmp":{`
	privateKey = `"private_auction":`
)

// appendPMPOpen writes what follows private_auction, with the deals last and left open, so that a bidder's own can follow.
func appendPMPOpen(dst []byte, p *PMP) ([]byte, pmpOpen) {
	dst = raw(dst, `"ext":`, p.Ext)
	if len(p.Deals) == 0 {
		return dst, barePMP
	}
	dst = append(dst, `"deals":[`...)
	for i := range p.Deals {
		dst = appendDeal(dst, &p.Deals[i])
	}
	return dst, dealsPMP
}

// endPMP adds deals, opening what they need, and closes the pmp if there is one.
func endPMP(dst []byte, open pmpOpen, deals []Deal) []byte {
	if len(deals) > 0 {
		switch open {
		case noPMP:
			dst = append(append(dst, pmpKey...), `"deals":[`...)
		case barePMP:
			dst = append(dst, `"deals":[`...)
		}
		open = dealsPMP
		for i := range deals {
			dst = appendDeal(dst, &deals[i])
		}
	}
	switch open {
	case noPMP:
		return dst
	case dealsPMP:
		dst = endList(dst)
	}
	return endObject(dst)
}
