package pages

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/wire"
	"curb/edge/ad"
)

//go:embed site
var site embed.FS

// Settings are what POST /ctl changes.
type Settings struct {
	Node       string `json:"node"`       // origin the tags call, such as https://localhost:8443
	Direct     uint32 `json:"direct"`     // placement of /direct
	OpenRTB    uint32 `json:"openrtb"`    // placement of /openrtb
	Preemptive uint32 `json:"preemptive"` // placement of /preemptive and its like
	AdServer   string `json:"ad_server"`  // origin of the publisher's ad server, such as http://127.0.0.1:9800
}

// Defaults call the demo node.
func Defaults() Settings {
	return Settings{Node: "https://localhost:8443", Direct: 1001, OpenRTB: 1003, Preemptive: 1002, AdServer: "http://127.0.0.1:9800"}
}

func check(s *Settings) (*Settings, error) {
	node, err := url.Parse(s.Node)
	if err != nil || node.Scheme != "https" || node.Host == "" || strings.Trim(node.Path, "/") != "" || node.RawQuery != "" {
		return nil, fmt.Errorf("node: %q is not an https origin, such as https://localhost:8443", s.Node)
	}
	copied := *s
	copied.Node = "https://" + node.Host
	copied.AdServer, err = adServerPlace(s.AdServer)
	return &copied, err
}

// Link is another simulated party, for the index.
type Link struct {
	Name, URL, About string
}

// Options say what the pages start with.
type Options struct {
	Settings Settings
	Parties  []Link
}

// Pages is a running publisher site. Make one with Start.
type Pages struct {
	desk    *control.Desk[Settings, *Settings]
	server  *wire.Server
	parties []Link
	views   *template.Template
	client  *http.Client // calls the ad server
	mu      sync.Mutex
	stats   Stats
}

// Stats is the document of GET /ctl/stats.
type Stats struct {
	Requests uint64            `json:"requests"`
	Paths    map[string]uint64 `json:"paths"`
}

// Start serves the listener until Stop. On an error the listener is closed.
func Start(listener net.Listener, options Options) (*Pages, error) {
	desk, err := control.New(options.Settings, check)
	if err != nil {
		listener.Close()
		return nil, err
	}
	views, err := template.ParseFS(site, "site/*.html")
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("read the embedded pages: %w", err)
	}
	p := &Pages{desk: desk, parties: options.Parties, views: views, client: &http.Client{Transport: &http.Transport{}}}
	p.clear()
	p.server = wire.New(listener, wire.Options{Handler: control.Handler(p.routes(), nil)})
	p.server.Start()
	return p, nil
}

func (p *Pages) routes() *http.ServeMux {
	mux := http.NewServeMux()
	desk := p.desk
	desk.Register(mux, control.Counters{Show: func() any { return p.Stats() }, Clear: p.clear})
	mux.HandleFunc("GET /{$}", p.page("index.html"))
	mux.HandleFunc("GET /direct", p.page("direct.html"))
	mux.HandleFunc("GET /openrtb", p.page("openrtb.html"))
	mux.HandleFunc("GET /preemptive", p.page("preemptive.html"))
	mux.HandleFunc("GET /preemptive-script", p.page("preemptive-script.html"))
	mux.HandleFunc("GET /preemptive-json", p.page("preemptive-json.html"))
	mux.HandleFunc("POST /ad-server", p.setCampaign)
	mux.HandleFunc("GET /outcome", p.outcome)
	mux.HandleFunc("GET /passback", p.passback)
	mux.HandleFunc("GET /style.css", p.file("style.css", "text/css; charset=utf-8"))
	for _, script := range []string{"page.js", "direct.js", "openrtb.js", "preemptive.js", "preemptive-json.js"} {
		mux.HandleFunc("GET /"+script, p.file(script, "text/javascript; charset=utf-8"))
	}
	mux.HandleFunc("GET /favicon.svg", p.file("favicon.svg", "image/svg+xml"))
	mux.HandleFunc("GET /favicon.ico", p.file("favicon.svg", "image/svg+xml"))
	return mux
}

// Stop ends it; exchanges under way get until ctx ends.
func (p *Pages) Stop(ctx context.Context) {
	p.server.Stop(ctx)
	p.client.CloseIdleConnections()
}

// Stats reads the counters.
func (p *Pages) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{Requests: p.stats.Requests, Paths: map[string]uint64{}}
	for path, n := range p.stats.Paths {
		s.Paths[path] = n
	}
	return s
}

func (p *Pages) clear() {
	p.mu.Lock()
	p.stats = Stats{Paths: map[string]uint64{}}
	p.mu.Unlock()
}

func (p *Pages) count(path string) {
	p.mu.Lock()
	p.stats.Requests++
	p.stats.Paths[path]++ // only registered paths come here, so the map is small
	p.mu.Unlock()
}

// model is what a page's template sees.
type model struct {
	Settings
	Parties  []Link
	CB       string        // tells this view's ad call from others
	Campaign *campaign     // the ad server's own; nil: it cannot be asked
	Own      control.Price // CPM of the page's own ad: ?own=
	Reserve  string        // of this view's ad call: ?reserve=; empty: the placement's
	Back     string        // path of the page
}

func (p *Pages) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.count(r.URL.Path)
		m := model{Settings: *p.desk.Plan().Compiled, Parties: p.parties, CB: rand.Text(), Own: 1_000_000, Back: r.URL.Path}
		query := r.URL.Query()
		if price, err := control.ParsePrice(query.Get("own")); err == nil {
			m.Own = price
		}
		if price, err := control.ParsePrice(query.Get("reserve")); err == nil {
			m.Reserve = price.String()
		}
		if name == "preemptive.html" || name == "preemptive-script.html" {
			m.Campaign = p.campaign(r.Context())
		}
		p.render(w, name, m)
	}
}

func (p *Pages) render(w http.ResponseWriter, name string, data any) {
	var out bytes.Buffer
	if err := p.views.ExecuteTemplate(&out, name, data); err != nil {
		control.Refuse(w, http.StatusInternalServerError, "internal_error", "the page cannot be rendered")
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.Write(out.Bytes())
}

// passback is the publisher's own ad, for a placement whose daisy chain leads here: GET /passback?width=&height=.
func (p *Pages) passback(w http.ResponseWriter, r *http.Request) {
	p.count(r.URL.Path)
	query := r.URL.Query()
	size, ok := ad.ParseSize(query.Get("width") + "x" + query.Get("height"))
	if !ok {
		size = ad.Size{W: 300, H: 250}
	}
	p.render(w, "passback.html", size)
}

func (p *Pages) file(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.count(r.URL.Path)
		body, err := site.ReadFile("site/" + name)
		if err != nil {
			control.NotFound(w, r)
			return
		}
		header := w.Header()
		header.Set("Content-Type", kind)
		header.Set("Cache-Control", "no-cache")
		header.Set("X-Content-Type-Options", "nosniff")
		w.Write(body)
	}
}
