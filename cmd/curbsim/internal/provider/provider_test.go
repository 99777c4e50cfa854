package provider

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) (base string, client *http.Client) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(listener, Defaults())
	if err != nil {
		t.Fatal(err)
	}
	client = &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		p.Stop(context.Background())
	})
	return "http://" + listener.Addr().String(), client
}

func TestProvider(t *testing.T) {
	base, client := start(t)
	get := func(path string) (int, string) {
		t.Helper()
		resp, err := client.Get(base + path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	set := func(fields string) (int, string) {
		t.Helper()
		resp, err := client.Post(base+"/ctl", "application/json", strings.NewReader(fields))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	if status, body := get("/segments?user=u1&page=https%3A%2F%2Fnews.example%2F"); status != 200 || body != "auto-intender\nfrequent-traveler\n" {
		t.Errorf("segments: %d %q", status, body)
	}
	if _, body := get("/ready"); body != "1\n" {
		t.Errorf("ready says %q", body)
	}
	set(`{"codes": ["a", "b:25"], "ready": false}`)
	if _, body := get("/"); body != "a\nb:25\n" {
		t.Errorf("codes: %q", body)
	}
	if _, body := get("/ready"); body != "0\n" {
		t.Errorf("not ready says %q", body)
	}
	set(`{"codes": []}`)
	if _, body := get("/"); body != "\n" {
		t.Errorf("no codes: %q, want one line end", body)
	}
	set(`{"failure": "error_500"}`)
	if status, _ := get("/x?user=u2"); status != 500 {
		t.Errorf("error_500: %d", status)
	}
	set(`{"failure": "garbage"}`)
	if _, body := get("/x?user=u2"); !strings.Contains(body, "\x00") {
		t.Errorf("garbage: %q", body)
	}
	set(`{"failure": "huge"}`)
	if _, body := get("/x?user=u2"); len(body) != 2_000_000 {
		t.Errorf("huge: %d bytes", len(body))
	}
	set(`{"failure": "close"}`)
	if _, err := client.Get(base + "/x?user=u2"); err == nil {
		t.Error("close: an answer came")
	}
	for _, bad := range []string{`{"failure": "x"}`, `{"codes": [""]}`, `{"codes": ["a\nb"]}`, `{"code": []}`} {
		if status, body := set(bad); status != 400 || !strings.Contains(body, "settings_invalid") {
			t.Errorf("%s: %d %s", bad, status, body)
		}
	}
	_, body := get("/ctl/stats")
	var s Stats
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	// net/http repeats a GET once when a kept connection closes on it, so the failure close may count twice.
	if s.Requests < 7 || s.Requests > 8 || s.Failures < 4 || s.ReadyChecks != 2 || s.LastTarget != "/x?user=u2" || s.LastRequest["user"][0] != "u2" {
		t.Errorf("stats %+v", s)
	}
	set(`{"failure": "silent"}`)
	client.Timeout = 50 * time.Millisecond
	if _, err := client.Get(base + "/"); err == nil {
		t.Error("silent: an answer came")
	}
}
