package admin

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"strings"
	"time"

	"curb/edge/catalog"
	"curb/edge/creative"
)

// Bidder is one bidder's line in the node's status.
type Bidder struct {
	ID          uint32 `json:"id"`
	Name        string `json:"name"`
	Ready       bool   `json:"ready"`
	Requests    uint64 `json:"requests"`     // sent
	Bids        uint64 `json:"bids"`         // received in time, refused ones included
	Timeouts    uint64 `json:"timeouts"`     // requests without an answer by the deadline
	Late        uint64 `json:"late"`         // answers that came after it and were dropped
	Connections int    `json:"connections"`  // open
	Breaker     string `json:"breaker"`      // closed, open or half-open
	SendPercent int    `json:"send_percent"` // what the throttle lets through
}

// Status is what GET /v1/node answers.
type Status struct {
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	Rules    string    `json:"rules"`
	Started  time.Time `json:"started"`
	AdCalls  []string  `json:"ad_calls"` // addresses of ad calls
	Ready    bool      `json:"ready"`
	Missing  []string  `json:"missing"`
	Warnings []string  `json:"warnings"` // what does not keep the node from serving, and should not stay
	Draining bool      `json:"draining"`
	Lab      bool      `json:"lab"`
	Bidders  []Bidder  `json:"bidders"`
}

// Options are what the door leads to. Of the fields below Logger, those that are nil have no routes; the others are
// required.
type Options struct {
	Status  func() Status
	Drain   func() // starts a graceful stop and returns at once
	Metrics http.Handler
	Logger  *slog.Logger

	Catalog   func() *catalog.Snapshot // the snapshot in force
	Creatives *creative.Registry       // needs Catalog
	Bills     Bills
	Notices   func() Notices
}

// route is a method and path, as http.ServeMux reads them, and what answers there.
type route struct {
	pattern string
	answer  http.HandlerFunc
}

// New builds the handler.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{} // by path
	for _, route := range o.routes() {
		mux.HandleFunc(route.pattern, route.answer)
		method, path, _ := strings.Cut(route.pattern, " ")
		methods[path] = append(methods[path], method)
	}
	for path, allowed := range methods {
		if strings.HasPrefix(path, "/debug/") {
			continue // a tree with leaves of its own: a path without methods below one with them is ambiguous to the mux
		}
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			Problem(w, http.StatusMethodNotAllowed, "method_not_allowed", "use "+strings.Join(allowed, " or ")+" here")
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		Problem(w, http.StatusNotFound, "not_found", "no such page; GET /v1/node shows the node")
	})
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		Problem(w, http.StatusForbidden, "cross_origin", "this API takes no writes from other web pages")
	}))
	return local(origin.Handler(mux))
}

// routes are all routes of the door. ENDPOINTS.md describes them.
func (o *Options) routes() []route {
	all := []route{
		{"GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") }},
		{"GET /readyz", func(w http.ResponseWriter, _ *http.Request) { writeReady(w, o.Status()) }},
		{"GET /metrics", o.Metrics.ServeHTTP},
		{"GET /v1/node", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, o.Status()) }},
		{"POST /v1/node/drain", func(w http.ResponseWriter, r *http.Request) {
			o.audit(r, "drain asked for")
			o.Drain()
			writeJSON(w, http.StatusAccepted, map[string]bool{"draining": true})
		}},
		{"GET /debug/pprof/", pprof.Index},
		{"GET /debug/pprof/cmdline", pprof.Cmdline},
		{"GET /debug/pprof/profile", pprof.Profile},
		{"GET /debug/pprof/symbol", pprof.Symbol},
		{"GET /debug/pprof/trace", pprof.Trace},
	}
	if o.Catalog != nil {
		all = append(all, (&supply{o.Catalog}).routes()...)
	}
	if o.Creatives != nil {
		all = append(all, (&creatives{o.Creatives, o.Catalog, o.audit}).routes()...)
	}
	if o.Bills != nil {
		all = append(all, route{"GET /v1/bills", func(w http.ResponseWriter, r *http.Request) { writeBills(w, r, o.Bills) }})
	}
	if o.Notices != nil {
		all = append(all, route{"GET /v1/notices", func(w http.ResponseWriter, _ *http.Request) { writeNotices(w, o.Notices()) }})
	}
	return all
}

// audit says in the log who wrote what.
func (o *Options) audit(r *http.Request, what string, args ...any) {
	o.Logger.Info(what, append(args, "from", r.RemoteAddr, "agent", r.UserAgent())...)
}

// local lets in only requests that name this machine: a name that a hostile page points at 127.0.0.1 is turned away.
func local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localHost(r.Host) {
			Problem(w, http.StatusMisdirectedRequest, "host_not_local", "name the node by localhost or its loopback address")
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
		next.ServeHTTP(w, r)
	})
}

func localHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") || host == "unix" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func writeReady(w http.ResponseWriter, s Status) {
	if s.Ready {
		writeText(w, http.StatusOK, "ready\n")
		return
	}
	writeText(w, http.StatusServiceUnavailable, strings.Join(s.Missing, "\n")+"\n")
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the peer is gone: nothing is left to tell it
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		Problem(w, http.StatusInternalServerError, "internal_error", "the answer could not be encoded")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

// Problem answers an error as RFC 9457 problem+json. Detail never repeats what the request said.
func Problem(w http.ResponseWriter, status int, code, detail string) {
	body, _ := json.Marshal(map[string]any{ // strings and an int always encode
		"type": "/errors/" + code, "title": http.StatusText(status), "status": status, "code": code, "detail": detail})
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
