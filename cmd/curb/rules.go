package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"curb/edge/catalog"
	"curb/rules/compile"
	"curb/rules/samples"
)

func newRulesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "rules",
		Short:   "Rule sets: what is for sale, who buys, and how",
		Example: "  curb rules check rules/",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRulesCheckCommand())
	return cmd
}

var rulesOutputs = []string{"table", "json", "jsonl", "yaml", "name"}

// rulesCheck is what curb rules check was asked for.
type rulesCheck struct {
	output    string
	demo, lab bool
}

func newRulesCheckCommand() *cobra.Command {
	var r rulesCheck
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Say everything that is wrong with a rule set",
		Long: "Say everything that is wrong with the rule set in DIR (default: the current directory), each problem with its place and\n" +
			"what to do about it. Nothing is applied. rules/KINDS.md describes the kinds and their fields. Warnings are about what can\n" +
			"be used as it is, such as exchange rates that are too old: then only USD is bought and sold.\n\n" +
			"Exit codes: 0 no problem (there may be warnings), 3 problems, 2 the arguments make no sense, 4 there is no such directory.",
		Example: "  curb rules check\n  curb rules check /etc/curb/rules -o json\n  curb rules check rules/samples/demo --lab\n  curb rules check --demo",
		Args:    cobra.MaximumNArgs(1),
		RunE:    r.run,
	}
	cmd.Flags().StringVarP(&r.output, "output", "o", "table", strings.Join(rulesOutputs, ", "))
	cmd.Flags().BoolVar(&r.demo, "demo", false, "check the sample rule set that is compiled in")
	cmd.Flags().BoolVar(&r.lab, "lab", false, "check for a node in lab mode: http to loopback is allowed")
	return cmd
}

func (r *rulesCheck) run(cmd *cobra.Command, args []string) error {
	if !slices.Contains(rulesOutputs, r.output) {
		return fail(exitUsage, "unknown output %q: use %s", r.output, strings.Join(rulesOutputs, ", "))
	}
	fsys, source, err := r.source(args)
	if err != nil {
		return err
	}
	set := compile.Set(fsys, compile.Options{Lab: r.lab || r.demo, Now: time.Now()})
	if !r.demo { // named as the operator can open them
		nameFiles(set.Problems, source)
		nameFiles(set.Warnings, source)
	}
	problems := set.Problems
	report := checkReport{Source: source, OK: len(problems) == 0, Problems: problems, Warnings: set.Warnings}
	if report.OK {
		snap, err := catalog.New(set.Contents)
		if err != nil {
			return fail(exitFailed, "a rule set without problems builds no catalog: %w", err)
		}
		report.Version, report.Objects = snap.Version(), objectCounts(snap.Counts())
	} else {
		report.Files = countFiles(problems)
	}
	if err := report.print(cmd.OutOrStdout(), r.output); err != nil {
		return fail(exitFailed, "print the report: %w", err)
	}
	switch {
	case !report.OK:
		return fail(exitFindings, "%s in %s%s", count(len(problems), "problem"), count(report.Files, "file"), r.hint(fsys))
	case r.output == "table" && len(report.Warnings) > 0:
		fmt.Fprintf(cmd.ErrOrStderr(), "no problems, %s\n", count(len(report.Warnings), "warning"))
	case r.output == "table":
		fmt.Fprintln(cmd.ErrOrStderr(), "no problems")
	}
	return nil
}

func nameFiles(problems []compile.Problem, dir string) {
	for i := range problems {
		problems[i].File = filepath.Join(dir, problems[i].File)
	}
}

// hint says that a set with problems has none for a node in lab mode, as sets of a simulated market do; else "".
func (r *rulesCheck) hint(fsys fs.FS) string {
	if r.lab || r.demo {
		return ""
	}
	if _, problems := compile.Dir(fsys, compile.Options{Lab: true, Now: time.Now()}); len(problems) > 0 {
		return ""
	}
	return "; none for a node in lab mode, which calls http on loopback: check with --lab"
}

// source is the file system to check and what to call it.
func (r *rulesCheck) source(args []string) (fs.FS, string, error) {
	if r.demo {
		if len(args) > 0 {
			return nil, "", fail(exitUsage, "--demo checks the set that is compiled in: leave out either --demo or %s", args[0])
		}
		return samples.Demo, "demo", nil
	}
	dir := "."
	if len(args) > 0 {
		dir = args[0]
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", fail(exitNotFound, "%s does not exist: name the directory of a rule set", dir)
	case err != nil:
		return nil, "", fail(exitFailed, "%w", err)
	case !info.IsDir():
		return nil, "", fail(exitUsage, "%s is a file: name the directory it is in, since objects refer to each other", dir)
	}
	return os.DirFS(dir), dir, nil
}

// checkReport is the outcome of a check, as programs read it.
type checkReport struct {
	Source   string            `json:"source"`
	OK       bool              `json:"ok"`
	Version  string            `json:"version,omitempty"` // of a set without problems
	Objects  []objectCount     `json:"objects,omitempty"` // of a set without problems
	Files    int               `json:"files,omitempty"`   // with problems
	Problems []compile.Problem `json:"problems"`
	// Warnings do not keep a set from being used.
	Warnings []compile.Problem `json:"warnings,omitempty"`
}

// objectCount is how many values of one sort a set holds.
type objectCount struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

func objectCounts(c catalog.Counts) []objectCount {
	return []objectCount{
		{"members", c.Members}, {"publishers", c.Publishers}, {"sites", c.Sites}, {"placements", c.Placements}, {"bidders", c.Bidders},
		{"creatives", c.Creatives}, {"line_items", c.LineItems}, {"deals", c.Deals}, {"data_providers", c.DataProviders},
		{"exchange_rates", c.Rates}, {"geo_ranges", c.GeoRanges},
	}
}

func countFiles(problems []compile.Problem) int {
	files := map[string]bool{}
	for _, p := range problems {
		files[p.File] = true
	}
	return len(files)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (r *checkReport) print(w io.Writer, output string) error {
	if r.Problems == nil {
		r.Problems = []compile.Problem{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	switch output {
	case "json":
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	case "yaml":
		return writeYAML(w, r)
	case "jsonl":
		for _, p := range slices.Concat(r.Problems, r.Warnings) {
			if err := encoder.Encode(p); err != nil {
				return err
			}
		}
		return nil
	case "name":
		return r.printNames(w)
	}
	return r.printTable(w)
}

// printNames writes the files with problems, each once.
func (r *checkReport) printNames(w io.Writer) error {
	last := ""
	for _, p := range r.Problems {
		if p.File == last {
			continue
		}
		last = p.File
		if _, err := fmt.Fprintln(w, p.File); err != nil {
			return err
		}
	}
	return nil
}

// printTable writes problems as people read them, or what a set without problems holds.
func (r *checkReport) printTable(w io.Writer) error {
	for _, p := range slices.Concat(r.Problems, r.Warnings) {
		if _, err := fmt.Fprintln(w, p); err != nil {
			return err
		}
	}
	if !r.OK {
		return nil
	}
	if _, err := fmt.Fprintf(w, "%-15s %s\n%-15s %s\n", "rule set", r.Source, "version", r.Version); err != nil {
		return err
	}
	for _, o := range r.Objects {
		if _, err := fmt.Fprintf(w, "%-15s %d\n", strings.ReplaceAll(o.Name, "_", " "), o.Count); err != nil {
			return err
		}
	}
	return nil
}
