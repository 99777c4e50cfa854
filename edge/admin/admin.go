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
	Draining bool      `json:"draining"`
	Lab      bool      `json:"lab"`
	Bidders  []Bidder  `json:"bidders"`
}

// Options are what the door leads to. All fields are required.
type Options struct {
	Status  func() Status
	Drain   func() // starts a graceful stop and returns at once
	Metrics http.Handler
	Logger  *slog.Logger
}

// New builds the handler.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { writeReady(w, o.Status()) })
	mux.HandleFunc("GET /v1/node", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, o.Status()) })
	mux.HandleFunc("POST /v1/node/drain", func(w http.ResponseWriter, r *http.Request) {
		o.Logger.Info("drain asked for", "from", r.RemoteAddr, "agent", r.UserAgent())
		o.Drain()
		writeJSON(w, http.StatusAccepted, map[string]bool{"draining": true})
	})
	mux.Handle("GET /metrics", o.Metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		Problem(w, http.StatusNotFound, "not_found", "no such page; GET /v1/node shows the node")
	})
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		Problem(w, http.StatusForbidden, "cross_origin", "this API takes no writes from other web pages")
	}))
	return local(origin.Handler(mux))
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
