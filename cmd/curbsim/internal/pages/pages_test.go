package pages

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T) func(path string) (*http.Response, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	settings := Defaults()
	settings.AdServer = "http://127.0.0.1:1" // nobody is there
	p, err := Start(listener, Options{Settings: settings, Parties: []Link{{"bidder 9701", "http://127.0.0.1:9701", "bids <2.5>"}}})
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		p.Stop(context.Background())
	})
	return func(path string) (*http.Response, string) {
		t.Helper()
		resp, err := client.Get("http://" + listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp, string(body)
	}
}

func TestPages(t *testing.T) {
	get := start(t)
	cases := map[string][]string{
		"/": {`href="/direct"`, `href="/openrtb"`, `href="https://localhost:8443/status"`, `http://127.0.0.1:9701/ctl/stats`, `bids &lt;2.5&gt;`},
		"/direct": {
			`<script async crossorigin="anonymous" id="tag" src="https://localhost:8443/ttj?id=1001&amp;size=300x250&amp;target=ad"></script>`,
			`src="https://localhost:8443/tt?id=1001&amp;size=300x250" width="300" height="250"`, `id="ad"`, `id="status"`, `id="protocol"`,
		},
		"/preemptive": {
			`src="https://localhost:8443/pt?id=1002&amp;size=728x90&amp;cb=`, `width="728" height="90"`, `https://ads.news.example/pt`, `id="status"`,
			`action="/ad-server"`, `href="/preemptive?reserve=900"`, `The ad server cannot be asked`,
		},
		"/preemptive?reserve=900": {`&amp;reserve=900" width="728"`},
		"/preemptive?reserve=%22": {`" width="728"`},
		"/preemptive-script": {
			`<script async crossorigin="anonymous" id="tag" src="https://localhost:8443/ptj?id=1002&amp;size=728x90&amp;target=ad&amp;cb=`, `id="ad"`, `value="/preemptive-script"`,
		},
		"/preemptive-json?own=9.50":       {`data-own="9.5"`, `data-placement="1002"`, `$9.5</strong>`, `id="ad"`},
		"/preemptive-json?own=<b>":        {`data-own="1"`},
		"/openrtb":                        {`data-placement="1003"`, `id="ad"`, `id="status"`, `id="protocol"`},
		"/passback?width=728&height=90":   {`width:728px;height:90px`, `id="passback"`},
		"/passback?width=1&height=<b>&cb": {`width:300px;height:250px`},
	}
	for path, wants := range cases {
		resp, body := get(path)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %s %s", path, resp.Status, resp.Header.Get("Content-Type"))
		}
		for _, want := range append(wants, `<html lang="en">`, `<title>`) {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", path, want)
			}
		}
		// One link to accept the certificate, no more.
		if n := strings.Count(body, `/status"`); path != "/" && !strings.HasPrefix(path, "/passback") && n != 1 {
			t.Errorf("%s has %d links to the node's status page", path, n)
		}
	}
	if resp, _ := get("/nowhere"); resp.StatusCode != 404 || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("/nowhere: %s %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	if _, body := get("/ctl/stats"); !strings.Contains(body, `"/direct": 1`) {
		t.Errorf("stats: %s", body)
	}
}

// TestSelfContained: every resource that a page names is the page's own or the node's, and is there.
func TestSelfContained(t *testing.T) {
	get := start(t)
	links := regexp.MustCompile(`(?:src|href)="([^"#]*)`)
	for _, page := range []string{"/", "/direct", "/openrtb", "/preemptive", "/preemptive-script", "/preemptive-json"} {
		_, body := get(page)
		for _, match := range links.FindAllStringSubmatch(body, -1) {
			target := match[1]
			switch {
			case target == "", strings.HasPrefix(target, "https://localhost:8443/"), strings.HasPrefix(target, "http://127.0.0.1:9701/"):
			case strings.HasPrefix(target, "/"):
				if resp, _ := get(target); resp.StatusCode != 200 {
					t.Errorf("%s names %s: %s", page, target, resp.Status)
				}
			default:
				t.Errorf("%s names %s, which is elsewhere", page, target)
			}
		}
	}
	for _, file := range []string{"/style.css", "/page.js", "/direct.js", "/openrtb.js", "/preemptive.js", "/preemptive-json.js", "/favicon.ico"} {
		if resp, body := get(file); resp.StatusCode != 200 || strings.Contains(body, "https://fonts") {
			t.Errorf("%s: %s", file, resp.Status)
		}
	}
}

func TestNodeMustBeAnOrigin(t *testing.T) {
	for node, want := range map[string]string{
		"https://localhost:8443": "https://localhost:8443", "https://ads.news.example:8443/": "https://ads.news.example:8443",
		"http://localhost:8443": "", "localhost": "", "https://": "", "https://a/b": "", "https://a?b=c": "", "javascript:x": "",
	} {
		got, err := check(&Settings{Node: node, AdServer: "http://127.0.0.1:9800"})
		if (err == nil) != (want != "") || (err == nil && got.Node != want) {
			t.Errorf("%s: %v, %v; want %q", node, got, err, want)
		}
	}
}
