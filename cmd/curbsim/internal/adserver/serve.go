package adserver

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/wire"
	"curb/edge/ad"
)

// AdServer is a running simulated ad server. Make one with Start.
type AdServer struct {
	desk   *control.Desk[Settings, *plan]
	server *wire.Server
	hosts  []string
	caller *http.Client
	mu     sync.Mutex
	counts counts
}

// Options say what an ad server starts with.
type Options struct {
	Settings    Settings
	AcceptHosts []string // hosts beside loopback that accept URLs may name
}

// Start checks the settings and serves the listener until Stop. On an error the listener is closed.
func Start(listener net.Listener, options Options) (*AdServer, error) {
	desk, err := control.New(options.Settings, compile)
	if err != nil {
		listener.Close()
		return nil, err
	}
	a := &AdServer{desk: desk, hosts: options.AcceptHosts, caller: newCaller()}
	mux := http.NewServeMux()
	desk.Register(mux, control.Counters{Show: func() any { return a.Stats() }, Clear: a.clear})
	mux.HandleFunc("GET /ad", a.ad)
	mux.HandleFunc("GET /pixel", a.pixel)
	a.server = wire.New(listener, wire.Options{Handler: control.Handler(mux, nil)})
	a.server.Start()
	return a, nil
}

// Stop ends it; exchanges under way get until ctx ends.
func (a *AdServer) Stop(ctx context.Context) {
	a.server.Stop(ctx)
	a.caller.CloseIdleConnections()
}

// ad answers GET /ad?price=&accept=&size=&format=&pb=&sealed=&auction=; all parameters are recorded.
func (a *AdServer) ad(w http.ResponseWriter, r *http.Request) {
	p := a.desk.Plan().Compiled
	query := r.URL.Query()
	call := Call{Time: time.Now().UTC(), Params: query, Referer: r.Referer(), Format: query.Get("format")}
	defer func() { a.record(call) }()
	if call.Format == "" {
		call.Format = p.Answer
	}
	if dest := r.Header.Get("Sec-Fetch-Dest"); call.Format == "js" && dest != "" && dest != "script" && dest != "empty" {
		call.Format = "html" // a frame would show the script's text
	}
	q, err := readParams(query, call.Format, a.hosts)
	if err != nil {
		call.Served, call.Reason = "refused", err.Error()
		control.Refuse(w, http.StatusBadRequest, "param_invalid", err.Error())
		return
	}
	call.price, call.noBid, call.sealed = q.price, q.accept == "", p.unseal(query, q.price)
	select {
	case <-time.After(time.Duration(p.Latency)):
	case <-r.Context().Done():
	}
	if p.Failure != "none" {
		call.Served, call.Reason = "failure", p.Failure
		if p.Failure == "error_500" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		return
	}
	choice := p.decide(q)
	call.LineItem, call.Reason, call.Served = choice.LineItem, choice.Reason, "own"
	v := view{Name: choice.LineItem, Reason: choice.Reason, Outcome: "own", Size: sizeOf(query.Get("size")), params: query}
	switch {
	case choice.Accept && p.Never:
		call.Served, v.Outcome = "never", "never"
	case choice.Accept:
		call.Served, v.Outcome, v.Accept, v.Creative = "exchange", "exchange", q.accept, choice.Creative
		v.Times = make([]struct{}, p.Repeat)
		a.callBefore(r.Context(), p, q.accept, call.Format)
	case call.noBid:
		v.Outcome = "no_bid"
	}
	w.Header().Set("Cache-Control", "no-store")
	v.write(w, r, call.Format)
}

// readParams reads what the choice depends on.
func readParams(query url.Values, format string, hosts []string) (q *question, err error) {
	q = &question{accept: query.Get("accept"), params: query}
	if err := oneOf("format", format, "redirect", "html", "js"); err != nil {
		return nil, err
	}
	if text := query.Get("price"); text != "" {
		price, err := control.ParsePrice(text)
		if err != nil {
			return nil, err
		}
		q.price = ad.CPM(price)
	}
	if q.accept != "" {
		err = checkAccept(q.accept, hosts)
	}
	return q, err
}

func sizeOf(text string) ad.Size {
	if size, ok := ad.ParseSize(text); ok {
		return size
	}
	return ad.Size{W: 300, H: 250}
}

// pixel counts the impression pixels of creatives.
func (a *AdServer) pixel(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	a.counts.Pixels++
	a.mu.Unlock()
	w.Header().Set("Content-Type", "image/gif")
	w.Header().Set("Cache-Control", "no-store")
	w.Write([]byte(pixelGIF))
}

// pixelGIF is one transparent pixel.
const pixelGIF = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
