package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// checkJSON reports a file that is named JSON and is none, at its first fault. YAML would take much that other readers of
// the file refuse: trailing commas, comments, names without quotes, several documents.
func (s *source) checkJSON(report *Report) bool {
	if !strings.HasSuffix(s.name, ".json") {
		return true
	}
	var whole json.RawMessage
	err := json.Unmarshal(s.text, &whole)
	if err == nil {
		return true
	}
	const detail = "this is not JSON: "
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		report.Add(Pos{src: s, Line: 1, Column: 1, width: 1}, "", detail+err.Error(), mend)
		return false
	}
	content := bytes.TrimRight(s.text, " \t\r\n")
	if len(content) == 0 {
		report.Add(Pos{src: s, Line: 1, Column: 1, width: 1}, "", detail+"the file is empty", "write one object, or remove the file")
		return false
	}
	offset := min(max(int(syntax.Offset)-1, 0), len(content)-1)
	if strings.Contains(syntax.Error(), "unexpected end") {
		for offset = len(content) - 1; !utf8.RuneStart(content[offset]); offset-- {
		}
		report.Add(s.at(offset), "", detail+"it ends too soon", "close the bracket or the quote")
		return false
	}
	if before := bytes.TrimRight(s.text[:offset], " \t\r\n"); bytes.HasSuffix(before, []byte(",")) && bytes.IndexByte([]byte("}]"), s.text[offset]) >= 0 {
		report.Add(s.at(len(before)-1), "", detail+"a comma follows the last value", "remove the comma")
		return false
	}
	report.Add(s.at(offset), "", detail+jsonCause(syntax, s.text[offset:]), jsonRemedy(syntax, s.text[offset:]))
	return false
}

// jsonCause is what the parser says, with the character it stopped at in full: the parser counts bytes.
func jsonCause(err *json.SyntaxError, rest []byte) string {
	text := err.Error()
	_, after, cut := strings.Cut(text, "' ")
	if r, size := utf8.DecodeRune(rest); cut && size > 1 {
		return "invalid character " + quote(string(r)) + " " + after
	}
	return text
}

// jsonRemedy is what to do about what the parser met.
func jsonRemedy(err *json.SyntaxError, rest []byte) string {
	escape := strings.Contains(err.Error(), "escape")
	switch {
	case !escape && (rest[0] == '/' || rest[0] == '#'):
		return "remove the comment: JSON has none"
	case !escape && rest[0] == '\'':
		return "write double quotes"
	}
	for _, r := range []struct{ message, remedy string }{
		{"after top-level value", "put every object into a file of its own, or name the file .yaml"},
		{"after object key:value pair", "put a comma between fields, or close the bracket"},
		{"after array element", "put a comma between values, or close the bracket"},
		{"after object key", "write a colon between name and value"},
		{"object key", "put the name in double quotes"},
		{"escape", "write the character itself"},
		{"in string literal", `close the quote, or write \n or \t`},
		{"beginning of value", "put the text in double quotes, or name the file .yaml"},
	} {
		if strings.Contains(err.Error(), r.message) {
			return r.remedy
		}
	}
	return mend
}
