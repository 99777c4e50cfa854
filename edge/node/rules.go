package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"curb/edge/catalog"
	"curb/rules/compile"
	"curb/rules/samples"
)

// ErrRules says that a rule set has problems; the error's text lists them all.
var ErrRules = errors.New("the rule set has problems")

// ErrSettings says that something the settings name is not there or not usable: starting again changes nothing.
var ErrSettings = errors.New("the settings cannot stand")

// loadRules reads a rule set from a directory, or the sample set where dir is empty.
func loadRules(dir string, lab bool) (*catalog.Snapshot, error) {
	fsys, name := fs.FS(samples.Demo), "the sample rule set"
	if dir != "" {
		info, err := os.Stat(dir)
		if err != nil {
			return nil, fmt.Errorf("%w: rules: %w: name the directory of the rule set", ErrSettings, err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("%w: rules: %s is no directory: name the one that holds the rule files", ErrSettings, dir)
		}
		fsys, name = os.DirFS(dir), dir
	}
	contents, problems := compile.Dir(fsys, compile.Options{Lab: lab})
	if len(problems) > 0 {
		var text strings.Builder
		for _, p := range problems {
			text.WriteString(p.String())
			text.WriteByte('\n')
		}
		return nil, fmt.Errorf("%w: %s\n%s", ErrRules, name, text.String())
	}
	snap, err := catalog.New(contents)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrRules, name, err)
	}
	return snap, nil
}
