package e2e

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"curb/edge/adtest"
)

// TestEachHostHasItsOwnCertificate reaches a publisher by its own name and looks at who answers.
func TestEachHostHasItsOwnCertificate(t *testing.T) {
	s := begin(t, 1)
	each(t, func(t *testing.T, proto string) {
		for host, target := range map[string]string{adtest.NewsHost: tag, adtest.OtherHost: "/tt?id=2001&size=300x250", "localhost": tag, "127.0.0.1": tag} {
			c := s.client(t, proto)
			got := c.must(c.do(http.MethodGet, host, target, ""))
			if got.outcome() != "won" {
				t.Errorf("%s: status %d %s, outcome %q", host, got.StatusCode, got.code(), got.outcome())
			}
			names := got.TLS.PeerCertificates[0].DNSNames
			if wanted := strings.HasSuffix(host, ".test"); wanted && (len(names) != 1 || names[0] != host) {
				t.Errorf("%s is served with a certificate for %v", host, names)
			}
		}
		c := s.client(t, proto)
		if got := c.must(c.do(http.MethodGet, adtest.NewsHost, "/.well-known/curb", "")); got.StatusCode != http.StatusNoContent {
			t.Errorf("the publisher's check: status %d", got.StatusCode)
		}
	})
}

// TestAnHTTP3AddressIsAdvertised looks for Alt-Svc on the two protocols that lead to the third.
func TestAnHTTP3AddressIsAdvertised(t *testing.T) {
	s := begin(t, 1)
	for _, proto := range []string{"h1", "h2"} {
		if got := s.client(t, proto).get("/status"); !strings.Contains(got.Header.Get("Alt-Svc"), `h3=":`) {
			t.Errorf("%s: Alt-Svc %q", proto, got.Header.Get("Alt-Svc"))
		}
	}
}

// TestMisdirectedRequests calls a host over a connection that was made for another.
func TestMisdirectedRequests(t *testing.T) {
	s := begin(t, 1)
	cases := []struct{ sni, host string }{
		{adtest.NewsHost, adtest.OtherHost}, {adtest.NewsHost, "localhost"}, {adtest.NewsHost, "127.0.0.1"}, {adtest.NewsHost, "ads.unknown.test"}, {"localhost", adtest.NewsHost},
		{"localhost", "unknown.test"},
	}
	each(t, func(t *testing.T, proto string) {
		for _, c := range cases {
			client := newClient(t, proto, s.Port, s.Pool, c.sni)
			got := client.must(client.do(http.MethodGet, c.sni, tag, "", "Host", c.host))
			if got.StatusCode != http.StatusMisdirectedRequest || got.body != "" {
				t.Errorf("SNI %s, Host %s: status %d, body %.100q, want an empty 421", c.sni, c.host, got.StatusCode, got.body)
			}
		}
	})
	if got, _ := raw(t, s.Port, "", s.Pool, "GET /tt?id=1001 HTTP/1.1\r\nHost: "+adtest.NewsHost+"\r\n\r\n"); got.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("no SNI, a publisher's Host: status %d, want 421", got.StatusCode)
	}
	if got, _ := raw(t, s.Port, "", s.Pool, "GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"); got.StatusCode != http.StatusNoContent {
		t.Errorf("no SNI, the node's own Host: status %d, want 204", got.StatusCode)
	}
}

// TestAnUnknownNameGetsNoCertificate asks for a host that nobody registered.
func TestAnUnknownNameGetsNoCertificate(t *testing.T) {
	s := begin(t, 1)
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", adtest.Address(s.Port), &tls.Config{RootCAs: s.Pool, ServerName: "unknown.test"})
	if err == nil {
		conn.Close()
		t.Fatal("the handshake went through")
	}
	if !strings.Contains(err.Error(), "unrecognized name") {
		t.Errorf("refused with %v, want the alert unrecognized_name", err)
	}
}
