package archtest

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// What README.md promises to be.
const (
	readmeLinesMax = 150
	flowHeading    = "## The path of one ad call"
	flowStops      = 11
)

var (
	numbered   = regexp.MustCompile(`^ *\d+\. `)
	goFile     = regexp.MustCompile(`\b(?:cmd|edge|rules)/[\w./-]+\.go\b`)
	layoutName = regexp.MustCompile("`((?:cmd|edge|rules|plugins|sdk-wasm)(?:/[\\w-]+)*)`")
	makeTarget = regexp.MustCompile("(?:^|`)make ((?:[a-z-]+ ?)+)")
	ruleLine   = regexp.MustCompile(`(?m)^([a-z-]+):`)
)

// readme checks that README.md is short and true: the path of one ad call has its eleven stops, each naming a file, the
// folders it lists exist and the Makefile has the targets it tells people to type. That files exist is links' business.
func readme(t *Tree) []Finding {
	data, err := fs.ReadFile(t.fsys, "README.md")
	if err != nil {
		return nil
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	var out []Finding
	found := func(line int, what, instead string) {
		out = append(out, Finding{File: "README.md", Line: line, What: what, Instead: instead})
	}
	if len(lines) > readmeLinesMax {
		found(0, fmt.Sprintf("%d lines, more than %d", len(lines), readmeLinesMax), "move what is not for the first quarter of an hour beside the code it explains")
	}
	stops, inFlow := 0, false
	for n, line := range lines {
		if strings.HasPrefix(line, "## ") {
			inFlow = line == flowHeading
		}
		if inFlow && numbered.MatchString(line) {
			stops++
			if !goFile.MatchString(line) {
				found(n+1, "a stop that names no Go file", "say which file to open")
			}
		}
		for _, m := range layoutName.FindAllStringSubmatch(line, -1) {
			if info, err := fs.Stat(t.fsys, m[1]); err != nil || !info.IsDir() {
				found(n+1, "names "+m[1]+", which is no folder", "list what is there")
			}
		}
		for _, name := range t.unknownTargets(line) {
			found(n+1, "says make "+name+", and the Makefile has no such target", "name a target that exists")
		}
	}
	if stops != flowStops {
		found(0, fmt.Sprintf("%q has %d numbered stops, not %d", strings.TrimPrefix(flowHeading, "## "), stops, flowStops),
			"list the files one ad call passes, in order: a newcomer reads exactly these")
	}
	return out
}

// unknownTargets gives the make targets a line tells people to type that the Makefile lacks.
func (t *Tree) unknownTargets(line string) []string {
	makefile, err := fs.ReadFile(t.fsys, "Makefile")
	if err != nil {
		return nil
	}
	known := map[string]bool{}
	for _, m := range ruleLine.FindAllStringSubmatch(string(makefile), -1) {
		known[m[1]] = true
	}
	var unknown []string
	for _, m := range makeTarget.FindAllStringSubmatch(line, -1) {
		for name := range strings.FieldsSeq(m[1]) {
			if !known[name] {
				unknown = append(unknown, name)
			}
		}
	}
	return unknown
}
