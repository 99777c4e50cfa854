package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"curb/edge/catalog"
	"curb/rules/compile"
	"curb/rules/samples"
)

// ErrRules says that a rule set has problems; the error's text lists them all.
var ErrRules = errors.New("the rule set has problems")

// ErrSettings says that something the settings name is not there or not usable: starting again changes nothing.
var ErrSettings = errors.New("the settings cannot stand")

// loadRules reads a rule set from a directory, or the sample set where dir is empty. Warnings go to the log.
func (n *Node) loadRules(now time.Time) (catalog.Contents, error) {
	dir := n.config.Rules
	fsys, name := fs.FS(samples.Demo), "the sample rule set"
	if dir != "" {
		info, err := os.Stat(dir)
		if err != nil {
			return catalog.Contents{}, fmt.Errorf("%w: rules: %w: name the directory of the rule set", ErrSettings, err)
		}
		if !info.IsDir() {
			return catalog.Contents{}, fmt.Errorf("%w: rules: %s is no directory: name the one that holds the rule files", ErrSettings, dir)
		}
		fsys, name = os.DirFS(dir), dir
	}
	set := compile.Set(fsys, compile.Options{Lab: n.config.Lab, Now: now})
	if len(set.Problems) > 0 {
		return catalog.Contents{}, fmt.Errorf("%w: %s\n%s", ErrRules, name, listed(set.Problems))
	}
	for _, w := range set.Warnings {
		n.log.Warn("the rule set has a weak spot", "problem", w.String())
	}
	var err error
	if n.jumped, err = judgeRates(n.config.Data, &set.Contents.Rates, now, n.log); err != nil {
		return catalog.Contents{}, err
	}
	return set.Contents, nil
}

func listed(problems []compile.Problem) string {
	var text strings.Builder
	for _, p := range problems {
		text.WriteString(p.String())
		text.WriteByte('\n')
	}
	return text.String()
}

// rebuildPause is how long changes of the registry gather before they make a new catalog.
const rebuildPause = 20 * time.Millisecond

// askRebuild asks for a new catalog and returns at once.
func (n *Node) askRebuild() {
	select {
	case n.changed <- struct{}{}:
	default: // it has been asked for
	}
}

// rebuild makes the catalog of the rule set and what is registered beside it, and lets everybody have it.
func (n *Node) rebuild() error {
	contents := n.contents
	if n.creatives != nil {
		var left []catalog.Problem
		if contents, left = contents.WithCreatives(n.creatives.Creatives()); len(left) > 0 {
			n.log.Warn("registered creatives do not fit beside the rule set and are left out", "creatives", len(left), "first", left[0].String())
		}
	}
	snap, err := catalog.New(contents)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRules, err)
	}
	n.catalog.Store(snap)
	if n.fanout != nil {
		n.fanout.Update(snap)
	}
	if n.providers != nil {
		n.providers.Update(snap)
	}
	return nil
}
