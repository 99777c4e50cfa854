package archtest

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// docLinesMin is how long a package comment is at least; less cannot say what it is for and what it refuses to know.
const docLinesMin = 8

// packageDocs checks that each package says what it is, in doc.go.
func packageDocs(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		found := func(what string) {
			out = append(out, Finding{File: p.Path, What: what,
				Instead: fmt.Sprintf("write at least %d lines: what it is for, what it is given, what it promises, what it refuses to know, where to read next", docLinesMin)})
		}
		lines, ok := docLines(p)
		switch {
		case !ok:
			found("has no doc.go")
		case lines < docLinesMin:
			found(fmt.Sprintf("the package comment in doc.go has %d lines", lines))
		}
		for _, f := range p.Source() {
			if f.AST.Doc != nil && path.Base(f.Path) != "doc.go" && !directive(f) {
				out = append(out, Finding{File: f.Path, Line: f.Line(f.AST.Doc.Pos()), What: "a package comment outside doc.go",
					Instead: "put an empty line after it, or move it to doc.go: a package is explained in one place"})
			}
		}
	}
	return out
}

func docLines(p *Package) (lines int, ok bool) {
	for _, f := range p.Files {
		if path.Base(f.Path) != "doc.go" {
			continue
		}
		if f.AST.Doc == nil {
			return 0, true
		}
		return strings.Count(strings.TrimSpace(f.AST.Doc.Text()), "\n") + 1, true
	}
	return 0, false
}

// directive tells a file whose "package comment" is only directives such as go:build lines.
func directive(f *File) bool { return strings.TrimSpace(f.AST.Doc.Text()) == "" }

// named is a path of this repository in running text: from a top-level folder down to a file with an ending.
var named = regexp.MustCompile(`(?:^|[^\w./-])((?:cmd|edge|plugins|rules|sdk-wasm)/[\w./-]*\w\.(?:go|md|yaml|txt|json|sh|service))(#[\w-]+)?`)

// links checks that files named in documents and comments exist, with their headings: a map that is wrong is worse than
// none.
func links(t *Tree) []Finding {
	var out []Finding
	for _, text := range t.Files {
		markdown := path.Ext(text.Path) == ".md"
		if !markdown && path.Ext(text.Path) != ".go" || strings.HasPrefix(text.Path, path.Dir(ownFixtures)+"/") {
			continue
		}
		for n, line := range strings.Split(string(text.Data), "\n") {
			if !markdown {
				_, comment, ok := strings.Cut(line, "//")
				if !ok {
					continue
				}
				line = comment
			}
			for _, m := range named.FindAllStringSubmatch(line, -1) {
				if what := t.missing(m[1], m[2]); what != "" {
					out = append(out, Finding{File: text.Path, Line: n + 1, What: what,
						Instead: "name what is there, or write it: documents are followed by people who do not know better"})
				}
			}
		}
	}
	return out
}

// missing says what is not there: the file, or its heading.
func (t *Tree) missing(file, anchor string) string {
	data, err := fs.ReadFile(t.fsys, file)
	if err != nil {
		return "names " + file + ", which does not exist"
	}
	if anchor == "" || path.Ext(file) != ".md" {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if heading := strings.TrimLeft(line, "#"); heading != line && "#"+slug(heading) == anchor {
			return ""
		}
	}
	return "names " + file + anchor + ", and that file has no such heading"
}

// slug is the anchor that Markdown viewers give a heading.
func slug(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(heading)) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 127:
			b.WriteRune(r)
		}
	}
	return b.String()
}
