package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"curb/cmd/curbsim/internal/load"
)

func TestLongFlags(t *testing.T) {
	cases := map[string]string{
		"load -proto h3":             "load --proto h3",
		"load -proto=h3 -o json":     "load --proto=h3 -o json",
		"load --proto h3 -rate 5":    "load --proto h3 --rate 5",
		"load -ojson":                "load -ojson",
		"load -unknown x":            "load -unknown x",
		"up -for 3s -output json":    "up --for 3s --output json",
		"load -- -proto":             "load -- -proto",
		"bidder -price 1.5 -h":       "bidder --price 1.5 -h",
		"load -header A:-proto -url": "load --header A:-proto --url",
	}
	root := newRoot(console{})
	for in, want := range cases {
		if got := longFlags(root, strings.Fields(in)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %v, want %s", in, got, want)
		}
	}
}

func TestSeatFor(t *testing.T) {
	for port, want := range map[uint16]int{9701: 201, 9708: 208, 9700: 201, 0: 201, 12345: 201, 9799: 299, 9800: 201} {
		if got := seatFor(port); got != want {
			t.Errorf("port %d: seat %d, want %d", port, got, want)
		}
	}
}

func TestVerdict(t *testing.T) {
	cases := []struct {
		name   string
		report load.Report
		want   int
	}{
		{"all answered", load.Report{Requests: 2, Responses: 2, Status: map[string]uint64{"200": 1, "302": 1}}, exitDone},
		{"a 404", load.Report{Requests: 2, Responses: 2, Status: map[string]uint64{"200": 1, "404": 1}}, exitFailed},
		{"an error among answers", load.Report{Requests: 2, Responses: 1, Failed: 1, Opened: 1, Status: map[string]uint64{"200": 1}}, exitFailed},
		{"nobody there", load.Report{Requests: 1, Failed: 1, Errors: map[string]uint64{"connect_refused": 1}}, exitUnreachable},
		{"bad certificate", load.Report{Requests: 1, Failed: 1, Errors: map[string]uint64{"tls": 1}}, exitFailed},
		{"connected, no answer", load.Report{Requests: 1, Failed: 1, Opened: 1, Errors: map[string]uint64{"timeout": 1}}, exitFailed},
		{"nothing done", load.Report{}, exitFailed},
	}
	for _, c := range cases {
		got := exitDone
		if err := verdict(&c.report); err != nil {
			got = err.(*exitError).code
		}
		if got != c.want {
			t.Errorf("%s: exit code %d, want %d", c.name, got, c.want)
		}
	}
}

// TestReportText reads as a person would.
func TestReportText(t *testing.T) {
	r := &load.Report{
		Target: "https://127.0.0.1:8443/tt?id=1001", Host: "ads.news.example", Protocol: load.H3, Loop: "open", Connections: 8, Streams: 2,
		Rate: 500, Seconds: 10, Requests: 5000, Responses: 4990, Throughput: 499, BytesIn: 5 << 20,
		Status: map[string]uint64{"200": 4980, "404": 10}, Outcomes: map[string]uint64{"won": 4000, "default": 980}, Versions: map[string]uint64{"HTTP/3.0": 4990},
		Failed: 10, Errors: map[string]uint64{"timeout": 10}, Examples: map[string]string{"timeout": "context deadline exceeded"}, Unsent: 7,
		Latency: load.Percentiles{P50: 1.5, P90: 2, P99: 3.25, P999: 10, Max: 12, Mean: 1.7}, Service: load.Percentiles{P50: 1.25}, Opened: 8,
		Connect: load.Percentiles{P50: 2, Max: 3}, Interrupted: true,
	}
	want := `target      https://127.0.0.1:8443/tt?id=1001 over HTTP/3.0, as ads.news.example
loop        open, 8 connections × 2 streams, 500/s asked
requests    5000 in 10.0 s, 499.0/s, 5.0 MiB in
status      200 4980 · 404 10
outcome     won 4000 · default 980
version     HTTP/3.0 4990
latency ms  p50 1.50  p90 2.00  p99 3.25  p99.9 10.00  max 12.00  mean 1.70
service ms  p50 1.25  p90 0.00  p99 0.00  p99.9 0.00  max 0.00  mean 0.00
connect ms  8 opened, p50 2.00  max 3.00
errors      10: timeout 10
            timeout: context deadline exceeded
unsent      7: the rate was not kept; all streams were busy (more --connections or --streams, or a lower --rate)
interrupted before its time
`
	if got := reportText(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestSalesText reads as a person would.
func TestSalesText(t *testing.T) {
	r := &load.Report{Target: "https://127.0.0.1:8443/pt", Host: "127.0.0.1:8443", Protocol: load.H2, Sales: &load.Sales{
		Accepted: 150, Own: 30, NoBid: 15, Never: 4, Failed: 1, Revenue: "435.000001", Statuses: map[string]uint64{"200": 150, "410": 1},
		Bills: map[string]uint64{"first": 150}, Errors: map[string]uint64{"token_expired": 1},
		Examples: map[string]string{"token_expired": "the accept URL answered 410 Gone"}, Latency: load.Percentiles{P50: 2.5},
	}}
	want := `ads         150 accepted for 435.000001 (sum of CPM) · 30 the ad server's own · 15 no bid · 4 never called · 1 failed
accept      status 200 150 · 410 1, bills first 150
accept ms   p50 2.50  p90 0.00  p99 0.00  p99.9 0.00  max 0.00  mean 0.00
            token_expired 1: the accept URL answered 410 Gone
`
	if got := reportText(r); !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwithout\n%s", got, want)
	}
}

func TestNothingButTalkOnStderr(t *testing.T) {
	var out, talk bytes.Buffer
	if code := run(t.Context(), []string{"load", "--proto", "4"}, console{&out, &talk}); code != exitUsage || out.Len() > 0 {
		t.Errorf("exit code %d, stdout %q", code, out.String())
	}
	if want := "curbsim: --proto: unknown protocol \"4\"; one of h3, 2, 1.1\nsee curbsim --help\n"; talk.String() != want {
		t.Errorf("stderr %q, want %q", talk.String(), want)
	}
}
