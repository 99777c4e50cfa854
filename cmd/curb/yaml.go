package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// writeYAML writes what JSON would say of a value, in the same order, as block YAML. Texts and names keep JSON's quotes,
// which YAML reads alike (1.2 §1.3), so that none is taken for a number, a boolean or null; only the names of our own
// fields, which are lower-case words, go without.
func writeYAML(w io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	y := yamlWriter{tokens: json.NewDecoder(bytes.NewReader(text))}
	y.tokens.UseNumber()
	if err := y.node(0, false); err != nil {
		return err
	}
	_, err = io.WriteString(w, strings.TrimLeft(y.out.String(), " \n"))
	return err
}

// yamlWords are the lower-case words that some version of YAML takes for something else than a text.
var yamlWords = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// yamlWriter turns JSON tokens into YAML.
type yamlWriter struct {
	tokens *json.Decoder
	out    strings.Builder
}

// node writes the next value behind what leads to it, "name:" or "-", and ends its line. Its children stand at the depth;
// the first field of an object in a list stands beside the dash.
func (y *yamlWriter) node(depth int, dash bool) error {
	token, err := y.tokens.Token()
	if err != nil {
		return err
	}
	open, composite := token.(json.Delim)
	if !composite {
		text, err := json.Marshal(token)
		fmt.Fprintf(&y.out, " %s\n", text)
		return err
	}
	if !y.tokens.More() {
		y.out.WriteString(map[json.Delim]string{'[': " []\n", '{': " {}\n"}[open])
	} else if dash && open == '{' {
		y.out.WriteByte(' ')
	} else {
		y.out.WriteByte('\n')
	}
	for first := true; y.tokens.More(); first = false {
		if !first || !dash || open == '[' {
			y.out.WriteString(strings.Repeat("  ", depth))
		}
		if err := y.child(open, depth); err != nil {
			return err
		}
	}
	_, err = y.tokens.Token() // the closing one
	return err
}

func (y *yamlWriter) child(parent json.Delim, depth int) error {
	if parent == '[' {
		y.out.WriteByte('-')
		return y.node(depth+1, true)
	}
	token, err := y.tokens.Token()
	if err != nil {
		return err
	}
	name, _ := token.(string)
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" || slices.Contains(yamlWords, name) {
		quoted, _ := json.Marshal(name) // a string always has a JSON form
		name = string(quoted)
	}
	y.out.WriteString(name + ":")
	return y.node(depth+1, false)
}
