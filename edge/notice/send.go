package notice

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"curb/edge/ad"
	"curb/edge/egress"
)

const (
	// callTimeout is what a notice URL has, from the dial to the end of its header; postTimeout what a batch has.
	callTimeout = 500 * time.Millisecond
	postTimeout = 2 * time.Second
	// answerBytesMax is how much of an answer's body is read, to keep the connection; nobody looks at it.
	answerBytesMax = 4 << 10
	// connectionsMax bounds the connections to one host, idleFor how long they are kept without use. Hosts past hostsMax
	// share one endpoint, and their connections are not kept.
	connectionsMax = callsMax + postsMax
	idleFor        = 30 * time.Second

	userAgent = "Curb"
)

var errRuleSet = errors.New("the rule set has no such bidder")

// newTransport makes the connections of one bidder: HTTP/1.1, dialled by the guard, never by way of a proxy.
func (n *Notices) newTransport() *http.Transport {
	return &http.Transport{
		DialContext:         n.dial,
		TLSHandshakeTimeout: postTimeout,
		TLSClientConfig: &tls.Config{
			RootCAs: n.options.RootCAs, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
			ClientSessionCache: tls.NewLRUClientSessionCache(hostsMax),
		},
		DisableCompression:     true,
		MaxConnsPerHost:        connectionsMax,
		MaxIdleConnsPerHost:    connectionsMax, // and no bound over all hosts: see RATIONALE.md
		IdleConnTimeout:        idleFor,
		MaxResponseHeaderBytes: ad.ResponseHeaderBytesMax,
	}
}

// post sends a batch to the bidder's notify URL.
func (l *line) post(bidder *ad.Bidder, body []byte) result {
	if err := l.notices.options.Guard.CheckEndpoint(bidder.NotifyURL); err != nil {
		return result{denied, err.Error()}
	}
	return l.send(request{method: http.MethodPost, target: bidder.NotifyURL, body: body, timeout: postTimeout})
}

// call GETs a URL that a bid brought, once its macros are filled.
func (l *line) call(d *delivery, keep bool) result {
	n := l.notices
	if n.overtaken(d.event) {
		return result{fate: moot}
	}
	bidder := n.options.Bidders(l.bidder)
	if bidder == nil {
		return result{failed, errRuleSet.Error()}
	}
	template := d.event.template(d.way)
	if err := n.options.Guard.CheckURL(template, bidder.Domains); err != nil {
		return result{denied, err.Error()}
	}
	x := expansion{event: d.event, bidder: bidder, seal: n.options.Seal}
	target, err := x.appendURL(make([]byte, 0, 2*len(template)), template)
	if err != nil {
		return result{denied, err.Error()}
	}
	return l.send(request{method: http.MethodGet, target: string(target), timeout: callTimeout, last: !keep})
}

// request is what one attempt sends.
type request struct {
	method, target string
	body           []byte
	timeout        time.Duration
	last           bool // on its connection
}

// send makes one attempt and reads the status. The transport follows no redirect and knows no cookie.
func (l *line) send(r request) result {
	n := l.notices
	to, err := url.Parse(r.target)
	if err != nil || (to.Scheme == "http" && !n.options.Lab) {
		return result{denied, "the URL cannot be called"}
	}
	ctx, cancel := context.WithTimeout(n.ctx, r.timeout)
	defer cancel()
	q := (&http.Request{
		Method: r.method, URL: to, Host: to.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"User-Agent": {userAgent}}, Close: r.last,
	}).WithContext(ctx)
	if r.method == http.MethodPost {
		q.Header["Content-Type"] = []string{"application/json"}
		q.ContentLength = int64(len(r.body))
		q.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
		q.Body, _ = q.GetBody()
	}
	answer, err := l.transport.RoundTrip(q)
	switch {
	case errors.Is(err, egress.ErrDenied):
		return result{refused, err.Error()}
	case err != nil:
		return result{failed, err.Error()}
	}
	_, _ = io.CopyN(io.Discard, answer.Body, answerBytesMax+1)
	_ = answer.Body.Close()
	return judgeStatus(answer.StatusCode)
}

// judgeStatus sorts answers by whether the same request may fare better later (RFC 9110 §15).
func judgeStatus(code int) result {
	if code >= 200 && code < 300 {
		return result{fate: arrived}
	}
	why := "status " + strconv.Itoa(code)
	switch {
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooManyRequests:
		return result{failed, why}
	case code >= 300 && code < 400:
		return result{astray, why}
	}
	return result{refused, why}
}
