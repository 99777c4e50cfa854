package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/creative"
)

// keptLog keeps nothing, and fails when it is told to.
type keptLog struct{ fail error }

func (l *keptLog) Append(context.Context, uint8, []byte) error { return l.fail }
func (l *keptLog) Post(uint8, []byte) error                    { return l.fail }

// door is an admin API over a socket: two members, a publisher with two placements, one creative of the rule set.
type door struct {
	*httptest.Server
	t        *testing.T
	registry *creative.Registry
	log      keptLog
	audit    bytes.Buffer
	now      time.Time
}

func openDoor(t *testing.T) *door {
	t.Helper()
	xor := ad.PriceKey{Scheme: ad.PriceXOR, Encryption: [32]byte{'s', 'e', 'c', 'r', 'e', 't'}}
	snap, err := catalog.New(catalog.Contents{
		Members:    []ad.Member{{ID: 100, Name: "news", Active: true, Dongle: "dongle-news"}, {ID: 201, Name: "acme", Active: true}, {ID: 202, Name: "bolt", Active: true}},
		Publishers: []ad.Publisher{{ID: 10, Name: "news.example", Member: 100, Active: true, Domain: "news.example", Hosts: []string{"ads.news.example"}, PriceKey: xor}},
		Sites:      []ad.Site{{ID: 20, Name: "news", Publisher: 10, Domain: "news.example", Page: "https://news.example/"}},
		Placements: []ad.Placement{
			{ID: 1001, Code: "article", Name: "article", Site: 20, Publisher: 10, Member: 100, Active: true, Sizes: []ad.Size{{W: 300, H: 250}}, MediaTypes: ad.Banner,
				AdServers: []ad.AdServer{{Name: "own", URL: "https://adserver.example/?pb={PRICEBUCKET}"}}},
			{ID: 1002, Code: "1001", Name: "odd", Site: 20, Publisher: 10, Member: 100, Active: true, MediaTypes: ad.Banner | ad.Video},
		},
		Creatives: []ad.Creative{{ID: 4001, Member: 201, Code: "house", Name: "house", Active: true, Audit: ad.Audited, Format: ad.FormatHTML, Media: ad.Banner, Content: "<b>house</b>"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &door{t: t, now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	logger := slog.New(slog.NewTextHandler(&d.audit, nil))
	d.registry = creative.New(creative.Options{Log: &d.log, Now: func() time.Time { return d.now }, Changed: func() {}, Logger: logger,
		Catalog: func() creative.Catalog { return snap }})
	d.Server = httptest.NewServer(New(Options{Status: func() Status { return Status{} }, Drain: func() {}, Metrics: http.NotFoundHandler(), Logger: logger,
		Catalog: func() *catalog.Snapshot { return snap }, Creatives: d.registry}))
	t.Cleanup(d.Close)
	return d
}

// reply is an answer of the door.
type reply struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

// ask sends a request; a body is JSON unless the header says otherwise.
func (d *door) ask(method, path, body string, header ...string) reply {
	d.t.Helper()
	r, err := http.NewRequest(method, d.URL+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	x := reply{status: answer.StatusCode, header: answer.Header, body: string(text)}
	_ = json.Unmarshal(text, &x.json) // what is no object is judged by its text
	return x
}

// want checks status and, of a problem, code.
func (d *door) want(x reply, status int, code string) reply {
	d.t.Helper()
	if got, _ := x.json["code"].(string); x.status != status || status >= 400 && got != code {
		d.t.Errorf("answers %d %s, want %d %s", x.status, x.body, status, code)
	}
	if x.status >= 400 && (x.json["detail"] == "" || x.header.Get("Content-Type") != "application/problem+json") {
		d.t.Errorf("%s %s is no problem document", x.header.Get("Content-Type"), x.body)
	}
	return x
}

const bannerJSON = `{"member":201,"code":"spring","size":"300x250","format":"image","content":"https://cdn.example/spring.png","click_url":"https://shop.example/"}`

// TestCreativeStory registers, lists, approves, changes and bans one creative.
func TestCreativeStory(t *testing.T) {
	d := openDoor(t)
	x := d.want(d.ask("POST", "/v1/creatives", bannerJSON), 201, "")
	if x.header.Get("Location") != "/v1/creatives/1000000000" || x.header.Get("ETag") != `"1"` || x.json["status"] != "pending" || x.json["source"] != "api" {
		t.Errorf("registered: %v %s", x.header, x.body)
	}
	x = d.want(d.ask("POST", "/v1/creatives", bannerJSON), 200, "")
	if x.header.Get("Location") != "/v1/creatives/1000000000" || x.json["id"] != 1e9 {
		t.Errorf("registered again: %v %s", x.header, x.body)
	}
	d.want(d.ask("POST", "/v1/creatives", strings.Replace(bannerJSON, "spring.png", "other.png", 1)), 409, "code_taken")
	d.want(d.ask("POST", "/v1/creatives", strings.Replace(bannerJSON, `"spring"`, `"house"`, 1)), 409, "code_taken")

	x = d.want(d.ask("POST", "/v1/creatives/1000000000:approve", `{"reason":"fine"}`, "If-Match", `"1"`), 200, "")
	if x.json["status"] != "audited" || x.header.Get("ETag") != `"2"` || x.json["reason"] != "fine" {
		t.Errorf("approved: %s", x.body)
	}
	x = d.want(d.ask("GET", "/v1/creatives?status=audited&member=201", ""), 200, "")
	if list, _ := x.json["creatives"].([]any); len(list) != 2 || strings.Contains(x.body, `"content":`) || !strings.Contains(x.body, `"content_bytes": 30`) {
		t.Errorf("listed: %s", x.body)
	}

	renamed := strings.Replace(bannerJSON, `"code"`, `"name":"Spring","code"`, 1)
	d.want(d.ask("PUT", "/v1/creatives/1000000000", renamed), 428, "if_match_missing")
	d.want(d.ask("PUT", "/v1/creatives/1000000000", renamed, "If-Match", `"1"`), 412, "version_stale")
	d.want(d.ask("PUT", "/v1/creatives/1000000000", renamed, "If-Match", `W/"2"`), 412, "version_stale")
	x = d.want(d.ask("PUT", "/v1/creatives/1000000000", renamed, "If-Match", `"2"`), 200, "")
	if x.json["status"] != "audited" || x.json["name"] != "Spring" {
		t.Errorf("renamed: %s", x.body)
	}
	x = d.want(d.ask("PUT", "/v1/creatives/1000000000", strings.Replace(renamed, "spring.png", "new.png", 1), "If-Match", `*`), 200, "")
	if x.json["status"] != "pending" || x.header.Get("ETag") != `"4"` {
		t.Errorf("changed: %s", x.body)
	}
	for _, c := range []struct{ verb, status string }{{"ban", "banned"}, {"unban", "pending"}, {"reject", "rejected"}} {
		if x := d.want(d.ask("POST", "/v1/creatives/1000000000:"+c.verb, ""), 200, ""); x.json["status"] != c.status {
			t.Errorf("%s: %s", c.verb, x.body)
		}
	}
	if x := d.want(d.ask("GET", "/v1/creatives/1000000000", ""), 200, ""); x.json["content"] != "https://cdn.example/new.png" || x.header.Get("ETag") != `"7"` {
		t.Errorf("got: %s", x.body)
	}
	for _, line := range []string{"creative registered", "creative updated", "decision=ban", "decision=reject"} {
		if !strings.Contains(d.audit.String(), line) {
			t.Errorf("%q is not in the log:\n%s", line, &d.audit)
		}
	}
	if x := d.want(d.ask("GET", "/v1/creatives/4001", ""), 200, ""); x.json["source"] != "rules" || x.header.Get("ETag") != "" {
		t.Errorf("the rule set's: %s", x.body)
	}
}

func TestCreativeRefusals(t *testing.T) {
	d := openDoor(t)
	d.want(d.ask("POST", "/v1/creatives", bannerJSON), 201, "")
	const path = "/v1/creatives/1000000000"
	padded := func(n int) string {
		return bannerJSON[:len(bannerJSON)-1] + strings.Repeat(" ", n-len(bannerJSON)) + "}"
	}
	cases := []struct {
		name, method, path, body string
		header                   []string
		status                   int
		code                     string
	}{
		{"no such id", "GET", "/v1/creatives/1000000001", "", nil, 404, "creative_unknown"},
		{"no id", "GET", "/v1/creatives/x", "", nil, 404, "creative_unknown"},
		{"no rule set id", "GET", "/v1/creatives/5", "", nil, 404, "creative_unknown"},
		{"padded id", "GET", "/v1/creatives/01000000000", "", nil, 404, "creative_unknown"},
		{"write the rule set's", "POST", "/v1/creatives/4001:ban", "", nil, 409, "in_rule_set"},
		{"unknown action", "POST", path + ":love", "", nil, 404, "not_found"},
		{"no action", "POST", path, "", nil, 404, "not_found"},
		{"unknown method", "DELETE", path, "", nil, 405, "method_not_allowed"},
		{"form", "POST", "/v1/creatives", "code=a", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "content_type_unsupported"},
		{"text", "POST", "/v1/creatives", bannerJSON, []string{"Content-Type", "text/plain"}, 415, "content_type_unsupported"},
		{"UTF-16", "POST", "/v1/creatives", bannerJSON, []string{"Content-Type", "application/json; charset=utf-16"}, 415, "content_type_unsupported"},
		{"compressed", "POST", "/v1/creatives", bannerJSON, []string{"Content-Encoding", "gzip"}, 415, "content_type_unsupported"},
		{"at the limit", "POST", "/v1/creatives", padded(ad.BodyBytesMax), nil, 200, ""},
		{"past the limit", "POST", "/v1/creatives", padded(ad.BodyBytesMax + 1), nil, 413, "body_too_large"},
		{"no JSON", "POST", "/v1/creatives", "{", nil, 400, "json_invalid"},
		{"list", "POST", "/v1/creatives", "[]", nil, 400, "json_invalid"},
		{"two objects", "POST", "/v1/creatives", bannerJSON + "{}", nil, 400, "json_invalid"},
		{"empty object", "POST", "/v1/creatives", "{}", nil, 400, "creative_invalid"},
		{"mass assignment", "POST", "/v1/creatives", `{"banned":false,` + bannerJSON[1:], nil, 400, "creative_invalid"},
		{"other case", "POST", "/v1/creatives", `{"Name":"x",` + bannerJSON[1:], nil, 400, "creative_invalid"},
		{"twice", "POST", "/v1/creatives", `{"member":201,` + bannerJSON[1:], nil, 400, "creative_invalid"},
		{"null", "POST", "/v1/creatives", `{"name":null,` + bannerJSON[1:], nil, 400, "creative_invalid"},
		{"wrong kind", "POST", "/v1/creatives", `{"active":"yes",` + bannerJSON[1:], nil, 400, "creative_invalid"},
		{"own audit", "POST", "/v1/creatives", `{"audit":"audited",` + bannerJSON[1:], nil, 400, "creative_invalid"},
		{"action with a field", "POST", path + ":ban", `{"why":"x"}`, nil, 400, "fields_invalid"},
		{"action with another version", "POST", path + ":approve", "", []string{"If-Match", `"9"`}, 412, "version_stale"},
		{"cross-site", "POST", path + ":ban", "", []string{"Origin", "https://evil.example"}, 403, "cross_origin"},
		{"unknown parameter", "GET", "/v1/creatives?page=2", "", nil, 400, "param_invalid"},
		{"unknown status", "GET", "/v1/creatives?status=fine", "", nil, 400, "param_invalid"},
		{"no limit", "GET", "/v1/creatives?limit=0", "", nil, 400, "param_invalid"},
		{"limit past the limit", "GET", "/v1/creatives?limit=501", "", nil, 400, "param_invalid"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d.t = t
			d.want(d.ask(c.method, c.path, c.body, c.header...), c.status, c.code)
		})
	}
	d.t = t
	d.want(d.ask("POST", "/v1/creatives", `{"audit":"none",`+strings.Replace(bannerJSON, "spring", "none", 1)[1:]), 201, "")
	d.want(d.ask("POST", "/v1/creatives/1000000001:approve", ""), 409, "not_submitted")
	d.log.fail = fmt.Errorf("disk full at /var/lib")
	if x := d.want(d.ask("POST", path+":ban", ""), 503, "log_unavailable"); strings.Contains(x.body, "/var/lib") {
		t.Errorf("the answer tells what is the operator's: %s", x.body)
	}
}

// TestProblemsComeAtOnce sends a creative with something wrong in every field.
func TestProblemsComeAtOnce(t *testing.T) {
	d := openDoor(t)
	x := d.want(d.ask("POST", "/v1/creatives", `{"member":999,"code":"","size":"300","format":"gif","content":"","click_url":"javascript:x","colour":"red",
		"advertisers":["shop"],"categories":["a b"],"attributes":[0],"language":"english","pixels":["http://t.example/"],"active":1,"audit":"audited","id":5}`), 400, "creative_invalid")
	got := map[string]bool{}
	for _, p := range x.json["errors"].([]any) {
		p := p.(map[string]any)
		got[p["field"].(string)] = true
		if p["detail"] == "" || p["remedy"] == "" {
			t.Errorf("%v lacks cause or remedy", p)
		}
	}
	for _, field := range strings.Fields("member code size format content click_url colour advertisers[0] categories[0] attributes language pixels[0] active audit id") {
		if !got[field] {
			t.Errorf("%s is not named in %s", field, x.body)
		}
	}
}

// TestProblemsHaveAnEnd sends as many unknown names as the answer lists, and one more.
func TestProblemsHaveAnEnd(t *testing.T) {
	d := openDoor(t)
	for n, want := range map[int]int{problemsMax - 1: problemsMax - 1, problemsMax: problemsMax, problemsMax + 1: problemsMax, 20_000: problemsMax} {
		x := d.want(d.ask("POST", "/v1/creatives/1000000000:ban", "{"+strings.TrimSuffix(strings.Repeat(`"":1,`, n), ",")+"}"), 400, "fields_invalid")
		if got := len(x.json["errors"].([]any)); got != want {
			t.Errorf("%d unknown names: %d problems, want %d", n, got, want)
		}
	}
}

func TestCreativePages(t *testing.T) {
	d := openDoor(t)
	for i := range 5 {
		d.want(d.ask("POST", "/v1/creatives", strings.Replace(bannerJSON, "spring", fmt.Sprint("s", i), 1)), 201, "")
	}
	var codes []string
	for next, pages := "/v1/creatives?limit=2&member=201", 0; next != ""; pages++ {
		x := d.want(d.ask("GET", next, ""), 200, "")
		for _, c := range x.json["creatives"].([]any) {
			codes = append(codes, c.(map[string]any)["code"].(string))
		}
		if next, _ = x.json["next"].(string); pages > 5 {
			t.Fatal("the list does not end")
		}
	}
	if got := strings.Join(codes, " "); got != "house s0 s1 s2 s3 s4" {
		t.Errorf("the pages hold %s", got)
	}
}
