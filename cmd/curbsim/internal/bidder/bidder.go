package bidder

import (
	"context"
	"errors"
	"net"
	"net/http"

	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/wire"
)

// Bidder is a running simulated bidder. Make one with Start.
type Bidder struct {
	base     string // its own URL without a path
	desk     *control.Desk[Settings, *plan]
	server   *wire.Server
	counters counters
	book     book
}

// Start checks the settings and serves the listener until Stop. base is the URL under which peers reach it, without a path.
// On an error the listener is closed.
func Start(listener net.Listener, base string, settings Settings) (*Bidder, error) {
	b := &Bidder{base: base}
	desk, err := control.New(settings, compiler(base))
	if err != nil {
		listener.Close()
		return nil, err
	}
	b.desk = desk
	mux := http.NewServeMux()
	desk.Register(mux, control.Counters{Show: func() any { return b.Stats() }, Clear: b.clear})
	mux.HandleFunc("GET /win", b.called)
	mux.HandleFunc("GET /bill", b.called)
	mux.HandleFunc("GET /loss", b.called)
	mux.HandleFunc("POST /notify", b.notify)
	mux.HandleFunc("/redirected", b.redirected)
	b.server = wire.New(listener, wire.Options{Hot: b.hot, Handler: control.Handler(mux, hotMethods)})
	b.server.Start()
	return b, nil
}

// Stop ends it; exchanges under way get until ctx ends.
func (b *Bidder) Stop(ctx context.Context) { b.server.Stop(ctx) }

// Settings are those in force.
func (b *Bidder) Settings() Settings { return b.desk.Plan().Settings }

func (b *Bidder) redirected(w http.ResponseWriter, _ *http.Request) {
	b.counters.redirects.Add(1)
	w.WriteHeader(http.StatusNoContent)
}

// scratch is what one connection reuses from request to request.
type scratch struct {
	codec codec
	ask   ask
	out   []byte
}

func (b *Bidder) hot(x *wire.Exchange) bool {
	switch {
	case x.Is("POST", "/bid"):
		b.bid(x)
	case x.Is("GET", "/ready"):
		b.ready(x)
	default:
		return b.down(x)
	}
	return true
}

// hotMethods are the methods of what hot serves.
func hotMethods(path string) (allow string) {
	switch path {
	case "/bid":
		return "POST"
	case "/ready":
		return "GET"
	}
	return ""
}

func (b *Bidder) ready(x *wire.Exchange) {
	b.counters.readyChecks.Add(1)
	body := "1"
	if !b.desk.Plan().Settings.Ready {
		body = "0"
	}
	x.Reply(http.StatusOK, "Content-Type: text/plain\r\n", []byte(body))
}

func (b *Bidder) bid(x *wire.Exchange) {
	s, ok := x.Scratch.(*scratch)
	if !ok {
		s = &scratch{}
		x.Scratch = s
	}
	c := &b.counters
	c.requests.Add(1)
	c.bytesIn.Add(uint64(len(x.Body())))
	body, err := s.codec.decode(x.ContentEncoding(), x.Body())
	if err != nil {
		c.badRequests.Add(1)
		c.last.keep(x.Header(), x.Body())
		x.Reply(codingStatus(err), "Content-Type: text/plain\r\n", []byte(err.Error()))
		return
	}
	c.last.keep(x.Header(), body)
	if err := s.ask.read(body); err != nil {
		c.badRequests.Add(1)
		x.Reply(http.StatusBadRequest, "Content-Type: text/plain\r\n", []byte(err.Error()))
		return
	}
	b.answer(x, s, b.desk.Plan().Compiled)
}

func codingStatus(err error) int {
	switch {
	case errors.Is(err, errCoding):
		return http.StatusUnsupportedMediaType
	case errors.Is(err, errDecoded):
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

// answer bids, or plays the failure set, after the latency set.
func (b *Bidder) answer(x *wire.Exchange, s *scratch, p *plan) {
	hash := hashString(p.seed, s.ask.ID)
	var bids int
	s.out, bids = p.appendAnswer(s.out[:0], &s.ask, p.bidsOn(hash))
	if !x.Wait(p.wait(hash)) {
		x.HangUp()
		return
	}
	c := &b.counters
	if act := p.failure.act; act != nil {
		if p.failure.name == "no_bid" {
			c.noBids.Add(1)
		} else {
			c.failures.Add(1)
		}
		act(&play{x: x, b: b, plan: p, ask: &s.ask, body: s.out})
		return
	}
	if bids == 0 {
		c.noBids.Add(1)
	}
	if len(s.out) == 0 {
		x.Reply(http.StatusNoContent, "", nil)
		return
	}
	if p.failure.name != "none" {
		c.failures.Add(1)
	}
	if bids > 0 {
		c.answers.Add(1)
	}
	c.bids.Add(uint64(bids))
	body, fields := s.out, ""
	if p.compress {
		body, fields = s.codec.encode(x.AcceptEncoding(), body)
	}
	c.bytesOut.Add(uint64(len(body)))
	if fields == "" {
		x.Reply(http.StatusOK, jsonFields, body)
		return
	}
	x.Reply(http.StatusOK, jsonFields+fields, body)
}
