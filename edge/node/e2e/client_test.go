package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"golang.org/x/net/http2"

	"curb/edge/adtest"
)

// protocols are the three ways in.
var protocols = []string{"h1", "h2", "h3"}

// versions are what each protocol calls itself in an answer.
var versions = map[string]string{"h1": "HTTP/1.1", "h2": "HTTP/2.0", "h3": "HTTP/3.0"}

// errDial marks that a connection could not be had, as opposed to a request that failed on one.
var errDial = errors.New("no connection")

// client speaks one protocol to one port, whatever host a URL names.
type client struct {
	t     *testing.T
	proto string
	port  int
	http  *http.Client
}

// newClient makes a client that trusts pool. serverName is the SNI; empty: the URL's host, as browsers do.
func newClient(t *testing.T, proto string, port int, pool *x509.CertPool, serverName string) *client {
	t.Helper()
	config := &tls.Config{RootCAs: pool, ServerName: serverName, MinVersion: tls.VersionTLS13}
	address := adtest.Address(port)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errDial, err)
		}
		return conn, nil
	}
	c := &client{t: t, proto: proto, port: port, http: &http.Client{Timeout: 10 * time.Second, CheckRedirect: noRedirect}}
	switch proto {
	case "h1":
		transport := &http.Transport{DialContext: dial, TLSClientConfig: config, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
		c.http.Transport = transport
		t.Cleanup(transport.CloseIdleConnections)
	case "h2":
		transport := &http2.Transport{TLSClientConfig: config, DialTLSContext: func(ctx context.Context, network, addr string, config *tls.Config) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			secure := tls.Client(conn, config)
			if err := secure.HandshakeContext(ctx); err != nil {
				conn.Close()
				return nil, fmt.Errorf("%w: %w", errDial, err)
			}
			return secure, nil
		}}
		c.http.Transport = transport
		t.Cleanup(transport.CloseIdleConnections)
	case "h3":
		transport := &http3.Transport{TLSClientConfig: config, Dial: func(ctx context.Context, _ string, config *tls.Config, quicConfig *quic.Config) (*quic.Conn, error) {
			conn, err := quic.DialAddrEarly(ctx, address, config, quicConfig)
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errDial, err)
			}
			return conn, nil
		}}
		c.http.Transport = transport
		t.Cleanup(func() { transport.Close() })
	default:
		t.Fatalf("unknown protocol %q", proto)
	}
	return c
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// reply is an answer that has been read to its end.
type reply struct {
	*http.Response
	body string
	took time.Duration // from the first byte of the request to the last of the answer
}

// outcome is what the node says became of the call.
func (r *reply) outcome() string { return r.Header.Get("X-Curb-Outcome") }

// code is the machine-readable error.
func (r *reply) code() string { return r.Header.Get("X-Curb-Error") }

// do sends a request and reads the answer; host is the URL's host and so the SNI and authority, unless the request says
// otherwise.
func (c *client) do(method, host, target, body string, header ...string) (*reply, error) {
	request, err := http.NewRequest(method, fmt.Sprintf("https://%s:%d%s", host, c.port, target), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body == "" {
		request.Body = http.NoBody
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
		request.Header.Add(header[i], header[i+1])
	}
	begin := time.Now()
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return &reply{response, string(data), time.Since(begin)}, nil
}

// get asks the node's own host and fails the test when there is no answer in this protocol.
func (c *client) get(target string, header ...string) *reply {
	c.t.Helper()
	return c.must(c.do(http.MethodGet, "localhost", target, "", header...))
}

// post sends JSON to the node's own host.
func (c *client) post(target, body string, header ...string) *reply {
	c.t.Helper()
	return c.must(c.do(http.MethodPost, "localhost", target, body, append([]string{"Content-Type", "application/json"}, header...)...))
}

func (c *client) must(r *reply, err error) *reply {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%s: %v", c.proto, err)
	}
	if r.Proto != versions[c.proto] {
		c.t.Fatalf("asked over %s, answered over %s", c.proto, r.Proto)
	}
	return r
}

// raw sends bytes over TLS (HTTP/1.1) and gives the first answer and whether the connection was closed after it. SNI is
// serverName; empty sends none.
func raw(t *testing.T, port int, serverName string, pool *x509.CertPool, request string) (*reply, bool) {
	t.Helper()
	config := &tls.Config{RootCAs: pool, ServerName: serverName, NextProtos: []string{"http/1.1"}}
	if serverName == "" {
		config.InsecureSkipVerify = true // without SNI Go's client has no name to verify; what is asked here is not who answers
	}
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", adtest.Address(port), config)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	go io.Copy(conn, bytes.NewReader([]byte(request))) // the node may answer and close before it has read everything
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatalf("no answer to %.60q…: %v", request, err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	conn.SetReadDeadline(time.Now().Add(time.Second))
	_, err = in.ReadByte()
	var timeout net.Error
	closed := err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
	return &reply{Response: response, body: string(body)}, closed
}
