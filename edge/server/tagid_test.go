package server

import (
	"testing"

	"curb/edge/ad"
	"curb/edge/adcall"
)

func TestWhatTagidNames(t *testing.T) {
	const own, news, other = "localhost", "ads.news.example", "ads.other.example"
	for _, c := range []struct {
		host, supply, tagid string
		want                ad.PlacementID // 0: 404
	}{
		// The node's own host, and nobody said whose request it is: an id.
		{own, ``, "1006", 1006}, {own, ``, "2001", 2001}, {own, ``, "home-top", 0}, {own, ``, "01006", 0},
		{own, `"site":{"publisher":{"id":"99"}},`, "1006", 1006}, {own, `"site":{"publisher":{"id":"news"}},`, "1006", 1006},
		// publisher.id says whose: its code, then its id, and nobody else's.
		{own, `"site":{"publisher":{"id":"1"}},`, "1006", 1007}, {own, `"site":{"publisher":{"id":"1"}},`, "2001", 1008},
		{own, `"app":{"publisher":{"id":"1"}},`, "1006", 1007}, {own, `"dooh":{"publisher":{"id":"1"}},`, "1006", 1007},
		{own, `"site":{"publisher":{"id":"1"}},`, "1001", 1001}, {own, `"site":{"publisher":{"id":"1"}},`, "home-top", 1001},
		{own, `"site":{"publisher":{"id":"2"}},`, "2001", 2001}, {own, `"site":{"publisher":{"id":"2"}},`, "home-top", 2001},
		{own, `"site":{"publisher":{"id":"2"}},`, "1001", 0}, {own, `"site":{"publisher":{"id":"1"}},`, "off", 0},
		// Codes are unique within a member, which may have several publishers.
		{own, `"site":{"publisher":{"id":"3"}},`, "cover", 3001}, {own, `"site":{"publisher":{"id":"1"}},`, "cover", 0},
		{own, `"site":{"publisher":{"id":"3"}},`, "1006", 0},
		// A tenant's host says whose, whatever publisher.id says.
		{news, ``, "1006", 1007}, {news, ``, "2001", 1008}, {news, ``, "1001", 1001}, {news, ``, "home-top", 1001},
		{news, `"site":{"publisher":{"id":"2"}},`, "home-top", 1001}, {news, `"site":{"publisher":{"id":"3"}},`, "cover", 0},
		{other, ``, "2001", 2001}, {other, ``, "1001", 0}, {other, `"site":{"publisher":{"id":"1"}},`, "home-top", 2001},
	} {
		s := &seller{sell: fall(adcall.Blank)}
		w := post(rim(t, s), `{"id":"r",`+c.supply+`"imp":[{"id":"i","tagid":"`+c.tagid+`","banner":{}}]}`, onHost(c.host))
		var got ad.PlacementID
		if s.calls() == 1 {
			got = s.imps[0].Placement.ID
		}
		if got != c.want || (c.want == 0) != (w.Code == 404) {
			t.Errorf("%s, %s tagid %s: placement %d, status %d; want placement %d", c.host, c.supply, c.tagid, got, w.Code, c.want)
		}
	}
}
