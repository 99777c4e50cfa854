package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// provider plays both data providers of the sample rule set: /segments for users, /topics for pages.
type provider struct {
	address string
	mu      sync.Mutex
	wait    time.Duration
	body    string // of /segments; "" is the usual one
	asked   map[string][]string
	left    int // questions that were given up while the provider thought
}

// What the providers say of everybody, and who may see it.
const (
	segmentOfUser = "rain"
	segmentOfPage = "politics"
)

func newProvider(t *testing.T) *provider {
	p := &provider{asked: map[string][]string{}}
	server := httptest.NewServer(http.HandlerFunc(p.answer))
	t.Cleanup(server.Close)
	p.address = strings.TrimPrefix(server.URL, "http://")
	return p
}

func (p *provider) answer(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	wait, body := p.wait, p.body
	if r.URL.Path != "/ready" {
		p.asked[r.URL.Path] = append(p.asked[r.URL.Path], r.URL.RawQuery)
	}
	p.mu.Unlock()
	if r.URL.Path == "/ready" {
		fmt.Fprint(w, 1)
		return
	}
	select {
	case <-time.After(wait):
	case <-r.Context().Done():
		p.mu.Lock()
		p.left++
		p.mu.Unlock()
		return
	}
	switch {
	case r.URL.Path == "/topics":
		fmt.Fprintf(w, "%s:7\n", segmentOfPage)
	case body != "":
		fmt.Fprint(w, body)
	default:
		fmt.Fprintf(w, "%s:3\nwind\n", segmentOfUser)
	}
}

// set changes how long the provider thinks, and what it says of users.
func (p *provider) set(wait time.Duration, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wait, p.body = wait, body
}

// questions counts what a path was asked.
func (p *provider) questions(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked[path])
}
