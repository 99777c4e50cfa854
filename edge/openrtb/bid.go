package openrtb

import "curb/edge/ad"

// Bid is one offer for one impression (OpenRTB 2.6 §4.3.3).
type Bid struct {
	ID    string
	ImpID string
	Price ad.CPM // in Response.Cur
	// PriceReason is ad.Undecided for a price that is a number, else ad.PriceMissing or ad.PriceInvalid; Price is then 0.
	PriceReason    ad.Reason
	AdM            string
	ADomain        []string
	CrID           string
	W              int
	H              int
	NURL           string
	BURL           string
	LURL           string
	AdID           string
	CID            string
	DealID         string
	Cat            []string
	Attr           []int
	MType          int
	Exp            int // seconds
	Ext            []byte
	IURL           string
	Bundle         string
	Tactic         string
	CatTax         int
	APIs           []int
	Protocol       int
	QAGMediaRating int
	Language       string
	LangB          string
	WRatio         int
	HRatio         int
	Dur            int // seconds
	SlotInPod      int
	API            int // deprecated for APIs
}

func (d *Decoder) readBid(b *Bid) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "id":
			o.ok = o.once(0) && d.text(&b.ID)
		case "impid":
			o.ok = o.once(1) && d.text(&b.ImpID)
		case "price":
			o.ok = o.once(2) && d.bidPrice(b)
		case "adm":
			o.ok = o.once(3) && d.markup(&b.AdM)
		case "adomain":
			o.ok = o.once(4) && d.texts(&b.ADomain)
		case "crid":
			o.ok = o.once(5) && d.text(&b.CrID)
		case "w":
			o.ok = o.once(6) && d.integer(&b.W)
		case "h":
			o.ok = o.once(7) && d.integer(&b.H)
		case "nurl":
			o.ok = o.once(8) && d.text(&b.NURL)
		case "burl":
			o.ok = o.once(9) && d.text(&b.BURL)
		case "lurl":
			o.ok = o.once(10) && d.text(&b.LURL)
		case "adid":
			o.ok = o.once(11) && d.text(&b.AdID)
		case "cid":
			o.ok = o.once(12) && d.text(&b.CID)
		case "dealid":
			o.ok = o.once(13) && d.text(&b.DealID)
		case "cat":
			o.ok = o.once(14) && d.texts(&b.Cat)
		case "attr":
			o.ok = o.once(15) && d.integers(&b.Attr)
		case "mtype":
			o.ok = o.once(16) && d.integer(&b.MType)
		case "exp":
			o.ok = o.once(17) && d.integer(&b.Exp)
		case "ext":
			o.ok = o.once(18) && d.raw(&b.Ext)
		case "iurl":
			o.ok = o.once(19) && d.text(&b.IURL)
		case "bundle":
			o.ok = o.once(20) && d.text(&b.Bundle)
		case "tactic":
			o.ok = o.once(21) && d.text(&b.Tactic)
		case "cattax":
			o.ok = o.once(22) && d.integer(&b.CatTax)
		case "apis":
			o.ok = o.once(23) && d.integers(&b.APIs)
		case "protocol":
			o.ok = o.once(24) && d.integer(&b.Protocol)
		case "qagmediarating":
			o.ok = o.once(25) && d.integer(&b.QAGMediaRating)
		case "language":
			o.ok = o.once(26) && d.text(&b.Language)
		default:
			o.ok = d.readBidMore(&o, b)
		}
	}
	return d.close(&o)
}

// readBidMore is the rest of readBid's names.
func (d *Decoder) readBidMore(o *object, b *Bid) bool {
	switch o.name {
	case "langb":
		return o.once(27) && d.text(&b.LangB)
	case "wratio":
		return o.once(28) && d.integer(&b.WRatio)
	case "hratio":
		return o.once(29) && d.integer(&b.HRatio)
	case "dur":
		return o.once(30) && d.integer(&b.Dur)
	case "slotinpod":
		return o.once(31) && d.integer(&b.SlotInPod)
	case "api":
		return o.once(32) && d.integer(&b.API)
	}
	return d.other(o)
}

// bidsOf reads the bids of one seat; all seats together may hold ad.BidsMax.
func (d *Decoder) bidsOf(dst *[]Bid) bool {
	if d.at() == 'n' {
		return d.null()
	}
	l := d.openList()
	start := len(d.bids.items)
	for d.element(&l) {
		if len(d.bids.items) == ad.BidsMax {
			return d.excess("bid: too many bids")
		}
		b := d.bids.next()
		b.PriceReason = ad.PriceMissing
		l.ok = d.readBid(b)
	}
	*dst = d.bids.since(start)
	return d.closeList(&l)
}

// bidPrice reads the price. One that is no number costs this bid only, so the rest of the answer survives it.
func (d *Decoder) bidPrice(b *Bid) bool { return d.offered(&b.Price, &b.PriceReason) }

// offered reads an amount. One that is no number leaves ad.PriceInvalid as the reason, null leaves both as they were.
func (d *Decoder) offered(amount *ad.CPM, reason *ad.Reason) bool {
	switch c := d.at(); {
	case c == 'n':
		return d.null()
	case c != '-' && (c < '0' || c > '9'):
		*reason = ad.PriceInvalid
		return d.skip()
	}
	digits, ok := d.digits()
	if !ok {
		return false
	}
	cpm, err := ad.ParseCPM(digits)
	if err != nil {
		*reason = ad.PriceInvalid
		return true
	}
	*amount, *reason = cpm, ad.Undecided
	return true
}

// markup reads adm, at most ad.MarkupBytesMax of it.
func (d *Decoder) markup(dst *string) bool {
	if !d.text(dst) {
		return false
	}
	if len(*dst) > ad.MarkupBytesMax {
		return d.excess("adm: too long")
	}
	return true
}

// appendBid writes id, impid and price always: the specification requires them.
func appendBid(dst []byte, b *Bid) []byte {
	dst = appendText(append(dst, '{'), `"id":`, b.ID)
	dst = appendText(dst, `"impid":`, b.ImpID)
	dst = append(b.Price.Append(append(dst, `"price":`...)), ',')
	dst = text(dst, `"adm":`, b.AdM)
	dst = texts(dst, `"adomain":`, b.ADomain)
	dst = text(dst, `"crid":`, b.CrID)
	dst = integer(dst, `"w":`, b.W)
	dst = integer(dst, `"h":`, b.H)
	dst = text(dst, `"nurl":`, b.NURL)
	dst = text(dst, `"burl":`, b.BURL)
	dst = text(dst, `"lurl":`, b.LURL)
	dst = text(dst, `"adid":`, b.AdID)
	dst = text(dst, `"cid":`, b.CID)
	dst = text(dst, `"dealid":`, b.DealID)
	dst = texts(dst, `"cat":`, b.Cat)
	dst = integers(dst, `"attr":`, b.Attr)
	dst = integer(dst, `"mtype":`, b.MType)
	dst = integer(dst, `"exp":`, b.Exp)
	dst = raw(dst, `"ext":`, b.Ext)
	return endObject(appendBidMore(dst, b))
}

// appendBidMore writes the fields that few bids have.
func appendBidMore(dst []byte, b *Bid) []byte {
	dst = text(dst, `"iurl":`, b.IURL)
	dst = text(dst, `"bundle":`, b.Bundle)
	dst = text(dst, `"tactic":`, b.Tactic)
	dst = integer(dst, `"cattax":`, b.CatTax)
	dst = integers(dst, `"apis":`, b.APIs)
	dst = integer(dst, `"protocol":`, b.Protocol)
	dst = integer(dst, `"qagmediarating":`, b.QAGMediaRating)
	dst = text(dst, `"language":`, b.Language)
	dst = text(dst, `"langb":`, b.LangB)
	dst = integer(dst, `"wratio":`, b.WRatio)
	dst = integer(dst, `"hratio":`, b.HRatio)
	dst = integer(dst, `"dur":`, b.Dur)
	dst = integer(dst, `"slotinpod":`, b.SlotInPod)
	return integer(dst, `"api":`, b.API)
}
