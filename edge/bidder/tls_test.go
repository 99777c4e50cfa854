package bidder

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"

	"curb/edge/ad"
)

// authority is a pool that vouches for one certificate.
func authority(t testing.TB, der []byte) *x509.CertPool {
	t.Helper()
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return pool
}

// TestTLS: certificates are always checked, and old versions refused.
func TestTLS(t *testing.T) {
	here := net.IPv4(127, 0, 0, 1)
	good, goodDER := selfSigned(time.Now().Add(time.Hour), here)
	expired, expiredDER := selfSigned(time.Now().Add(-time.Hour), here)
	elsewhere, elsewhereDER := selfSigned(time.Now().Add(time.Hour), net.IPv4(127, 0, 0, 2))
	_, otherDER := selfSigned(time.Now().Add(time.Hour), here)
	cases := []struct {
		name   string
		config *tls.Config
		roots  []byte
		want   ad.Reason
	}{
		{"good", &tls.Config{Certificates: []tls.Certificate{good}}, goodDER, ad.Undecided},
		{"TLS 1.2", &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12}, goodDER, ad.Undecided},
		{"offers h2 too", &tls.Config{Certificates: []tls.Certificate{good}, NextProtos: []string{"h2", "http/1.1"}}, goodDER, ad.Undecided},
		{"expired", &tls.Config{Certificates: []tls.Certificate{expired}}, expiredDER, ad.TLSFailed},
		{"wrong name", &tls.Config{Certificates: []tls.Certificate{elsewhere}}, elsewhereDER, ad.TLSFailed},
		{"self-signed", &tls.Config{Certificates: []tls.Certificate{good}}, otherDER, ad.TLSFailed},
		{"TLS 1.1", &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, goodDER, ad.TLSFailed},
		{"TLS 1.0", &tls.Config{Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10}, goodDER, ad.TLSFailed},
		{"wants a certificate", &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}, goodDER, ad.TLSFailed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m := newMarket(t, nil, "https://"+listen(t, c.config, bids(0)))
			f := newFanout(t, authority(t, c.roots))
			for range 2 { // a refusal is not cached into a success
				if got := askAll(t, f, m, plenty).Asked[0].Reason; got != c.want {
					t.Errorf("reason %v, want %v", got, c.want)
				}
			}
			if st := f.Stats()[0]; c.want == ad.Undecided && st.Dials != 1 {
				t.Errorf("stats %+v", st)
			}
		})
	}
	t.Run("plain on the other end", func(t *testing.T) {
		m := newMarket(t, nil, "https://"+listen(t, nil, answers("HTTP/1.1 400 Bad Request\r\n\r\n")))
		if got := askAll(t, newFanout(t, authority(t, goodDER)), m, time.Second).Asked[0].Reason; got != ad.TLSFailed {
			t.Errorf("reason %v", got)
		}
	})
}

// TestLargeRequestsThroughTLS: several records, more than the socket takes at once.
func TestLargeRequestsThroughTLS(t *testing.T) {
	certificate, der := selfSigned(time.Now().Add(time.Hour), net.IPv4(127, 0, 0, 1))
	lengths := make(chan int, 1)
	m := newMarket(t, nil, "https://"+listen(t, &tls.Config{Certificates: []tls.Certificate{certificate}}, func(p *peer) {
		for {
			time.Sleep(20 * time.Millisecond) // lets the socket fill
			_, _, body, err := p.request()
			if err != nil {
				return
			}
			lengths <- len(body)
			p.say(ok(bidFor(0, auctionID(), "1")))
		}
	}))
	f := newFanout(t, authority(t, der))
	for range 2 {
		out := outgoing(m.snap, plenty)
		keywords := make([]byte, 6<<20)
		for i := range keywords {
			keywords[i] = 'k'
		}
		out.Request.Site.Keywords = string(keywords)
		var a ad.Answers
		f.Ask(t.Context(), m.snap, out, &a)
		if a.Asked[0].Reason != ad.Undecided || <-lengths < len(keywords) {
			t.Errorf("reason %v", a.Asked[0].Reason)
		}
		a.Free()
	}
}
