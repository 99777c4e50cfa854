package archtest

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// leftOver is a pattern that must not stay in a file, with what to do about it. Patterns are put together from parts so
// that this file does not break its own rule.
type leftOver struct {
	pattern *regexp.Regexp
	only    []string // endings of the files it is for; nil: all
	what    string
	instead string
}

var leftOverWords = []leftOver{
	{regexp.MustCompile(`(?i)\b(to` + `do|fix` + `me|ha` + `ck)\b`), nil,
		"a note of unfinished work", "finish it, or leave the capability out: nothing half-built stays"},
	{regexp.MustCompile(`(?i)\b(not imple` + `mented|unimple` + `mented|place` + `holder|for ` + `now|simpli` + `fied)\b`), nil,
		"a promise for later", "finish it, or say what it does and why that is enough"},
	{regexp.MustCompile(`(?i)\b(stu` + `b|stu` + `bbed|dum` + `my|mo` + `ck|mo` + `cked)\b`), nil,
		"a word for code that pretends", "write a fake that behaves, and call it after what it does"},
	{regexp.MustCompile(`\b(stu` + `b|dum` + `my|mo` + `ck|Stu` + `b|Dum` + `my|Mo` + `ck)[A-Z]\w*`), []string{".go"},
		"a name for code that pretends", "write a fake that behaves, and call it after what it does"},
	{regexp.MustCompile(`(^|[^\w.])/(wor` + `k|far` + `m|roo` + `t|ho` + `me/\w+|Us` + `ers/\w+)/`), nil,
		"a path of somebody's machine", "name files from the root of the repository"},
	{regexp.MustCompile(`(?i)go` + `proxy|proxy\.gol` + `ang\.org|registry\.np` + `mjs|deb\.deb` + `ian\.org|static\.cra` + `tes\.io`), nil,
		"the host or setting of a package registry", "leave it to the machine's own configuration"},
	{regexp.MustCompile(`\bDES` + `IGN\.md\b|\bshar` + `ed/(refer` + `ence|vec` + `tors)\b|\brefer` + `ence/[a-z0-9-]+\.md\b`), nil,
		"a document that is not in this repository", "cite the public specification, or a RATIONALE.md of ours"},
}

// leftOvers looks for the patterns, line by line.
func leftOvers(t *Tree) []Finding {
	var out []Finding
	for _, text := range t.Files {
		for n, line := range strings.Split(string(text.Data), "\n") {
			for _, w := range leftOverWords {
				if w.only != nil && !slices.Contains(w.only, path.Ext(text.Path)) {
					continue
				}
				if word := w.pattern.FindString(line); word != "" {
					out = append(out, Finding{File: text.Path, Line: n + 1,
						What: fmt.Sprintf("%s (%q)", w.what, strings.TrimSpace(word)), Instead: w.instead})
				}
			}
		}
	}
	return out
}
