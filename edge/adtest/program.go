package adtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Programs are the built binaries.
type Programs struct {
	Curb, Curbsim string
	dir           string
}

// Build builds the two commands into a folder of their own, with the flags of the test run, so that only linking is left
// to do; race tells that the run is under the race detector. TestMain calls it once and Remove at the end.
func Build(race bool) (*Programs, error) {
	dir, err := os.MkdirTemp("", "curb-programs-")
	if err != nil {
		return nil, fmt.Errorf("build the programs: %w", err)
	}
	args := []string{"build", "-o", dir + string(filepath.Separator)}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "curb/cmd/curb", "curb/cmd/curbsim")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return &Programs{Curb: filepath.Join(dir, "curb"), Curbsim: filepath.Join(dir, "curbsim"), dir: dir}, nil
}

// Remove deletes the binaries.
func (p *Programs) Remove() { os.RemoveAll(p.dir) }

// WriteFiles writes files, named from dir, with their folders.
func WriteFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
