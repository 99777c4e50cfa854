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
	// Paths are questions that are answered otherwise than by the settings above, by their path.
	Paths map[string]Answer `json:"paths"`
}

// Answer is how questions at one path are answered.
type Answer struct {
	Codes   []string     `json:"codes"`
	Latency control.Wait `json:"latency"`
	Failure string       `json:"failure"` // empty: none
}

// Defaults answer at once: with two segments of the user, and at /topics with two of the page, one of which has a value.
func Defaults() Settings {
	return Settings{
		Codes: []string{"auto-intender", "frequent-traveler"}, Failure: "none", Ready: true,
		Paths: map[string]Answer{"/topics": {Codes: []string{"markets:80", "weather"}, Failure: "none"}},
	}
}

// codesMax bounds the codes of an answer, pathsMax the paths that are told apart.
const (
	codesMax = 100_000
	pathsMax = 100
)

// lateBy is the latency of the failure late: a millisecond more than an exchange waits.
const lateBy = 11 * time.Millisecond

// silenceMax bounds a silent connection, in case the peer never leaves.
const silenceMax = time.Minute

// Failures lists the ways of answering badly.
func Failures() []string {
	return []string{"none", "late", "silent", "close", "error_500", "garbage", "huge"}
}

// plan is settings compiled for the hot path.
type plan struct {
	ready bool
	reply reply
	paths map[string]reply
}

// reply is an answer ready to be sent.
type reply struct {
	failure string
	latency time.Duration
	body    []byte
}

func compile(s *Settings) (*plan, error) {
	p := &plan{ready: s.Ready, paths: map[string]reply{}}
	var err error
	if p.reply, err = prepare(&Answer{s.Codes, s.Latency, s.Failure}); err != nil {
		return nil, err
	}
	if len(s.Paths) > pathsMax {
		return nil, fmt.Errorf("paths: %d given; at most %d", len(s.Paths), pathsMax)
	}
	for path, answer := range s.Paths {
		if !strings.HasPrefix(path, "/") || path == "/ready" || hotMethods(path) == "" {
			return nil, fmt.Errorf("paths: %q is no path for questions; they begin with a slash, and /ready and /ctl are taken", path)
		}
		if p.paths[path], err = prepare(&answer); err != nil {
			return nil, fmt.Errorf("paths: %s: %w", path, err)
		}
	}
	return p, nil
}

func prepare(a *Answer) (r reply, err error) {
	if r.failure = a.Failure; r.failure == "" {
		r.failure = "none"
	}
	if !slices.Contains(Failures(), r.failure) {
		return r, fmt.Errorf("failure: unknown %q; one of %s", a.Failure, strings.Join(Failures(), ", "))
	}
	if len(a.Codes) > codesMax {
		return r, fmt.Errorf("codes: %d given; at most %d", len(a.Codes), codesMax)
	}
	for _, code := range a.Codes {
		if code == "" || strings.ContainsAny(code, "\r\n") {
			return r, fmt.Errorf("codes: %q is empty or holds a line end", code)
		}
	}
	r.latency, r.body = time.Duration(a.Latency), []byte(strings.Join(a.Codes, "\n")+"\n")
	switch r.failure {
	case "late":
		r.latency += lateBy
	case "garbage":
		r.body = []byte("\x00\xff<html>\n:::\n" + strings.Repeat("9", 400) + "\n")
	case "huge":
		r.body = []byte(strings.Repeat("code\n", 400_000))
	}
	return r, nil
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
	paths    map[string]*asked
}

// asked is what was asked at one path.
type asked struct {
	requests, failures uint64
	last               []byte // query of the last question
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
	Paths       map[string]Asked    `json:"paths"`        // by path; beyond 100 of them all count as other
}

// Asked is what was asked at one path.
type Asked struct {
	Requests    uint64              `json:"requests"`
	Failures    uint64              `json:"failures"`
	LastRequest map[string][]string `json:"last_request"`
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
	s.LastTarget, s.Paths = string(p.last), make(map[string]Asked, len(p.paths))
	for path, a := range p.paths {
		query, _ := url.ParseQuery(string(a.last)) // what cannot be read is left out
		s.Paths[path] = Asked{a.requests, a.failures, query}
	}
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
	p.last, p.paths = p.last[:0], nil
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
		if !p.desk.Plan().Compiled.ready {
			body = "0\n"
		}
		x.Reply(http.StatusOK, textFields, []byte(body))
		return true
	}
	p.question(x)
	return true
}

// question counts one and answers it.
func (p *Provider) question(x *wire.Exchange) {
	compiled := p.desk.Plan().Compiled
	answer, own := compiled.paths[string(x.Path())]
	if !own {
		answer = compiled.reply
	}
	p.requests.Add(1)
	if answer.failure != "none" {
		p.failures.Add(1)
	}
	p.mu.Lock()
	p.last = append(p.last[:0], x.Path()...)
	if len(x.Query()) > 0 {
		p.last = append(append(p.last, '?'), x.Query()...)
	}
	a := p.at(x.Path())
	a.requests++
	if answer.failure != "none" {
		a.failures++
	}
	a.last = append(a.last[:0], x.Query()...)
	p.mu.Unlock()
	answer.send(x)
}

// at is what was asked at a path; the lock is held.
func (p *Provider) at(path []byte) *asked {
	a := p.paths[string(path)]
	if a != nil {
		return a
	}
	name := string(path)
	if len(p.paths) >= pathsMax {
		name = "other"
	}
	if p.paths == nil {
		p.paths = map[string]*asked{}
	}
	if p.paths[name] == nil {
		p.paths[name] = &asked{}
	}
	return p.paths[name]
}

func (r *reply) send(x *wire.Exchange) {
	if !x.Wait(r.latency) {
		x.HangUp()
		return
	}
	switch r.failure {
	case "silent":
		x.Silence(silenceMax)
	case "close":
		x.HangUp()
	case "error_500":
		x.Reply(http.StatusInternalServerError, textFields, nil)
	default:
		x.Reply(http.StatusOK, textFields, r.body)
	}
}
