//go:build browser

package macro

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAnActualBrowserAgrees has Chromium read the Locations that hostile redirs become, and says where each leads. What the
// tests' own reader of URLs takes for a place is the browser's place.
func TestAnActualBrowserAgrees(t *testing.T) {
	a, rnd := allowed(t), rand.New(rand.NewPCG(5, 6))
	type row struct{ URL, Origin, Path string }
	var rows []row
	for len(rows) < 10_000 {
		var redir strings.Builder
		for _, r := range grammar {
			if rnd.IntN(3) > 0 {
				r = r[:len(r)/3]
			}
			redir.WriteString(r[rnd.IntN(len(r))])
		}
		value := hostileTexts[rnd.IntN(len(hostileTexts))]
		r, _, err := a.Match(redir.String())
		if err != nil {
			continue
		}
		location, err := r.Append(nil, RedirectValues{AcceptURL: []byte(value), CreativeCode: value, Deal: value, Cachebuster: value})
		if err != nil {
			continue
		}
		p, _ := browser(string(location))
		o := p.scheme + "://" + p.host
		if p.port != "" {
			o += ":" + p.port
		}
		if !mayGo(p) {
			t.Fatalf("%q becomes %q", redir.String(), location)
		}
		rows = append(rows, row{string(location), o, p.path})
	}
	data, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "page.html")
	script := `var wrong=[];rows.forEach(function(r){var u=new URL(r.URL),path=u.pathname;if(u.origin!==r.Origin||u.username||u.hash||path!==r.Path)wrong.push([r,u.origin,path])});` +
		`document.title="read "+rows.length+", wrong "+wrong.length+" "+JSON.stringify(wrong.slice(0,5))`
	if err := os.WriteFile(page, fmt.Appendf(nil, "<!doctype html><title></title><script>var rows=%s;%s</script>", data, script), 0o600); err != nil {
		t.Fatal(err)
	}
	chromium := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+page)
	defer time.AfterFunc(time.Minute, func() { chromium.Cancel() }).Stop()
	out, err := chromium.Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	_, title, _ := strings.Cut(string(out), "<title>")
	title, _, _ = strings.Cut(title, "</title>")
	if title != "read 10000, wrong 0 []" {
		t.Errorf("the browser says: %s", title)
	}
}
