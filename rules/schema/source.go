package schema

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"curb/edge/ad"
)

// source is one file's text, kept for excerpts while its problems are collected.
type source struct {
	name  string
	text  []byte
	lines []int // offsets where lines start; built when a problem needs a line
}

// Pos is a place in a rule file, and how much of the line is meant.
type Pos struct {
	src    *source
	Line   int // from 1
	Column int // from 1, in characters
	width  int // characters a caret line underlines; at least 1
}

// File is the name of the file, as it was given to Parse.
func (p Pos) File() string {
	if p.src == nil {
		return ""
	}
	return p.src.name
}

// line gives one line of the text without its line break; "" past the end.
func (s *source) line(n int) string {
	if s.lines == nil {
		s.lines = []int{0}
		for i, b := range s.text {
			if b == '\n' {
				s.lines = append(s.lines, i+1)
			}
		}
	}
	if n < 1 || n > len(s.lines) {
		return ""
	}
	rest := s.text[s.lines[n-1]:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	return string(bytes.TrimSuffix(rest, []byte("\r")))
}

// at is the place of an offset in the text.
func (s *source) at(offset int) Pos {
	before := s.text[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return Pos{src: s, Line: bytes.Count(before, []byte("\n")) + 1, Column: utf8.RuneCount(before[start:]) + 1, width: 1}
}

// checkBytes reports what no rule file may hold, before the parser sees it. It stops at the first such byte: what
// follows is most likely of the same kind.
func (s *source) checkBytes(report *Report) bool {
	if len(s.text) > ad.RuleFileBytesMax {
		report.Add(Pos{src: s, Line: 1, Column: 1, width: 1}, "", "the file is larger than 4 MiB", "split it into several files")
		return false
	}
	for i := 0; i < len(s.text); {
		r, size := utf8.DecodeRune(s.text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			report.Add(s.at(i), "", "the file is not UTF-8", "save it as UTF-8")
			return false
		case r == '\r' && i+1 < len(s.text) && s.text[i+1] == '\n':
		case r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			report.Add(s.at(i), "", "a line ends in something other than a line feed", "end lines with LF or CR LF")
			return false
		case r < ' ' && r != '\t' && r != '\n', r >= 0x7f && r < 0xa0, r == '\ufeff':
			report.Add(s.at(i), "", "there is a control character", "remove it")
			return false
		}
		i += size
	}
	return true
}

// document is one document's text and where it starts.
type document struct {
	text []byte
	line int // of the file, from 0
}

// documents cuts a file at its document markers. Markers stand at the start of a line and cannot occur inside a value
// (YAML 1.2.2 §9.1.2), so cutting by lines is exact, and a document that does not parse hides no other.
func (s *source) documents() []document {
	var docs []document
	start, startLine := 0, 0
	blank := true // nothing but blank lines, comments and %YAML since start
	line := 0
	flush := func(end int) {
		if !blank {
			docs = append(docs, document{s.text[start:end], startLine})
		}
		blank = true
	}
	for i := 0; i < len(s.text); line++ {
		end := len(s.text)
		if n := bytes.IndexByte(s.text[i:], '\n'); n >= 0 {
			end = i + n + 1
		}
		text := string(s.text[i:end])
		switch {
		case marker(text, "---"):
			flush(i)
			start, startLine = i, line
			blank = isBlank(text[3:])
		case marker(text, "..."):
			flush(i)
			start, startLine = end, line+1
			if !isBlank(text[3:]) {
				start, startLine, blank = i, line, false
			}
		case blank && !isBlank(text) && !strings.HasPrefix(text, "%YAML 1."):
			blank = false
		}
		i = end
	}
	flush(len(s.text))
	return docs
}

func marker(line, mark string) bool {
	rest, ok := strings.CutPrefix(line, mark)
	return ok && (rest == "" || strings.ContainsRune(" \t\r\n", rune(rest[0])))
}

func isBlank(line string) bool {
	line = strings.TrimLeft(line, " \t\r\n")
	return line == "" || line[0] == '#'
}
