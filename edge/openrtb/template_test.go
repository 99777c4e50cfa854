package openrtb

import (
	"testing"

	"curb/edge/ad"
)

// spliceOf makes a splice of what a request has in the places where a splice goes.
func spliceOf(r *Request) *Splice {
	own := &Splice{WSeat: r.WSeat, Cur: r.Cur}
	if r.User != nil {
		own.BuyerUID, own.UserData = r.User.BuyerUID, r.User.Data
	}
	for i := range r.Imp {
		var deals []Deal
		if p := r.Imp[i].PMP; p != nil {
			deals = p.Deals
		}
		own.Deals = append(own.Deals, deals)
		own.BidFloor = append(own.BidFloor, r.Imp[i].BidFloor)
		own.Private = append(own.Private, r.Imp[i].Instl == Yes)
		own.Skip = append(own.Skip, r.Imp[i].Rwdd == Yes)
	}
	return own
}

// merged is the request with the splice in it, as a struct.
func merged(r *Request, own *Splice) *Request {
	m := *r
	if len(own.WSeat) > 0 {
		m.WSeat = own.WSeat
	}
	if own.BuyerUID != "" || len(own.UserData) > 0 {
		var u User
		if r.User != nil {
			u = *r.User
		}
		if own.BuyerUID != "" {
			u.BuyerUID = own.BuyerUID
		}
		u.Data = append(append([]Data(nil), u.Data...), own.UserData...)
		m.User = &u
	}
	if len(own.Cur) > 0 {
		m.Cur = own.Cur
	}
	m.Imp = nil
	for i := range r.Imp {
		if i < len(own.Skip) && own.Skip[i] {
			continue
		}
		imp := r.Imp[i]
		if i < len(own.BidFloor) {
			imp.BidFloor, imp.BidFloorCur = own.BidFloor[i], ""
			if imp.BidFloor > 0 {
				imp.BidFloorCur = "USD"
			}
		}
		var p PMP
		if imp.PMP != nil {
			p = *imp.PMP
		}
		if i < len(own.Private) && own.Private[i] {
			p.PrivateAuction = Yes
			imp.PMP = &p
		}
		if i < len(own.Deals) && len(own.Deals[i]) > 0 {
			p.Deals = append(append([]Deal(nil), p.Deals...), own.Deals[i]...)
			imp.PMP = &p
		}
		m.Imp = append(m.Imp, imp)
	}
	return &m
}

// TestTemplate: with every part of a request there or not, and every part of a splice there or not, splicing writes what
// encoding the merged struct writes, for one bidder after another.
func TestTemplate(t *testing.T) {
	full := fullRequest(0)
	requests := []*Request{full, {ID: "r"}, {ID: "r", Imp: []Imp{{ID: "1"}}, User: &User{}}}
	for _, user := range []*User{nil, {ID: "u"}, {ID: "u", BuyerUID: "b"}, {Data: full.User.Data}} {
		for _, pmp := range []*PMP{nil, {}, {PrivateAuction: Yes}, {Deals: []Deal{{ID: "d"}}}} {
			requests = append(requests, &Request{ID: "r", Imp: []Imp{{ID: "1", PMP: pmp}, {ID: "2"}}, User: user, WSeat: []string{"1"}})
			requests = append(requests, &Request{ID: "r", Imp: []Imp{{ID: "1", BidFloor: 7, BidFloorCur: "EUR"}, {ID: "2", BidFloor: 5, PMP: pmp}}, User: user, Cur: []string{"EUR", "USD"}})
		}
	}
	whole := spliceOf(full)
	splices := []*Splice{{}, whole, {BuyerUID: "b"}, {UserData: whole.UserData}, {Deals: whole.Deals[:1]}, {Deals: [][]Deal{nil, whole.Deals[0]}}, {WSeat: whole.WSeat},
		{Cur: []string{"SEK"}}, {BidFloor: []ad.CPM{3}}, {BidFloor: []ad.CPM{0, 4}}, {Private: []bool{true}}, {Private: []bool{false, true}, Deals: [][]Deal{nil, whole.Deals[0]}},
		{Skip: []bool{true}}, {Skip: []bool{false, true}}, {Skip: []bool{true, true, true}, BidFloor: []ad.CPM{1}},
		{BidFloor: []ad.CPM{1, 2}, Private: []bool{true, true}, Deals: [][]Deal{whole.Deals[0], whole.Deals[0]}, Cur: whole.Cur, Skip: []bool{false, false}}}
	var tp Template
	for i, r := range requests {
		tp.Encode(r)
		for range 2 {
			for j, own := range splices {
				got, want := string(tp.Append(nil, own)), string(AppendRequest(nil, merged(r, own)))
				if got != want {
					t.Errorf("request %d, splice %d:\nspliced %s\nmerged  %s", i, j, got, want)
				}
			}
		}
	}
}
