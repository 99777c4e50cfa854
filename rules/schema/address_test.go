package schema

import (
	"strings"
	"testing"
)

// TestPunycode holds samples of RFC 3492 §7.1 in lower case, and labels seen in the wild.
func TestPunycode(t *testing.T) {
	for label, want := range map[string]string{
		"他们为什么不说中文":                    "ihqwcrb4cv8a8dqg056pqjye",
		"なぜみんな日本語を話してくれないのか":           "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa",
		"почемужеонинеговорятпорусски": "b1abfaaepdrnnbgefbadotcwatmq2g4l",
		"3年b組金八先生":                     "3b-ww4c5e180e575a65lsy2b",
		"bücher":                       "bcher-kva",
		"ñandú":                        "and-6ma2c",
		"faß":                          "fa-hia",
		"ü":                            "tda",
	} {
		if got := punycode([]rune(label)); got != want {
			t.Errorf("punycode(%q) = %q, want %q", label, got, want)
		}
	}
}

func TestDomainName(t *testing.T) {
	long := strings.Repeat("a", 63)
	for text, want := range map[string]string{
		"news.example": "news.example", "NEWS.Example.": "news.example", "xn--bcher-kva.example": "xn--bcher-kva.example",
		"Bücher.example": "xn--bcher-kva.example", "ДОМ.example": "xn--d1aqf.example", "a-b.1.example": "a-b.1.example",
		long + ".example": long + ".example", strings.Repeat("a.", 125) + "abc": strings.Repeat("a.", 125) + "abc",
		"": "", ".": "", "example": "", "a..b": "", ".a.b": "", "a.b..": "", long + "a.example": "", strings.Repeat("a.", 125) + "abcd": "", "-a.b": "", "a-.b": "",
		"a_b.example": "", "a b.example": "", "*.example": "", "1.2.3.4": "", "1.2.3.4.5": "", "[::1]": "", "::1": "", "a.example:80": "",
		"ＡＢ.example": "", "e\u0301.example": "", "ﬁ.example": "", "İ.example": "", "ẞ.example": "", "ä--b.example": "", "עברית.example": "", "a\u200db.example": "",
		"xn--ü.example": "", "a.例\x00": "",
	} {
		got, f := domainName(text)
		if got != want || (f == nil) != (want != "") {
			t.Errorf("domainName(%q) = %q, %v; want %q", text, got, f, want)
		}
	}
}

func TestURLs(t *testing.T) {
	for text, want := range map[string]string{ // c calls, l lab calls, b browsers
		"https://a.example": "clb", "https://a.example/": "clb", "https://a.example:8443/x?y=${URL_ENC(${Z},1)}&z=%20": "clb", "https://192.0.2.1/": "clb",
		"https://[2001:db8::1]:443/": "clb", "https://xn--bcher-kva.example/?": "clb", "http://a.example/": "b", "http://127.0.0.1:9701/bid": "lb",
		"http://127.255.0.1/": "lb", "http://[::1]/": "lb", "http://localhost:1/": "lb", "http://10.0.0.1/": "b", "http://0.0.0.0/": "b",
		"https://" + strings.Repeat("a", 63) + ".example/" + strings.Repeat("x", 2000-80): "clb", "https://a.example/" + strings.Repeat("x", 2000-17): "",
		"": "", "/x": "", "//a.example/": "", "a.example": "", "https:a.example": "", "https:/a.example": "", "https://": "", "https:///x": "", "https://?x": "",
		"javascript:alert(1)": "", "javascript://a.example/": "", "data:text/html,x": "", "ftp://a.example/": "", "HTTPS://a.example/": "", "file:///etc/passwd": "",
		"https://u@a.example/": "", "https://u:p@a.example/": "", "https://a.example#f": "", "https://a.example/ x": "", "https://a.example\\@b.example/": "",
		"https://a.example/\n": "", "https://bücher.example/": "", "https://A.example/": "", "https://a.example./": "", "https://a.example:/": "", "https://a.example:0/": "",
		"https://a.example:65536/": "", "https://a.example:065/": "", "https://a.example:x/": "", "https://${H}.example/": "", "https:/${/h": "", "https://a%2eexample/": "",
		"https://a_b.example/": "", "https://127.1/": "", "https://2130706433/": "", "https://[::1/": "", "https://[fe80::1%25eth0]/": "", "https://a.example/%zz": "", "https://[::1]x/": "",
	} {
		got := ""
		for _, as := range []struct {
			name string
			lab  bool
			read func(*reading) *fault
		}{{"c", false, readEndpoint}, {"l", true, readEndpoint}, {"b", false, readLink}} {
			if f := as.read(&reading{text: text, lab: as.lab}); f == nil {
				got += as.name
			} else if f.detail == "" {
				t.Errorf("%q is refused without a word", text)
			}
		}
		if got != want {
			t.Errorf("%q is fine for %q, want %q", text, got, want)
		}
	}
	if detail, remedy := CheckLink("x"); detail == "" || remedy == "" {
		t.Error("CheckLink accepts what is no URL")
	}
}
