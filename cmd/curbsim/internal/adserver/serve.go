package adserver

import (
	"context"
	"encoding/json"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/wire"
	"curb/edge/ad"
)

// Call is one received ad request.
type Call struct {
	Time     time.Time           `json:"time"`
	Params   map[string][]string `json:"params"`
	Referer  string              `json:"referer,omitempty"`
	Format   string              `json:"format,omitempty"` // redirect, html, js
	Served   string              `json:"served"`           // exchange, own, refused, failure
	LineItem string              `json:"line_item,omitempty"`
	Reason   string              `json:"reason"`
}

// callsKept is how many calls GET /ctl/stats shows.
const callsKept = 100

// Stats is the document of GET /ctl/stats.
type Stats struct {
	Requests uint64            `json:"requests"`
	Accepted uint64            `json:"accepted"` // the accept URL was given out
	Own      uint64            `json:"own"`      // own ad served
	Refused  uint64            `json:"refused"`  // requests that made no sense
	Lines    map[string]uint64 `json:"line_items"`
	Last     *Call             `json:"last_request"`
	Calls    []Call            `json:"calls"` // the last 100, oldest first
}

// AdServer is a running simulated ad server. Make one with Start.
type AdServer struct {
	desk   *control.Desk[Settings, *Settings]
	server *wire.Server
	hosts  []string
	mu     sync.Mutex
	stats  Stats
}

// Options say what an ad server starts with.
type Options struct {
	Settings    Settings
	AcceptHosts []string // hosts beside loopback that accept URLs may name
}

// Start checks the settings and serves the listener until Stop. On an error the listener is closed.
func Start(listener net.Listener, options Options) (*AdServer, error) {
	desk, err := control.New(options.Settings, check)
	if err != nil {
		listener.Close()
		return nil, err
	}
	a := &AdServer{desk: desk, hosts: options.AcceptHosts}
	mux := http.NewServeMux()
	desk.Register(mux, control.Counters{Show: func() any { return a.Stats() }, Clear: a.clear})
	mux.HandleFunc("GET /ad", a.ad)
	a.server = wire.New(listener, wire.Options{Handler: control.Handler(mux, nil)})
	a.server.Start()
	return a, nil
}

// Stop ends it; exchanges under way get until ctx ends.
func (a *AdServer) Stop(ctx context.Context) { a.server.Stop(ctx) }

// Stats reads the counters.
func (a *AdServer) Stats() Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.stats
	s.Calls = append([]Call{}, s.Calls...)
	s.Lines = map[string]uint64{}
	for name, n := range a.stats.Lines {
		s.Lines[name] = n
	}
	if n := len(s.Calls); n > 0 {
		s.Last = &s.Calls[n-1]
	}
	return s
}

func (a *AdServer) clear() {
	a.mu.Lock()
	a.stats = Stats{}
	a.mu.Unlock()
}

func (a *AdServer) record(call Call) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := &a.stats
	s.Requests++
	switch call.Served {
	case "exchange":
		s.Accepted++
	case "own":
		s.Own++
	case "refused":
		s.Refused++
	}
	if call.LineItem != "" {
		if s.Lines == nil {
			s.Lines = map[string]uint64{}
		}
		s.Lines[call.LineItem]++
	}
	if len(s.Calls) == callsKept {
		s.Calls = append(s.Calls[:0], s.Calls[1:]...)
	}
	s.Calls = append(s.Calls, call)
}

// ad answers GET /ad?price=&accept=&size=&format=; bucket, auction, creative, deal and cb are recorded only.
func (a *AdServer) ad(w http.ResponseWriter, r *http.Request) {
	s := a.desk.Plan().Compiled
	query := r.URL.Query()
	call := Call{Time: time.Now().UTC(), Params: query, Referer: r.Referer(), Format: query.Get("format")}
	defer func() { a.record(call) }()
	if call.Format == "" {
		call.Format = s.Answer
	}
	price, accept, err := readParams(query, call.Format, a.hosts)
	if err != nil {
		call.Served, call.Reason = "refused", err.Error()
		control.Refuse(w, http.StatusBadRequest, "param_invalid", err.Error())
		return
	}
	select {
	case <-time.After(time.Duration(s.Latency)):
	case <-r.Context().Done():
	}
	if s.Failure != "none" {
		call.Served, call.Reason = "failure", s.Failure
		if s.Failure == "error_500" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return
	}
	choice := decide(s, price, accept)
	call.LineItem, call.Reason, call.Served = choice.LineItem, choice.Reason, "own"
	v := view{Accept: accept, Name: s.OwnName, Size: sizeOf(query.Get("size"))}
	if choice.Accept {
		call.Served = "exchange"
		v.Times = make([]struct{}, s.Repeat)
	}
	w.Header().Set("Cache-Control", "no-store")
	v.write(w, r, call.Format)
}

// readParams reads what the choice depends on.
func readParams(query url.Values, format string, hosts []string) (price control.Price, accept string, err error) {
	if err := oneOf("format", format, "redirect", "html", "js"); err != nil {
		return 0, "", err
	}
	if text := query.Get("price"); text != "" {
		if price, err = control.ParsePrice(text); err != nil {
			return 0, "", err
		}
	}
	if accept = query.Get("accept"); accept != "" {
		err = checkAccept(accept, hosts)
	}
	return price, accept, err
}

func sizeOf(text string) ad.Size {
	if size, ok := ad.ParseSize(text); ok {
		return size
	}
	return ad.Size{W: 300, H: 250}
}

// view is what an answer shows; Times holds one element per call of the accept URL, none: the own ad.
type view struct {
	Accept string
	Name   string
	Size   ad.Size
	Times  []struct{}
}

// write answers in the format asked for.
func (v *view) write(w http.ResponseWriter, r *http.Request, format string) {
	if format == "redirect" && len(v.Times) > 0 {
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, v.Accept, http.StatusFound)
		return
	}
	var page strings.Builder
	if len(v.Times) > 0 {
		exchangeAd.Execute(&page, v)
	} else {
		ownAd.Execute(&page, v)
	}
	if format == "js" {
		w.Header().Set("Content-Type", "application/javascript; charset=utf-8")
		quoted, _ := json.Marshal(page.String()) // escapes <, > and &, and a string always encodes
		w.Write([]byte("document.write(" + string(quoted) + ");\n"))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Advertisement</title><body style=\"margin:0\">" +
		page.String() + "</body></html>\n"))
}

var exchangeAd = template.Must(template.New("exchange").Parse(
	`{{range $i, $_ := .Times}}<iframe title="Advertisement" src="{{$.Accept}}" width="{{$.Size.W}}" height="{{$.Size.H}}"` +
		` style="border:0{{if $i}};display:none{{end}}"></iframe>{{end}}`))

var ownAd = template.Must(template.New("own").Parse(
	`<div role="img" aria-label="{{.Name}}" style="box-sizing:border-box;width:{{.Size.W}}px;height:{{.Size.H}}px;display:flex;` +
		`align-items:center;justify-content:center;font:600 18px system-ui,sans-serif;color:#fff;background:#7a3e9d">` +
		`{{.Name}}<br>direct campaign</div>`))
