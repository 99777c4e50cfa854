package load

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// OutcomeHeader says what became of an ad call, on nodes in lab mode.
const OutcomeHeader = "X-Curb-Outcome"

// bodyReadMax bounds what is read of an answer.
const bodyReadMax = 16 << 20

// idMark is replaced by an id of its own in the path and body of each request.
const idMark = "{id}"

// talliesMax bounds the tallies: connections beyond it share them.
const talliesMax = 32

// Run makes the calls and reports. Errors are those of Options and of finding the target; what goes wrong with requests is
// in the report. Ending ctx stops sending; requests under way are waited for, at most their timeout.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	t, err := o.aim(ctx)
	if err != nil {
		return nil, err
	}
	r, err := newRun(&o, t)
	if err != nil {
		return nil, err
	}
	senders := make([]sender, o.Connections)
	for i := range senders {
		own := r.tally(i)
		senders[i] = newSender(o.Protocol, &dialer{t, own.connected})
	}
	defer closeAll(senders)
	if r.visitor != nil {
		defer r.visitor.CloseIdleConnections()
	}
	return r.drive(ctx, senders), nil
}

// closeAll ends the senders side by side, since closing a QUIC connection waits for it.
func closeAll(senders []sender) {
	var all sync.WaitGroup
	for _, s := range senders {
		all.Go(s.Close)
	}
	all.Wait()
}

// run is one run under way.
type run struct {
	options  *Options
	target   *target
	template *http.Request
	bodyHas  bool         // {id} in the body
	pathHas  bool         // {id} in path or query
	visitor  *http.Client // calls ad servers; nil in mode Plain
	tallies  []*tally
	schedule schedule
	seed     uint64
	ids      atomic.Uint64
}

func newRun(o *Options, t *target) (*run, error) {
	method := o.Method
	if method == "" {
		method = http.MethodGet
		if o.Body != nil {
			method = http.MethodPost
		}
	}
	template, err := http.NewRequest(method, t.url.String(), nil)
	if err != nil {
		return nil, invalid("method: %v", err)
	}
	template.Host = t.host
	template.Header = o.Header.Clone()
	if template.Header == nil {
		template.Header = http.Header{}
	}
	if template.Header.Get("User-Agent") == "" {
		template.Header.Set("User-Agent", "curbsim")
	}
	r := &run{options: o, target: t, template: template, seed: rand.Uint64()}
	r.bodyHas = bytes.Contains(o.Body, []byte(idMark))
	r.pathHas = strings.Contains(t.url.Path+t.url.RawQuery, idMark)
	if o.Mode != Plain {
		r.visitor = newVisitor(o)
	}
	for range min(o.Connections, talliesMax) {
		r.tallies = append(r.tallies, newTally())
	}
	return r, nil
}

// tally is where the n-th connection counts.
func (r *run) tally(n int) *tally { return r.tallies[n%len(r.tallies)] }

// drive runs all streams to the end of the schedule.
func (r *run) drive(ctx context.Context, senders []sender) *Report {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	began := time.Now()
	r.schedule = schedule{rate: r.options.Rate, count: r.options.Count, begin: began, start: began.Add(r.options.Warmup)}
	r.schedule.end = r.schedule.start.Add(r.options.Duration)
	var streams, reporter sync.WaitGroup
	if r.options.Progress != nil {
		reporter.Go(func() { r.tell(ctx) })
	}
	for i, s := range senders {
		for range r.options.Streams {
			streams.Go(func() { r.stream(ctx, s, r.tally(i)) })
		}
	}
	streams.Wait()
	interrupted := ctx.Err() != nil
	cancel()
	reporter.Wait()
	report := r.report(time.Now())
	if report.Interrupted = interrupted; interrupted {
		report.Unsent = 0 // what would have been due later was called off
	}
	return report
}

// stream sends one request after the other.
func (r *run) stream(ctx context.Context, s sender, t *tally) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	sleep := func(d time.Duration) bool {
		timer.Reset(d)
		select {
		case <-timer.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
	pause := time.Duration(0)
	for ctx.Err() == nil {
		due, ok := r.schedule.next(time.Now())
		if !ok {
			return
		}
		if early := time.Until(due); early > 0 && !sleep(early) {
			return
		}
		err := r.once(s, t, due)
		// A target that refuses at once would make a closed loop spin, so failures slow a stream down, to ten a second.
		if err == nil || r.options.Rate > 0 {
			pause = 0
		} else if pause = min(max(2*pause, time.Millisecond), 100*time.Millisecond); !sleep(pause) {
			return
		}
	}
}

// once sends a request and counts what came of it, unless it was for warming up.
func (r *run) once(s sender, t *tally, due time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), r.options.Timeout)
	defer cancel()
	rep := reply{due: due, sent: time.Now()}
	counts := !due.Before(r.schedule.start)
	resp, err := s.RoundTrip(r.request(ctx))
	var body bytes.Buffer
	if err == nil {
		into := io.Discard
		if r.options.Mode != Plain {
			into = &body
		}
		rep.bytes, err = io.Copy(into, io.LimitReader(resp.Body, bodyReadMax))
		resp.Body.Close()
	}
	rep.done = time.Now()
	if !counts {
		return err // an ad that was asked for to warm up is left alone
	}
	if err != nil {
		t.failed(err)
		return err
	}
	rep.status, rep.version, rep.outcome = resp.StatusCode, resp.Proto, resp.Header.Get(OutcomeHeader)
	t.answered(&rep)
	if r.options.Mode == Plain {
		return nil
	}
	return r.follow(s, t, resp, body.Bytes())
}

// request makes the next request from the template.
func (r *run) request(ctx context.Context) *http.Request {
	req := r.template.WithContext(ctx)
	body := r.options.Body
	if r.bodyHas || r.pathHas {
		id := r.id()
		if r.bodyHas {
			body = bytes.ReplaceAll(body, []byte(idMark), []byte(id))
		}
		if r.pathHas {
			u := *r.template.URL
			u.Path = strings.ReplaceAll(u.Path, idMark, id)
			u.RawQuery = strings.ReplaceAll(u.RawQuery, idMark, id)
			u.RawPath = ""
			req.URL = &u
		}
	}
	if body != nil {
		req.ContentLength = int64(len(body))
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	return req
}

// id is unique within the run and, but for chance, between runs.
func (r *run) id() string {
	return strconv.FormatUint(r.seed, 16) + "-" + strconv.FormatUint(r.ids.Add(1), 16)
}

// tell reports progress until ctx ends.
func (r *run) tell(ctx context.Context) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			r.options.Progress(r.report(now))
		case <-ctx.Done():
			return
		}
	}
}
