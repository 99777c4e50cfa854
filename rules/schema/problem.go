package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"curb/edge/ad"
)

// Problem is one thing wrong with a rule set: where, what, what to do, and the line itself.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`   // from 1; 0: the file or directory as a whole
	Column int    `json:"column"` // from 1, in characters
	// Path is the field, e.g. spec.defaults[0].creative; empty where there is none.
	Path    string `json:"path,omitempty"`
	Detail  string `json:"detail"`
	Remedy  string `json:"remedy,omitempty"`
	Excerpt string `json:"excerpt,omitempty"` // the line, cut around the place if it is long
	// Severity is "warning" for what does not keep a rule set from being used; else empty.
	Severity string `json:"severity,omitempty"`
	// Caret is the character of Excerpt that the caret stands under, from 0, and Width how many it underlines.
	Caret int `json:"caret,omitempty"`
	Width int `json:"width,omitempty"`
}

// String is the problem as an operator reads it: place and cause, the line, the remedy.
//
//	news.yaml:14:18: there is no Placement "home-tpo"
//	   14 |       placement: home-tpo
//	      |                  ^^^^^^^^ did you mean "home-top"?
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	if p.Severity != "" {
		b.WriteString(": " + p.Severity)
	}
	b.WriteString(": " + p.Detail)
	if p.Excerpt == "" {
		if p.Remedy != "" {
			b.WriteString(": " + p.Remedy)
		}
		return b.String()
	}
	number := strconv.Itoa(p.Line)
	fmt.Fprintf(&b, "\n%5s | %s\n      | %s%s", number, p.Excerpt, strings.Repeat(" ", p.Caret), strings.Repeat("^", max(p.Width, 1)))
	if p.Remedy != "" {
		b.WriteString(" " + p.Remedy)
	}
	return b.String()
}

// Report collects the problems of one rule set. The zero value is ready. It keeps the first ad.RuleProblemsMax and
// counts the rest.
type Report struct {
	problems []Problem
	dropped  int
	// compared is how many words have been compared for suggestions.
	compared int
}

// Count is how many problems there are, kept or not.
func (r *Report) Count() int { return len(r.problems) + r.dropped }

// Add reports a problem at a place. path names the field, detail says what is wrong there and remedy what to do.
func (r *Report) Add(at Pos, path, detail, remedy string) {
	r.place(at, Problem{Path: path, Detail: detail, Remedy: remedy})
}

// Warn reports what is odd at a place, and does not keep a rule set from being used.
func (r *Report) Warn(at Pos, path, detail, remedy string) {
	r.place(at, Problem{Path: path, Detail: detail, Remedy: remedy, Severity: Warning})
}

// Warning is the Severity of what Warn reports.
const Warning = "warning"

func (r *Report) place(at Pos, p Problem) {
	p.File, p.Line, p.Column = at.File(), at.Line, at.Column
	if at.src != nil && len(r.problems) < ad.RuleProblemsMax {
		p.Excerpt, p.Caret, p.Width = excerpt(at)
	}
	r.add(p)
}

// AddFile reports a problem of a file, or of a directory, as a whole.
func (r *Report) AddFile(file, detail, remedy string) {
	r.add(Problem{File: file, Detail: detail, Remedy: remedy})
}

func (r *Report) add(p Problem) {
	if len(r.problems) >= ad.RuleProblemsMax {
		r.dropped++
		return
	}
	r.problems = append(r.problems, p)
}

// Problems gives what was reported, by file, line and column, and one problem more if some were not kept.
func (r *Report) Problems() []Problem {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if r.dropped == 0 {
		return r.problems
	}
	last := r.problems[len(r.problems)-1]
	more := Problem{File: last.File, Detail: fmt.Sprintf("%d more problems are not shown", r.dropped), Remedy: "mend the first ones and check again"}
	return append(slices.Clip(r.problems), more)
}

// excerptMax is how many characters of a line an excerpt shows.
const excerptMax = 100

// excerpt cuts the line of a place to what fits a terminal, with the place in it.
func excerpt(at Pos) (line string, caret, width int) {
	runes := []rune(veilAfter(printable(at.src.line(at.Line-1)), printable(at.src.line(at.Line))))
	caret = min(max(at.Column-1, 0), len(runes))
	width = max(min(max(at.width, quoted(runes[caret:])), len(runes)-caret), 1)
	if len(runes) <= excerptMax {
		return string(runes), caret, width
	}
	from := max(0, min(caret-20, len(runes)-excerptMax))
	to := min(len(runes), from+excerptMax)
	cut := slices.Clone(runes[from:to])
	if from > 0 {
		cut[0] = '…'
	}
	if to < len(runes) {
		cut[len(cut)-1] = '…'
	}
	caret -= from
	return string(cut), caret, max(min(width, len(cut)-caret), 1)
}

// quoted is the length of the quoted text that a line starts with, quotes included; 0 if there is none, or no end of it.
func quoted(line []rune) int {
	if len(line) == 0 || line[0] != '"' && line[0] != '\'' {
		return 0
	}
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && line[0] == '"':
			i++
		case line[i] == line[0]:
			return i + 1
		}
	}
	return 0
}

// printable replaces what would move a terminal's cursor, character for character.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == utf8.RuneError, r < ' ', r >= 0x7f && r < 0xa0, r == '\ufeff', r == '\u2028', r == '\u2029',
			r >= '\u200b' && r <= '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return '·'
		}
		return r
	}, line)
}
