package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// ban keeps a name out of the packages that must stay pure.
type ban struct {
	names   string // import paths, or package.Function for a call
	but     string // packages that may all the same
	instead string
}

// purePackages take values and return values: same input, same output, on every machine and at every hour. That is what
// makes an auction replayable, a fuzz target of every decoder, and a test of nothing but a table.
const purePackages = "edge/ad plugins/abi edge/catalog " + samples + " " + pure

// imports that pure packages may not have.
var impure = []ban{
	{"context", "", "nothing here may wait, so there is nothing to cancel; the caller owns the deadline"},
	{"net net/http net/rpc net/smtp net/textproto", "", "no sockets here; take the value that was read from one (net/netip and net/url are fine)"},
	{"os os/exec os/signal os/user syscall", "", "no files or processes here; take bytes or an fs.FS"},
	{"log log/slog", "", "nothing is logged here; return the outcome (an ad.Reason, an error, a trace) and let the caller tell"},
	{"math/rand math/rand/v2 crypto/rand", "", "no randomness here; take the seed or the key as a value, so that a replay gives the same result"},
	{"testing", "", "production code does not import testing; move the helper to a _test.go file"},
}

// calls that pure packages may not make.
var clocks = ban{
	"time.Now time.Since time.Until time.Sleep time.After time.AfterFunc time.Tick time.NewTimer time.NewTicker", "",
	"take now as a parameter; the clock is read once per ad call, at the rim"}

// purity checks imports and calls of pure packages, and that adcall, which only orders, does no I/O of its own.
func purity(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		switch {
		case matches(purePackages, p.Path):
			for _, f := range p.Source() {
				out = append(out, impureImports(f)...)
				out = append(out, clockCalls(f)...)
			}
		case p.Path == "edge/adcall":
			for _, f := range p.Source() {
				out = append(out, flowImports(f)...)
			}
		}
	}
	return out
}

func impureImports(f *File) []Finding {
	var out []Finding
	for _, i := range f.Imports {
		for _, b := range impure {
			if slices.Contains(strings.Fields(b.names), i.Path) && !matches(b.but, f.Package) {
				out = append(out, Finding{File: f.Path, Line: i.Line,
					What: fmt.Sprintf("%s imports %s, and it is pure", f.Package, i.Path), Instead: b.instead})
			}
		}
	}
	return out
}

// flowImports keeps HTTP out of the flow: it is called by the rim and calls adapters through its ports.
func flowImports(f *File) []Finding {
	var out []Finding
	for _, i := range f.Imports {
		if i.Path == "net/http" || i.Path == "net" || i.Path == "os" {
			out = append(out, Finding{File: f.Path, Line: i.Line, What: "edge/adcall imports " + i.Path,
				Instead: "the flow says the order of things and does no I/O; let the rim or an adapter do it behind ports.go"})
		}
	}
	return out
}

// clockCalls finds uses of the clock: as a call and as a value, since passing time.Now on is reading the clock later.
func clockCalls(f *File) []Finding {
	name := importName(f, "time")
	if name == "" {
		return nil
	}
	var out []Finding
	ast.Inspect(f.AST, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		id, ok := selector.X.(*ast.Ident)
		if ok && id.Name == name && slices.Contains(strings.Fields(clocks.names), "time."+selector.Sel.Name) {
			out = append(out, Finding{File: f.Path, Line: f.Line(n.Pos()),
				What: fmt.Sprintf("%s says time.%s, and it is pure", f.Package, selector.Sel.Name), Instead: clocks.instead})
		}
		return true
	})
	return out
}

// importName is what a file calls an import, "" when it does not import it.
func importName(f *File, imported string) string {
	for _, i := range f.Imports {
		if i.Path == imported {
			if i.Name != "" {
				return i.Name
			}
			return path.Base(imported)
		}
	}
	return ""
}
