package e2e

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestDrainUnderTraffic ends a node while clients of all protocols call it. Every request that found a connection is
// answered; a client learns that the node is gone only when it tries to connect.
func TestDrainUnderTraffic(t *testing.T) {
	s := begin(t, 3)
	s.bidders[1].Set(`{"latency": "40ms"}`)
	s.bidders[2].Set(`{"failure": "silent"}`) // requests are under way at every moment
	var answered [3]atomic.Int64
	var workers sync.WaitGroup
	t.Cleanup(workers.Wait) // the test's context ends first
	for i, proto := range protocols {
		for range 4 {
			c := s.client(t, proto)
			workers.Go(func() { callUntilGone(t, c, &answered[i]) })
		}
	}
	for i, proto := range protocols {
		s.Await(t, "traffic over "+proto, func() bool { return answered[i].Load() >= 8 })
	}
	s.Signal(t, syscall.SIGTERM)
	code := s.Exit(t)
	workers.Wait()
	if code != 0 {
		t.Errorf("the node ended with code %d, want 0", code)
	}
	for i, proto := range protocols {
		t.Logf("%s: %d answers", proto, answered[i].Load())
	}
}

// callUntilGone calls in a closed loop until no connection can be had.
func callUntilGone(t *testing.T, c *client, answered *atomic.Int64) {
	for t.Context().Err() == nil {
		got, err := c.do(http.MethodGet, "localhost", tag, "")
		switch {
		case errors.Is(err, errDial):
			return
		case err != nil:
			t.Errorf("%s: a request failed: %v", c.proto, err)
			return
		case got.StatusCode != http.StatusOK || got.outcome() != "won":
			t.Errorf("%s: status %d %s, outcome %q", c.proto, got.StatusCode, got.code(), got.outcome())
		}
		answered.Add(1)
	}
}

// TestReadinessGoesFirst looks at the operator's door while the node drains: load balancers must hear of it.
func TestReadinessGoesFirst(t *testing.T) {
	s := begin(t, 1)
	s.bidders[0].Set(`{"failure": "silent"}`)
	c := s.client(t, "h2")
	c.get("/status")
	s.Signal(t, syscall.SIGTERM)
	seen := false
	for begin := time.Now(); time.Since(begin) < 5*time.Second; time.Sleep(5 * time.Millisecond) {
		status := s.Ready()
		seen = seen || status == http.StatusServiceUnavailable
		if status == 0 {
			break
		}
	}
	if !seen {
		t.Error("/readyz never said 503 between SIGTERM and the end")
	}
	if code := s.Exit(t); code != 0 {
		t.Errorf("the node ended with code %d, want 0", code)
	}
}
