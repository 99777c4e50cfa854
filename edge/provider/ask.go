package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// counts of one provider over the calls.
type counts struct {
	asked, answered, late, failed, invalid, throttled atomic.Uint64
}

// Stats is what became of asking one provider since the start.
type Stats struct {
	Provider string
	Ready    bool
	// SendPercent is what the throttle lets through.
	SendPercent int
	// Asked is requests sent; each is one of Answered (in time and well formed), Late, Failed (no answer, or none with status
	// 200) and Invalid.
	Asked, Answered, Late, Failed, Invalid uint64
	Throttled                              uint64 // not sent
}

// Stats lists all providers of the newest snapshot.
func (c *Client) Stats() []Stats {
	var all []Stats
	for name, l := range *c.lines.Load() {
		n := &l.counts
		all = append(all, Stats{Provider: name, Ready: !l.out.Load(), SendPercent: l.throttle.Percent(), Asked: n.asked.Load(), Answered: n.answered.Load(),
			Late: n.late.Load(), Failed: n.failed.Load(), Invalid: n.invalid.Load(), Throttled: n.throttled.Load()})
	}
	return all
}

// reply is what came of asking one provider.
type reply struct {
	provider *ad.DataProvider
	segments []ad.Segment
}

// Ask asks the providers of the snapshot in parallel and appends what arrived by the deadline.
func (c *Client) Ask(ctx context.Context, snap *catalog.Snapshot, in ad.Inquiry, dst []ad.Provided) []ad.Provided {
	call := in.Call
	a := asked{call: call, page: call.Page, personal: in.Personal}
	if a.page == "" {
		a.page = call.Site.Page
	}
	if a.page == "" {
		return dst
	}
	if in.Personal {
		a.place = snap.Geo(call.Device.IP)
	}
	ctx, cancel := context.WithDeadline(ctx, in.Deadline)
	defer cancel()
	replies := make(chan reply, ad.ProvidersMax) // room for all: who is late blocks nobody
	open := 0
	lines := *c.lines.Load()
	for _, p := range snap.ActiveProviders() { // at most ad.ProvidersMax
		if l := lines[p.Name]; l != nil && c.wanted(l, p, snap, in) {
			url := string(l.question.fill(nil, &a))
			if c.start(func() { replies <- reply{p, c.ask(ctx, l, url)} }) {
				open++
			}
		}
	}
	for ; open > 0; open-- {
		select {
		case r := <-replies:
			if len(r.segments) > 0 {
				dst = append(dst, ad.Provided{Provider: r.provider, Segments: r.segments})
			}
		case <-ctx.Done():
			return dst
		}
	}
	return dst
}

// wanted reports whether a provider is asked for a call. One that no active bidder is under contract with is not.
func (c *Client) wanted(l *line, p *ad.DataProvider, snap *catalog.Snapshot, in ad.Inquiry) bool {
	if l.denied || l.out.Load() || !(in.Personal || p.Contextual) {
		return false
	}
	heard := false
	for _, id := range p.Bidders {
		if b := snap.Bidder(id); b != nil && b.Active {
			heard = true
		}
	}
	if !heard {
		return false
	}
	if p.Throttle && !l.throttle.Lets(in.Call.ID, partner(p.Name)) {
		l.counts.throttled.Add(1)
		return false
	}
	return true
}

// partner gives a provider a number of its own for the throttle's draw (FNV-1a).
func partner(name string) uint32 {
	h := uint32(2166136261)
	for i := range len(name) {
		h = (h ^ uint32(name[i])) * 16777619
	}
	return h
}

// ask asks one provider. Past the context's deadline its connection is closed.
func (c *Client) ask(ctx context.Context, l *line, url string) []ad.Segment {
	l.counts.asked.Add(1)
	body, err := c.get(ctx, url)
	if err != nil {
		late := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err)
		if errors.Is(err, context.Canceled) { // the caller left, or the node closes: that is not the provider's doing
			l.counts.failed.Add(1)
			return nil
		}
		l.throttle.Record(late)
		if late {
			l.counts.late.Add(1)
		} else {
			l.counts.failed.Add(1)
		}
		return nil
	}
	l.throttle.Record(false)
	segments, ok := parseAnswer(body)
	if !ok {
		l.counts.invalid.Add(1)
		return nil
	}
	l.counts.answered.Add(1)
	return segments
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

var errTooLong = errors.New("the answer is longer than the limit")

// get fetches a URL whose answer must have status 200 and at most ad.ProviderBytesMax of body.
func (c *Client) get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header["User-Agent"] = nil
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, ad.ProviderBytesMax+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > ad.ProviderBytesMax:
		return nil, errTooLong
	case answer.StatusCode == http.StatusNoContent:
		return nil, nil
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	return body, nil
}
