package openrtb

import "curb/edge/ad"

// Response is the answer to a bid request (OpenRTB 2.6 §4.3.1). Field names, meanings, units and defaults are the specification's.
type Response struct {
	ID         string
	SeatBid    []SeatBid // nil: absent; empty: written as []
	BidID      string
	Cur        string // "": USD
	CustomData string
	NBR        OptInt
	Ext        []byte
	// CurReason is ad.Undecided for a cur that is a text or absent, else ad.CurrencyInvalid; Cur is then "".
	CurReason ad.Reason
}

func (d *Decoder) readResponse(r *Response) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&r.ID)
		case "seatbid":
			o.ok = o.once(1) && d.seatBids(&r.SeatBid)
		case "bidid":
			o.ok = o.once(2) && d.text(&r.BidID)
		case "cur":
			o.ok = o.once(3) && d.cur(r)
		case "customdata":
			o.ok = o.once(4) && d.text(&r.CustomData)
		case "nbr":
			o.ok = o.once(5) && d.optInt(&r.NBR)
		case "ext":
			o.ok = o.once(6) && d.raw(&r.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

// cur reads the currency. One that is no text, such as a list, costs the bids and not the answer: they can be told why.
func (d *Decoder) cur(r *Response) bool {
	if c := d.at(); c != '"' && c != 'n' {
		r.CurReason = ad.CurrencyInvalid
		return d.skip()
	}
	return d.text(&r.Cur)
}

// SeatBid is the bids of one seat (OpenRTB 2.6 §4.3.2).
type SeatBid struct {
	Bid   []Bid
	Seat  string
	Group Flag
	Ext   []byte
}

func (d *Decoder) readSeatBid(s *SeatBid) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "bid":
			o.ok = o.once(0) && d.bidsOf(&s.Bid)
		case "seat":
			o.ok = o.once(1) && d.text(&s.Seat)
		case "group":
			o.ok = o.once(2) && d.flag(&s.Group)
		case "ext":
			o.ok = o.once(3) && d.raw(&s.Ext)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

// seatBids reads the seats of an answer, at most ad.SeatsMax.
func (d *Decoder) seatBids(dst *[]SeatBid) bool {
	if d.at() == 'n' {
		return d.null()
	}
	l := d.openList()
	start := len(d.seats.items)
	for d.element(&l) {
		if len(d.seats.items)-start == ad.SeatsMax {
			return d.excess("seatbid: too many seats")
		}
		l.ok = d.readSeatBid(d.seats.next())
	}
	*dst = d.seats.since(start)
	return d.closeList(&l)
}

// AppendResponse writes the answer as JSON, absent fields left out and every Ext as it is. Strings that are not UTF-8
// come out with U+FFFD for each bad byte. It allocates only to grow dst.
func AppendResponse(dst []byte, r *Response) []byte {
	dst = append(dst, '{')
	dst = text(dst, `"id":`, r.ID)
	if r.SeatBid != nil {
		dst = append(dst, `"seatbid":[`...)
		for i := range r.SeatBid {
			dst = appendSeatBid(dst, &r.SeatBid[i])
		}
		dst = endList(dst)
	}
	dst = text(dst, `"bidid":`, r.BidID)
	dst = text(dst, `"cur":`, r.Cur)
	dst = text(dst, `"customdata":`, r.CustomData)
	dst = optInt(dst, `"nbr":`, r.NBR)
	dst = raw(dst, `"ext":`, r.Ext)
	return endDocument(dst)
}

// appendSeatBid writes the list of bids always: the specification requires it.
func appendSeatBid(dst []byte, s *SeatBid) []byte {
	dst = append(dst, `{"bid":[`...)
	for i := range s.Bid {
		dst = appendBid(dst, &s.Bid[i])
	}
	dst = endList(dst)
	dst = text(dst, `"seat":`, s.Seat)
	dst = flag(dst, `"group":`, s.Group)
	dst = raw(dst, `"ext":`, s.Ext)
	return endObject(dst)
}
