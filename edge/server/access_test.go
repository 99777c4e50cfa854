package server

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"curb/edge/ad"
	"curb/edge/adcall"
)

func TestSeatsOfTheCaller(t *testing.T) {
	for _, c := range []struct {
		seats         string
		calls         int
		only, blocked []ad.MemberID
	}{
		{``, 1, nil, nil},
		{`"wseat":[],"bseat":[],`, 1, nil, nil},
		{`"wseat":["9","7","agency","7"],`, 1, []ad.MemberID{7, 9}, nil},
		{`"bseat":["9","07","","7","4294967296"],`, 1, nil, []ad.MemberID{7, 9}},
		{`"wseat":["7"],"bseat":["8"],`, 1, []ad.MemberID{7}, []ad.MemberID{8}},
		{`"wseat":["agency"],`, 0, nil, nil},
		{`"wseat":["9"],`, 0, nil, nil},
		{`"wseat":["7","8"],"bseat":["9"],`, 1, []ad.MemberID{7, 8}, []ad.MemberID{9}},
		{`"wseat":["0","-7","7 "],`, 0, nil, nil},
	} {
		s := &seller{sell: won(502)}
		w := post(rim(t, s), `{"id":"r","imp":[{"id":"i-1","tagid":"1001","banner":{}}],`+c.seats+`"at":2}`)
		if s.calls() != c.calls || w.Code != 200 || (c.calls == 0) != (w.Body.String() == `{"id":"r","seatbid":[],"nbr":2}`) {
			t.Errorf("%s: %d auctions, status %d: %s", c.seats, s.calls(), w.Code, w.Body)
		}
		if diff := cmp.Diff([][]ad.MemberID{c.only, c.blocked}, [][]ad.MemberID{s.last.Seats, s.last.SeatsBlocked}, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: seats (-want +got):\n%s", c.seats, diff)
		}
	}
}

// TestDealsOfTheCaller sells to a bid under deal d-1, where that is said, and has what the caller hears of it.
func TestDealsOfTheCaller(t *testing.T) {
	under := won(502, func(b *ad.Bid) { b.Deal = &ad.Deal{ID: "d-1"} })
	for _, c := range []struct {
		name, pmp string
		sell      func(adcall.Incoming) *adcall.Answer
		held      bool
		private   bool
		bid       bool
		deal      string
	}{
		{"offered", `{"deals":[{"id":"x"},{"id":"d-1"}]}`, under, true, false, true, "d-1"},
		{"not offered", `{"deals":[{"id":"x"},{"id":"d-2"}]}`, under, true, false, true, ""},
		{"no deals", `{"private_auction":0}`, under, true, false, true, ""},
		{"private and offered", `{"private_auction":1,"deals":[{"id":"d-1"}]}`, under, true, true, true, "d-1"},
		{"private, another offered", `{"private_auction":1,"deals":[{"id":"d-2"}]}`, under, true, true, false, ""},
		{"private, won without a deal", `{"private_auction":1,"deals":[{"id":"d-1"}]}`, won(502), true, true, false, ""},
		{"private, all unknown", `{"private_auction":1,"deals":[{"id":"x"}]}`, under, false, false, false, ""},
		{"private, none", `{"private_auction":1}`, under, false, false, false, ""},
	} {
		s := &seller{sell: c.sell}
		body := post(rim(t, s), `{"id":"r","imp":[{"id":"i-1","tagid":"1001","banner":{},"pmp":`+c.pmp+`}]}`).Body.String()
		if held := s.calls() == 1; held != c.held {
			t.Errorf("%s: an auction was held: %v, want %v", c.name, held, c.held)
		}
		if c.held && s.imps[0].PrivateAuction != c.private {
			t.Errorf("%s: private: %v", c.name, s.imps[0].PrivateAuction)
		}
		if bid := strings.Contains(body, `"impid":"i-1"`); bid != c.bid {
			t.Errorf("%s: a bid: %v, want %v: %s", c.name, bid, c.bid, body)
		}
		if named := strings.Contains(body, `"dealid"`); named != (c.deal != "") || named && !strings.Contains(body, `"dealid":"`+c.deal+`"`) {
			t.Errorf("%s: want deal %q: %s", c.name, c.deal, body)
		}
	}
}
