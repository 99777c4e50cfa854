package adserver

import (
	"encoding/json"
	"html"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"curb/edge/ad"
)

// view is what an answer shows; Times holds one element per call of the accept URL, none: the own ad.
type view struct {
	Accept   string
	Name     string
	Reason   string
	Outcome  string // exchange, own, no_bid, never
	Creative string // of the exchange's line item
	Size     ad.Size
	Times    []struct{}
	params   url.Values
}

// write answers in the format asked for.
func (v *view) write(w http.ResponseWriter, r *http.Request, format string) {
	if format == "redirect" && len(v.Times) > 0 {
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, v.Accept, http.StatusFound)
		return
	}
	markup := v.markup()
	if format == "js" {
		w.Header().Set("Content-Type", "application/javascript; charset=utf-8")
		quoted, _ := json.Marshal(markup) // escapes <, > and &, and a string always encodes
		w.Write([]byte("document.write(" + string(quoted) + ");\n"))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Advertisement</title><body style=\"margin:0\" data-outcome=\"" +
		v.Outcome + "\">" + markup + "</body></html>\n"))
}

func (v *view) markup() string {
	if v.Creative != "" {
		return strings.Repeat(fill(v.Creative, v.params), len(v.Times))
	}
	var page strings.Builder
	named := ownAd
	if len(v.Times) > 0 {
		named = exchangeAd
	}
	named.Execute(&page, v) // the templates and a view always fit
	return page.String()
}

var pattern = regexp.MustCompile(`%%PATTERN:([A-Za-z0-9_.-]{1,20})%%`)

// fill writes a request's parameters into a line item's creative, for markup.
func fill(creative string, params url.Values) string {
	return pattern.ReplaceAllStringFunc(creative, func(macro string) string {
		return html.EscapeString(params.Get(pattern.FindStringSubmatch(macro)[1]))
	})
}

var exchangeAd = template.Must(template.New("exchange").Parse(
	`{{range $i, $_ := .Times}}<iframe title="Advertisement" src="{{$.Accept}}" width="{{$.Size.W}}" height="{{$.Size.H}}"` +
		` style="border:0{{if $i}};display:none{{end}}"></iframe>{{end}}`))

var ownAd = template.Must(template.New("own").Parse(
	`<div role="img" aria-label="{{.Name}}" data-outcome="{{.Outcome}}" style="box-sizing:border-box;width:{{.Size.W}}px;height:{{.Size.H}}px;display:flex;` +
		`flex-direction:column;align-items:center;justify-content:center;text-align:center;overflow:hidden;padding:4px;` +
		`font:600 18px/1.3 system-ui,sans-serif;color:#fff;background:{{if eq .Outcome "never"}}#4a4a4a{{else}}#7a3e9d{{end}}">` +
		`<span>{{.Name}}</span>{{if eq .Outcome "never"}}<span>taken, and never called back</span>{{else}}<span>the ad server’s own direct campaign</span>{{end}}` +
		`<small style="font-weight:400;font-size:12px">{{.Reason}}</small></div>`))
