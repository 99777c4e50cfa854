package schema

import (
	"bytes"
	"strings"
)

// ParsePlain reads a file that is one value of the described type, without the envelope of rule objects: the settings of
// a machine, say. The checks and the messages are the same. It gives nil if the file is empty or cannot be read as such.
func ParsePlain(name string, text []byte, t *Type, report *Report) *Value {
	src := &source{name: name, text: bytes.TrimPrefix(text, []byte("\ufeff"))}
	if !src.checkBytes(report) || !src.checkJSON(report) {
		return nil
	}
	docs := src.documents()
	if len(docs) == 0 {
		return nil
	}
	if len(docs) > 1 {
		report.Add(Pos{src: src, Line: docs[1].line + 1, Column: 1, width: 1}, "", "a second document follows", "one file holds one set of settings")
		return nil
	}
	w := &walker{src: src, line: docs[0].line, report: report}
	root := w.root(docs[0], strings.HasSuffix(name, ".json"))
	if root == nil {
		return nil
	}
	return w.value(t, root, "", w.pos(root))
}
