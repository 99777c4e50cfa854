package adserver

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"curb/cmd/curbsim/internal/wire"
)

// callbackTimeout bounds one call of an accept URL from here.
const callbackTimeout = 5 * time.Second

// newCaller makes the client that calls accept URLs. It follows no redirect. Certificates of loopback hosts are not verified: the
// demo node makes its own anew at each start.
func newCaller() *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 4, ForceAttemptHTTP2: true}
	transport.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		dialer := tls.Dialer{Config: &tls.Config{
			InsecureSkipVerify: wire.Loopback(host), NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12,
		}}
		return dialer.DialContext(ctx, network, addr)
	}
	return &http.Client{Transport: transport, Timeout: callbackTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// callBefore calls the accept URL before the page does: as browsers prefetch, and as often as a redirect cannot make the page
// call it.
func (a *AdServer) callBefore(ctx context.Context, p *plan, accept, format string) {
	if p.Prefetch {
		a.callBack(ctx, accept, "prefetch")
	}
	if format == "redirect" {
		for range p.Repeat - 1 {
			a.callBack(ctx, accept, "")
		}
	}
}

func (a *AdServer) callBack(ctx context.Context, accept, purpose string) {
	status := "error"
	defer func() { a.calledBack(status) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, accept, nil)
	if err != nil {
		return
	}
	if purpose != "" {
		req.Header.Set("Sec-Purpose", purpose)
	}
	resp, err := a.caller.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	status = strconv.Itoa(resp.StatusCode)
	io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection can be used again
}
