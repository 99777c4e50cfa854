package load

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// script is a target in a bubble: it takes as long for the n-th request as told, and one at a time per stream.
type script struct {
	mu    sync.Mutex
	turn  int
	sent  []time.Time
	delay func(turn int) (time.Duration, error)
}

func (s *script) RoundTrip(*http.Request) (*http.Response, error) {
	s.mu.Lock()
	turn := s.turn
	s.turn++
	s.sent = append(s.sent, time.Now())
	s.mu.Unlock()
	wait, err := s.delay(turn)
	time.Sleep(wait)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: 200, Proto: "HTTP/3.0", Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}, nil
}

func (s *script) Close() {}

// play drives a run of o against the script, over one connection.
func play(t *testing.T, o Options, delay func(turn int) (time.Duration, error)) (*Report, *script) {
	t.Helper()
	o.Protocol, o.Connections, o.Timeout = H3, 1, time.Minute
	o.Streams = max(o.Streams, 1)
	if err := o.check(); err != nil {
		t.Fatal(err)
	}
	r, err := newRun(&o, &target{url: &url.URL{Scheme: "https", Host: "127.0.0.1", Path: "/"}, host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	s := &script{delay: delay}
	return r.drive(t.Context(), []sender{s}), s
}

// within tells whether milliseconds agree to the histogram's precision.
func within(got, want float64) bool { return got >= want-0.001 && got <= want*129/128+0.001 }

// TestOpenLoopChargesAStall: 100 requests a second, 2 ms each, one stream; the hundredth takes a second. All requests due
// meanwhile are late by what is left of that second, and latency must say so, though each took 2 ms once it was sent.
func TestOpenLoopChargesAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := Options{Rate: 100, Duration: 10 * time.Second}
		r, s := play(t, o, func(turn int) (time.Duration, error) {
			if turn == 100 {
				return time.Second, nil
			}
			return 2 * time.Millisecond, nil
		})
		if r.Requests != 1000 || r.Unsent != 0 || !r.OK() {
			t.Errorf("%d requests, %d unsent", r.Requests, r.Unsent)
		}
		// The queue of 100 drains at 2 ms each while 10 ms pass between arrivals: it is gone after about 125 requests, and
		// those waited evenly from 1 s down to 0: 5 % of all requests waited more than 0.6 s.
		if r.Latency.Max != 1000 || r.Latency.P99 < 900 || r.Latency.P90 < 180 || !within(r.Latency.P50, 2) {
			t.Errorf("latency %+v: the stall is not charged", r.Latency)
		}
		if !within(r.Service.P99, 2) || r.Service.Max != 1000 {
			t.Errorf("service %+v", r.Service)
		}
		for i, sent := range s.sent[:100] {
			if due := s.sent[0].Add(time.Duration(i) * 10 * time.Millisecond); !sent.Equal(due) {
				t.Fatalf("request %d sent %s from when it was due", i, sent.Sub(due))
			}
		}
	})
}

// TestOpenLoopCountsTheUnsent: what no stream was free to send before the end is told.
func TestOpenLoopCountsTheUnsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := play(t, Options{Rate: 1000, Duration: time.Second, Streams: 2}, func(int) (time.Duration, error) { return 10 * time.Millisecond, nil })
		if r.Requests != 200 || r.Unsent != 800 {
			t.Errorf("%d requests, %d unsent; want 200 and 800", r.Requests, r.Unsent)
		}
	})
}

// TestClosedLoop: each stream waits for its answer, and latency is what the answer took.
func TestClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := play(t, Options{Duration: time.Second, Streams: 3}, func(int) (time.Duration, error) { return 10 * time.Millisecond, nil })
		if r.Requests != 300 || r.Latency.Min != 10 || r.Latency.Max != 10 || r.Throughput != 300 || r.Loop != "closed" || r.Unsent != 0 {
			t.Errorf("%+v", r)
		}
	})
}

func TestCountEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, rate := range []float64{0, 50} {
			r, s := play(t, Options{Duration: time.Minute, Streams: 4, Count: 10, Rate: rate}, func(int) (time.Duration, error) { return time.Millisecond, nil })
			if r.Requests != 10 || len(s.sent) != 10 || r.Seconds > 1 || r.Unsent != 0 {
				t.Errorf("rate %v: %+v", rate, r)
			}
		}
	})
}

// TestWarmupDoesNotCount: the first second is slow, and none of it is in the report.
func TestWarmupDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r, s := play(t, Options{Duration: time.Second, Warmup: time.Second, Rate: 10}, func(int) (time.Duration, error) {
			if time.Since(began) < time.Second {
				return 90 * time.Millisecond, nil
			}
			return time.Millisecond, nil
		})
		if len(s.sent) != 20 || r.Requests != 10 || r.Latency.Max != 1 || !within(r.Seconds, 0.901) {
			t.Errorf("%d sent, %+v", len(s.sent), r)
		}
	})
}

// TestFailuresSlowAClosedLoopDown: a target that refuses at once gets about ten requests a second per stream, not millions.
func TestFailuresSlowAClosedLoopDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := errors.New("refused")
		r, _ := play(t, Options{Duration: 10 * time.Second}, func(int) (time.Duration, error) { return 0, refused })
		if r.Failed < 90 || r.Failed > 120 || r.OK() || r.Examples[kindOther] != "refused" {
			t.Errorf("%d failed, %+v", r.Failed, r.Examples)
		}
		r, _ = play(t, Options{Duration: 10 * time.Second, Rate: 1000}, func(int) (time.Duration, error) { return 0, refused })
		if r.Failed != 10_000 {
			t.Errorf("open loop: %d failed, want every one that was due", r.Failed)
		}
	})
}

// TestInterruptedSchedule: after the end of the context nothing more is sent and nothing counts as unsent.
func TestInterruptedSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := Options{Protocol: H3, Connections: 1, Streams: 1, Rate: 10, Duration: time.Minute, Timeout: time.Second}
		r, err := newRun(&o, &target{url: &url.URL{Scheme: "https", Host: "127.0.0.1"}, host: "127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2050*time.Millisecond)
		defer cancel()
		s := &script{delay: func(int) (time.Duration, error) { return 0, nil }}
		report := r.drive(ctx, []sender{s})
		if !report.Interrupted || report.Requests != 21 || report.Unsent != 0 || !within(report.Seconds, 2.05) {
			t.Errorf("%+v", report)
		}
	})
}
