package openrtb

// Splice is what one bidder's request has of its own.
type Splice struct {
	BuyerUID string   // user.buyeruid; "": the shared request's
	UserData []Data   // follows the shared user.data
	Deals    [][]Deal // per impression, follows the shared imp.pmp.deals; may be shorter than the list of impressions
	WSeat    []string // wseat; empty: the shared request's
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
	wseat    []byte
}

// impCut is where a bidder's deals go: behind shared[:end].
type impCut struct {
	end int
	pmp pmpOpen
}

// Encode takes the request in; the template does not refer to it afterwards.
func (t *Template) Encode(r *Request) {
	t.imps, t.user = t.imps[:0], noUser
	t.buyerUID = t.buyerUID[:0]
	t.wseat = texts(t.wseat[:0], `"wseat":`, r.WSeat)
	dst := appendRequestHead(t.shared[:0], r)
	t.head = len(dst)
	for i := range r.Imp {
		var open pmpOpen
		dst, open = appendImpOpen(dst, &r.Imp[i])
		t.imps = append(t.imps, impCut{len(dst), open})
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
	for i, cut := range t.imps {
		dst = append(dst, t.shared[from:cut.end]...)
		var deals []Deal
		if i < len(s.Deals) {
			deals = s.Deals[i]
		}
		dst = endImp(dst, cut.pmp, deals)
		from = cut.end
	}
	dst = append(endList(dst), t.shared[from:]...)
	dst = t.appendUser(dst, s)
	if len(s.WSeat) > 0 {
		dst = texts(dst, `"wseat":`, s.WSeat)
	} else {
		dst = append(dst, t.wseat...)
	}
	return endDocument(dst)
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
