package e2e

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"curb/edge/adtest"
)

// connect opens TLS to the node's own host.
func connect(t *testing.T, s *story, alpn string) *tls.Conn {
	t.Helper()
	config := &tls.Config{RootCAs: s.Pool, ServerName: "localhost", NextProtos: []string{alpn}}
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", adtest.Address(s.Port), config)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// TestRapidReset opens streams of HTTP/2 and cancels each at once (CVE-2023-44487).
func TestRapidReset(t *testing.T) {
	s := begin(t, 1)
	conn := connect(t, s, "h2")
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	frames := http2.NewFramer(conn, conn)
	if err := frames.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	flooded := make(chan struct{})
	go func() {
		defer close(flooded)
		var block bytes.Buffer
		encoder := hpack.NewEncoder(&block)
		for stream := uint32(1); stream < 20_001; stream += 2 {
			block.Reset()
			for _, field := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "localhost"}, {":path", tag}} {
				encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]})
			}
			if frames.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true}) != nil ||
				frames.WriteRSTStream(stream, http2.ErrCodeCancel) != nil {
				return
			}
		}
	}()
	var timeout net.Error
	for {
		frame, err := frames.ReadFrame()
		if errors.As(err, &timeout) && timeout.Timeout() {
			t.Error("after ten thousand cancelled requests the connection is still served")
		}
		if err != nil { // cut, perhaps before GOAWAY could be read: the kernel drops it when there is more to read
			break
		}
		if away, ok := frame.(*http2.GoAwayFrame); ok && away.ErrCode != http2.ErrCodeEnhanceYourCalm {
			t.Errorf("GOAWAY says %v, want ENHANCE_YOUR_CALM", away.ErrCode)
		}
	}
	conn.Close()
	<-flooded
	if got := s.client(t, "h2").get(tag); got.outcome() != "won" {
		t.Errorf("an honest call afterwards: status %d, outcome %q", got.StatusCode, got.outcome())
	}
}

// TestSlowClients sends a head and a body a byte at a time. The node ends both; that it takes about two seconds is
// tested where the limit is.
func TestSlowClients(t *testing.T) {
	s := begin(t, 1)
	cases := map[string]string{
		"head": "GET /status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
		"body": "POST /openrtb2/auction HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
	}
	for name, begin := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, s, "http/1.1")
			if _, err := io.WriteString(conn, begin); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, conn)
				ended <- err
			}()
			drip := time.NewTicker(250 * time.Millisecond)
			defer drip.Stop()
			for {
				select {
				case err := <-ended:
					var timeout net.Error
					if errors.As(err, &timeout) && timeout.Timeout() {
						t.Error("the connection was still open after twenty seconds")
					}
					return
				case <-drip.C:
					io.WriteString(conn, " ") // an error shows in ended
				}
			}
		})
	}
}
