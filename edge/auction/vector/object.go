package vector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"curb/edge/ad"
)

// What a Problem names when it is not one field that is wrong.
const (
	wholeFile = "file"
	wholeCase = "case"
)

// Problem is one thing that makes a file unusable.
type Problem struct {
	Case   string // name of the case, or its number; empty for the file itself
	Field  string
	Cause  string
	Remedy string
}

// String is `case "name": field …: cause; remedy`.
func (p Problem) String() string {
	text := "field " + p.Field + ": " + p.Cause
	if p.Field == wholeFile || p.Field == wholeCase {
		text = p.Cause
	}
	if p.Case != "" {
		text = p.Case + ": " + text
	}
	if p.Remedy != "" {
		text += "; " + p.Remedy
	}
	return text
}

// Problems is everything that is wrong with a file, in its order.
type Problems []Problem

// Error is a line per problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// problemsMax is how many problems a file is told of; past it the rest would not be read.
const problemsMax = 50

// parser collects problems while it reads.
type parser struct {
	place    string // the case it is in
	problems Problems
}

func (p *parser) fail(field, cause, remedy string) {
	if len(p.problems) < problemsMax {
		p.problems = append(p.problems, Problem{Case: p.place, Field: field, Cause: cause, Remedy: remedy})
	}
}

// object is a JSON object taken apart: its fields in order, and which of them somebody has asked for.
type object struct {
	path   string // as in the file, e.g. bids[1].deal
	fields []field
	asked  []string // every name asked for, found or not
}

type field struct {
	name  string
	raw   json.RawMessage
	taken bool
}

// fieldsMax bounds the fields of one object: a value per bid and some more.
const fieldsMax = ad.AuctionBidsMax + 64

// object takes a JSON object apart. A name that stands twice is a problem: readers differ on which one counts.
func (p *parser) object(path string, raw json.RawMessage) (*object, bool) {
	o := &object{path: path}
	d := json.NewDecoder(bytes.NewReader(raw))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		p.fail(path, "is "+kindOf(raw), "write an object {…}")
		return nil, false
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			p.fail(path, err.Error(), "")
			return nil, false
		}
		f := field{name: name.(string)}
		if err := d.Decode(&f.raw); err != nil {
			p.fail(path, err.Error(), "")
			return nil, false
		}
		if o.find(f.name) != nil {
			p.fail(o.at(f.name), "stands twice", "keep one")
			continue
		}
		if len(o.fields) == fieldsMax {
			p.fail(path, fmt.Sprintf("has more than %d fields", fieldsMax), "split it")
			return nil, false
		}
		o.fields = append(o.fields, f)
	}
	return o, true
}

func (o *object) find(name string) *field {
	for i := range o.fields {
		if o.fields[i].name == name {
			return &o.fields[i]
		}
	}
	return nil
}

func (o *object) at(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		name = strconv.QuoteToASCII(name)
	}
	if o.path == "" || o.path == wholeFile {
		return name
	}
	return o.path + "." + name
}

// take gives a field's value; ok is false where it is missing or null.
func (o *object) take(name string) (json.RawMessage, bool) {
	if !slices.Contains(o.asked, name) {
		o.asked = append(o.asked, name)
	}
	f := o.find(name)
	if f == nil {
		return nil, false
	}
	f.taken = true
	return f.raw, string(f.raw) != "null"
}

// has reports whether a field is there, null or not.
func (o *object) has(name string) bool { return o.find(name) != nil }

// skip takes fields that mean nothing here.
func (p *parser) skip(o *object, names ...string) {
	for _, n := range names {
		o.take(n)
	}
}

// unknown reports the fields nobody asked for. Free text is welcome anywhere.
func (p *parser) unknown(o *object) {
	known := slices.Clone(o.asked)
	p.skip(o, "source", "comment", "note", "description")
	for _, f := range o.fields {
		if f.taken {
			continue
		}
		remedy := "known here: " + strings.Join(known, ", ")
		if near := nearest(f.name, known); near != "" {
			remedy = fmt.Sprintf("did you mean %q?", near)
		}
		p.fail(o.at(f.name), "unknown field", remedy)
	}
}

func kindOf(raw json.RawMessage) string {
	switch raw = bytes.TrimSpace(raw); {
	case len(raw) == 0:
		return "empty"
	case raw[0] == '{':
		return "an object"
	case raw[0] == '[':
		return "a list"
	case raw[0] == '"':
		return "a text"
	case raw[0] == 't' || raw[0] == 'f':
		return "a boolean"
	case raw[0] == 'n':
		return "null"
	}
	return "a number"
}
