package archtest

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// leftOver is a pattern that must not stay in a file, with what to do about it. Words are put together from parts so
// that this file does not break its own rule.
type leftOver struct {
	// words are in lower case; a file without any of them is not searched.
	words []string
	// around is the regular expression, with %s where the words go.
	around  string
	only    []string // endings of the files it is for; nil: all
	what    string
	instead string
}

const wholeWord = `(?i)\b(%s)\b`

var leftOverWords = []leftOver{
	{[]string{"to" + "do", "fix" + "me", "ha" + "ck"}, wholeWord, nil,
		"a note of unfinished work", "finish it, or leave the capability out: nothing half-built stays"},
	{[]string{"not imple" + "mented", "unimple" + "mented", "place" + "holder", "for " + "now", "simpli" + "fied"}, wholeWord, nil,
		"a promise for later", "finish it, or say what it does and why that is enough"},
	{[]string{"stu" + "b", "stu" + "bbed", "dum" + "my", "mo" + "ck", "mo" + "cked"}, wholeWord, nil,
		"a word for code that pretends", "write a fake that behaves, and call it after what it does"},
	{[]string{"stu" + "b", "dum" + "my", "mo" + "ck"}, `\b((?i:%s)[A-Z]\w*)`, []string{".go"},
		"a name for code that pretends", "write a fake that behaves, and call it after what it does"},
	{[]string{"/wor" + "k/", "/far" + "m/", "/roo" + "t/", `/ho` + `me/\w+/`, `/us` + `ers/\w+/`}, `(?i)(?:^|[^\w.])(%s)`, nil,
		"a path of somebody's machine", "name files from the root of the repository"},
	{[]string{"go" + "proxy", "proxy.gol" + "ang.org", "registry.np" + "mjs", "deb.deb" + "ian.org", "static.cra" + "tes.io"}, `(?i)(%s)`, nil,
		"the host or setting of a package registry", "leave it to the machine's own configuration"},
	{[]string{"des" + "ign.md", "shar" + "ed/refer" + "ence", "shar" + "ed/vec" + "tors", `refer` + `ence/[a-z0-9-]+\.md`}, wholeWord, nil,
		"a document that is not in this repository", "cite the public specification, or a RATIONALE.md of ours"},
}

// leftOvers looks for the patterns, line by line, in the files that hold one of the words at all.
func leftOvers(t *Tree) []Finding {
	patterns := make([]*regexp.Regexp, len(leftOverWords))
	for i, w := range leftOverWords {
		patterns[i] = regexp.MustCompile(fmt.Sprintf(w.around, strings.Join(w.words, "|")))
	}
	var out []Finding
	for _, text := range t.Files {
		lower := bytes.ToLower(text.Data)
		for i, w := range leftOverWords {
			if w.only != nil && !slices.Contains(w.only, path.Ext(text.Path)) {
				continue
			}
			if w.in(lower) {
				out = append(out, w.lines(text, patterns[i])...)
			}
		}
	}
	return out
}

// in tells whether a text may hold the pattern: whether what a word begins with, up to its first special character, is there.
func (w *leftOver) in(lower []byte) bool {
	return slices.ContainsFunc(w.words, func(word string) bool {
		if special := strings.IndexAny(word, `\[`); special > 0 {
			word = word[:special]
		}
		return bytes.Contains(lower, []byte(word))
	})
}

func (w *leftOver) lines(text Text, pattern *regexp.Regexp) []Finding {
	var out []Finding
	for n, line := range strings.Split(string(text.Data), "\n") {
		if m := pattern.FindStringSubmatch(line); m != nil {
			out = append(out, Finding{File: text.Path, Line: n + 1,
				What: fmt.Sprintf("%s (%q)", w.what, m[1]), Instead: w.instead})
		}
	}
	return out
}
