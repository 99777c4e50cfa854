package bidder

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/egress"
	"curb/edge/openrtb"
)

// The market of the tests: a publisher with one banner slot, bidders that bid for member 201 and on, and one creative per member.
const (
	firstBidder   = 9701
	firstMember   = 201
	firstCreative = 501
)

// contents is that market with one bidder per endpoint.
func contents(endpoints ...string) catalog.Contents {
	size := ad.Size{W: 300, H: 250}
	c := catalog.Contents{
		Version:    "v1",
		Members:    []ad.Member{{ID: 100, Active: true}},
		Publishers: []ad.Publisher{{ID: 10, Member: 100, Active: true, Domain: "news.example"}},
		Sites:      []ad.Site{{ID: 20, Publisher: 10, Domain: "news.example"}},
		Placements: []ad.Placement{{ID: 1001, Site: 20, Publisher: 10, Member: 100, Active: true, Sizes: []ad.Size{size}, MediaTypes: ad.Banner}},
		Rates:      ad.ExchangeRates{AsOf: time.Now().UTC().Truncate(24 * time.Hour), Rates: map[ad.Currency]ad.Rate{{'E', 'U', 'R'}: 1_100_000_000_000}},
	}
	for i, endpoint := range endpoints {
		member := ad.MemberID(firstMember + i)
		c.Members = append(c.Members, ad.Member{ID: member, Active: true})
		c.Bidders = append(c.Bidders, ad.Bidder{
			ID: ad.BidderID(firstBidder + i), Active: true, Endpoint: endpoint,
			Members: []ad.MemberID{member}, Domains: []string{"bidder.example"},
		})
		c.Creatives = append(c.Creatives, ad.Creative{
			ID: ad.CreativeID(firstCreative + i), Code: "summer", Member: member, Active: true, Size: size, Media: ad.Banner, Format: ad.FormatHTML,
			Content: "<b>ad</b>", Secure: true, Audit: ad.Audited,
		})
	}
	return c
}

func snapshot(t testing.TB, c catalog.Contents) *catalog.Snapshot {
	t.Helper()
	s, err := catalog.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// outgoing is a bid request for the market's slot to all bidders of the snapshot.
func outgoing(s *catalog.Snapshot, timeout time.Duration) *openrtb.Outgoing {
	call := &ad.Call{
		ID: ad.AuctionID{1, 2, 3}, Received: time.Now(), Publisher: s.Publisher(10), Site: s.Site(20), Secure: true, Page: "https://news.example/today",
		Impressions: []ad.Impression{{ID: "1", Placement: s.Placement(1001), Sizes: s.Placement(1001).Sizes, Media: ad.Banner}},
	}
	out := &openrtb.Outgoing{Call: call, Request: bidRequest(call), Deadline: call.Received.Add(timeout)}
	for _, b := range s.Bidders() {
		out.Targets = append(out.Targets, ad.Target{Bidder: b})
	}
	return out
}

// bidRequest is about 1.7 kB as JSON.
func bidRequest(call *ad.Call) *openrtb.Request {
	return &openrtb.Request{
		ID:   call.ID.String(),
		Imp:  []openrtb.Imp{{ID: "1", TagID: "1001", Secure: openrtb.Yes, BidFloor: 250_000, BidFloorCur: "USD", Banner: &openrtb.Banner{W: 300, H: 250, Format: []openrtb.Format{{W: 300, H: 250}}, Pos: 1}}},
		Site: &openrtb.Site{ID: "20", Name: "News", Domain: "news.example", Page: call.Page, Ref: "https://search.example/?q=news+today+and+tomorrow", Cat: []string{"IAB12", "IAB12-1"}, Publisher: &openrtb.Publisher{ID: "10", Name: "News Media", Domain: "news.example"}},
		Device: &openrtb.Device{
			UA: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", IP: "198.51.100.0", Language: "en", DeviceType: 2, OS: "Linux", JS: openrtb.Yes,
			Geo: &openrtb.Geo{Country: "USA", Region: "NY", City: "New York", ZIP: "10004"},
		},
		User: &openrtb.User{ID: "0f8fad5b-d9cb-469f-a165-70867728950e", Yob: 1984, Gender: "F", Data: []openrtb.Data{{ID: "seg", Name: "segments", Segment: []openrtb.Segment{{ID: "5001"}, {ID: "5002"}, {ID: "5003"}}}},
			EIDs:    []openrtb.EID{{Source: "id.example", UIDs: []openrtb.UID{{ID: "c2VjcmV0LXRva2VuLW9mLTQ0LWJ5dGVzLWF0LWxlYXN0LXN1cmVseQ", AType: 1}}}, {Source: "other-id.example", UIDs: []openrtb.UID{{ID: "9f86d081884c7d659a2feaa0c55ad015", AType: 3}}}},
			Consent: "CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA.YAAAAAAAAAAA"},
		AT: 1, Cur: []string{"USD"}, BCat: []string{"IAB24", "IAB25", "IAB26"}, BAdv: []string{"blocked.example", "worse.example"},
		Source: &openrtb.Source{TID: "7c9e6679-7425-40de-944b-e07fc1f90ae7", SChain: &openrtb.SChain{Complete: openrtb.Yes, Ver: "1.0", Nodes: []openrtb.Node{{ASI: "curb.example", SID: "10", HP: openrtb.Yes}}}},
	}
}

// bidFor is a good answer of the i-th bidder to a request.
func bidFor(i int, request, price string) string {
	return fmt.Sprintf(`{"id":%q,"seatbid":[{"seat":"%d","bid":[{"id":"b1","impid":"1","price":%s,"crid":"summer","adomain":["buyer.example"]}]}]}`, request, firstMember+i, price)
}

func labGuard(t testing.TB) *egress.Guard {
	t.Helper()
	g, err := egress.New(egress.Options{Lab: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func newFanout(t testing.TB, roots *x509.CertPool) *Fanout {
	t.Helper()
	f, err := New(Options{Guard: labGuard(t), RootCAs: roots, Lab: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// market is a snapshot with its contents, so that a test can build the next version.
type market struct {
	contents catalog.Contents
	snap     *catalog.Snapshot
}

// newMarket has one bidder per endpoint; change, if any, is applied before it is built.
func newMarket(t testing.TB, change func(*catalog.Contents), endpoints ...string) *market {
	t.Helper()
	m := &market{contents: contents(endpoints...)}
	if change != nil {
		change(&m.contents)
	}
	m.snap = snapshot(t, m.contents)
	return m
}
