package compile

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"curb/edge/ad"
)

// reported compiles and gives what is said, without excerpts.
func reported(t *testing.T, fsys fs.FS) []string {
	t.Helper()
	var said []string
	_, problems := Dir(fsys, Options{})
	for _, p := range problems {
		said = append(said, fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Detail))
	}
	return said
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]string{
		"kind: M\xe9mber\n":        "a.yaml:1:8: the file is not UTF-8",
		"\xff\xfek\x00i\x00":       "a.yaml:1:1: the file is not UTF-8",
		"kind: Member\nname: \x00": "a.yaml:2:7: there is a control character",
		"kind: \x1b[2J\n":          "a.yaml:1:7: there is a control character",
		"a: é\x7f\n":               "a.yaml:1:5: there is a control character",
		"a: b\rc: d\n":             "a.yaml:1:5: a line ends in something other than a line feed",
		"a: \u2028b\n":             "a.yaml:1:4: a line ends in something other than a line feed",
		"a: \u0085b\n":             "a.yaml:1:4: a line ends in something other than a line feed",
		"a: \ufeffb\n":             "a.yaml:1:4: there is a control character",
	} {
		if got := reported(t, set("a.yaml", text)); len(got) != 1 || got[0] != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	must(t, set("a.yaml", "\ufeff"+strings.ReplaceAll(one, "\n", "\r\n")))
}

func TestSizesAndDepths(t *testing.T) {
	padded := func(n int) string { return one + "# " + strings.Repeat("x", n-len(one)-2) }
	must(t, set("a.yaml", padded(ad.RuleDocumentBytesMax)))
	if got := reported(t, set("a.yaml", padded(ad.RuleDocumentBytesMax+1)+"\n---\n"+two)); len(got) != 1 || got[0] != "a.yaml:1:1: the document is larger than 256 KiB" {
		t.Errorf("a document one byte over: %q", got)
	}
	filler := strings.Repeat("---\n#"+strings.Repeat(" ", ad.RuleDocumentBytesMax-6)+"\n", ad.RuleFileBytesMax/ad.RuleDocumentBytesMax)
	full := filler[:ad.RuleFileBytesMax-len(one)-5] + "\n---\n" + one
	must(t, set("a.yaml", full))
	if got := reported(t, set("a.yaml", full+"#")); len(got) != 1 || !strings.HasPrefix(got[0], "a.yaml:0:0: cannot be read: it has 4194305 bytes") {
		t.Errorf("a file one byte over: %q", got)
	}
	deep := func(n int) string { return "a: " + strings.Repeat("[", n) + strings.Repeat("]", n) }
	for _, text := range []string{deep(ad.RuleDepthMax), deep(100_000), strings.Repeat("- ", 100_000), strings.Repeat("? ", 100_000), strings.Repeat("{a: ", 50_000)} {
		if got := reported(t, set("a.yaml", text)); len(got) != 1 || !strings.HasSuffix(got[0], "values are nested deeper than 32") {
			t.Errorf("%.20q…: %q", text, got)
		}
	}
	if got := reported(t, set("a.yaml", deep(ad.RuleDepthMax-1))); strings.Contains(fmt.Sprint(got), "deeper") {
		t.Errorf("nesting at the limit: %q", got)
	}
}

func TestCounts(t *testing.T) {
	fields := func(n int) string {
		var b strings.Builder
		b.WriteString(one[:strings.Index(one, "spec")] + "spec:\n  id: 1\n")
		for i := range n {
			fmt.Fprintf(&b, "  x%d: 1\n", i)
		}
		return b.String()
	}
	if got := reported(t, set("a.yaml", fields(ad.RuleProblemsMax))); len(got) != ad.RuleProblemsMax {
		t.Errorf("%d problems at the limit", len(got))
	}
	got := reported(t, set("a.yaml", fields(ad.RuleProblemsMax+5)))
	if len(got) != ad.RuleProblemsMax+1 || !strings.HasSuffix(got[len(got)-1], "5 more problems are not shown") {
		t.Errorf("%d problems past the limit, the last %q", len(got), got[len(got)-1])
	}
	many := fstest.MapFS{}
	for i := range ad.RuleFilesMax {
		many[fmt.Sprintf("f%05d.yaml", i)] = &fstest.MapFile{}
	}
	many["f00000.yaml"] = &fstest.MapFile{Data: []byte(one)}
	must(t, many)
	many["more.yaml"] = &fstest.MapFile{}
	if got := reported(t, many); len(got) != 1 || got[0] != ".:0:0: there are more than 10000 rule files" {
		t.Errorf("one file too many: %.3q", got)
	}
}

func TestTheWholeSetIsBounded(t *testing.T) {
	fsys := set("a.yaml", one, "b.yaml", two+"---\n"+ad1, "c.html", "x")
	total := len(one) + len(two) + len("---\n") + len(ad1) + 1
	for _, c := range []struct {
		bytes, objects int
		want           string
	}{
		{total, 3, ""},
		{total - 1, 3, "spec.content_file: c.html cannot be read: all files together have more than " + fmt.Sprint(total-1) + " bytes"},
		{len(one), 3, "cannot be read: all files together have more than " + fmt.Sprint(len(one)) + " bytes"},
		{total, 2, "there are more than 2 objects"},
	} {
		compiler := newCompiler(fsys, Options{})
		compiler.bytesMax, compiler.objectsMax = c.bytes, c.objects
		problems := compiler.run().Problems
		if (c.want == "") != (len(problems) == 0) || len(problems) > 0 && problems[0].Detail != c.want {
			t.Errorf("%d bytes, %d objects: %q, want %q", c.bytes, c.objects, print(problems), c.want)
		}
	}
}

func TestLabels(t *testing.T) {
	labels := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "l%d: x, ", i)
		}
		return strings.Replace(one, "x: y", b.String(), 1)
	}
	must(t, set("a.yaml", labels(32)))
	if got := reported(t, set("a.yaml", labels(33))); len(got) != 1 || !strings.Contains(got[0], "metadata.labels has 33 elements, more than 32") {
		t.Errorf("one label too many: %q", got)
	}
}

func TestWhatIsNoRuleFile(t *testing.T) {
	if got := reported(t, set("a_test.yaml", "x", "notes.txt", "x")); len(got) != 1 || got[0] != ".:0:0: there are no rule files" {
		t.Errorf("a directory without rule files: %q", got)
	}
	pipe := set("a.yaml", one)
	pipe["b.yaml"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
	if got := reported(t, pipe); len(got) != 1 || got[0] != "b.yaml:0:0: cannot be read: it is not a regular file" {
		t.Errorf("a pipe: %q", got)
	}
	if got := reported(t, broken{set("a.yaml", one, "b/c.yaml", two)}); len(got) != 1 || got[0] != "b:0:0: cannot be read: permission denied" {
		t.Errorf("a directory that cannot be listed: %q", got)
	}
	if got := reported(t, set("a.yaml", one+"---\n"+ad1, "c.html", "\xff")); len(got) != 1 || !strings.HasSuffix(got[0], "spec.content_file: the text is not UTF-8") {
		t.Errorf("content that is not UTF-8: %q", got)
	}
	if got := reported(t, set("a.yaml", one+"---\n"+ad1, "c.html", strings.Repeat("x", ad.MarkupBytesMax+1))); len(got) != 1 || !strings.HasSuffix(got[0], "it has 32769 bytes, more than 32768") {
		t.Errorf("content that is too long: %q", got)
	}
	must(t, set("a.yaml", one+"---\n"+ad1, "c.html", strings.Repeat("x", ad.MarkupBytesMax)))
	alone := "{apiVersion: curb/v1, kind: Placement, metadata: {name: t}, spec: {id: 1, site: s}}"
	if _, problems := Dir(set("a.yaml", alone), Options{}); len(problems) != 1 || problems[0].Remedy != "the rule set holds no Site" {
		t.Errorf("a reference to a kind of which there is nothing: %s", print(problems))
	}
	must(t, set("d/a.yaml", one+"---\n"+ad1, "d/c.html", "x"))
}

// broken is a file system with a directory that may not be listed.
type broken struct{ fstest.MapFS }

func (b broken) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "b" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return b.MapFS.ReadDir(name)
}

func TestLabIsNeededForLoopback(t *testing.T) {
	text := two + "---\n{apiVersion: curb/v1, kind: Bidder, metadata: {name: k}, spec: {id: 1, endpoint: 'http://localhost:1/', members: [b], domains: ['::1']}}\n"
	must(t, set("a.yaml", text))
	if got := reported(t, set("a.yaml", text)); len(got) != 2 {
		t.Errorf("without lab mode: %q", got)
	}
	for _, url := range []string{"http://10.0.0.1/", "http://127.0.0.1.example/", "http://[fe80::1]/", "http://0.0.0.0/", "http://2130706433/", "http://127.1/", "http://[::ffff:10.0.0.1]/"} {
		_, problems := Dir(set("a.yaml", strings.Replace(text, "http://localhost:1/", url, 1)), Options{Lab: true})
		if len(problems) != 1 {
			t.Errorf("%s in lab mode: %s", url, print(problems))
		}
	}
}
