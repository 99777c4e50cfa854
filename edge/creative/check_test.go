package creative

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"curb/edge/ad"
)

// change is a draft that was changed in one way.
func change(how func(*ad.Creative)) ad.Creative {
	x := banner("a")
	how(&x)
	return x
}

// as is a draft of a format with a content.
func as(format ad.Format, content string) ad.Creative {
	return change(func(x *ad.Creative) { x.Format, x.Content = format, content })
}

func repeat(n int, text string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = text
	}
	return list
}

// checks name the field that is wrong, or none. Limits are met at the limit and one past it.
var checks = []struct {
	name  string
	draft ad.Creative
	field string
}{
	{"sound", banner("a"), ""},
	{"no member", change(func(x *ad.Creative) { x.Member = 0 }), "member"},
	{"unknown member", change(func(x *ad.Creative) { x.Member = 999 }), "member"},
	{"no code", change(func(x *ad.Creative) { x.Code = "" }), "code"},
	{"code at the limit", change(func(x *ad.Creative) { x.Code = strings.Repeat("ö", codeMax) }), ""},
	{"code past it", change(func(x *ad.Creative) { x.Code, x.Name = strings.Repeat("ö", codeMax+1), "n" }), "code"},
	{"code with a line end", change(func(x *ad.Creative) { x.Code, x.Name = "a\nb", "n" }), "code"},
	{"code with a space before", change(func(x *ad.Creative) { x.Code = " a" }), "code"},
	{"name past the limit", change(func(x *ad.Creative) { x.Name = strings.Repeat("n", nameMax+1) }), "name"},
	{"name that is not UTF-8", change(func(x *ad.Creative) { x.Name = "\xff" }), "name"},
	{"audited by itself", change(func(x *ad.Creative) { x.Audit = ad.Audited }), "audit"},
	{"rejected by itself", change(func(x *ad.Creative) { x.Audit = ad.AuditRejected }), "audit"},
	{"no size", change(func(x *ad.Creative) { x.Size = ad.Size{} }), "size"},
	{"half a size", change(func(x *ad.Creative) { x.Size.H = 0 }), "size"},
	{"size at the limit", change(func(x *ad.Creative) { x.Size = ad.Size{W: sideMax, H: 1} }), ""},
	{"size past it", change(func(x *ad.Creative) { x.Size = ad.Size{W: sideMax + 1, H: 1} }), "size"},
	{"video picture", change(func(x *ad.Creative) { x.Media = ad.Video }), "media"},
	{"two media", change(func(x *ad.Creative) { x.Media = ad.Banner | ad.Video }), "media"},
	{"click on http", change(func(x *ad.Creative) { x.ClickURL = "http://shop.example/" }), ""},
	{"click on a script", change(func(x *ad.Creative) { x.ClickURL = "javascript:alert(1)" }), "click_url"},
	{"click with credentials", change(func(x *ad.Creative) { x.ClickURL = "https://a@shop.example/" }), "click_url"},
	{"advertisers at the limit", change(func(x *ad.Creative) { x.Advertisers = repeat(advertisersMax, "shop.example") }), ""},
	{"advertisers past it", change(func(x *ad.Creative) { x.Advertisers = repeat(advertisersMax+1, "shop.example") }), "advertisers"},
	{"advertiser that is a URL", change(func(x *ad.Creative) { x.Advertisers[0] = "https://shop.example" }), "advertisers[0]"},
	{"advertiser that is an address", change(func(x *ad.Creative) { x.Advertisers[0] = "127.0.0.1" }), "advertisers[0]"},
	{"advertiser with one label", change(func(x *ad.Creative) { x.Advertisers[0] = "localhost" }), "advertisers[0]"},
	{"advertiser in another alphabet", change(func(x *ad.Creative) { x.Advertisers[0] = "müller.example" }), "advertisers[0]"},
	{"label at the limit", change(func(x *ad.Creative) { x.Advertisers[0] = strings.Repeat("a", labelMax) + ".example" }), ""},
	{"label past it", change(func(x *ad.Creative) { x.Advertisers[0] = strings.Repeat("a", labelMax+1) + ".example" }), "advertisers[0]"},
	{"categories at the limit", change(func(x *ad.Creative) { x.Categories = repeat(categoriesMax, "IAB1-1") }), ""},
	{"categories past it", change(func(x *ad.Creative) { x.Categories = repeat(categoriesMax+1, "IAB1-1") }), "categories"},
	{"category past its limit", change(func(x *ad.Creative) { x.Categories = []string{strings.Repeat("1", categoryMax+1)} }), "categories[0]"},
	{"empty category", change(func(x *ad.Creative) { x.Categories = []string{""} }), "categories[0]"},
	{"attributes at the limit", change(func(x *ad.Creative) { x.Attributes = []uint8(strings.Repeat("\x01", attributesMax)) }), ""},
	{"attributes past it", change(func(x *ad.Creative) { x.Attributes = []uint8(strings.Repeat("\x01", attributesMax+1)) }), "attributes"},
	{"attribute 0", change(func(x *ad.Creative) { x.Attributes = []uint8{1, 0} }), "attributes[1]"},
	{"language", change(func(x *ad.Creative) { x.Language = "EN" }), "language"},
	{"pixels at the limit", change(func(x *ad.Creative) { x.Pixels = repeat(pixelsMax, "https://t.example/i?c=${CACHEBUSTER}") }), ""},
	{"pixels past it", change(func(x *ad.Creative) { x.Pixels = repeat(pixelsMax+1, "https://t.example/i") }), "pixels"},
	{"pixel on http", change(func(x *ad.Creative) { x.Pixels = []string{"http://t.example/i"} }), "pixels[0]"},

	{"no content", as(ad.FormatHTML, ""), "content"},
	{"blank content", as(ad.FormatHTML, " \n"), "content"},
	{"content at the limit", as(ad.FormatHTML, strings.Repeat("x", ad.CreativeBytesMax)), ""},
	{"content past it", as(ad.FormatHTML, strings.Repeat("x", ad.CreativeBytesMax+1)), "content"},
	{"content with a NUL", as(ad.FormatHTML, "a\x00b"), "content"},
	{"content that is not UTF-8", as(ad.FormatHTML, "a\xff"), "content"},
	{"picture on http", as(ad.FormatImage, "http://cdn.example/a.png"), "content"},
	{"picture in markup", as(ad.FormatImage, "<img src=x>"), "content"},
	{"script URL", as(ad.FormatScript, "https://cdn.example/a.js?w=${WIDTH}"), ""},
	{"script text", as(ad.FormatScript, "alert(1)"), "content"},

	{"VAST URL", as(ad.FormatVAST, "https://v.example/vast.xml"), ""},
	{"VAST URL on http", as(ad.FormatVAST, "http://v.example/vast.xml"), "content"},
	{"VAST", as(ad.FormatVAST, `<?xml version="1.0" encoding="UTF-8"?><!-- a --><VAST version="4.2"><Ad><InLine><Impression><![CDATA[https://t.example/?a=1&b=2]]></Impression></InLine></Ad></VAST>`), ""},
	{"VAST with a name space", as(ad.FormatVAST, `<VAST version="2.0" xmlns:xs="http://www.w3.org/2001/XMLSchema"/>`), ""},
	{"VAST without a version", as(ad.FormatVAST, `<VAST><Ad/></VAST>`), "content"},
	{"VAST 1", as(ad.FormatVAST, `<VAST version="1.0"/>`), "content"},
	{"VAST of no version", as(ad.FormatVAST, `<VAST version="new"/>`), "content"},
	{"VMAP", as(ad.FormatVAST, `<vmap:VMAP version="1.0" xmlns:vmap="x"/>`), "content"},
	{"cut off", as(ad.FormatVAST, `<VAST version="4.0"><Ad>`), "content"},
	{"two roots", as(ad.FormatVAST, `<VAST version="4.0"/><VAST version="4.0"/>`), "content"},
	{"bare &", as(ad.FormatVAST, `<VAST version="4.0"><Ad>a&b</Ad></VAST>`), "content"},
	{"document type", as(ad.FormatVAST, `<!DOCTYPE VAST [<!ENTITY a "b">]><VAST version="4.0"/>`), "content"},
	{"another encoding", as(ad.FormatVAST, `<?xml version="1.0" encoding="UTF-16"?><VAST version="4.0"/>`), "content"},

	{"native", as(ad.FormatNative, `{"ver":"1.2","assets":[{"id":1,"title":{"text":"Hi"}}],"link":{"url":"https://shop.example/"}}`), ""},
	{"wrapped native", as(ad.FormatNative, `{"native":{"assets":[{"id":1}],"link":{"url":"https://shop.example/"}}}`), ""},
	{"native without assets", as(ad.FormatNative, `{"link":{"url":"https://shop.example/"}}`), "content"},
	{"native with assets of another kind", as(ad.FormatNative, `{"assets":["a"],"link":{"url":"https://shop.example/"}}`), "content"},
	{"native without a link", as(ad.FormatNative, `{"assets":[{"id":1}]}`), "content"},
	{"native that leads to a script", as(ad.FormatNative, `{"assets":[{"id":1}],"link":{"url":"javascript:x"}}`), "content"},
	{"native that is no JSON", as(ad.FormatNative, `{"assets":[`), "content"},
	{"native list", as(ad.FormatNative, `[]`), "content"},
}

func TestChecks(t *testing.T) {
	r := newWorld().Registry
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			problems := r.Check(c.draft)
			if c.field == "" {
				if len(problems) > 0 {
					t.Errorf("%+v", problems)
				}
				return
			}
			if len(problems) != 1 || problems[0].Field != c.field {
				t.Fatalf("%+v; want one of %s", problems, c.field)
			}
			if p := problems[0]; p.Detail == "" || p.Remedy == "" || len(p.Detail) > 300 {
				t.Errorf("%+v lacks cause or remedy, or is too long", p)
			}
		})
	}
}

// FuzzContent looks for contents that break the checks, or that pass them and cannot be kept.
func FuzzContent(f *testing.F) {
	for _, c := range checks {
		f.Add(uint8(c.draft.Format), c.draft.Content)
	}
	r := newWorld().Registry
	f.Fuzz(func(t *testing.T, format uint8, content string) {
		draft := as(ad.Format(format%uint8(len(formatWords))), content)
		if len(r.Check(draft)) > 0 {
			return
		}
		normalize(&draft)
		draft.ID = ad.RegisteredCreativeMin
		line, err := appendRecord(nil, &Registered{Creative: draft, Version: 1}, 0)
		if err != nil {
			t.Fatal(err)
		}
		back, _, err := readRecord(line)
		if err != nil || back.Content != content || strings.Contains(string(line), "\n") {
			t.Errorf("%q comes back as %q, %v", content, back.Content, err)
		}
	})
}

// FuzzApply feeds records and snapshots that nobody wrote.
func FuzzApply(f *testing.F) {
	w := newWorld()
	if _, _, err := w.Register(f.Context(), banner("a")); err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(kindCreative), w.log.records[0].record)
	f.Add(uint8(kindUsed), appendUsed(nil, ad.RegisteredCreativeMin, 20000))
	f.Add(uint8(0), w.AppendSnapshot(nil))
	f.Fuzz(func(t *testing.T, kind uint8, record []byte) {
		r := newWorld().Registry
		if kind == 0 {
			_ = r.RestoreSnapshot(record)
		} else {
			_ = r.Apply(kind, record)
		}
		for _, x := range r.Creatives() {
			if x.ID < ad.RegisteredCreativeMin {
				t.Errorf("id %d", x.ID)
			}
		}
		if err := newWorld().RestoreSnapshot(r.AppendSnapshot(nil)); err != nil {
			t.Errorf("what was taken in cannot be given out: %v", err)
		}
	})
}

// TestEveryProblemIsSaid has something wrong in every field.
func TestEveryProblemIsSaid(t *testing.T) {
	problems := newWorld().Check(ad.Creative{Format: ad.FormatVAST, Media: ad.Banner, Content: "<VAST>", Audit: ad.Audited, ClickURL: "x",
		Advertisers: []string{"x"}, Categories: []string{""}, Attributes: []uint8{0}, Language: "x", Pixels: []string{"x"}})
	var fields []string
	for _, p := range problems {
		fields = append(fields, p.Field)
	}
	want := "member code audit media size click_url content advertisers[0] categories[0] attributes[0] pixels[0] language"
	if got := strings.Join(fields, " "); got != want {
		t.Errorf("said %s\nwant %s", got, want)
	}
	text := (&InvalidError{problems}).Error()
	if strings.Count(text, "\n") != len(problems)-1 {
		t.Errorf("%s", text)
	}
	if _, err := json.Marshal(problems); err != nil {
		t.Error(err)
	}
}

func TestWords(t *testing.T) {
	for _, word := range FormatWords() {
		if f, ok := ParseFormat(word); !ok || FormatWord(f) != word {
			t.Errorf("%s reads as %v", word, f)
		}
	}
	for _, word := range Statuses()[:4] {
		if a, ok := ParseAudit(word); !ok || AuditWord(a) != word {
			t.Errorf("%s reads as %v", word, a)
		}
	}
	for _, word := range []string{"", "gif", "Audited"} {
		_, format := ParseFormat(word)
		_, audit := ParseAudit(word)
		_, media := ParseMedia(word)
		if format || audit || media {
			t.Errorf("%q is a word: %s", word, fmt.Sprint(format, audit, media))
		}
	}
}
