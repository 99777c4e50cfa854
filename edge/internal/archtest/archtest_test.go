package archtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// root is the top of the repository, seen from this package.
const repository = "../../.."

func TestTheHouse(t *testing.T) {
	tree, err := Load(os.DirFS(repository))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Packages) == 0 {
		t.Fatal("no packages found: the test does not look at the repository")
	}
	for _, check := range Checks() {
		t.Run(check.Name, func(t *testing.T) {
			for _, f := range check.Find(tree) {
				t.Error(f)
			}
		})
	}
	for _, long := range LongFiles(tree) {
		t.Logf("over the target of %d, split it by meaning or give it a row with a reason in size.go: %s", fileLinesTarget, long)
	}
}

// TestFindings reads small bad houses from testdata and compares what is found there with what the file says should be.
func TestFindings(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures in testdata (%v)", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want, fsys := fixture(string(data))
			tree, err := Load(fsys)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range All(tree) {
				got = append(got, f.Rule+" "+f.String())
			}
			if !slices.EqualFunc(got, want, strings.HasPrefix) {
				t.Errorf("found:\n%s\nwant lines that begin:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// fixture reads a txtar archive whose comment lists the findings, one per line; lines that begin with # explain. "·" in
// a file is dropped, so that a fixture may hold a banned word without being found by other tools.
func fixture(text string) (want []string, fsys fstest.MapFS) {
	fsys = fstest.MapFS{}
	head, rest, _ := strings.Cut("\n"+text, "\n-- ")
	for line := range strings.Lines(head) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			want = append(want, strings.ReplaceAll(line, "·", ""))
		}
	}
	for part := range strings.SplitSeq(rest, "\n-- ") {
		name, body, _ := strings.Cut(part, " --\n")
		fsys[name] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(body, "·", "") + "\n")}
	}
	return want, fsys
}

// TestLengths builds files one line below, at and above each limit.
func TestLengths(t *testing.T) {
	doc := "// Package ad" + strings.Repeat("\n// says.", 8) + "\npackage ad\n"
	function := func(lines int) string { return "func f() {\n" + strings.Repeat("\tg()\n", lines-2) + "}\n" }
	cases := []struct {
		name, source string
		want         string
	}{
		{"function of 70", "package ad\n" + function(70), ""},
		{"function of 71", "package ad\n" + function(71), "f has 71 lines, more than 70"},
		{"file of 800", "package ad\n" + strings.Repeat("\n", 799), ""},
		{"file of 801", "package ad\n" + strings.Repeat("\n", 800), "801 lines, more than 800"},
		{"five parameters", "package ad\nfunc f(a, b, c int, d, e string) {}\n", ""},
		{"six parameters", "package ad\nfunc f(a, b, c int, d, e, g string) {}\n", "f takes 6 parameters, more than 5"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tree, err := Load(fstest.MapFS{"edge/ad/doc.go": {Data: []byte(doc)}, "edge/ad/a.go": {Data: []byte(c.source)}})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, f := range sizes(tree) {
				got += f.What
			}
			if got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// TestRowsAreReasoned keeps the tables themselves honest.
func TestRowsAreReasoned(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range house {
		if r.because == "" {
			t.Errorf("the row of %q gives no reason", r.packages)
		}
		for p := range strings.FieldsSeq(r.packages) {
			if seen[p] {
				t.Errorf("%s has two rows; only the first counts", p)
			}
			seen[p] = true
		}
	}
	for _, p := range permits {
		if p.because == "" || p.packages == "" && p.tests == "" {
			t.Errorf("the row of %s gives no reason or permits nobody", p.module)
		}
	}
	for _, a := range longFiles {
		if a.because == "" || a.lines > fileLinesMax {
			t.Errorf("the row of %s gives no reason or allows more than %d lines", a.file, fileLinesMax)
		}
	}
	for _, b := range append(slices.Clone(impure), clocks) {
		if b.instead == "" {
			t.Errorf("the ban of %s does not say what to do instead", b.names)
		}
	}
}
