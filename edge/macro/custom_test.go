package macro

import (
	"strings"
	"testing"

	"curb/edge/ad"
)

func TestCustomMacros(t *testing.T) {
	long := strings.Repeat("v", ad.MacroBytesMax)
	name32 := strings.Repeat("N", nameBytesMax)
	own := []ad.KeyValue{
		{Key: "OFFER", Value: `a"b ${AUCTION_ID} ${other}`}, {Key: "other", Value: "https://shop.example/?x=1"}, {Key: "AUCTION_ID", Value: "mine"}, {Key: "GDPR_CONSENT_755", Value: "mine"},
		{Key: "OFFER", Value: "second"}, {Key: "BIDPRICE", Value: "9"}, {Key: "POP_UNDER", Value: "9"}, {Key: "TAG_CODE2", Value: "9"}, {Key: "LONG", Value: long}, {Key: "LONGER", Value: long + "v"},
		{Key: name32, Value: "32"}, {Key: name32 + "N", Value: "33"}, {Key: "", Value: "x"}, {Key: "A-B", Value: "x"}, {Key: "LAST", Value: "16"}, {Key: "SIXTEENTH", Value: "16"}, {Key: "SEVENTEENTH", Value: "17"},
	}
	for _, c := range []struct {
		name, source, want string
		syntax             Syntax
	}{
		{"text, and what it holds stays text", `<b>${OFFER}</b>`, `<b>a&#34;b&#32;&#36;&#123;AUCTION_ID&#125;&#32;&#36;&#123;other&#125;</b>`, HTML},
		{"link", `<a href="${other}">`, `<a href="https://shop.example/?x&#61;1">`, HTML},
		{"script", `<script>f("${OFFER}")</script>`, `<script>f("a\u0022b\u0020\u0024\u007bAUCTION\u005fID\u007d\u0020\u0024\u007bother\u007d")</script>`, HTML},
		{"query", `https://t.example/?o=${other}&e=${URL_ENC(${other},2)}`, `https://t.example/?o=https%3A%2F%2Fshop.example%2F%3Fx%3D1&e=https%253A%252F%252Fshop.example%252F%253Fx%253D1`, URL},
		{"the system's come first", `${AUCTION_ID} ${GDPR_CONSENT_755} ${TAG_CODE2}`, `0af1 CPc-_ `, Data},
		{"reserved", `${BIDPRICE} ${POP_UNDER} ${URL_ENC}`, `${BIDPRICE} ${POP_UNDER} ${URL_ENC}`, Data},
		{"value at the limit", `${LONG}`, long, Data},
		{"value past the limit", `${LONGER}`, `${LONGER}`, Data},
		{"name at the limit", `${` + name32 + `}`, `32`, Data},
		{"name past the limit", `${` + name32 + `N}`, `${` + name32 + `N}`, Data},
		{"not a name", `${} ${A-B}`, `${} ${A-B}`, Data},
		{"as many as count", `${SIXTEENTH} ${SEVENTEENTH}`, `16 ${SEVENTEENTH}`, Data},
		{"names are exact", `${Other} ${OTHER}`, `${Other} ${OTHER}`, Data},
	} {
		got, ok := Expand(nil, c.source, c.syntax, sample, own...)
		if string(got) != c.want || !ok {
			t.Errorf("%s: %s\n got %s\nwant %s", c.name, c.source, got, c.want)
		}
	}
}

// TestCustomValuesAreEscapedLikeAnyOther puts every hostile value where a system's value stands, and compares.
func TestCustomValuesAreEscapedLikeAnyOther(t *testing.T) {
	for _, source := range sources {
		for _, value := range hostile {
			want := expand(source, HTML, same(value))
			for _, name := range []string{"PT1", "PT2", "PT3"} {
				mine := strings.ReplaceAll(source, "${"+name+"}", "${MINE}")
				if got, _ := Expand(nil, mine, HTML, same(value), ad.KeyValue{Key: "MINE", Value: value}); strings.ReplaceAll(string(got), "MINE", name) != strings.ReplaceAll(want, "MINE", name) {
					t.Fatalf("source %s value %q\n as %s %s\n as a custom macro %s", source, value, name, want, got)
				}
			}
		}
	}
}

func TestExpandingCustomMacrosAllocatesNothing(t *testing.T) {
	dst, own := make([]byte, 0, 4096), []ad.KeyValue{{Key: "OFFER", Value: "50 % off"}}
	source := creative + "${OFFER}"
	var v Values = sample
	if n := testing.AllocsPerRun(100, func() { dst, _ = Expand(dst[:0], source, HTML, v, own...) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if !strings.HasSuffix(string(dst), "50&#32;%&#32;off") {
		t.Errorf("the expansion is %s", dst)
	}
}
