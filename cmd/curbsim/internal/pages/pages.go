package pages

import (
	"bytes"
	"context"
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
	Node    string `json:"node"`    // origin the tags call, such as https://localhost:8443
	Direct  uint32 `json:"direct"`  // placement of /direct
	OpenRTB uint32 `json:"openrtb"` // placement of /openrtb
}

// Defaults call the demo node.
func Defaults() Settings {
	return Settings{Node: "https://localhost:8443", Direct: 1001, OpenRTB: 1003}
}

func check(s *Settings) (*Settings, error) {
	node, err := url.Parse(s.Node)
	if err != nil || node.Scheme != "https" || node.Host == "" || strings.Trim(node.Path, "/") != "" || node.RawQuery != "" {
		return nil, fmt.Errorf("node: %q is not an https origin, such as https://localhost:8443", s.Node)
	}
	copied := *s
	copied.Node = "https://" + node.Host
	return &copied, nil
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
	p := &Pages{desk: desk, parties: options.Parties, views: views}
	p.clear()
	mux := http.NewServeMux()
	desk.Register(mux, control.Counters{Show: func() any { return p.Stats() }, Clear: p.clear})
	mux.HandleFunc("GET /{$}", p.page("index.html"))
	mux.HandleFunc("GET /direct", p.page("direct.html"))
	mux.HandleFunc("GET /openrtb", p.page("openrtb.html"))
	mux.HandleFunc("GET /passback", p.passback)
	mux.HandleFunc("GET /style.css", p.file("style.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /page.js", p.file("page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /direct.js", p.file("direct.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /openrtb.js", p.file("openrtb.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /favicon.svg", p.file("favicon.svg", "image/svg+xml"))
	mux.HandleFunc("GET /favicon.ico", p.file("favicon.svg", "image/svg+xml"))
	p.server = wire.New(listener, wire.Options{Handler: control.Handler(mux, nil)})
	p.server.Start()
	return p, nil
}

// Stop ends it; exchanges under way get until ctx ends.
func (p *Pages) Stop(ctx context.Context) { p.server.Stop(ctx) }

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
	Parties []Link
}

func (p *Pages) page(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.count(r.URL.Path)
		p.render(w, name, model{*p.desk.Plan().Compiled, p.parties})
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
