package openrtb

import "curb/edge/ad"

// Splice is what one bidder's request has of its own. Lists per impression may be shorter than the list of impressions.
type Splice struct {
	BuyerUID string   // user.buyeruid; "": the shared request's
	UserData []Data   // follows the shared user.data
	Cur      []string // cur; empty: the shared request's
	WSeat    []string // wseat; empty: the shared request's
	Deals    [][]Deal // per impression, follows the shared imp.pmp.deals
	BidFloor []ad.CPM // per impression, in USD, in place of the shared floor and its currency; 0: no floor
	Private  []bool   // per impression: imp.pmp.private_auction is 1, whatever the shared request says
	Skip     []bool   // per impression: the bidder does not hear of it
}

// Template is a request encoded once, for writing it to many bidders with each one's Splice. What it writes is what
// AppendRequest writes for the request with the splice in it. The zero value is ready for Encode, and may be used for
// one request after another; once encoded, Append may be called by many goroutines at a time.
type Template struct {
	shared   []byte
	head     int // where the impressions begin
	imps     []impCut
	user     userOpen
	buyerUID []byte // the shared members, encoded
	cur      []byte
	wseat    []byte
}

// impCut is where in the shared bytes an impression's parts end that a bidder may have its own of. Each part is empty
// where the shared request has none.
type impCut struct {
	plain   int // before the floor
	floor   int
	pmp     int // after the opening of the pmp, if any
	private int
	end     int // deals are open behind it, if there is a pmp
	open    pmpOpen
}

// Encode takes the request in; the template does not refer to it afterwards.
func (t *Template) Encode(r *Request) {
	t.imps, t.user = t.imps[:0], noUser
	t.buyerUID = t.buyerUID[:0]
	t.cur = texts(t.cur[:0], `"cur":`, r.Cur)
	t.wseat = texts(t.wseat[:0], `"wseat":`, r.WSeat)
	dst := appendRequestHead(t.shared[:0], r)
	t.head = len(dst)
	for i := range r.Imp {
		imp := &r.Imp[i]
		var c impCut
		dst = appendImpOpen(dst, imp)
		c.plain = len(dst)
		dst = appendFloor(dst, imp.BidFloor, imp.BidFloorCur)
		c.floor, c.pmp, c.private = len(dst), len(dst), len(dst)
		if imp.PMP != nil {
			dst = append(dst, pmpKey...)
			c.pmp = len(dst)
			dst = flag(dst, privateKey, imp.PMP.PrivateAuction)
			c.private = len(dst)
			dst, c.open = appendPMPOpen(dst, imp.PMP)
		}
		c.end = len(dst)
		t.imps = append(t.imps, c)
	}
	dst = appendRequestRest(dst, r)
	if r.User != nil {
		dst, t.user = appendUserOpen(append(dst, `"user":`...), r.User)
		t.buyerUID = text(t.buyerUID, `"buyeruid":`, r.User.BuyerUID)
	}
	t.shared = dst
}

// Append writes the request with the splice in it. It allocates only to grow dst.
func (t *Template) Append(dst []byte, s *Splice) []byte {
	dst = append(dst, t.shared[:t.head]...)
	from := t.head
	for i := range t.imps {
		c := &t.imps[i]
		if i >= len(s.Skip) || !s.Skip[i] {
			dst = t.appendImp(dst, s, i, from)
		}
		from = c.end
	}
	dst = append(endList(dst), t.shared[from:]...)
	dst = t.appendUser(dst, s)
	if len(s.Cur) > 0 {
		dst = texts(dst, `"cur":`, s.Cur)
	} else {
		dst = append(dst, t.cur...)
	}
	if len(s.WSeat) > 0 {
		dst = texts(dst, `"wseat":`, s.WSeat)
	} else {
		dst = append(dst, t.wseat...)
	}
	return endDocument(dst)
}

// appendImp writes the i-th impression, whose shared bytes begin at from.
func (t *Template) appendImp(dst []byte, s *Splice, i, from int) []byte {
	c := &t.imps[i]
	if i < len(s.BidFloor) {
		dst = append(dst, t.shared[from:c.plain]...)
		if floor := s.BidFloor[i]; floor > 0 {
			dst = appendFloor(dst, floor, "USD")
		}
		from = c.floor
	}
	open := c.open
	if i < len(s.Private) && s.Private[i] {
		dst = append(dst, t.shared[from:c.pmp]...)
		if open == noPMP {
			dst, open = append(dst, pmpKey...), barePMP
		}
		dst = append(dst, privateKey+"1,"...)
		from = c.private
	}
	dst = append(dst, t.shared[from:c.end]...)
	var deals []Deal
	if i < len(s.Deals) {
		deals = s.Deals[i]
	}
	return endImp(dst, open, deals)
}

// appendUser ends the shared user with the bidder's own part, or makes one of that alone.
func (t *Template) appendUser(dst []byte, s *Splice) []byte {
	if t.user == noUser {
		if s.BuyerUID == "" && len(s.UserData) == 0 {
			return dst
		}
		dst = append(dst, `"user":{`...)
	}
	dst = endData(dst, t.user, s.UserData)
	if s.BuyerUID != "" {
		dst = appendText(dst, `"buyeruid":`, s.BuyerUID)
	} else {
		dst = append(dst, t.buyerUID...)
	}
	return endObject(dst)
}
