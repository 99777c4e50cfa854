package provider

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/egress"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a client, and the snapshot its providers are in.
type desk struct {
	t      *testing.T
	client *Client
	snap   *catalog.Snapshot
}

func newDesk(t *testing.T, providers ...ad.DataProvider) *desk {
	guard, err := egress.New(egress.Options{Lab: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range providers {
		providers[i].Active = providers[i].Name != "off"
		if providers[i].Bidders == nil {
			providers[i].Bidders = []ad.BidderID{1}
		}
	}
	snap, err := catalog.New(catalog.Contents{
		Version: "v", DataProviders: providers,
		Members:    []ad.Member{{ID: 100, Name: "owner", Active: true}, {ID: 201, Name: "acme", Active: true}},
		Publishers: []ad.Publisher{{ID: 10, Name: "news", Member: 100, Active: true}},
		Sites:      []ad.Site{{ID: 20, Name: "front", Publisher: 10}},
		Placements: []ad.Placement{{ID: 1001, Name: "top", Site: 20, Publisher: 10, Member: 100, Active: true}},
		Bidders: []ad.Bidder{{ID: 1, Name: "one", Active: true, Endpoint: "https://one.example/", Members: []ad.MemberID{201}},
			{ID: 2, Name: "two", Endpoint: "https://two.example/", Members: []ad.MemberID{201}}},
		GeoRanges: []catalog.GeoRange{{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Country: "US", Region: "NY", City: "New York", Postal: "10006", DMA: 501}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t, New(Options{Guard: guard, ReadyEvery: 2 * time.Millisecond}), snap}
	d.client.Update(snap)
	t.Cleanup(d.client.Close)
	return d
}

func (d *desk) call() *ad.Call {
	return &ad.Call{
		ID: ad.AuctionID{0xab}, Received: time.Unix(1_800_000_000, 0), Publisher: d.snap.Publisher(10), Site: d.snap.Site(20),
		Impressions: []ad.Impression{{ID: "1", Placement: d.snap.Placement(1001)}}, Page: "https://news.example/a?b=c&d=é",
		Device:       ad.Device{IP: netip.MustParseAddr("198.51.100.77"), UserAgent: "test/1 (x; y)"},
		Demographics: ad.Demographics{YearOfBirth: 1990}, Privacy: ad.Privacy{GDPR: -1}, ExternalUID: "reader-7",
		Location: ad.Location{Known: true, Lat: 4_071_000, Lon: -7_400_000},
	}
}

// ask asks with plenty of time: what is under test is not the clock.
func (d *desk) ask(call *ad.Call, personal bool) []ad.Provided {
	return d.client.Ask(d.t.Context(), d.snap, ad.Inquiry{Call: call, Personal: personal, Deadline: time.Now().Add(10 * time.Second)}, nil)
}

// serve runs a provider of the given answers, one after the other, the last again and again.
func serve(t *testing.T, handler http.HandlerFunc) string {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(text)) }
}

func TestSegmentsOfAllProviders(t *testing.T) {
	d := newDesk(t,
		ad.DataProvider{Name: "a", Endpoint: serve(t, says("auto-intender\nsports:7\r\n\nlast")) + "/"},
		ad.DataProvider{Name: "b", Endpoint: serve(t, says("\n")) + "/"},
		ad.DataProvider{Name: "c", Endpoint: serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }) + "/"},
		ad.DataProvider{Name: "d", Endpoint: serve(t, says("x:2147483647\n")) + "/"},
	)
	got := d.ask(d.call(), true)
	slices.SortFunc(got, func(a, b ad.Provided) int { return strings.Compare(a.Provider.Name, b.Provider.Name) })
	want := []ad.Provided{
		{Provider: d.snap.DataProviders()[0], Segments: []ad.Segment{{Code: "auto-intender"}, {Code: "sports", Value: 7}, {Code: "last"}}},
		{Provider: d.snap.DataProviders()[3], Segments: []ad.Segment{{Code: "x", Value: 2147483647}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("provided (-want +got):\n%s", diff)
	}
}

func TestMacros(t *testing.T) {
	var got url.Values
	endpoint := serve(t, func(_ http.ResponseWriter, r *http.Request) { got = r.URL.Query() }) + "/ask?page=${REFERER_URL_ENC}&u=${USER_ID}&ip=${USER_IP}" +
		"&a=${AUCTION_ID}&ua=${USER_AGENT}&seller=${SELLER_MEMBER_ID}&where=${USER_COUNTRY}-${USER_STATE}-${USER_CITY}-${POSTAL_CODE}-${USER_DMA}" +
		"&tag=${TAG_ID}&ext=${EXTERNAL_UID}&lat=${GEO_LAT}&lon=${GEO_LON}&odd=${NOBODY_KNOWS}&open=${TAG_ID"
	d := newDesk(t, ad.DataProvider{Name: "a", Endpoint: strings.TrimSuffix(endpoint, "&open=${TAG_ID"), Contextual: true})
	d.ask(d.call(), true)
	want := url.Values{"page": {"https://news.example/a?b=c&d=é"}, "u": {"0"}, "ip": {"198.51.100.0"}, "a": {d.call().ID.String()}, "ua": {"test/1 (x; y)"},
		"seller": {"100"}, "where": {"US-NY-New York-10006-501"}, "tag": {"1001"}, "ext": {"reader-7"}, "lat": {"40.71"}, "lon": {"-74"}, "odd": {""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("with a permit (-want +got):\n%s", diff)
	}
	d.ask(d.call(), false)
	for _, about := range []string{"ip", "ua", "ext", "lat", "lon"} {
		if got.Get(about) != "" {
			t.Errorf("%s=%q left the node without a permit", about, got.Get(about))
		}
	}
	if got.Get("where") != "----" || got.Get("page") == "" {
		t.Errorf("without a permit: %v", got)
	}
}

func TestWhoIsAsked(t *testing.T) {
	asked := map[string]int{}
	var mu sync.Mutex // guards asked: providers are asked at once
	endpoint := func(name string) string {
		return serve(t, func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			asked[name]++
			mu.Unlock()
			w.Write([]byte("code"))
		}) + "/"
	}
	d := newDesk(t,
		ad.DataProvider{Name: "person", Endpoint: endpoint("person")},
		ad.DataProvider{Name: "page", Endpoint: endpoint("page"), Contextual: true},
		ad.DataProvider{Name: "nobody", Endpoint: endpoint("nobody"), Bidders: []ad.BidderID{2}}, // bidder 2 is not active
		ad.DataProvider{Name: "off", Endpoint: endpoint("off")},                                  // by newDesk
	)
	d.ask(d.call(), true)
	if diff := cmp.Diff(map[string]int{"person": 1, "page": 1}, asked); diff != "" {
		t.Errorf("with a permit:\n%s", diff)
	}
	clear(asked)
	d.ask(d.call(), false)
	if diff := cmp.Diff(map[string]int{"page": 1}, asked); diff != "" {
		t.Errorf("without:\n%s", diff)
	}
	clear(asked)
	call := d.call()
	call.Page = ""
	if d.ask(call, true); len(asked) != 0 {
		t.Errorf("asked about no page: %v", asked)
	}
	call.Site = &ad.Site{Page: "https://news.example/"}
	if d.ask(call, true); asked["page"] != 1 {
		t.Errorf("not asked about the site's own page: %v", asked)
	}
}

// TestLateProviders: the call goes on without them, and their connection is closed.
func TestLateProviders(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cut := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			cut <- err
			return
		}
		defer conn.Close()
		buf := make([]byte, 4096)
		conn.Read(buf) //nolint:errcheck // the question
		conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
		conn.SetReadDeadline(time.Now().Add(10 * time.Second)) //nolint:errcheck // the read below says
		_, err = conn.Read(buf)
		cut <- err
	}()
	d := newDesk(t,
		ad.DataProvider{Name: "late", Endpoint: "http://" + listener.Addr().String() + "/", Throttle: true},
		ad.DataProvider{Name: "quick", Endpoint: serve(t, says("code")) + "/"})
	got := d.client.Ask(t.Context(), d.snap, ad.Inquiry{Call: d.call(), Personal: true, Deadline: time.Now().Add(300 * time.Millisecond)}, nil)
	if len(got) != 1 || got[0].Provider.Name != "quick" {
		t.Errorf("got %v", got)
	}
	if err := <-cut; err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("the late provider's connection was not closed: %v", err)
	}
	d.client.Close() // waits for what is under way, so that the counters stand
	for _, s := range d.client.Stats() {
		if s.Provider == "late" && (s.Late != 1 || s.Asked != 1) {
			t.Errorf("late provider: %+v", s)
		}
	}
	if got := d.ask(d.call(), true); len(got) != 0 {
		t.Errorf("a closed client asked: %v", got)
	}
}

func TestThrottleHoldsBack(t *testing.T) {
	d := newDesk(t, ad.DataProvider{Name: "a", Endpoint: serve(t, says("code")) + "/", Throttle: true})
	l := (*d.client.lines.Load())["a"]
	for range 100 {
		l.throttle.Record(true)
	}
	sent := 0
	for i := range 200 {
		call := d.call()
		call.ID = ad.AuctionID{byte(i), byte(i * 7), byte(i * 31), 9: byte(i * 13)}
		before := l.counts.asked.Load()
		l.throttle.Record(true) // still timing out
		d.ask(call, true)
		sent += int(l.counts.asked.Load() - before)
	}
	if sent == 0 || sent > 60 {
		t.Errorf("sent %d of 200 to a provider that always times out, want about 20", sent)
	}
}

func TestBrokenAnswersAreDroppedWhole(t *testing.T) {
	many := strings.Repeat("code\n", ad.SegmentsMax)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   int
	}{
		"as many as may be":   {says(many), ad.SegmentsMax},
		"one more":            {says(many + "code\n"), 0},
		"longest code":        {says(strings.Repeat("c", ad.SegmentBytesMax)), 1},
		"longer":              {says(strings.Repeat("c", ad.SegmentBytesMax+1)), 0},
		"value too large":     {says("good\ncode:2147483648"), 0},
		"value no number":     {says("code:x"), 0},
		"negative":            {says("code:-1"), 0},
		"no code":             {says(":5"), 0},
		"markup":              {says("<html>"), 0},
		"control characters":  {says("a\x00b"), 0},
		"body too long":       {says(strings.Repeat("\n", ad.ProviderBytesMax+1)), 0},
		"error":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); w.Write([]byte("code")) }, 0},
		"redirect":            {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, 0},
		"connection cut":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0},
		"header without end":  {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 40<<10)) }, 0},
		"carriage return end": {says("code\r\n"), 1},
	} {
		d := newDesk(t, ad.DataProvider{Name: "a", Endpoint: serve(t, c.answer) + "/"})
		got := 0
		for _, p := range d.ask(d.call(), true) {
			got += len(p.Segments)
		}
		if got != c.want {
			t.Errorf("%s: %d segments, want %d", name, got, c.want)
		}
	}
}

func TestNowhereItMayNotGo(t *testing.T) {
	d := newDesk(t, ad.DataProvider{Name: "a", Endpoint: "http://169.254.169.254/latest?${USER_ID}"}, ad.DataProvider{Name: "b", Endpoint: "ftp://127.0.0.1/"})
	if got := d.ask(d.call(), true); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	for _, s := range d.client.Stats() {
		if s.Asked != 0 {
			t.Errorf("asked: %+v", s)
		}
	}
}

func TestReadyURL(t *testing.T) {
	answers := make(chan string) // one per check
	ready := serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case text := <-answers:
			w.Write([]byte(text))
		case <-r.Context().Done():
		}
	})
	d := newDesk(t, ad.DataProvider{Name: "a", Endpoint: serve(t, says("code")) + "/", ReadyURL: ready + "/"})
	answers <- "0"
	answers <- "0" // the first has been judged
	if got := d.ask(d.call(), true); len(got) != 0 {
		t.Errorf("asked though not ready: %v", got)
	}
	answers <- "1\n"
	answers <- "1\n"
	if got := d.ask(d.call(), true); len(got) != 1 {
		t.Error("not asked though ready again")
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("auto\nsports:7\n"))
	f.Add([]byte(":\n::\n\r\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		segments, ok := parseAnswer(body)
		if !ok && segments != nil || len(segments) > ad.SegmentsMax {
			t.Fatalf("%d segments, %v", len(segments), ok)
		}
		for _, s := range segments {
			if s.Code == "" || len(s.Code) > ad.SegmentBytesMax || s.Value < 0 || strings.ContainsAny(s.Code, "\"<>&\n\r:") {
				t.Fatalf("segment %+v", s)
			}
		}
	})
}

func BenchmarkAsk(b *testing.B) {
	s := httptest.NewServer(says("auto-intender\nsports:7\n"))
	defer s.Close()
	guard, _ := egress.New(egress.Options{Lab: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	snap, err := catalog.New(catalog.Contents{Version: "v", Members: []ad.Member{{ID: 1, Name: "m", Active: true}},
		Bidders:       []ad.Bidder{{ID: 1, Name: "one", Active: true, Endpoint: "https://one.example/", Members: []ad.MemberID{1}}},
		DataProviders: []ad.DataProvider{{Name: "a", Active: true, Endpoint: s.URL + "/?page=${REFERER_URL_ENC}", Bidders: []ad.BidderID{1}}}})
	if err != nil {
		b.Fatal(err)
	}
	c := New(Options{Guard: guard})
	defer c.Close()
	c.Update(snap)
	call := &ad.Call{Page: "https://news.example/", Site: &ad.Site{}, Publisher: &ad.Publisher{}}
	var dst []ad.Provided
	b.ReportAllocs()
	for b.Loop() {
		if dst = c.Ask(context.Background(), snap, ad.Inquiry{Call: call, Personal: true, Deadline: time.Now().Add(time.Second)}, dst[:0]); len(dst) != 1 {
			b.Fatal("no answer")
		}
	}
}
