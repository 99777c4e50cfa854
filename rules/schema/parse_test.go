package schema

import (
	"strings"
	"testing"
	"time"
)

// settings is a description of a plain file, with one field of the forms that a test asks for.
var settings = record(
	Field{Name: "text", Type: text(50)}, Field{Name: "list", Type: list(text(50), 0, 3)}, Field{Name: "map", Type: &Type{Form: FormMap, Key: code(9), Of: whole(0, 9), Max: 3}},
	Field{Name: "when", Type: form(FormTime)}, Field{Name: "wait", Type: &Type{Form: FormDuration, Max: int64(time.Hour)}},
	Field{Name: "inner", Type: record(Field{Name: "list", Type: list(record(Field{Name: "flag", Type: truth()}), 0, 3)})},
)

func parsePlain(t *testing.T, body string) *Value {
	t.Helper()
	var report Report
	v := ParsePlain("a.yaml", []byte(body), settings, &report)
	for _, p := range report.Problems() {
		t.Errorf("%q: %s", body, p)
	}
	return v
}

// TestScalarsAreText: what other readers turn into numbers, booleans and dates stays what it says.
func TestScalarsAreText(t *testing.T) {
	for yaml, want := range map[string]string{
		"02134": "02134", "NO": "NO", "yes": "yes", "1.10": "1.10", "0x1F": "0x1F", "1_000": "1_000", "12:30": "12:30", "2026-11-21": "2026-11-21", "1e3": "1e3", ".inf": ".inf",
		"'null'": "null", `"~"`: "~", "'it''s'": "it's", `"\u00e9\x41"`: "éA", ">-\n  two\n  lines": "two lines", "a # comment": "a", "a#b": "a#b", "+1": "+1",
	} {
		if got := parsePlain(t, "text: "+yaml).Field("text").Text(); got != want {
			t.Errorf("%s reads %q, want %q", yaml, got, want)
		}
	}
}

func TestParsePlain(t *testing.T) {
	for _, empty := range []string{"", "\n\n", "# comment\n", "---\n", "---\n...\n", "%YAML 1.2\n---\n", "--- # x\n"} {
		if v := parsePlain(t, empty); v != nil {
			t.Errorf("%q has a value", empty)
		}
	}
	v := parsePlain(t, "list: [a, b]\nmap: {y: 2, x: 1}\nwhen: 2026-11-21\nwait: 1m30s\ninner:\n  list:\n    - {flag: true}\n    - flag: false\n")
	if got := v.Field("list").List()[1].Text(); got != "b" {
		t.Errorf("list[1] = %q", got)
	}
	keys, values := v.Field("map").Entries()
	if len(keys) != 2 || keys[0].Text() != "y" || values[0].Whole() != 2 {
		t.Errorf("map = %v", keys)
	}
	if v.Field("wait").Duration() != 90*time.Second || v.Field("when").Time() != time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC) {
		t.Errorf("wait %v, when %v", v.Field("wait").Duration(), v.Field("when").Time())
	}
	for path, line := range map[string]int{"list[1]": 1, "map.x": 2, "inner.list[1].flag": 8, "inner.list[1]": 8, "inner.list[9]": 6, "inner.nothing": 5, "": 1} {
		if got := v.Find(path); got == nil || got.At.Line != line {
			t.Errorf("%s leads to %+v, want line %d", path, got, line)
		}
	}
	var report Report
	if ParsePlain("a.yaml", []byte("text: a\n---\ntext: b\n"), settings, &report); report.Count() != 1 {
		t.Errorf("a second document: %v", report.Problems())
	}
}

func TestOddDocuments(t *testing.T) {
	for text, want := range map[string]string{
		"a: &x [y]\nb: *x\n---\nc: d": "a second document follows", "text: &x a\nlist: *x\n": "there is an anchor or alias", "!t text: a": "there is a tag",
		"map: {<<: {x: 1}}": "there is a merge key", "map: {x: 1, x: 2}": "map.x is given twice", "... x\n": "this is not YAML: found unexpected content after",
		"text: " + strings.Repeat("x", 51): "text: the text has 51 bytes, more than 50", strings.Repeat("#", 4<<20+1): "the file is larger than 4 MiB", "text: [": "this is not YAML",
	} {
		var report Report
		ParsePlain("a.yaml", []byte(text), settings, &report)
		if got := report.Problems(); len(got) == 0 || !strings.HasPrefix(got[len(got)-1].Detail, want) || got[0].Remedy == "" {
			t.Errorf("%.40q: %v, want %s", text, got, want)
		}
	}
}

func TestAbsentValuesAreZero(t *testing.T) {
	var v *Value
	keys, values := v.Entries()
	if v.Text() != "" || v.ID() != 0 || !v.Flag(true) || v.Whole() != 0 || v.Money() != 0 || v.Parts() != 0 || v.Rate() != 0 || v.Duration() != 0 ||
		v.Size().W != 0 || !v.Time().IsZero() || v.Word(7) != 7 || v.List() != nil || keys != nil || values != nil || v.Field("x") != nil || v.Find("x.y") != nil {
		t.Error("an absent value is something")
	}
}

func TestMisreadingsPanic(t *testing.T) {
	v := parsePlain(t, "text: a")
	for name, misread := range map[string]func(){"an unknown field": func() { v.Field("nothing") }, "a text as a number": func() { v.Field("text").Whole() }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s reads", name)
				}
			}()
			misread()
		}()
	}
}

func TestCanonical(t *testing.T) {
	same := []string{"{text: a, map: {x: 1, y: 2}, wait: 90s}", "wait: 1m30s # x\nmap:\n  y: 2\n  x: 1\ntext: 'a'\n"}
	if a, b := canonical(t, same[0]), canonical(t, same[1]); a != b {
		t.Errorf("%q and %q", a, b)
	}
	seen := map[string]string{}
	for _, yaml := range []string{"text: a", "text: b", "text: ab", "list: [a]", "list: [a, b]", "list: [ab]", "list: [b, a]", "map: {x: 1}", "map: {x: 2}", "map: {y: 1}", "wait: 1s", "when: 2026-11-21", "inner: {list: []}", "inner: {list: [{flag: true}]}", "inner: {list: [{flag: false}]}"} {
		c := canonical(t, yaml)
		if other, taken := seen[c]; taken {
			t.Errorf("%s and %s are both %q", yaml, other, c)
		}
		seen[c] = yaml
	}
}

func canonical(t *testing.T, yaml string) string {
	return string(parsePlain(t, yaml).AppendCanonical(nil))
}

func TestExcerpts(t *testing.T) {
	src := &source{name: "a.yaml", text: []byte("short: line\r\n\tx: \u202eevil\nlong: " + strings.Repeat("é", 300) + "\nq: \"a\\\"b\" rest\n")}
	for _, c := range []struct {
		line, column, width int
		want                string
		caret, underlined   int
	}{
		{1, 8, 4, "short: line", 7, 4},
		{1, 8, 99, "short: line", 7, 4},
		{1, 50, 1, "short: line", 11, 1},
		{2, 2, 1, " x: ·evil", 1, 1},
		{3, 7, 300, "long: " + strings.Repeat("é", 93) + "…", 6, 94},
		{3, 200, 2, "…" + strings.Repeat("é", 98) + "…", 20, 2},
		{3, 306, 1, "…" + strings.Repeat("é", 99), 99, 1},
		{4, 4, 1, `q: "a\"b" rest`, 3, 6},
		{9, 1, 1, "", 0, 1},
	} {
		line, caret, width := excerpt(Pos{src: src, Line: c.line, Column: c.column, width: c.width})
		if line != c.want || caret != c.caret || width != c.underlined {
			t.Errorf("%d:%d: %q %d %d, want %q %d %d", c.line, c.column, line, caret, width, c.want, c.caret, c.underlined)
		}
	}
}

func TestJoinSurrogates(t *testing.T) {
	for text, want := range map[string]string{
		`"\ud83d\ude00!"`: `"😀!"`, `"\\ud83d\\ude00"`: `"\\ud83d\\ude00"`, `"\\\ud83d\ude00"`: `"\\😀"`, `"\ud83d"`: `"\ud83d"`, `"\ude00\ud83d"`: `"\ude00\ud83d"`,
		`"\u00e9"`: `"\u00e9"`, `"\ud83d\uzzzz"`: `"\ud83d\uzzzz"`, `\`: `\`, `"\ud83d\u`: `"\ud83d\u`,
	} {
		if got := string(joinSurrogates([]byte(text))); got != want {
			t.Errorf("%s becomes %s, want %s", text, got, want)
		}
	}
}

// BenchmarkParse reads a rule set of a thousand placements.
func BenchmarkParse(b *testing.B) {
	one := "apiVersion: curb/v1\nkind: Placement\nmetadata: {name: home-top}\nspec:\n  id: 1001\n  site: news\n  sizes: [300x250, 728x90]\n  reserve: 1.40 USD\n  defaults:\n    - {size: 300x250, creative: house}\n"
	file := []byte(strings.Repeat("---\n"+one, 1000))
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		var report Report
		if got := Parse("a.yaml", file, Options{}, &report); len(got) != 1000 || report.Count() > 0 {
			b.Fatal(len(got), report.Problems())
		}
	}
}
