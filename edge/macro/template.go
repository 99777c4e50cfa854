package macro

import (
	"encoding/base64"
	"strings"

	"curb/edge/ad"
)

// Syntax is what a source is written in.
type Syntax uint8

// Syntaxes of sources.
const (
	// HTML is markup, with scripts, styles and URLs inside it.
	HTML Syntax = iota
	// URL is one URL: a picture, a script, a landing page, a passback.
	URL
	// Data is XML or JSON that carries URLs (VAST, native): every value is percent-encoded, which all of them take.
	Data
)

// Values gives the values of one rendering.
type Values interface {
	// AppendMacro appends the raw value of the name; nothing where it has none.
	AppendMacro(dst []byte, name Name) []byte
}

// part is literal text and the reference after it; none at the end of a source.
type part struct {
	literal string
	ref     reference
	context context
	// filler stands in for an empty value where emptiness would change what follows.
	filler string
}

// Template is a parsed source. It is immutable and may be used by many goroutines at once.
type Template struct {
	parts []part
	size  int
}

// Parse finds the references of a source and the context of each. It cannot fail: what is not a macro is text.
func Parse(source string, syntax Syntax) *Template {
	t := &Template{size: len(source)}
	r := reader{rest: source, scanner: scanner{syntax: syntax}}
	r.scanner.reset()
	for {
		p := r.next()
		t.parts = append(t.parts, p)
		if p.ref.name == none {
			return t
		}
	}
}

// BytesMax bounds an expansion: a source may name a long value thousands of times. It is the largest source a rule set can
// hold.
const BytesMax = ad.RuleDocumentBytesMax

// Append writes the template with its values to dst. ok is false if that grew beyond BytesMax: dst then ends somewhere
// in the middle.
func (t *Template) Append(dst []byte, values Values) (out []byte, ok bool) {
	var w writer
	from := len(dst)
	for i := range t.parts {
		if dst = w.append(dst, &t.parts[i], values); len(dst)-from > BytesMax {
			return dst, false
		}
	}
	return dst, true
}

// Size is the length of the source, a first guess at the length of an expansion.
func (t *Template) Size() int { return t.size }

// Expand parses and appends in one go, for a source that is used once. A name that is not the system's is looked up in own,
// the bid's custom macros; those that CustomAllowed refuses do not count. ok is as Append's.
func Expand(dst []byte, source string, syntax Syntax, values Values, own ...ad.KeyValue) (out []byte, ok bool) {
	r := reader{rest: source, own: own, scanner: scanner{syntax: syntax}}
	r.scanner.reset()
	var w writer
	from := len(dst)
	for {
		p := r.next()
		dst = w.append(dst, &p, values)
		if len(dst)-from > BytesMax {
			return dst, false
		}
		if p.ref.name == none {
			return dst, true
		}
	}
}

// reader cuts a source into parts.
type reader struct {
	rest    string
	own     []ad.KeyValue // custom macros
	scanner scanner
}

// next cuts the text up to and including the next reference that can be filled where it stands.
func (r *reader) next() part {
	source, at := r.rest, 0
	for {
		found := strings.Index(source[at:], "${")
		if found < 0 {
			r.rest = ""
			return part{literal: source}
		}
		r.scanner.text(source[at : at+found])
		at += found
		if ref, rest, ok := cutReference(source[at:], r.own); ok {
			if p := r.scanner.place(ref); p.context != inert {
				p.literal, r.rest = source[:at], rest
				return p
			}
			end := len(source) - len(rest)
			r.scanner.text(source[at:end])
			at = end
			continue
		}
		// Not a macro: the two bytes are text, and what follows them may be one.
		r.scanner.text(source[at : at+2])
		at += 2
	}
}

// writer appends parts. It remembers whether the URL it is in has begun, which only expanding shows.
type writer struct{ begun bool }

func (w *writer) append(dst []byte, p *part, values Values) []byte {
	if p.literal != "" {
		dst = append(dst, p.literal...)
		w.begun = false
	}
	if p.ref.name == none {
		return dst
	}
	start := len(dst)
	if p.ref.name == custom {
		dst = append(dst, p.ref.custom...)
	} else {
		dst = values.AppendMacro(dst, p.ref.name)
	}
	how := p.context
	whole := how == wholeURL || how == plainURL
	if whole && (w.begun || p.ref.encode > 0 || p.ref.base64 || !isWebURL(dst[start:])) {
		how = component
	}
	dst = encode(dst, start, p.ref, how)
	dst = replace(dst, start, how)
	if len(dst) == start {
		return append(dst, p.filler...)
	}
	w.begun = w.begun || whole
	return dst
}

// encode applies base64 and the percent-encodings that a reference asks for, and the one that its place needs.
func encode(dst []byte, start int, ref reference, how context) []byte {
	if ref.base64 {
		mid := len(dst)
		dst = base64.StdEncoding.AppendEncode(dst, dst[start:mid])
		dst = dst[:start+copy(dst[start:], dst[mid:])]
	}
	times := ref.encode
	if how == component {
		times = max(times, 1)
	}
	for ; times > 0; times-- {
		mid := len(dst)
		dst = appendComponent(dst, dst[start:mid])
		dst = dst[:start+copy(dst[start:], dst[mid:])]
	}
	return dst
}

// replace escapes dst[start:] in place for its context.
func replace(dst []byte, start int, how context) []byte {
	mid := len(dst)
	dst = appendEscaped(dst, dst[start:mid], how)
	return dst[:start+copy(dst[start:], dst[mid:])]
}
