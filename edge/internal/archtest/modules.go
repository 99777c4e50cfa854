package archtest

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// permit lets packages say the name of a third-party module.
type permit struct {
	module   string
	packages string // those whose code may import it; "" tests only
	tests    string // packages whose tests may import it besides; "*" all
	because  string
}

// permits is the list of every module the repository may require directly. One package says a module's name, so that a
// change of module is a change of one package.
var permits = []permit{
	{"github.com/quic-go/quic-go", "edge/server/transport cmd/curbsim/...", "edge/server/... edge/node/... cmd/...",
		"HTTP/3 is edge/server/transport's; the simulator and tests are its clients"},
	{"golang.org/x/net/html", "", "*", "an independent reader of HTML judges what we escape, in tests"},
	{"golang.org/x/net", "edge/server/transport edge/bidder edge/egress edge/config rules/compile cmd/curbsim/...", "edge/server/... edge/node/... cmd/...",
		"HTTP/2 of a safe version on the listeners and in their clients; IDNA where hosts and advertisers are read"},
	{"golang.org/x/sys", "edge/server/transport edge/node", "", "socket options and limits that the standard library does not name"},
	{"golang.org/x/crypto", "edge/server/transport", "", "key derivation for keys on disk"},
	{"github.com/prometheus/client_golang", "edge/metrics", "", "metrics have one home, where every name is listed"},
	{"github.com/prometheus/client_model", "edge/metrics", "", "metrics have one home, where every name is listed"},
	{"go.yaml.in/yaml/v4", "rules/schema", "", "YAML ends at the schema; everything behind it sees checked kinds"},
	{"github.com/failsafe-go/failsafe-go", "edge/bidder", "", "the breaker guards bidders"},
	{"github.com/klauspost/compress", "edge/bidder edge/server edge/ledger cmd/curbsim/...", "", "bodies are coded where they are read and written; documents of sales that wait are kept compressed"},
	{"github.com/valyala/fasthttp", "", "edge/bidder", "measured beside our own bidder client"},
	{"github.com/spf13/cobra", "cmd/...", "", "the command line stops at cmd"},
	{"github.com/spf13/pflag", "cmd/...", "", "the command line stops at cmd"},
	{"github.com/tetratelabs/wazero", "plugins/host", "", "only plugins/host runs a guest"},
	{"github.com/nats-io/nats-server/v2", "edge/journal", "", "only edge/journal says nats"},
	{"github.com/nats-io/nats.go", "edge/journal", "", "only edge/journal says nats"},
	{"github.com/caddyserver/certmagic", "edge/server/transport", "", "certificates are the listeners'"},
	{"github.com/oschwald/maxminddb-golang/v2", "edge/geo", "", "only edge/geo reads a geo file"},
	{"github.com/prebid/go-gdpr", "edge/privacy", "", "consent strings are edge/privacy's"},
	{"github.com/prebid/go-gpp", "edge/privacy", "", "consent strings are edge/privacy's"},
	{"github.com/fsnotify/fsnotify", "rules/reload", "", "only the reloader watches files"},
	{"github.com/cespare/xxhash/v2", "edge/userstore rules/index edge/catalog", "", "hashing of keys in memory"},

	{"github.com/google/go-cmp", "", "*", "differences that a person can read, in tests"},
	{"pgregory.net/rapid", "", "*", "property tests"},
	{"go.uber.org/goleak", "", "*", "goroutines without an owner, in tests"},
	{"github.com/prebid/openrtb/v20", "", "*", "the codec's independent witness, in tests"},
	{"github.com/rogpeppe/go-internal", "", "*", "command-line stories, in tests"},
	{"github.com/chromedp/chromedp", "", "edge/node/...", "the browser's remote control, in tests"},
	{"github.com/chromedp/cdproto", "", "edge/node/...", "the browser's remote control, in tests"},
	{"github.com/letsencrypt/pebble/v2", "", "*", "a certificate authority for tests"},
	{"github.com/extism/go-sdk", "", "*", "measured beside our own plugin host"},
}

// thirdParty checks every import of a module, and every direct requirement of go.mod, against the list.
func thirdParty(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		for _, f := range p.Files {
			for _, i := range f.Imports {
				if !thirdPartyPath(i.Path) {
					continue
				}
				if f := judgeModule(p, f, i); f != nil {
					out = append(out, *f)
				}
			}
		}
	}
	return append(out, requirements(t)...)
}

func judgeModule(p *Package, f *File, i Import) *Finding {
	found := &Finding{File: f.Path, Line: i.Line, What: fmt.Sprintf("%s imports %s", p.Path, i.Path)}
	allowed, ok := permitOf(i.Path)
	switch {
	case !ok:
		found.Instead = "write the few lines yourself, or add the module to edge/internal/archtest/modules.go with the one package that may say it and the reason"
	case matches(allowed.packages, p.Path):
		return nil
	case f.Test && (allowed.tests == "*" || matches(allowed.tests, p.Path)):
		return nil
	case allowed.packages == "":
		found.Instead = allowed.because + "; use it in a _test.go file or not at all"
	default:
		found.Instead = allowed.because + "; use what " + allowed.packages + " offers"
	}
	return found
}

func permitOf(imported string) (permit, bool) {
	for _, p := range permits {
		if imported == p.module || strings.HasPrefix(imported, p.module+"/") {
			return p, true
		}
	}
	return permit{}, false
}

// requirements reports direct requirements of go.mod that the list does not know.
func requirements(t *Tree) []Finding {
	var out []Finding
	block := false
	for n, line := range strings.Split(string(t.GoMod), "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 2 && words[0] == "require" && words[1] == "(":
			block = true
			continue
		case len(words) == 1 && words[0] == ")":
			block = false
			continue
		case len(words) > 2 && words[0] == "require":
			words = words[1:]
		case !block || len(words) < 2:
			continue
		}
		if strings.HasSuffix(line, "// indirect") {
			continue
		}
		if _, ok := permitOf(words[0]); !ok {
			out = append(out, Finding{File: "go.mod", Line: n + 1, What: "requires " + words[0],
				Instead: "say in edge/internal/archtest/modules.go which one package may import it and why, or drop it"})
		}
	}
	return out
}

// boundary reports third-party types in exported declarations: they cross no package boundary, except inside a command.
func boundary(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		if matches("cmd/...", p.Path) {
			continue
		}
		for _, f := range p.Source() {
			foreign := foreignNames(f)
			if len(foreign) == 0 {
				continue
			}
			for _, decl := range f.AST.Decls {
				for _, node := range exposed(decl) {
					out = append(out, foreignTypes(f, node, foreign)...)
				}
			}
		}
	}
	return out
}

// foreignNames are the names by which a file calls its third-party imports.
func foreignNames(f *File) []string {
	var names []string
	for _, i := range f.Imports {
		if !thirdPartyPath(i.Path) {
			continue
		}
		name := i.Name
		if name == "" {
			name = path.Base(i.Path)
			if version := strings.TrimPrefix(name, "v"); version != name && strings.Trim(version, "0123456789") == "" {
				name = path.Base(path.Dir(i.Path))
			}
			for _, ending := range []string{"-go", ".go"} {
				name = strings.TrimSuffix(name, ending)
			}
			name = strings.TrimPrefix(name, "go-")
		}
		names = append(names, name)
	}
	return names
}

// exposed gives the type expressions of a declaration that importers see.
func exposed(decl ast.Decl) []ast.Node {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv)) {
			return []ast.Node{d.Type}
		}
	case *ast.GenDecl:
		var nodes []ast.Node
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					nodes = append(nodes, exposedType(s.Type)...)
				}
			case *ast.ValueSpec:
				if s.Type != nil && slices.ContainsFunc(s.Names, (*ast.Ident).IsExported) {
					nodes = append(nodes, s.Type)
				}
			}
		}
		return nodes
	}
	return nil
}

// exposedType leaves out a struct's unexported fields.
func exposedType(expr ast.Expr) []ast.Node {
	structure, ok := expr.(*ast.StructType)
	if !ok {
		return []ast.Node{expr}
	}
	var nodes []ast.Node
	for _, field := range structure.Fields.List {
		if len(field.Names) == 0 || slices.ContainsFunc(field.Names, (*ast.Ident).IsExported) {
			nodes = append(nodes, field.Type)
		}
	}
	return nodes
}

func exportedReceiver(receiver *ast.FieldList) bool {
	exported := false
	ast.Inspect(receiver, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.IsExported() {
			exported = true
		}
		return true
	})
	return exported
}

func foreignTypes(f *File, node ast.Node, foreign []string) []Finding {
	var out []Finding
	ast.Inspect(node, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if id, ok := selector.X.(*ast.Ident); ok && slices.Contains(foreign, id.Name) {
			out = append(out, Finding{File: f.Path, Line: f.Line(n.Pos()),
				What:    fmt.Sprintf("the exported API says %s.%s", id.Name, selector.Sel.Name),
				Instead: "third-party types cross no package boundary: take or return a type of ours or of the standard library"})
		}
		return true
	})
	return out
}
