package openrtb

import "curb/edge/ad"

// BidTerms is what a bid says to this exchange beside OpenRTB's own fields, in bid.ext.curb:
//
//	{"min_price": 1.25, "notify_data": "…", "click_url": "https://…", "custom_macros": [{"name": "…", "value": "…"}], "exclusive": true}
type BidTerms struct {
	MinPrice ad.CPM // in Response.Cur
	// PriceReason is ad.Undecided for a min_price that is a number of 0 or more, or absent, else ad.PriceInvalid.
	PriceReason ad.Reason
	NotifyData  string
	ClickURL    string
	Macros      []ad.KeyValue
	Exclusive   bool
}

// ResponseTerms is what an answer says to this exchange as a whole, in ext.curb:
//
//	{"debug_text": "…", "owner": [{"impid": "1", "reserve": 2.5, "default_crid": "house"}]}
type ResponseTerms struct {
	DebugText string // "" also where it is no text: it decides nothing
	Owner     []OwnerTerms
}

// OwnerTerms is what an owner's bidder decides about one impression; default_adid is our id of a creative, default_crid
// the owner's code for one.
type OwnerTerms struct {
	ImpID      string
	HasReserve bool
	Reserve    ad.CPM // USD
	AdID, CrID string
}

// Terms reads terms from the Exts of an answer that a Decoder has read. What it gives is valid until Reset and may lie in
// the answer itself. The zero value is ready; a used one reads without allocating. It is for one goroutine at a time.
type Terms struct {
	d      Decoder
	macros arena[ad.KeyValue]
	owner  arena[OwnerTerms]
}

// Reset lets go of all that was read.
func (t *Terms) Reset() {
	t.d.begin(nil, true)
	t.macros.reset()
	t.owner.reset()
}

// Bid reads a bid's terms. ok is false where something of them is not of its type or beyond a limit: more than
// ad.MacrosMax macros, notify_data of more than ad.NotifyDataBytesMax. Names that it does not know mean nothing.
func (t *Terms) Bid(ext []byte) (terms BidTerms, ok bool) {
	ok = t.read(ext, func(d *Decoder) bool { return t.bidTerms(&terms) })
	return terms, ok && len(terms.Macros) <= ad.MacrosMax && len(terms.NotifyData) <= ad.NotifyDataBytesMax
}

// Response reads an answer's terms. ok is false where something of owner is not of its type, stands twice or not at all
// where it must, or beyond ad.ImpressionsMax.
func (t *Terms) Response(ext []byte) (terms ResponseTerms, ok bool) {
	ok = t.read(ext, func(d *Decoder) bool { return t.responseTerms(&terms) })
	return terms, ok && ownerOnce(terms.Owner)
}

// read looks for curb in an ext; curb reads it. An ext that is no object, or has no curb, is none of ours.
func (t *Terms) read(ext []byte, curb func(*Decoder) bool) bool {
	d := &t.d
	copies := d.copies // what was read before lies there
	d.begin(ext, true)
	d.copies = copies
	if d.at() != '{' {
		return true
	}
	var o object
	d.open(&o)
	for d.member(&o) {
		switch {
		case o.name != "curb":
			o.ok = d.other(&o)
		case d.at() == 'n':
			o.ok = o.once(0) && d.null()
		default:
			o.ok = o.once(0) && curb(d)
		}
	}
	return d.close(&o)
}

func (t *Terms) bidTerms(terms *BidTerms) bool {
	d := &t.d
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "min_price":
			o.ok = o.once(0) && d.offered(&terms.MinPrice, &terms.PriceReason)
		case "notify_data":
			o.ok = o.once(1) && d.text(&terms.NotifyData)
		case "click_url":
			o.ok = o.once(2) && d.text(&terms.ClickURL)
		case "custom_macros":
			o.ok = o.once(3) && many(d, &t.macros, &terms.Macros, (*Decoder).readMacro)
		case "exclusive":
			o.ok = o.once(4) && d.truth(&terms.Exclusive)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

// readMacro reads one custom macro; both of its members must be there.
func (d *Decoder) readMacro(m *ad.KeyValue) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "name":
			o.ok = o.once(0) && d.text(&m.Key)
		case "value":
			o.ok = o.once(1) && d.at() == '"' && d.text(&m.Value)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o) && o.seen&3 == 3 && m.Key != ""
}

// truth reads a yes or no, as JSON has them or as OpenRTB writes them.
func (d *Decoder) truth(dst *bool) bool {
	switch d.at() {
	case 't':
		*dst = true
		return d.word("true")
	case 'f':
		return d.word("false")
	}
	var f Flag
	ok := d.flag(&f)
	*dst = f == Yes
	return ok
}

func (t *Terms) responseTerms(terms *ResponseTerms) bool {
	d := &t.d
	var o object
	d.open(&o)
	for d.member(&o) {
		switch {
		case o.name == "debug_text" && d.at() != '"':
			o.ok = o.once(0) && d.skip()
		case o.name == "debug_text":
			o.ok = o.once(0) && d.text(&terms.DebugText)
		case o.name == "owner":
			o.ok = o.once(1) && many(d, &t.owner, &terms.Owner, (*Decoder).readOwner)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func (d *Decoder) readOwner(terms *OwnerTerms) bool {
	var o object
	d.open(&o)
	for d.member(&o) {
		switch o.name {
		case "impid":
			o.ok = o.once(0) && d.text(&terms.ImpID)
		case "reserve":
			o.ok = o.once(1) && d.reserve(terms)
		case "default_adid":
			o.ok = o.once(2) && d.text(&terms.AdID)
		case "default_crid":
			o.ok = o.once(3) && d.text(&terms.CrID)
		default:
			o.ok = d.other(&o)
		}
	}
	return d.close(&o)
}

func (d *Decoder) reserve(terms *OwnerTerms) bool {
	if d.at() == 'n' {
		return d.null()
	}
	terms.HasReserve = true
	return d.price(&terms.Reserve)
}

// ownerOnce reports whether every impression is named, and only once: two terms for one impression have no meaning.
func ownerOnce(owner []OwnerTerms) bool {
	if len(owner) > ad.ImpressionsMax {
		return false
	}
	for i := range owner {
		if owner[i].ImpID == "" {
			return false
		}
		for k := range i {
			if owner[k].ImpID == owner[i].ImpID {
				return false
			}
		}
	}
	return true
}
