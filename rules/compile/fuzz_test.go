package compile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"curb/edge/catalog"
)

// FuzzFile compiles any bytes as a rule file beside testdata/world.yaml. Nothing may panic; problems have places that
// exist and can be printed; contents without problems build a snapshot; a second run says the same.
func FuzzFile(f *testing.F) {
	world, err := os.ReadFile("testdata/world.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range seeds(f) {
		f.Add(text, false)
	}
	f.Add([]byte(`{"apiVersion": "curb/v1", "kind": "Member", "metadata": {"name": "x"}, "spec": {"id": 9}} `), true)
	f.Fuzz(func(t *testing.T, text []byte, json bool) {
		name := "a.yaml"
		if json {
			name = "a.json"
		}
		fsys := fstest.MapFS{name: &fstest.MapFile{Data: text}, "world.yaml": &fstest.MapFile{Data: world}}
		contents, problems := Dir(fsys, Options{Lab: true})
		if len(problems) == 0 {
			if _, err := catalog.New(contents); err != nil {
				t.Errorf("contents without problems build no snapshot: %v", err)
			}
		}
		lines := strings.Count(string(text), "\n") + 1
		for _, p := range problems {
			checkProblem(t, p, name, lines)
		}
		again, problemsAgain := Dir(fsys, Options{Lab: true})
		if diff := cmp.Diff(contents.Version, again.Version); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(problems, problemsAgain); diff != "" {
			t.Error(diff)
		}
	})
}

func checkProblem(t *testing.T, p Problem, name string, lines int) {
	t.Helper()
	printed := p.String()
	if p.File == "world.yaml" { // the fuzzed file took a name or an id of the world's
		return
	}
	if p.File != name || p.Line < 1 && !strings.Contains(p.Detail, "more problems") || p.Line > lines+1 || p.Line >= 1 && p.Column < 1 || p.Detail == "" {
		t.Errorf("a problem without a place or a cause: %+v", p)
	}
	if p.Remedy == "" {
		t.Errorf("a problem without a remedy: %s", printed)
	}
	if !utf8.ValidString(printed) || strings.ContainsAny(printed, "\x1b\x00\r") {
		t.Errorf("a problem that a terminal cannot print: %q", printed)
	}
	if p.Caret+p.Width > utf8.RuneCountInString(p.Excerpt)+1 {
		t.Errorf("a caret beyond its line: %+v", p)
	}
}

// seeds are the files of the golden archives and the good set.
func seeds(f *testing.F) [][]byte {
	f.Helper()
	var all [][]byte
	archives, _ := filepath.Glob("testdata/bad/*.txtar")
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name != want {
				all = append(all, file.Data)
			}
		}
	}
	for _, name := range []string{"testdata/good/all.yaml", "testdata/good/more.json"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}
