package archtest

import (
	"go/ast"
	"slices"
	"strings"
)

// topLevel is all that may stand at the top, beside files whose names begin with a dot. bin is what the Makefile builds
// and git ignores.
var topLevel = []string{"cmd", "edge", "plugins", "sdk-wasm", "rules", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE", "bin"}

// vagueNames say nothing about what a package or file owns.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "base", "types", "interfaces", "shared"}

// layout checks names: the top level, and packages and files that are named after nothing.
func layout(t *Tree) []Finding {
	var out []Finding
	for _, name := range t.Top {
		if !slices.Contains(topLevel, name) && !strings.HasPrefix(name, ".") {
			out = append(out, Finding{File: name, What: "stands at the top level",
				Instead: "the top level is " + strings.Join(topLevel, " ") + "; put it beside the code it belongs to"})
		}
	}
	for _, p := range t.Packages {
		for _, f := range p.Files {
			name := strings.TrimSuffix(strings.TrimSuffix(f.Path[strings.LastIndexByte(f.Path, '/')+1:], ".go"), "_test")
			if slices.Contains(vagueNames, name) {
				out = append(out, Finding{File: f.Path, What: "is named after nothing",
					Instead: "name the file after the noun it owns"})
			}
		}
		if base := p.Path[strings.LastIndexByte(p.Path, '/')+1:]; slices.Contains(vagueNames, base) {
			out = append(out, Finding{File: p.Path, What: "is named after nothing",
				Instead: "move each part to the package whose noun it is"})
		}
	}
	return out
}

// hot are the packages on the path of every ad call whose steps allocate nothing.
const hot = "edge/auction edge/openrtb edge/catalog edge/macro"

// budgets checks that a hot package holds itself to its allocations: a budget is a test.
func budgets(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		if matches(hot, p.Path) && !countsAllocations(p) {
			out = append(out, Finding{File: p.Path, What: "is on the path of every ad call and no test counts its allocations",
				Instead: "add a test with testing.AllocsPerRun that fails at the first allocation"})
		}
	}
	return out
}

func countsAllocations(p *Package) bool {
	counts := false
	for _, f := range p.Files {
		ast.Inspect(f.AST, func(n ast.Node) bool {
			if selector, ok := n.(*ast.SelectorExpr); ok && f.Test && selector.Sel.Name == "AllocsPerRun" {
				counts = true
			}
			return !counts
		})
	}
	return counts
}
