package schema

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"
)

// walker checks the nodes of one document against descriptions.
type walker struct {
	src     *source
	line    int // lines of the file before the document
	options Options
	report  *Report
}

// pos is the place of a node.
func (w *walker) pos(n *yaml.Node) Pos {
	return Pos{src: w.src, Line: w.line + n.Line, Column: max(n.Column, 1), width: nodeWidth(n)}
}

// nodeWidth is how many characters of its line a node takes: exact for words, near for quoted text, 1 for the rest.
func nodeWidth(n *yaml.Node) int {
	if n.Kind == yaml.AliasNode {
		return 1 + utf8.RuneCountInString(n.Value)
	}
	if n.Kind != yaml.ScalarNode || strings.Contains(n.Value, "\n") {
		return 1
	}
	width := utf8.RuneCountInString(n.Value)
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
		width += 2
	}
	return max(width, 1)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// value checks a node against a description; nil: it has problems that leave no value. at is where something missing
// inside it is reported.
func (w *walker) value(t *Type, n *yaml.Node, path string, at Pos) *Value {
	if !w.plain(n, path) {
		return nil
	}
	switch {
	case isNull(n):
		w.report.Add(at, path, orWhole(path)+" has no value", "give it one, or remove it; quote the word null if it is meant")
		return nil
	case t.Form == FormAny:
		return &Value{At: at, typ: t}
	case t.Form == FormRecord:
		return w.record(t, n, path, at)
	case t.Form == FormMap:
		return w.mapping(t, n, path, at)
	case t.Form == FormList:
		return w.list(t, n, path, at)
	case n.Kind != yaml.ScalarNode:
		w.report.Add(w.pos(n), path, fmt.Sprintf("%s is %s, not a single value", orWhole(path), shape(n)), "write "+t.example())
		return nil
	}
	return w.scalar(t, n, path)
}

// plain reports what YAML can do and rule files do not: anchors, aliases, tags.
func (w *walker) plain(n *yaml.Node, path string) bool {
	switch {
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		w.report.Add(w.pos(n), path, "there is an anchor or alias", noAnchors)
		return false
	case n.Style&yaml.TaggedStyle != 0 || n.Tag == "!" || n.Tag == "!!binary":
		w.report.Add(w.pos(n), path, "there is a tag", "remove it: fields have the types that are described for them")
		return false
	}
	return true
}

func shape(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}

// orWhole names a value in a message by its path.
func orWhole(path string) string {
	if path == "" {
		return "the document"
	}
	return path
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// record checks the fields of a mapping against the described ones.
func (w *walker) record(t *Type, n *yaml.Node, path string, at Pos) *Value {
	if n.Kind == yaml.ScalarNode && len(t.Words) > 0 {
		return w.named(t, n, path)
	}
	if n.Kind != yaml.MappingNode {
		w.report.Add(w.pos(n), path, fmt.Sprintf("%s is %s, not a mapping", orWhole(path), shape(n)), `write "field: value" lines`)
		return nil
	}
	v := &Value{At: at, typ: t, items: make([]*Value, len(t.Fields))}
	seen := map[string]Pos{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !w.key(key, path, seen) {
			continue
		}
		index, ok := t.field(key.Value)
		if !ok {
			w.unknownField(t, key, path)
			continue
		}
		inner := w.pos(value)
		if value.Kind != yaml.ScalarNode || isNull(value) {
			inner = w.pos(key)
		}
		v.items[index] = w.value(t.Fields[index].Type, value, join(path, key.Value), inner)
	}
	for _, f := range t.Fields {
		if _, given := seen[f.Name]; f.Required && !given {
			w.report.Add(at, join(path, f.Name), fmt.Sprintf("%s is missing", join(path, f.Name)), "add "+f.Name+": "+f.Type.example())
		}
	}
	return v
}

// named reads a word that stands for a record.
func (w *walker) named(t *Type, n *yaml.Node, path string) *Value {
	v := &Value{At: w.pos(n), typ: t, text: n.Value, items: make([]*Value, len(t.Fields))}
	if f := readWord(&reading{Type: t, v: v, text: n.Value, report: w.report}); f != nil {
		w.report.Add(v.At, path, path+": "+f.detail, f.remedy)
		return nil
	}
	return v
}

// key checks that a mapping's key is a word and not taken.
func (w *walker) key(key *yaml.Node, path string, seen map[string]Pos) bool {
	switch {
	case key.Kind == yaml.AliasNode || key.Anchor != "":
		return w.plain(key, path)
	case key.Kind != yaml.ScalarNode:
		w.report.Add(w.pos(key), path, "the name of a field is "+shape(key), `write "field: value"`)
		return false
	case key.Tag == "!!merge":
		w.report.Add(w.pos(key), path, "there is a merge key", "write the fields out")
		return false
	case !w.plain(key, path):
		return false
	}
	at := w.pos(key)
	if first, taken := seen[key.Value]; taken {
		w.report.Add(at, join(path, key.Value), fmt.Sprintf("%s is given twice", clip(join(path, key.Value))), fmt.Sprintf("the first is at line %d", first.Line))
		return false
	}
	seen[key.Value] = at
	return true
}

func (w *walker) unknownField(t *Type, key *yaml.Node, path string) {
	remedy := ""
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
		for _, word := range f.Aka {
			if fold(word) == fold(key.Value) {
				remedy = "it is called " + strconv.Quote(f.Name) + " here"
			}
		}
	}
	if _, ok := metadata.field(key.Value); ok && path == "spec" && remedy == "" {
		remedy = key.Value + " stands in metadata"
	}
	if remedy == "" {
		remedy = w.report.DidYouMean(key.Value, names, "known here: "+strings.Join(names, ", "))
	}
	w.report.Add(w.pos(key), join(path, clip(key.Value)), fmt.Sprintf("unknown field %s in %s", quote(key.Value), orWhole(path)), remedy)
}

// list checks the elements of a sequence.
func (w *walker) list(t *Type, n *yaml.Node, path string, at Pos) *Value {
	if n.Kind != yaml.SequenceNode {
		remedy := "write - before each element"
		if n.Kind == yaml.ScalarNode {
			remedy = "write [" + clip(n.Value) + "]"
		}
		w.report.Add(w.pos(n), path, fmt.Sprintf("%s is %s, not a list", path, shape(n)), remedy)
		return nil
	}
	if !w.count(t, len(n.Content), path, at) {
		return nil
	}
	v := &Value{At: at, typ: t}
	for i, element := range n.Content {
		inner := path + "[" + strconv.Itoa(i) + "]"
		if item := w.value(t.Of, element, inner, w.pos(element)); item != nil {
			v.items = append(v.items, item)
		}
	}
	return v
}

// count checks how many elements a list or map has.
func (w *walker) count(t *Type, n int, path string, at Pos) bool {
	if int64(n) >= t.Min && int64(n) <= t.Max {
		return true
	}
	detail := fmt.Sprintf("%s has %d elements, more than %d", path, n, t.Max)
	if n == 0 {
		detail = path + " is empty"
	}
	w.report.Add(at, path, detail, fmt.Sprintf("%d to %d are allowed", t.Min, t.Max))
	return false
}

// mapping checks keys and values of a mapping whose keys are not described one by one.
func (w *walker) mapping(t *Type, n *yaml.Node, path string, at Pos) *Value {
	if n.Kind != yaml.MappingNode {
		w.report.Add(w.pos(n), path, fmt.Sprintf("%s is %s, not a mapping", path, shape(n)), `write "name: value" lines`)
		return nil
	}
	if !w.count(t, len(n.Content)/2, path, at) {
		return nil
	}
	v := &Value{At: at, typ: t}
	seen := map[string]Pos{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !w.key(key, path, seen) {
			continue
		}
		inner := join(path, clip(key.Value))
		k := w.scalar(t.Key, key, inner)
		item := w.value(t.Of, value, inner, w.pos(value))
		if k != nil && item != nil {
			v.keys, v.items = append(v.keys, k), append(v.items, item)
		}
	}
	return v
}

// scalar reads a single value by its form.
func (w *walker) scalar(t *Type, n *yaml.Node, path string) *Value {
	v := &Value{At: w.pos(n), typ: t, text: n.Value}
	if f := readers[t.Form](&reading{Type: t, v: v, text: n.Value, lab: w.options.Lab, report: w.report}); f != nil {
		w.report.Add(v.At, path, path+": "+f.detail, f.remedy)
		return nil
	}
	return v
}

// clip shortens text from a file for a message.
func clip(text string) string {
	const longest = 60
	runes := []rune(veil(printable(text)))
	if len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return string(runes)
}

// quote is clip in quotes.
func quote(text string) string { return strconv.Quote(clip(text)) }
