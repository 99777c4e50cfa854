package openrtb

import "testing"

// spliceOf makes a splice of what a request has in the places where a splice goes.
func spliceOf(r *Request) *Splice {
	own := &Splice{WSeat: r.WSeat}
	if r.User != nil {
		own.BuyerUID, own.UserData = r.User.BuyerUID, r.User.Data
	}
	for i := range r.Imp {
		var deals []Deal
		if p := r.Imp[i].PMP; p != nil {
			deals = p.Deals
		}
		own.Deals = append(own.Deals, deals)
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
	m.Imp = append([]Imp(nil), r.Imp...)
	for i := range m.Imp {
		if i >= len(own.Deals) || len(own.Deals[i]) == 0 {
			continue
		}
		var p PMP
		if m.Imp[i].PMP != nil {
			p = *m.Imp[i].PMP
		}
		p.Deals = append(append([]Deal(nil), p.Deals...), own.Deals[i]...)
		m.Imp[i].PMP = &p
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
		}
	}
	whole := spliceOf(full)
	splices := []*Splice{{}, whole, {BuyerUID: "b"}, {UserData: whole.UserData}, {Deals: whole.Deals[:1]}, {Deals: [][]Deal{nil, whole.Deals[0]}}, {WSeat: whole.WSeat}}
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
