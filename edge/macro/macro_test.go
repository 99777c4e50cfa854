package macro

import (
	"strings"
	"testing"

	"curb/edge/ad"
)

// values is a rendering's values by name.
type values map[Name]string

func (v values) AppendMacro(dst []byte, name Name) []byte { return append(dst, v[name]...) }

var sample = values{
	ClickURL: "https://pub.example/c?u=", Cachebuster: "42", AuctionID: "0af1", TagID: "1001", DealID: "0",
	RefererURL: `https://news.example/a?b="c"&d=<e>`, PricePaid: "1.25", Gender: "m", GDPRConsent: "CPc-_",
	CreativeCode: `a'b</script>`, PT1: `x" onload=alert(1) `, PT2: `javascript:alert(1)`, PT3: "${AUCTION_ID}", PT4: `\`, PT5: "it's\u2028\U0001f600",
}

// whole is an expansion that was not cut.
func whole(out []byte, ok bool) []byte {
	if !ok {
		return nil
	}
	return out
}

func expand(source string, syntax Syntax, v Values) string {
	return string(whole(Expand(nil, source, syntax, v)))
}

// contextCases are sources with what they expand to.
var contextCases = []struct {
	name   string
	syntax Syntax
	source string
	want   string
}{
	{"no macro", HTML, `<b>hi</b>`, `<b>hi</b>`},
	{"text", HTML, `<b>${PT1}</b>`, `<b>x&#34;&#32;onload&#61;alert&#40;1&#41;&#32;</b>`},
	{"double quotes", HTML, `<b title="${PT1}">`, `<b title="x&#34;&#32;onload&#61;alert&#40;1&#41;&#32;">`},
	{"single quotes", HTML, `<b title='${CREATIVE_CODE}'>`, `<b title='a&#39;b&#60;/script&#62;'>`},
	{"unquoted", HTML, `<b title=${PT1}>`, `<b title=x&#34;&#32;onload&#61;alert&#40;1&#41;&#32;>`},
	{"unquoted and empty", HTML, `<b title=${EXT} id=${PT9} class=c>`, `<b title=${EXT} id=&#32; class=c>`},
	{"click URL before the landing page", HTML, `<a href="${CLICK_URL}https://shop.example/?r=${REFERER_URL}">`,
		`<a href="https://pub.example/c?u&#61;https://shop.example/?r=https%3A%2F%2Fnews.example%2Fa%3Fb%3D%22c%22%26d%3D%3Ce%3E">`},
	{"whole URL", HTML, `<a href="${REFERER_URL}">`, `<a href="https://news.example/a?b&#61;%22c%22&#38;d&#61;%3Ce%3E">`},
	{"script URL in a link", HTML, `<a href="${PT2}">`, `<a href="javascript%3Aalert%281%29">`},
	{"script URL in pieces", HTML, `<a href="java${GENDER}script:${PT2}">`, `<a href="javamscript:${PT2}">`},
	{"the creative's own script URL", HTML, `<a href="javascript:f('${PT2}')">`, `<a href="javascript:f('${PT2}')">`},
	{"script URL by references", HTML, `<a href="&#106;avascript:${PT2}">`, `<a href="&#106;avascript:${PT2}">`},
	{"second URL in a row", HTML, `<a href="${CLICK_URL}${REFERER_URL_ENC}">`,
		`<a href="https://pub.example/c?u&#61;https%3A%2F%2Fnews.example%2Fa%3Fb%3D%22c%22%26d%3D%3Ce%3E">`},
	{"first URL empty", HTML, `<a href="${PT9}${CLICK_URL}">`, `<a href="https://pub.example/c?u&#61;">`},
	{"a script's source is never a value", HTML, `<script src="${REFERER_URL}"></script>`,
		`<script src="https%3A%2F%2Fnews.example%2Fa%3Fb%3D%22c%22%26d%3D%3Ce%3E"></script>`},
	{"host", HTML, `<img src="https://cdn-${PT1}.example/">`, `<img src="https://cdn-x__onload_alert_1__.example/">`},
	{"empty host", HTML, `<img src="https://${PT9}/evil.example">`, `<img src="https://_/evil.example">`},
	{"empty segment", HTML, `<a href="/${PT9}/evil.example">`, `<a href="/-/evil.example">`},
	{"encoded", URL, `https://t.example/?u=${CLICK_URL_ENC}`, `https://t.example/?u=https%3A%2F%2Fpub.example%2Fc%3Fu%3D`},
	{"encoded by place", URL, `https://t.example/?u=${CLICK_URL}`, `https://t.example/?u=https%3A%2F%2Fpub.example%2Fc%3Fu%3D`},
	{"encoded twice", URL, `https://t.example/?u=${URL_ENC(${CLICK_URL},2)}`, `https://t.example/?u=https%253A%252F%252Fpub.example%252Fc%253Fu%253D`},
	{"encoded thrice at most", URL, `https://t.example/?u=${URL_ENC(${AUCTION_ID},4)}`, `https://t.example/?u=${URL_ENC(0af1,4)}`},
	{"unknown function", URL, `https://t.example/?u=${HEX(${AUCTION_ID},1)}`, `https://t.example/?u=${HEX(0af1,1)}`},
	{"click before a URL", URL, `${CLICK_URL}https://shop.example/`, `https://pub.example/c?u=https://shop.example/`},
	{"passback", URL, `https://adserver.example/p?w=${WIDTH}&cb=${CACHEBUSTER}`, `https://adserver.example/p?w=&cb=42`},
	{"base64", URL, `https://b.example/?p=${AUCTION_PRICE:B64}`, `https://b.example/?p=MS4yNQ%3D%3D`},
	{"vendor number", URL, `https://b.example/?c=${GDPR_CONSENT_755}&g=${GPP_STRING_3}`, `https://b.example/?c=CPc-_&g=`},
	{"no vendor number", URL, `https://b.example/?c=${GDPR_CONSENT_}`, `https://b.example/?c=${GDPR_CONSENT_}`},
	{"known and undisclosed", URL, `https://b.example/?l=${AUCTION_LOSS}`, `https://b.example/?l=`},
	{"script string", HTML, `<script>f("${CREATIVE_CODE}", '${PT5}')</script>`,
		`<script>f("a\u0027b\u003c\u002fscript\u003e", 'it\u0027s\u2028\ud83d\ude00')</script>`},
	{"script template", HTML, "<script>f(`${CREATIVE_CODE} ${x ? `${PT4}` : y} ${PT4}`)</script>",
		"<script>f(`a\\u0027b\\u003c\\u002fscript\\u003e ${x ? `\\u005c` : y} \\u005c`)</script>"},
	{"script number", HTML, `<script>var p = ${PRICE_PAID}, g = ${GENDER}, n = ${PT9}</script>`, `<script>var p = 1.25, g = "m", n = ""</script>`},
	{"script comment", HTML, "<script>// ${PT5}\n/* ${PT1} */ x='${GENDER}'</script>", "<script>// it_s_______\n/* x__onload_alert_1__ */ x='m'</script>"},
	{"regular expression", HTML, `<script>/'/.test(a); b = '${PT2}'</script>`, `<script>/'/.test(a); b = 'javascript\u003aalert\u00281\u0029'</script>`},
	{"regular expression after if", HTML, `<script>if (a) /'/.test(a); b = '${PT2}'</script>`, `<script>if (a) /'/.test(a); b = 'javascript\u003aalert\u00281\u0029'</script>`},
	{"division", HTML, `<script>c = (a + b) / 2 / d; b = '${GENDER} ${PT4}'</script>`, `<script>c = (a + b) / 2 / d; b = 'm \u005c'</script>`},
	{"ambiguous slash", HTML, `<script>{} /'/; b = '${PT2}'</script>`, `<script>{} /'/; b = 'javascript_alert_1_'</script>`},
	{"unfinished end tag in a script", HTML, `<script>"</scr${PT1}"</script>`, `<script>"</scr${PT1}"</script>`},
	{"after a backslash", HTML, `<script>"\${GENDER}"</script>`, `<script>"\${GENDER}"</script>`},
	{"hidden script", HTML, `<script><!-- <script> </script> ${PT1}`, `<script><!-- <script> </script> ${PT1}`},
	{"JSON", HTML, `<script type="application/json">{"a":"${PT5}"}</script>`, `<script type="application/json">{"a":"it\u0027s\u2028\ud83d\ude00"}</script>`},
	{"unknown script type", HTML, `<script type="text/html">${PT1}</script>`, `<script type="text/html">${PT1}</script>`},
	{"handler", HTML, `<b onclick="f('${PT2}', ${PT1})">`, `<b onclick="f('javascript\u003aalert\u00281\u0029', x__onload_alert_1__)">`},
	{"handler with references", HTML, `<b onclick="f(&quot;${PT2}&quot;)">`, `<b onclick="f(&quot;${PT2}&quot;)">`},
	{"style", HTML, `<b style="width:${WIDTH}px;background:url(${PT2})"><style>${PT1}</style>`, `<b style="width:px;background:url(javascript_alert_1_)"><style>x__onload_alert_1__</style>`},
	{"comment", HTML, `<!-- ${PT1} -->${GENDER}`, `<!-- ${PT1} -->m`},
	{"abrupt comment", HTML, `<!-->${GENDER}<!--->${GENDER}<!---->${GENDER}<!--a--!>${GENDER}<!--a-->${GENDER}`, `<!-->m<!--->m<!---->m<!--a--!>m<!--a-->m`},
	{"doctype", HTML, `<!doctype html "${PT1}">${GENDER}`, `<!doctype html "${PT1}">m`},
	{"tag name", HTML, `<${GENDER}><b ${PT1}><b ${GENDER}=x>`, `<${GENDER}><b ${PT1}><b ${GENDER}=x>`},
	{"end tag", HTML, `</${GENDER}>${GENDER}`, `</${GENDER}>m`},
	{"title", HTML, `<title>${CREATIVE_CODE}</title>${GENDER}`, `<title>a&#39;b&#60;/script&#62;</title>m`},
	{"noscript", HTML, `<noscript>${GENDER}</noscript>${GENDER}`, `<noscript>${GENDER}</noscript>m`},
	{"iframe", HTML, `<iframe srcdoc="${PT1}" src="https://a.example/?${GENDER}">${PT1}</iframe>`, `<iframe srcdoc="${PT1}" src="https://a.example/?m">${PT1}</iframe>`},
	{"svg", HTML, `<svg><text x="${GENDER}">${GENDER}</text><script>"${PT1}"</script></svg>${GENDER}`, `<svg><text x="m">m</text><script>"${PT1}"</script></svg>${GENDER}`},
	{"after svg", HTML, `<svg><path/></svg><script>"${GENDER}"</script>`, `<svg><path/></svg><script>"m"</script>`},
	{"unfinished character reference", HTML, `&${GENDER}; &#${TAG_ID}; <b title="&${GENDER};">`, `&${GENDER}; &#${TAG_ID}; <b title="&${GENDER};">`},
	{"nested values stay text", HTML, `<b>${PT3}</b>`, `<b>&#36;&#123;AUCTION_ID&#125;</b>`},
	{"names are exact", HTML, `${auction_id} ${AUCTION_ID ${} $${AUCTION_ID} ${AUCTION_IDS}`, `${auction_id} ${AUCTION_ID ${} $0af1 ${AUCTION_IDS}`},
	{"meta refresh", HTML, `<meta http-equiv="refresh" content="0;url=${PT2}">`, `<meta http-equiv="refresh" content="0;url=javascript%3Aalert%281%29">`},
	{"XML", Data, `<Impression><![CDATA[https://t.example/?p=${AUCTION_PRICE}&x=${PT1}]]>`, `<Impression><![CDATA[https://t.example/?p=1.25&x=x%22%20onload%3Dalert%281%29%20]]>`},
}

func TestContexts(t *testing.T) {
	for _, c := range contextCases {
		t.Run(c.name, func(t *testing.T) {
			if got := expand(c.source, c.syntax, sample); got != c.want {
				t.Errorf("expand\n %s\n got %s\nwant %s", c.source, got, c.want)
			}
			if got := string(whole(Parse(c.source, c.syntax).Append(nil, sample))); got != c.want {
				t.Errorf("the template of\n %s\ngives %s\n want %s", c.source, got, c.want)
			}
		})
	}
}

func TestEveryNameIsSpelledAndFilled(t *testing.T) {
	spelled := map[Name]bool{}
	for spelling, ref := range named {
		spelled[ref.name] = true
		if len(spelling) > nameBytesMax {
			t.Errorf("%s is longer than %d bytes", spelling, nameBytesMax)
		}
		if got := expand("a=${"+spelling+"}", Data, values{ref.name: "v"}); got != "a=v" {
			t.Errorf("${%s} expands to %q", spelling, got)
		}
	}
	for name := none + 1; name < nameCount; name++ {
		if !spelled[name] {
			t.Errorf("name %d has no spelling", name)
		}
	}
}

// TestAnExpansionIsBounded has a small source that asks for 37 MB.
func TestAnExpansionIsBounded(t *testing.T) {
	value := strings.Repeat("<", 4096)
	v := values{RefererURL: value}
	one := len(expand("${REFERER_URL}", HTML, v))
	for _, syntax := range []Syntax{HTML, URL, Data} {
		source := strings.Repeat("${URL_ENC(${REFERER_URL},2)}", ad.MarkupBytesMax/28)
		out, ok := Expand(nil, source, syntax, v)
		again, okAgain := Parse(source, syntax).Append(nil, v)
		if ok || okAgain || len(out) > 2*BytesMax || len(again) != len(out) {
			t.Errorf("syntax %d: %d bytes (whole: %v), %d from a template (%v)", syntax, len(out), ok, len(again), okAgain)
		}
	}
	for rest, want := range map[int]bool{0: true, 1: false} {
		source := "${REFERER_URL}" + strings.Repeat("x", BytesMax-one+rest)
		if out, ok := Expand(make([]byte, 100), source, HTML, v); ok != want || len(out) != 100+BytesMax+rest {
			t.Errorf("%d bytes past the limit: %d bytes, whole: %v", rest, len(out), ok)
		}
		if _, ok := Parse(source, HTML).Append(make([]byte, 100), v); ok != want {
			t.Errorf("%d bytes past the limit: a template's is whole: %v", rest, ok)
		}
	}
}

const creative = `<div style="width:${WIDTH}px;height:${HEIGHT}px"><a href="${CLICK_URL}https://shop.example/?cb=${CACHEBUSTER}" target="_blank">
<img src="https://cdn.example/300x250.png?a=${AUCTION_ID}&p=${PRICE_PAID}" width="300" height="250" alt=""></a>
<script>var px = new Image(); px.src = "https://t.example/i?a=${AUCTION_ID}&c=${CREATIVE_ID}&r=${REFERER_URL_ENC}";</script></div>`

func TestExpandingAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 4096)
	template := Parse(creative, HTML)
	var v Values = sample
	if n := testing.AllocsPerRun(100, func() { dst, _ = template.Append(dst[:0], v) }); n != 0 {
		t.Errorf("a template's Append allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() { dst, _ = Expand(dst[:0], creative, HTML, v) }); n != 0 {
		t.Errorf("Expand allocates %v times", n)
	}
	if !strings.Contains(string(dst), "a=0af1&p=1.25") {
		t.Errorf("the expansion is %s", dst)
	}
}

func BenchmarkAppend(b *testing.B) {
	dst := make([]byte, 0, 4096)
	template := Parse(creative, HTML)
	b.SetBytes(int64(len(creative)))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = template.Append(dst[:0], sample)
	}
}

func BenchmarkExpand(b *testing.B) {
	dst := make([]byte, 0, 4096)
	b.SetBytes(int64(len(creative)))
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = Expand(dst[:0], creative, HTML, sample)
	}
}
