package load

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"curb/edge/ad"
)

// Bounds of one run.
const (
	DurationMax    = 10 * time.Minute
	TimeoutMax     = time.Minute
	ConnectionsMax = 4096
	StreamsMax     = 1024
	// FlightMax bounds connections × streams: requests under way at once.
	FlightMax = 16384
	RateMax   = 1_000_000
)

// Protocol is an HTTP version, by its short name.
type Protocol string

// Protocols.
const (
	H1 Protocol = "h1"
	H2 Protocol = "h2"
	H3 Protocol = "h3"
)

// String is the version as answers say it, so that a report names it one way: HTTP/1.1, HTTP/2.0 or HTTP/3.0.
func (p Protocol) String() string {
	switch p {
	case H1:
		return "HTTP/1.1"
	case H2:
		return "HTTP/2.0"
	case H3:
		return "HTTP/3.0"
	}
	return string(p)
}

// MarshalText writes String in JSON.
func (p Protocol) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ParseProtocol reads the names people use.
func ParseProtocol(text string) (Protocol, error) {
	switch strings.ToLower(text) {
	case "h3", "3", "http3", "http/3", "http/3.0":
		return H3, nil
	case "h2", "2", "http2", "http/2", "http/2.0":
		return H2, nil
	case "h1", "1.1", "1", "http1", "http/1.1":
		return H1, nil
	}
	return "", fmt.Errorf("unknown protocol %q; one of h3, 2, 1.1", text)
}

// Options describe a run.
type Options struct {
	URL         string
	Path        string // replaces path and query of URL; empty: URL's own
	Protocol    Protocol
	Host        string // Host or :authority; empty: URL's
	SNI         string // empty: Host's name, else URL's
	Method      string // empty: GET, or POST with a body
	Header      http.Header
	Body        []byte // with {id} in it, each request carries an id of its own; so does Path
	Connections int
	Streams     int     // concurrent requests per connection
	Rate        float64 // requests per second of the open loop; 0: closed loop
	Duration    time.Duration
	Warmup      time.Duration // before Duration, not counted
	Count       uint64        // end after so many requests; 0: by time only
	Timeout     time.Duration // of one request
	Roots       *x509.CertPool
	Mode        Mode   // how ads are followed
	OwnPrice    ad.CPM // of the page's own ad, in mode JPT
	Insecure    bool   // do not verify certificates; always so for loopback without Roots
	AllowRemote bool
	// Progress is called about once a second with the result so far; nil: not at all.
	Progress func(*Report)
}

// ErrUsage marks an error in Options.
var ErrUsage = errors.New("usage")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUsage, fmt.Sprintf(format, args...))
}

// check reports the first option that makes no sense.
func (o *Options) check() error {
	switch {
	case o.Connections < 1 || o.Connections > ConnectionsMax:
		return invalid("connections: %d is not from 1 to %d", o.Connections, ConnectionsMax)
	case o.Streams < 1 || o.Streams > StreamsMax:
		return invalid("streams: %d is not from 1 to %d", o.Streams, StreamsMax)
	case o.Connections*o.Streams > FlightMax:
		return invalid("connections × streams: %d is above %d", o.Connections*o.Streams, FlightMax)
	case o.Protocol == H1 && o.Streams > 1:
		return invalid("streams: HTTP/1.1 carries one request at a time per connection; use more connections")
	case !(o.Rate >= 0 && o.Rate <= RateMax):
		return invalid("rate: %v is not from 0 to %d", o.Rate, RateMax)
	case o.Mode != Plain && o.Body != nil:
		return invalid("mode: tags are called by GET, without a body")
	case o.Duration <= 0 || o.Duration > DurationMax:
		return invalid("duration: %s is not above 0 and up to %s", o.Duration, DurationMax)
	case o.Warmup < 0 || o.Warmup > DurationMax:
		return invalid("warmup: %s is not from 0 to %s", o.Warmup, DurationMax)
	case o.Timeout <= 0 || o.Timeout > TimeoutMax:
		return invalid("timeout: %s is not above 0 and up to %s", o.Timeout, TimeoutMax)
	}
	return nil
}

// target is where requests go, resolved.
type target struct {
	url    *url.URL
	addr   string // ip:port to dial
	host   string // Host or :authority
	tls    *tls.Config
	secure bool
}

// aim reads the URL and resolves its host, once.
func (o *Options) aim(ctx context.Context) (*target, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || u.Fragment != "" {
		return nil, invalid("url: %q is not an absolute http or https URL", o.URL)
	}
	if u.Scheme == "http" && o.Protocol != H1 {
		return nil, invalid("url: %s goes over TLS only; use https, or --proto 1.1", o.Protocol)
	}
	if o.Path != "" {
		path, err := url.Parse(o.Path)
		if err != nil || path.IsAbs() || path.Host != "" || !strings.HasPrefix(o.Path, "/") {
			return nil, invalid("path: %q does not begin with a slash", o.Path)
		}
		u.Path, u.RawPath, u.RawQuery = path.Path, path.RawPath, path.RawQuery
	}
	t := &target{url: u, host: o.Host, secure: u.Scheme == "https"}
	if t.host == "" {
		t.host = u.Host
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	ip, loopback, err := o.resolve(ctx, u.Hostname())
	if err != nil {
		return nil, err
	}
	t.addr = net.JoinHostPort(ip.String(), port)
	t.tls = o.tlsConfig(t, loopback)
	return t, nil
}

// resolve gives the address to dial. A run never leaves this machine unless it was allowed to: a name that means any other
// address than loopback is refused, and what was resolved here is what is dialled.
func (o *Options) resolve(ctx context.Context, host string) (ip netip.Addr, loopback bool, err error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return ip, false, fmt.Errorf("look up %s: %w", host, err)
	}
	slices.SortStableFunc(addrs, func(a, b netip.Addr) int { // IPv4 first: the demo listens there
		switch {
		case a.Unmap().Is4() == b.Unmap().Is4():
			return 0
		case a.Unmap().Is4():
			return -1
		}
		return 1
	})
	loopback = true
	for _, a := range addrs {
		loopback = loopback && a.Unmap().IsLoopback()
	}
	if !loopback && !o.AllowRemote {
		return ip, false, invalid("url: %s is not a loopback host; load is for your own machine (--allow-remote lifts this, for targets you may load)", host)
	}
	return addrs[0].Unmap(), loopback, nil
}

func (o *Options) tlsConfig(t *target, loopback bool) *tls.Config {
	name := o.SNI
	if name == "" {
		name = t.host
		if host, _, err := net.SplitHostPort(name); err == nil {
			name = host
		}
		name = strings.Trim(name, "[]")
	}
	return &tls.Config{
		ServerName: name, RootCAs: o.Roots, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: o.Insecure || (loopback && o.Roots == nil),
	}
}
