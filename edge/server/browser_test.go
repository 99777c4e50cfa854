//go:build browser

package server

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
)

// probe tells the page what a creative can reach of the site it was served from.
const probe = `<script>var said=[];try{document.cookie="a=b";said.push("cookie "+document.cookie)}catch(e){said.push("cookie "+e.name)}` +
	`try{localStorage.a="b";said.push("storage")}catch(e){said.push("storage "+e.name)}` +
	`try{top.location="/moved";said.push("moved")}catch(e){said.push("top "+e.name)}` +
	`try{top.document.title="x";said.push("page")}catch(e){said.push("page "+e.name)}` +
	`top.postMessage("${PT1}: "+said.join(", "),"*")</script>`

// contexts has a value in every place that a creative may put one.
const contexts = `<b title="${PT1}" id='${PT1}' class=${PT1} style="width:${PT1}">${PT1}</b><a id=l href="${PT1}">x</a><a href="${CLICK_URL}https://x.example/${PT1}">y</a>` +
	`<img src="data:,${PT1}" onerror="var q='${PT1}';var n=${PT1}"><script>var a="${PT1}",b='${PT1}',c=` + "`${PT1}`" + `,d=${PT1};/* ${PT1} */ // ${PT1}
</script><textarea>${PT1}</textarea><style>b{color:${PT1}}</style><!-- ${PT1} --><script>document.getElementById("l").click();top.postMessage("drawn","*")</script>`

// attacks do B wherever they get out of their place.
var attacks = []string{
	`"><script>B</script>`, `'><script>B</script>`, ` onmouseover=B autofocus onfocus=B x=`, `" autofocus tabindex=1 onfocus="B`, `</script><script>B</script>`,
	`";B;//`, `';B;//`, "`;B;//", `${B}`, `\`, `\";B;//`, "\u2028B", `*/B/*`, `javascript:B`, `JaVaScRiPt:B`, ` javascript:B`, `data:text/html,<script>B</script>`,
	`</textarea><script>B</script>`, `</style><script>B</script>`, `--><script>B</script>`, `-->`, `<!--<script>`, `<img src=x onerror=B>`, `&quot;;B;//`, `&#39;);B;//`, `B`, `(B)`, `1;B`,
}

// browse gives the document as a browser has it in the end.
func browse(t *testing.T, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--user-data-dir="+t.TempDir(),
		"--virtual-time-budget=5000", "--dump-dom", address).Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return string(out)
}

func TestBrowserDrawsTagsInASandbox(t *testing.T) {
	h := rim(t, &seller{sell: func(in adcall.Incoming) *adcall.Answer {
		markup := probe
		if in.Call.Cachebuster == "attack" {
			markup = contexts
		}
		return won(502, func(b *ad.Bid) { b.Markup = markup })(in)
	}})
	var tags strings.Builder
	tags.WriteString(`<iframe src="/tt?id=1001&pt1=frame" width=300 height=250></iframe>` +
		`<script async src="/ttj?id=1001&pt1=async"></script><script src="/ttj?id=1001&pt1=inline"></script><div id="slot-1"></div>` +
		`<p id=last></p><script src="/ttj?id=1001&pt1=missing&target=nowhere"></script>`)
	for _, attack := range attacks {
		attack = url.QueryEscape(strings.ReplaceAll(attack, "B", `top.postMessage("bro"+"ken","*")`))
		if len(attack) < ad.LabelBytesMax {
			fmt.Fprintf(&tags, `<iframe src="/tt?id=1001&cb=attack&pt1=%s"></iframe>`, attack)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/tt", h)
	mux.Handle("/ttj", h)
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Set-Cookie", "session=secret")
		fmt.Fprintf(w, `<!doctype html><html><head><script>onmessage=function(e){document.getElementById("log").append(e.data+"\n")}</script>`+
			`<script src="/ttj?id=1001&pt1=head&target=slot-1"></script></head><body><pre id=log></pre>%s</body></html>`, tags.String())
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	dom := browse(t, s.URL+"/page")
	const confined = ": cookie SecurityError, storage SecurityError, top SecurityError, page SecurityError\n"
	for _, tag := range []string{"frame", "async", "inline", "head", "missing"} {
		if !strings.Contains(dom, tag+confined) {
			t.Errorf("the %s tag did not say %q", tag, confined)
		}
	}
	if strings.Contains(dom, "broken") {
		t.Error("a value got out of its place")
	}
	if drawn, want := strings.Count(dom, "drawn\n"), strings.Count(tags.String(), "cb=attack"); drawn != want || want < 20 {
		t.Errorf("%d of %d attacked creatives were drawn", drawn, want)
	}
	if !strings.Contains(dom, `<div id="slot-1"><iframe title="Advertisement" width="300" height="250"`) {
		t.Error("the frame of the script in the head is not in its element")
	}
	if t.Failed() {
		t.Logf("the page in the end:\n%s", dom)
	}
}
