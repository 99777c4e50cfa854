package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// state reports init functions and assignments to package-level variables: what a package does must show in what it is
// given.
func state(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		files := p.Source()
		if len(files) == 0 {
			continue
		}
		for _, f := range files {
			out = append(out, initFunctions(f)...)
		}
		out = append(out, changedVariables(t, p, files)...)
	}
	return out
}

func initFunctions(f *File) []Finding {
	var out []Finding
	for _, decl := range f.AST.Decls {
		if d, ok := decl.(*ast.FuncDecl); ok && d.Recv == nil && d.Name.Name == "init" {
			out = append(out, Finding{File: f.Path, Line: f.Line(d.Pos()), What: "has an init function",
				Instead: "make it a table, or a constructor that edge/node or main calls: importing a package does nothing"})
		}
	}
	return out
}

// changedVariables resolves names with go/types and an importer that knows nothing: local names resolve, everything else
// is left open, and the many errors that follow are of no interest.
func changedVariables(t *Tree, p *Package, files []*File) []Finding {
	syntax := make([]*ast.File, len(files))
	for i, f := range files {
		syntax[i] = f.AST
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: empty{}, Error: func(error) {}, FakeImportC: true}
	pkg, _ := conf.Check(p.Path, t.fset, syntax, info)
	var out []Finding
	for _, f := range files {
		changed := func(target ast.Expr) {
			id := root(target)
			if id == nil {
				return
			}
			v, ok := info.Uses[id].(*types.Var)
			if ok && v.Parent() == pkg.Scope() {
				out = append(out, Finding{File: f.Path, Line: f.Line(id.Pos()), What: fmt.Sprintf("changes the package-level variable %s", id.Name),
					Instead: "keep state in a value that somebody owns and passes on; package level is for tables, error values and build info"})
			}
		}
		ast.Inspect(f.AST, func(n ast.Node) bool {
			switch s := n.(type) {
			case *ast.AssignStmt:
				if s.Tok != token.DEFINE {
					for _, target := range s.Lhs {
						changed(target)
					}
				}
			case *ast.IncDecStmt:
				changed(s.X)
			}
			return true
		})
	}
	return out
}

// root is the variable that an assignment's left side starts from: x of x, x[i], x.y and *x.
func root(expr ast.Expr) *ast.Ident {
	for {
		switch e := expr.(type) {
		case *ast.Ident:
			return e
		case *ast.IndexExpr:
			expr = e.X
		case *ast.SelectorExpr:
			expr = e.X
		case *ast.StarExpr:
			expr = e.X
		case *ast.ParenExpr:
			expr = e.X
		default:
			return nil
		}
	}
}

// empty imports every package as one without names.
type empty struct{}

// Import gives a package of the path's name that declares nothing.
func (empty) Import(name string) (*types.Package, error) {
	p := types.NewPackage(name, name)
	p.MarkComplete()
	return p, nil
}
