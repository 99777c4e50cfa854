package provider

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/wire"
)

// Settings are what POST /ctl changes.
type Settings struct {
	Codes   []string     `json:"codes"`   // segment codes, each with an optional :value
	Latency control.Wait `json:"latency"` // before every answer; the exchange gives up after 10 ms
	Failure string       `json:"failure"` // one of Failures
	Ready   bool         `json:"ready"`
}

// Defaults answer at once with two segments.
func Defaults() Settings {
	return Settings{Codes: []string{"auto-intender", "frequent-traveler"}, Failure: "none", Ready: true}
}

// codesMax bounds the codes of an answer.
const codesMax = 100_000

// silenceMax bounds a silent connection, in case the peer never leaves.
const silenceMax = time.Minute

// Failures lists the ways of answering badly.
func Failures() []string {
	return []string{"none", "silent", "close", "error_500", "garbage", "huge"}
}

// plan is settings compiled for the hot path.
type plan struct {
	Settings
	body []byte
}

func compile(s *Settings) (*plan, error) {
	if !slices.Contains(Failures(), s.Failure) {
		return nil, fmt.Errorf("failure: unknown %q; one of %s", s.Failure, strings.Join(Failures(), ", "))
	}
	if len(s.Codes) > codesMax {
		return nil, fmt.Errorf("codes: %d given; at most %d", len(s.Codes), codesMax)
	}
	for _, code := range s.Codes {
		if code == "" || strings.ContainsAny(code, "\r\n") {
			return nil, fmt.Errorf("codes: %q is empty or holds a line end", code)
		}
	}
	p := &plan{Settings: *s, body: []byte(strings.Join(s.Codes, "\n") + "\n")}
	switch s.Failure {
	case "garbage":
		p.body = []byte("\x00\xff<html>\n:::\n" + strings.Repeat("9", 400) + "\n")
	case "huge":
		p.body = []byte(strings.Repeat("code\n", 400_000))
	}
	return p, nil
}

// Provider is a running simulated data provider. Make one with Start.
type Provider struct {
	desk     *control.Desk[Settings, *plan]
	server   *wire.Server
	requests atomic.Uint64
	ready    atomic.Uint64
	failures atomic.Uint64
	mu       sync.Mutex
	last     []byte // target of the last question
}

// Stats is the document of GET /ctl/stats.
type Stats struct {
	Requests    uint64              `json:"requests"`
	Failures    uint64              `json:"failures"`
	ReadyChecks uint64              `json:"ready_checks"`
	Connections int                 `json:"connections"`
	Accepted    uint64              `json:"connections_accepted"`
	LastTarget  string              `json:"last_target"`
	LastRequest map[string][]string `json:"last_request"` // the query's parameters; null before the first
}

// Start checks the settings and serves the listener until Stop. On an error the listener is closed.
func Start(listener net.Listener, settings Settings) (*Provider, error) {
	desk, err := control.New(settings, compile)
	if err != nil {
		listener.Close()
		return nil, err
	}
	p := &Provider{desk: desk}
	mux := http.NewServeMux()
	desk.Register(mux, control.Counters{Show: func() any { return p.Stats() }, Clear: p.clear})
	p.server = wire.New(listener, wire.Options{Hot: p.hot, Handler: control.Handler(mux, hotMethods)})
	p.server.Start()
	return p, nil
}

// Stop ends it; exchanges under way get until ctx ends.
func (p *Provider) Stop(ctx context.Context) { p.server.Stop(ctx) }

// Stats reads the counters.
func (p *Provider) Stats() Stats {
	s := Stats{Requests: p.requests.Load(), Failures: p.failures.Load(), ReadyChecks: p.ready.Load()}
	s.Connections, s.Accepted = p.server.Connections()
	p.mu.Lock()
	s.LastTarget = string(p.last)
	p.mu.Unlock()
	if target, err := url.Parse(s.LastTarget); err == nil && s.LastTarget != "" {
		s.LastRequest = target.Query()
	}
	return s
}

func (p *Provider) clear() {
	p.requests.Store(0)
	p.failures.Store(0)
	p.ready.Store(0)
	p.mu.Lock()
	p.last = p.last[:0]
	p.mu.Unlock()
}

const textFields = "Content-Type: text/plain\r\n"

// hotMethods are the methods of what hot serves: every path but the desk's.
func hotMethods(path string) (allow string) {
	if path == "/ctl" || strings.HasPrefix(path, "/ctl/") {
		return ""
	}
	return http.MethodGet
}

func (p *Provider) hot(x *wire.Exchange) bool {
	path := x.Path()
	switch {
	case string(x.Method()) != http.MethodGet || hotMethods(string(path)) == "":
		return false
	case string(path) == "/ready":
		p.ready.Add(1)
		body := "1\n"
		if !p.desk.Plan().Compiled.Ready {
			body = "0\n"
		}
		x.Reply(http.StatusOK, textFields, []byte(body))
		return true
	}
	p.requests.Add(1)
	p.mu.Lock()
	p.last = append(p.last[:0], path...)
	if len(x.Query()) > 0 {
		p.last = append(append(p.last, '?'), x.Query()...)
	}
	p.mu.Unlock()
	p.answer(x, p.desk.Plan().Compiled)
	return true
}

func (p *Provider) answer(x *wire.Exchange, settings *plan) {
	if settings.Failure != "none" {
		p.failures.Add(1)
	}
	if !x.Wait(time.Duration(settings.Latency)) {
		x.HangUp()
		return
	}
	switch settings.Failure {
	case "silent":
		x.Silence(silenceMax)
	case "close":
		x.HangUp()
	case "error_500":
		x.Reply(http.StatusInternalServerError, textFields, nil)
	default:
		x.Reply(http.StatusOK, textFields, settings.body)
	}
}
