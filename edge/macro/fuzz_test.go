package macro

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// same gives one value for every name.
type same string

func (s same) AppendMacro(dst []byte, _ Name) []byte { return append(dst, s...) }

var hostile = []string{
	"", "a", "1", `"`, `'`, "`", `\`, "<", ">", "&", "-->", "</script>", "</title>", `"><script>alert(1)</script>`, `' onload='alert(1)`,
	" onload=alert(1) ", "javascript:alert(1)", "https://evil.example/", "//evil.example", "${AUCTION_ID}", "%0d%0a", "\r\nX: y", "\x00",
	"\u2028", "\xff", "*/alert(1)/*", "\nalert(1)//", "]]>", "quot", "#34", "script", "/script", "le", "!--", "x;}</style>", "expression(alert(1))",
}

var sources = []string{
	creative,
	`<b title=${PT1}x y='${PT2}'>${PT3}</b><a href=${CLICK_URL} href="x${PT1}:${PT2}">`,
	`<script>a="${PT1}";b='\'${PT1}';c=/${PT1}[/]"/.test("${PT1}");${PT1}</script><!-- ${PT1} --><title>${PT1}</title>`,
	"<script>`${PT1} ${b + `${PT1}`} ${PT1}` // ${PT1}\n + ${PT1} /* ${PT1} */</script>",
	`<svg onload="f('${PT1}')"><script>"${PT1}"</script></svg>${PT1}<select><title>${PT1}`,
	`<title></tit${PT1}></title><img src=//${PT1}/ srcset="${PT1}"><style>${PT1}</style><textarea>&${PT1};</textarea><${PT1}></${PT1}><x ${PT1}=${PT1} =${PT1}>`,
	`<!--aaaaaaaaaaaaaa--!a--><!-- - > -- > ---!> --><a title="&amp &#39; &quo"><b href='https://a.example/?b&c'><style>a</styl</style><xmp>&lt</xmp>${PT1}`,
	`<script type=text/template><a href="${PT1}"></script><script src="${PT1}" ></script ><noscript>${PT1}</noscript><!${PT1}><?${PT1}>`,
}

// FuzzStructure is the promise of the package: whatever a value is, the document has the same elements, attributes and
// script tokens. An independent tokenizer reads the expansions.
func FuzzStructure(f *testing.F) {
	for _, s := range sources {
		for _, v := range hostile {
			f.Add(s, v)
		}
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		if len(source) > 4096 || len(value) > 1024 {
			return
		}
		plain, filled := whole(Expand(nil, source, HTML, harmless(value))), whole(Expand(nil, source, HTML, same(value)))
		if plain == nil || filled == nil {
			return // beyond BytesMax
		}
		if again := whole(Parse(source, HTML).Append(nil, same(value))); !bytes.Equal(again, filled) {
			t.Fatalf("a template gives %q, Expand gives %q", again, filled)
		}
		var quick, slow htmlScanner
		quick.text(source)
		for i := range len(source) {
			slow.byte(source[i])
		}
		quick.commentEnd, slow.commentEnd = quick.commentEnd&0xffffff, slow.commentEnd&0xffffff
		if quick != slow {
			t.Fatalf("source %q: skipping comes to %+v, reading to %+v", source, quick, slow)
		}
		if a, b := skeleton(plain), skeleton(filled); a != b {
			t.Fatalf("source %q\nvalue %q changes\n%s\ninto\n%s\nexpanded %q", source, value, a, b, filled)
		}
	})
}

// skeleton writes a document's structure: tags and attribute names, URLs that run, and its scripts without their words,
// numbers and escapes.
func skeleton(document []byte) string {
	var out strings.Builder
	z := html.NewTokenizer(bytes.NewReader(document))
	script := false
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return out.String()
		case html.TextToken:
			if script {
				fmt.Fprintf(&out, "script %q\n", value.ReplaceAll(z.Raw(), nil))
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			token := z.Token()
			script = kind == html.StartTagToken && token.Data == "script"
			fmt.Fprintf(&out, "%v %s", kind, token.Data)
			for _, a := range token.Attr {
				fmt.Fprintf(&out, " %s%s", a.Key, class(token.Data, a))
			}
			out.WriteByte('\n')
		}
	}
}

// value is what a reference may become inside a script, without the quotes that code gets.
var value = regexp.MustCompile(`([A-Za-z0-9_.]|\\u[0-9a-f]{4})+`)

// harmless is a value of the same kind: only numbers stand in code without quotes.
func harmless(value string) same {
	if isNumber([]byte(value)) {
		return "1"
	}
	return "a"
}

// runs is the beginning of a URL that a browser runs; it drops tabs and line ends, and leading spaces.
var runs = regexp.MustCompile(`(?i)^[\x00-\x20]*(j[\t\n\r]*a[\t\n\r]*v[\t\n\r]*a[\t\n\r]*s|v[\t\n\r]*b[\t\n\r]*s|d[\t\n\r]*a[\t\n\r]*t[\t\n\r]*a)[a-z\t\n\r]*:`)

func class(tag string, a html.Attribute) string {
	switch a.Key {
	case "href", "src", "action", "formaction", "data":
		if runs.MatchString(a.Val) {
			return "=" + a.Val
		}
	}
	return ""
}

// FuzzURL: a value never moves a URL to another host or scheme, unless it stands at the very beginning.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"https://t.example/?u=${PT1}", "https://${PT1}/x", "//${PT1}", "/${PT1}/x", "${PT1}https://x.example/", "a${PT1}:b", "?${PT1}#${PT1}", "javascript:${PT1}"} {
		for _, v := range hostile {
			f.Add(s, v)
		}
	}
	f.Fuzz(func(t *testing.T, source, value string) {
		if len(source) > 2048 || len(value) > 1024 || !strings.HasPrefix(source, "https://t.example/") {
			return
		}
		out := string(whole(Expand(nil, source, URL, same(value))))
		if !strings.HasPrefix(out, "https://t.example/") {
			t.Fatalf("source %q value %q leads to %q", source, value, out)
		}
		for _, part := range Parse(source, URL).parts {
			if part.ref.name != none && part.context != component {
				t.Fatalf("source %q has context %d in its path", source, part.context)
			}
		}
	})
}

func TestNoHostileValueChangesTheStructure(t *testing.T) {
	for _, s := range sources {
		for _, v := range hostile {
			want := skeleton(whole(Expand(nil, s, HTML, harmless(v))))
			if got := skeleton(whole(Expand(nil, s, HTML, same(v)))); got != want {
				t.Errorf("source %s\nvalue %q changes\n%s\ninto\n%s", s, v, want, got)
			}
		}
	}
}
