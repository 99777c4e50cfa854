package provider

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"curb/cmd/curbsim/internal/control"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// party is a provider under test and a client of it.
type party struct {
	t      *testing.T
	base   string
	client *http.Client
}

func start(t *testing.T) *party {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(listener, Defaults())
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		p.Stop(context.Background())
	})
	return &party{t, "http://" + listener.Addr().String(), client}
}

func (p *party) get(path string) (int, string) {
	p.t.Helper()
	resp, err := p.client.Get(p.base + path)
	if err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func (p *party) set(fields string) (int, string) {
	p.t.Helper()
	resp, err := p.client.Post(p.base+"/ctl", "application/json", strings.NewReader(fields))
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

func TestAnswers(t *testing.T) {
	p := start(t)
	cases := []struct {
		set, path string
		status    int
		body      string
	}{
		{`{}`, "/segments?user=u1&page=https%3A%2F%2Fnews.example%2F", 200, "auto-intender\nfrequent-traveler\n"},
		{`{}`, "/ready", 200, "1\n"},
		{`{"ready": false}`, "/ready", 200, "0\n"},
		{`{"codes": ["a", "b:25"]}`, "/", 200, "a\nb:25\n"},
		{`{"codes": []}`, "/", 200, "\n"},
		{`{"codes": ["u"]}`, "/topics?page=x", 200, "markets:80\nweather\n"},
		{`{"paths": {"/segments": {"codes": ["only-here"]}}}`, "/segments", 200, "only-here\n"},
		{`{"paths": {"/segments": {"codes": [], "failure": "error_500"}}}`, "/segments", 500, ""},
		{`{}`, "/topics", 200, "markets:80\nweather\n"}, // paths are added to those there are
		{`{"failure": "error_500"}`, "/x", 500, ""},
		{`{"failure": "huge"}`, "/x", 200, strings.Repeat("code\n", 400_000)},
		{`{"failure": "garbage"}`, "/x", 200, "\x00\xff<html>\n:::\n" + strings.Repeat("9", 400) + "\n"},
	}
	for _, c := range cases {
		p.set(c.set)
		if status, body := p.get(c.path); status != c.status || body != c.body {
			t.Errorf("%s: GET %s: %d with %d bytes, want %d with %d", c.set, c.path, status, len(body), c.status, len(c.body))
		}
	}
	for _, bad := range []string{`{"failure": "x"}`, `{"codes": [""]}`, `{"codes": ["a\nb"]}`, `{"code": []}`,
		`{"paths": {"/ctl/x": {}}}`, `{"paths": {"/ready": {}}}`, `{"paths": {"x": {}}}`, `{"paths": {"/x": {"failure": "y"}}}`, `{"paths": {"/x": {"kodes": []}}}`} {
		if status, body := p.set(bad); status != 400 || !strings.Contains(body, "settings_invalid") {
			t.Errorf("%s: %d %s", bad, status, body)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	p := start(t)
	p.client.Timeout = 100 * time.Millisecond
	for _, failure := range []string{"close", "silent"} {
		p.set(`{"failure": "` + failure + `"}`)
		if resp, err := p.client.Get(p.base + "/"); err == nil {
			resp.Body.Close()
			t.Errorf("%s: an answer came", failure)
		}
	}
}

// TestLate: it answers a millisecond after an exchange has given up, on top of any latency.
func TestLate(t *testing.T) {
	for failure, want := range map[string]time.Duration{"none": 5 * time.Millisecond, "late": 16 * time.Millisecond} {
		r, err := prepare(&Answer{Codes: []string{"a"}, Latency: control.Wait(5 * time.Millisecond), Failure: failure})
		if err != nil || r.latency != want || string(r.body) != "a\n" {
			t.Errorf("%s: %+v, %v", failure, r, err)
		}
	}
	p := start(t)
	p.set(`{"failure": "late"}`)
	asked := time.Now()
	if status, body := p.get("/segments"); status != 200 || body != "auto-intender\nfrequent-traveler\n" || time.Since(asked) < lateBy {
		t.Errorf("%d %q", status, body)
	}
}

// What a provider does not take is refused with a problem.
func TestRefusals(t *testing.T) {
	p := start(t)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{{"POST", "/data", 405, "GET"}, {"DELETE", "/ctl", 405, "GET, HEAD, POST"}, {"GET", "/ctl/none", 404, ""}} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, p.base+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := p.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if kind := resp.Header.Get("Content-Type"); resp.StatusCode != c.status || resp.Header.Get("Allow") != c.allow || kind != "application/problem+json" {
			t.Errorf("%s %s: %d, Allow %q, %s; want %d, %q", c.method, c.path, resp.StatusCode, resp.Header.Get("Allow"), kind, c.status, c.allow)
		}
	}
}

func TestStats(t *testing.T) {
	p := start(t)
	stats := func() (s Stats) {
		t.Helper()
		_, body := p.get("/ctl/stats")
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := stats(); s.Requests != 0 || s.LastRequest != nil {
		t.Errorf("before the first question: %+v", s)
	}
	p.get("/ready")
	p.get("/segments")
	p.set(`{"failure": "error_500"}`)
	p.get("/x?user=u2")
	s := stats()
	if s.Requests != 2 || s.Failures != 1 || s.ReadyChecks != 1 || s.Connections != 1 || s.LastTarget != "/x?user=u2" || s.LastRequest["user"][0] != "u2" {
		t.Errorf("stats %+v", s)
	}
	if a := s.Paths["/x"]; len(s.Paths) != 2 || a.Requests != 1 || a.Failures != 1 || a.LastRequest["user"][0] != "u2" || s.Paths["/segments"].Requests != 1 || s.Paths["/segments"].Failures != 0 {
		t.Errorf("by path %+v", s.Paths)
	}
	for i := range pathsMax + 3 {
		p.get("/many/" + strconv.Itoa(i))
	}
	if s := stats(); len(s.Paths) != pathsMax+1 || s.Paths["other"].Requests != 5 {
		t.Errorf("%d paths, %d others", len(s.Paths), s.Paths["other"].Requests)
	}
	resp, err := p.client.Post(p.base+"/ctl/reset", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if s := stats(); s.Requests != 0 || s.LastTarget != "" || len(s.Paths) > 0 {
		t.Errorf("after a reset: %+v", s)
	}
}
