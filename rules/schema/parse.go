package schema

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"curb/edge/ad"
)

// Options says under which circumstances files are read.
type Options struct {
	// Lab allows http to loopback where otherwise only https is allowed.
	Lab bool
}

// Parse reads one file. name stands in problems; a name that ends in .json wants strict JSON, and lets strings hold
// its escapes of characters beyond U+FFFF. Objects come in the order of the file, also those with problems.
func Parse(name string, text []byte, options Options, report *Report) []*Object {
	src := &source{name: name, text: bytes.TrimPrefix(text, []byte("\ufeff"))}
	if !src.checkBytes(report) || !src.checkJSON(report) {
		return nil
	}
	var objects []*Object
	for _, doc := range src.documents() {
		w := &walker{src: src, line: doc.line, options: options, report: report}
		if o := w.document(doc, strings.HasSuffix(name, ".json")); o != nil {
			objects = append(objects, o)
		}
	}
	return objects
}

// document reads one document; nil: it holds no object, or none whose kind is known.
func (w *walker) document(doc document, json bool) *Object {
	root := w.root(doc, json)
	if root == nil {
		return nil
	}
	return w.object(root)
}

// root is the root node of a document; nil: it is empty, or cannot be read, which is reported.
func (w *walker) root(doc document, json bool) *yaml.Node {
	if len(doc.text) > ad.RuleDocumentBytesMax {
		w.report.Add(Pos{src: w.src, Line: doc.line + 1, Column: 1, width: 1}, "", "the document is larger than 256 KiB", "split it into several objects")
		return nil
	}
	if at, ok := directive(doc); ok {
		w.report.Add(Pos{src: w.src, Line: at + 1, Column: 1, width: 1}, "", "there is a directive", "remove the line")
		return nil
	}
	if json {
		doc.text = joinSurrogates(doc.text)
	}
	root := w.load(doc.text)
	if root == nil || isNull(root) {
		return nil
	}
	return root
}

// directive finds a line of YAML directives at the head of a document, and the line of the file it is on, from 0.
func directive(doc document) (line int, ok bool) {
	line = doc.line
	for text := range bytes.Lines(doc.text) {
		if !isBlank(string(text)) {
			return line, text[0] == '%'
		}
		line++
	}
	return 0, false
}

// load parses the text of one document into its root node; nil if it is not YAML, which is reported, or empty.
func (w *walker) load(text []byte) *yaml.Node {
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithUniqueKeys(false), yaml.WithPlugin(depthLimit{}))
	if err != nil {
		w.notYAML(err)
		return nil
	}
	var root, more yaml.Node
	if err := loader.Load(&root); err != nil {
		w.notYAML(err)
		return nil
	}
	if err := loader.Load(&more); err == nil {
		w.report.Add(w.pos(&more), "", "a second value follows in one document", "put --- between objects")
	} else {
		w.notYAML(err)
	}
	if len(root.Content) == 0 {
		return nil
	}
	if deep := tooDeep(root.Content[0], 1); deep != nil {
		w.report.Add(w.pos(deep), "", errDepth.Error(), flatten)
		return nil
	}
	return root.Content[0]
}

// tooDeep finds a value that is nested too deep. The parser counts brackets and indentation apart, so it stops at about
// twice the limit; this is exact.
func tooDeep(n *yaml.Node, depth int) *yaml.Node {
	if depth > ad.RuleDepthMax && n.Kind != yaml.ScalarNode && n.Kind != yaml.AliasNode {
		return n
	}
	for _, inner := range n.Content {
		if deep := tooDeep(inner, depth+1); deep != nil {
			return deep
		}
	}
	return nil
}

// depthLimit bounds nesting while the parser reads, and leaves aliases to the walker: nodes do not expand them.
type depthLimit struct{}

// flatten is what to do about values that are nested too deep.
const flatten = "no kind needs that: close a bracket, or mend the indentation"

var errDepth = fmt.Errorf("values are nested deeper than %d", ad.RuleDepthMax)

// CheckDepth is called with every level of nesting.
func (depthLimit) CheckDepth(depth int, _ *yaml.DepthContext) error {
	if depth > ad.RuleDepthMax {
		return errDepth
	}
	return nil
}

// CheckAlias allows what is refused later with a better message.
func (depthLimit) CheckAlias(int, int) error { return nil }

// notYAML reports why the parser gave up; io.EOF is the end of the text and no problem.
func (w *walker) notYAML(err error) {
	if err == io.EOF {
		return
	}
	at := Pos{src: w.src, Line: w.line + 1, Column: 1, width: 1}
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		w.report.Add(at, "", "this is not YAML: "+err.Error(), mend)
		return
	}
	mark := load.Mark
	if strings.Contains(load.Message, "unexpected end of stream") && load.ContextMark.Line > 0 {
		mark = load.ContextMark // where it begins is of use, where the file ends is not
	}
	if mark.Line > 0 {
		at.Line, at.Column = w.line+mark.Line, max(mark.Column, 1)
	}
	if load.Message == errDepth.Error() {
		w.report.Add(at, "", load.Message, flatten)
		return
	}
	detail := "this is not YAML: " + load.Message
	if load.ContextMsg != "" && load.ContextMark.Line > 0 && load.ContextMark.Line != mark.Line {
		detail += fmt.Sprintf(" %s that starts at line %d", load.ContextMsg, w.line+load.ContextMark.Line)
	}
	w.report.Add(at, "", detail, w.syntaxRemedy(load.Message, at))
}

// syntaxRemedies are what to do about the parser's messages that people meet.
var syntaxRemedies = []struct{ message, remedy string }{
	{"tab character", "indent with spaces"},
	{"mapping values are not allowed", `put quotes around a value that holds ": ", or mend the indentation`},
	{"cannot start any token", "put quotes around the value"},
	{"unexpected end of stream", "close the quote"},
	{"<document start>", "put --- between objects"},
	{"document-end marker", "put --- between objects"},
	{"directive", "remove the line"},
	{"did not find expected ',' or", "close the bracket"},
	{"unknown anchor", noAnchors},
	{"did not find expected", "mend the indentation"},
	{"could not find expected ':'", `write "field: value"`},
	{"escape", "write the character itself"},
}

const noAnchors = "write the value out: anchors and aliases are not used here"

func (w *walker) syntaxRemedy(message string, at Pos) string {
	line := w.src.line(at.Line)
	if indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; strings.Contains(indent, "\t") {
		return "indent with spaces"
	}
	for _, r := range syntaxRemedies {
		if strings.Contains(message, r.message) {
			return r.remedy
		}
	}
	return mend
}

// mend is what to do about what the parser says in words that nobody has met yet.
const mend = "mend this line, or the one before it"

// object checks the root of a document.
func (w *walker) object(root *yaml.Node) *Object {
	before := w.report.Count()
	at := w.pos(root)
	o := &Object{At: at}
	spec := form(FormAny)
	if n := fieldNode(root, "kind"); n != nil && n.Kind == yaml.ScalarNode {
		if o.Kind = kindByName(n.Value); o.Kind != nil {
			spec = o.Kind.Spec
		}
	}
	head := w.value(envelope(spec), root, "", at)
	if head == nil || o.Kind == nil {
		return nil
	}
	meta := head.Field("metadata")
	if name := meta.Field("name"); name != nil {
		o.Name, o.At = name.text, name.At
	}
	o.Labels = meta.Field("labels")
	o.Spec = head.Field("spec")
	o.Broken = w.report.Count() > before
	return o
}

// fieldNode is the value of a mapping's field, nil if there is none.
func fieldNode(n *yaml.Node, name string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}
