package archtest

import (
	"fmt"
	"go/ast"
)

// What a person can hold in the head at once.
const (
	fileLinesMax     = 800 // red
	fileLinesTarget  = 400 // told
	functionLinesMax = 70
	parametersMax    = 5
)

// allowance lets one file be longer than the target, with the reason. The number only ever goes down.
type allowance struct {
	file    string
	lines   int
	because string
}

// longFiles are files over the target that are better whole. A row may shrink or go; a file that outgrows its row is
// split.
var longFiles = []allowance{}

// sizes checks lengths. Functions of tests count too: a test is read more often than the code it judges.
func sizes(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		for _, f := range p.Files {
			if f.Lines > fileLinesMax {
				out = append(out, Finding{File: f.Path, What: fmt.Sprintf("%d lines, more than %d", f.Lines, fileLinesMax),
					Instead: fmt.Sprintf("split it by meaning into files of at most %d, each named after the noun it owns", fileLinesTarget)})
			}
			out = append(out, functions(f)...)
		}
	}
	return append(out, ratchet(t)...)
}

// ratchet holds long files to the length that their row allows.
func ratchet(t *Tree) []Finding {
	var out []Finding
	const table = "edge/internal/archtest/size.go"
	for _, a := range longFiles {
		f := t.file(a.file)
		switch {
		case f == nil || f.Lines <= fileLinesTarget:
			out = append(out, Finding{File: table, What: a.file + " has a row among the long files and is not long",
				Instead: "take the row out"})
		case f.Lines > a.lines:
			out = append(out, Finding{File: a.file, What: fmt.Sprintf("%d lines, more than the %d its row allows", f.Lines, a.lines),
				Instead: "split off what was added; rows in " + table + " only shrink"})
		}
	}
	return out
}

func (t *Tree) file(name string) *File {
	for _, p := range t.Packages {
		for _, f := range p.Files {
			if f.Path == name {
				return f
			}
		}
	}
	return nil
}

// LongFiles lists files over the target that are not tests and have no row: the next ones to split.
func LongFiles(t *Tree) []string {
	var long []string
	for _, p := range t.Packages {
		for _, f := range p.Source() {
			if f.Lines > fileLinesTarget && !allowed(f.Path) {
				long = append(long, fmt.Sprintf("%s: %d lines", f.Path, f.Lines))
			}
		}
	}
	return long
}

func allowed(file string) bool {
	for _, a := range longFiles {
		if a.file == file {
			return true
		}
	}
	return false
}

func functions(f *File) []Finding {
	var out []Finding
	for _, decl := range f.AST.Decls {
		d, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		line := f.Line(d.Pos())
		if n := f.Line(d.End()) - line + 1; n > functionLinesMax {
			out = append(out, Finding{File: f.Path, Line: line, What: fmt.Sprintf("%s has %d lines, more than %d", d.Name.Name, n, functionLinesMax),
				Instead: "keep the branches here and move the loops' bodies to functions of their own; a test's table goes beside the test"})
		}
		if n := d.Type.Params.NumFields(); n > parametersMax {
			out = append(out, Finding{File: f.Path, Line: line, What: fmt.Sprintf("%s takes %d parameters, more than %d", d.Name.Name, n, parametersMax),
				Instead: "some of them belong together: name the type that holds them"})
		}
	}
	return out
}
