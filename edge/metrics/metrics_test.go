package metrics

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
)

func TestPageShowsWhatWasCounted(t *testing.T) {
	r := New("won", "blank")
	acme := &ad.Bidder{Name: "acme"}
	r.CountImpression("won")
	r.CountImpression("no such outcome")
	r.CountBid(ad.Outbid)
	r.CountBid(ad.Outbid)
	r.CountAsked(&ad.Asked{Bidder: acme, Micros: 4200})
	r.CountAsked(&ad.Asked{Bidder: acme, Reason: ad.Timeout})
	r.ObserveCall(12 * time.Millisecond)
	r.Gauge("curb_test_value", "A value.", func() float64 { return 7 }, "kind", "x")
	page := httptest.NewRecorder()
	r.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`curb_adcall_impressions_total{outcome="won"} 1`,
		`curb_adcall_impressions_total{outcome="blank"} 0`,
		`curb_auction_bids_total{reason="outbid"} 2`,
		`curb_bidder_requests_total{bidder="acme",reason="answered"} 1`,
		`curb_bidder_requests_total{bidder="acme",reason="timeout"} 1`,
		`curb_bidder_duration_seconds_count{bidder="acme"} 1`,
		`curb_adcall_duration_seconds_bucket{le="0.02"} 1`,
		`curb_test_value{kind="x"} 7`,
	} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page.Body.String(), "process_network_") || !strings.Contains(page.Body.String(), "process_cpu_seconds_total") {
		t.Error("the page shows the network of the whole machine, or nothing of the process")
	}
	if strings.Contains(page.Body.String(), "no such outcome") {
		t.Error("an outcome outside the closed list became a label")
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	r := New("won")
	asked := &ad.Asked{Bidder: &ad.Bidder{Name: "acme"}, Micros: 10}
	r.CountAsked(asked)
	if n := testing.AllocsPerRun(100, func() {
		r.CountImpression("won")
		r.CountBid(ad.Won)
		r.CountAsked(asked)
		r.ObserveCall(time.Millisecond)
	}); n != 0 {
		t.Errorf("counting a call allocates %v times, want 0", n)
	}
}
