package compile

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what is reported into the golden files")

// want is the file of an archive that says what is reported.
const want = "want"

// TestProblems compiles every archive of testdata/bad beside testdata/world.yaml and compares what an operator would
// read with the archive's last file. Every message of this package and of rules/schema stands in one of them.
func TestProblems(t *testing.T) {
	world, err := os.ReadFile("testdata/world.yaml")
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) { golden(t, name, world) })
	}
}

func golden(t *testing.T, name string, world []byte) {
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fsys, expected := unpack(archive)
	fsys["world.yaml"] = &fstest.MapFile{Data: world}
	contents, problems := Dir(fsys, Options{})
	if len(problems) == 0 || contents.Version != "" {
		t.Errorf("%d problems, version %q; want problems and no contents", len(problems), contents.Version)
	}
	for _, p := range problems {
		if p.Remedy == "" {
			t.Errorf("no remedy: %s", p)
		}
	}
	got := print(problems)
	if strings.Contains(got, "S3cret") || strings.Contains(got, "s3cret") {
		t.Errorf("a secret is shown:\n%s", got)
	}
	if *update {
		write(t, name, archive, got)
		return
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("(-want +got; -update writes it)\n%s", diff)
	}
}

// unpack gives the archive's files and the text of want.
func unpack(archive *txtar.Archive) (fsys fstest.MapFS, expected string) {
	fsys = fstest.MapFS{}
	for _, f := range archive.Files {
		if f.Name == want {
			expected = string(f.Data)
			continue
		}
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return fsys, expected
}

func print(problems []Problem) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}

func write(t *testing.T, name string, archive *txtar.Archive, got string) {
	t.Helper()
	files := archive.Files[:0]
	for _, f := range archive.Files {
		if f.Name != want {
			files = append(files, f)
		}
	}
	archive.Files = append(files, txtar.File{Name: want, Data: []byte(got)})
	if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
		t.Fatal(err)
	}
}
