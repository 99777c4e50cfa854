package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"curb/edge/token"
)

// FuzzPassingOn calls the endpoints of preemptive tags with any query. No answer is a fault of ours, no field holds a byte that
// could end it, and Location leads to an ad server of the placement or to the page of the click.
func FuzzPassingOn(f *testing.F) {
	ring := token.NewRing(token.Key{ID: 1, Secret: [32]byte{1}}, token.Key{}) // the same in every process that fuzzes
	h := rim(f, &seller{sell: won(502), book: newBook()}, func(o *Options) { o.Tokens = func() *token.Ring { return ring } })
	click := strings.TrimPrefix(string(urls(h, time.Now()).appendClick(nil, soldSlot(time.Now()), []byte("hshop.example"))), origin+"/click?")
	for path := range passingPaths {
		for _, query := range []string{
			"id=1009", "id=1009&redir=own&cb=1", "id=1009&redir=https://good.example/ads?p={PRICE}&a={ACCEPT_URL}", "id=1009&redir=https%3A%2F%2Fgood.example%2Fads%2F{CB}",
			"id=1001&callback=f&legacy=1&callback_uid=u", "id=1009&debug=1&dongle=owners-dongle&debug_json=1", "e=x&e=y", click + "&r=https://www.shop.example/a?b&c",
			click + "&r=https%3A%2F%2Fshop.example%2F%0d%0a", "id=1009&redir=https://good.example%2eevil/",
		} {
			f.Add(uint8(path), query)
		}
	}
	f.Fuzz(func(t *testing.T, path uint8, query string) {
		target := passingPaths[int(path)%len(passingPaths)]
		w := get(h, target, func(r *http.Request) { r.URL.RawQuery = query })
		if w.Code >= 500 || w.Header().Get("X-Curb-Error") == codeInternal {
			t.Fatalf("%s?%s: status %d, %v", target, query, w.Code, w.Header())
		}
		checkFields(t, target+"?"+query, w.Header())
		where := w.Header().Get("Location")
		if (where != "") != (w.Code == http.StatusFound) {
			t.Fatalf("%s?%s: status %d to %q", target, query, w.Code, where)
		}
		for _, begin := range []string{"https://ads.pub.example/ads", "https://good.example/ads", "https://old.example/adi/news"} {
			if target == "/pt" && strings.HasPrefix(where, begin) {
				return
			}
		}
		if where == "" {
			return
		}
		host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(where, "https://"), "http://"), "/")
		name, _, _ := strings.Cut(host, ":")
		if target != "/click" || name != "shop.example" && !strings.HasSuffix(name, ".shop.example") {
			t.Fatalf("%s?%s leads to %q", target, query, where)
		}
	})
}

var passingPaths = [...]string{"/pt", "/ptj", "/jpt", "/ab", "/it", "/click"}
