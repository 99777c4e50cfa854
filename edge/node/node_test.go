package node

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"curb/edge/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func settings(t *testing.T) config.Config {
	c := config.Demo()
	c.Listen = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}
	c.Admin, c.Data = "127.0.0.1:0", t.TempDir()
	return c
}

func start(t *testing.T, c config.Config) *Node {
	t.Helper()
	n, err := Start(Options{Config: c, Version: "test", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// oneBidder is a rule set whose only bidder listens nowhere.
const oneBidder = `
apiVersion: curb/v1
kind: Member
metadata: {name: news}
spec: {id: 100}
---
apiVersion: curb/v1
kind: Publisher
metadata: {name: news}
spec: {id: 1, member: news, domain: news.example}
---
apiVersion: curb/v1
kind: Site
metadata: {name: front}
spec: {id: 1, publisher: news, domain: news.example}
---
apiVersion: curb/v1
kind: Creative
metadata: {name: house}
spec: {id: 1, member: news, size: 300x250, format: html, content: "<p>house</p>", secure: true, audit: audited}
---
apiVersion: curb/v1
kind: Placement
metadata: {name: top}
spec: {id: 1001, site: front, sizes: [300x250], defaults: [{creative: house}]}
---
apiVersion: curb/v1
kind: Bidder
metadata: {name: nobody}
spec: {id: 1, endpoint: "http://127.0.0.1:1/bid", members: [news]}
`

func TestNodeAnswersWithoutAnyBidder(t *testing.T) {
	c := settings(t)
	c.Rules = t.TempDir()
	if err := os.WriteFile(filepath.Join(c.Rules, "rules.yaml"), []byte(oneBidder), 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, c)
	status, body := get(t, "https://"+n.Addrs()[0].String()+"/tt?id=1001")
	if status != 200 || !strings.Contains(strings.ToLower(body), "<!doctype html>") {
		t.Errorf("the tag answers %d %q", status, body)
	}
	if status, body := get(t, "http://"+n.AdminAddr()+"/readyz"); status != 200 {
		t.Errorf("readyz answers %d %s", status, body)
	}
	_, page := get(t, "http://"+n.AdminAddr()+"/metrics")
	for _, want := range []string{`curb_adcall_impressions_total{outcome="default"} 1`, `curb_transport_requests_total{protocol="http/1.1"} 1`} {
		if !strings.Contains(page, want) {
			t.Errorf("the metrics page lacks %s", want)
		}
	}
}

func TestDrainTurnsReadinessOffAndEnds(t *testing.T) {
	n := start(t, settings(t))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := n.Drain(ctx); err != nil {
		t.Errorf("drain: %v", err)
	}
	select {
	case <-n.Draining():
	default:
		t.Error("a drained node does not say so")
	}
	if s := n.status(); s.Ready || len(s.Missing) != 1 {
		t.Errorf("a drained node is %+v", s)
	}
}

func TestWhatStandsInTheWayIsSaid(t *testing.T) {
	bad := t.TempDir()
	if err := os.WriteFile(filepath.Join(bad, "x.yaml"), []byte("apiVersion: curb/v1\nkind: Membr\nmetadata: {name: a}\nspec: {id: 1}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name   string
		change func(*config.Config)
		want   string
		kind   error
	}{
		{"rules with problems", func(c *config.Config) { c.Rules = bad }, "x.yaml:2:7", ErrRules},
		{"rules that are not there", func(c *config.Config) { c.Rules = filepath.Join(bad, "none") }, "name the directory", ErrSettings},
		{"rules that are a file", func(c *config.Config) { c.Rules = filepath.Join(bad, "x.yaml") }, "no directory", ErrSettings},
		{"bidder authorities that are none", func(c *config.Config) { c.BidderCA = filepath.Join(bad, "x.yaml") }, "holds no certificate", ErrSettings},
		{"ticket key of another length", func(c *config.Config) {
			if err := os.WriteFile(filepath.Join(c.Data, "ticket.key"), []byte("short"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "ticket.key holds 5 bytes", nil},
		{"certificate that is not there", func(c *config.Config) {
			c.Certificates = []config.CertificateFile{{Certificate: "none.pem", Key: "none.key"}}
		}, "none.pem", ErrSettings},
	}
	for _, c := range cases {
		settings := settings(t)
		c.change(&settings)
		n, err := Start(Options{Config: settings, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			n.Close()
			t.Errorf("%s: the node started", c.name)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || (c.kind != nil && !errors.Is(err, c.kind)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTicketKeyIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := loadSalt(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := loadSalt(dir)
	if err != nil || again != first {
		t.Errorf("the key became %v, %v", again, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "ticket.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
	if other, _ := loadSalt(""); other == first {
		t.Error("a node without a directory got the same key")
	}
}
