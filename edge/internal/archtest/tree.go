package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// module is this repository's module path, and the prefix of its import paths.
const module = "curb"

// Tree is a repository, read and parsed.
type Tree struct {
	Top      []string // names at the top level
	Folders  []string // those of Top that are folders
	Files    []Text   // every text file the word rules look at, sorted by path
	Packages []*Package
	GoMod    []byte
	fsys     fs.FS
	fset     *token.FileSet
}

// Text is one file as bytes.
type Text struct {
	Path string
	Data []byte
}

// Package is the Go files of one folder, tests included.
type Package struct {
	Path  string // folder from the root: "edge/auction"
	Files []*File
}

// File is one parsed Go file.
type File struct {
	Path    string
	Package string // folder
	Test    bool   // _test.go
	Lines   int
	Imports []Import
	AST     *ast.File
	fset    *token.FileSet
}

// Import is one import of a file.
type Import struct {
	Path string
	Name string // as the file says it; "" when not renamed
	Line int
}

// Line gives the line of a position in the file.
func (f *File) Line(pos token.Pos) int { return f.fset.Position(pos).Line }

// texts are the endings of files that people write.
var texts = []string{".go", ".md", ".yaml", ".yml", ".sh", ".html", ".js", ".ts", ".json", ".rs", ".c", ".h", ".service", ".socket"}

// plain are names without an ending that people write too.
var plain = []string{"Makefile", "Dockerfile", "run", "go.mod"}

// unread are folders that hold no work of ours: the clone's own data and what the Makefile builds.
var unread = []string{".git", "bin", "node_modules"}

// ownFixtures is the one folder whose files break the rules on purpose.
const ownFixtures = "edge/internal/archtest/testdata"

// Load reads a repository. A file that does not parse is an error: nothing can be said of it.
func Load(fsys fs.FS) (*Tree, error) {
	t := &Tree{fsys: fsys, fset: token.NewFileSet()}
	nested, err := nestedModules(fsys)
	if err != nil {
		return nil, err
	}
	packages := map[string]*Package{}
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		if !strings.Contains(name, "/") {
			t.Top = append(t.Top, name)
			if d.IsDir() {
				t.Folders = append(t.Folders, name)
			}
		}
		if d.IsDir() {
			if slices.Contains(unread, d.Name()) || name == ownFixtures {
				return fs.SkipDir
			}
			return nil
		}
		return t.read(name, packages, within(name, nested))
	})
	if err != nil {
		return nil, fmt.Errorf("read the tree: %w", err)
	}
	for _, p := range packages {
		t.Packages = append(t.Packages, p)
	}
	slices.SortFunc(t.Packages, func(a, b *Package) int { return strings.Compare(a.Path, b.Path) })
	return t, nil
}

// nestedModules lists folders below the root that hold a go.mod: their imports are their own business.
func nestedModules(fsys fs.FS) ([]string, error) {
	var nested []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains(unread, d.Name()) {
			return fs.SkipDir
		}
		if d.Name() == "go.mod" && name != "go.mod" {
			nested = append(nested, path.Dir(name)+"/")
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for nested modules: %w", err)
	}
	return nested, nil
}

// read takes one file into the tree: as text where people write it, as Go where the root module builds it.
func (t *Tree) read(name string, packages map[string]*Package, foreign bool) error {
	base := path.Base(name)
	if !slices.Contains(texts, path.Ext(base)) && !slices.Contains(plain, base) {
		return nil
	}
	data, err := fs.ReadFile(t.fsys, name)
	if err != nil {
		return err
	}
	t.Files = append(t.Files, Text{name, data})
	if name == "go.mod" {
		t.GoMod = data
	}
	if path.Ext(base) != ".go" || foreign || strings.Contains("/"+name, "/testdata/") {
		return nil
	}
	file, err := t.parse(name, data)
	if err != nil {
		return err
	}
	p := packages[file.Package]
	if p == nil {
		p = &Package{Path: file.Package}
		packages[file.Package] = p
	}
	p.Files = append(p.Files, file)
	return nil
}

func (t *Tree) parse(name string, data []byte) (*File, error) {
	tree, err := parser.ParseFile(t.fset, name, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	f := &File{
		Path:    name,
		Package: path.Dir(name),
		Test:    strings.HasSuffix(name, "_test.go"),
		Lines:   bytes.Count(data, []byte("\n")),
		AST:     tree,
		fset:    t.fset,
	}
	for _, spec := range tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		i := Import{Path: imported, Line: f.Line(spec.Pos())}
		if spec.Name != nil {
			i.Name = spec.Name.Name
		}
		f.Imports = append(f.Imports, i)
	}
	return f, nil
}

// Source gives the package's files that are not tests.
func (p *Package) Source() []*File {
	var source []*File
	for _, f := range p.Files {
		if !f.Test {
			source = append(source, f)
		}
	}
	return source
}

// ours strips the module path off an import of this module.
func ours(imported string) (string, bool) {
	return strings.CutPrefix(imported, module+"/")
}

// thirdPartyPath tells a module's import path from the standard library's and from ours: its first element is a host.
func thirdPartyPath(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

// within tells whether name lies in one of the folders, which end in a slash.
func within(name string, folders []string) bool {
	for _, folder := range folders {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	return false
}

// matches tells whether a folder is one of the patterns: space-separated folders, where "edge/server/..." takes
// edge/server and everything below it.
func matches(patterns, folder string) bool {
	for pattern := range strings.FieldsSeq(patterns) {
		if base, ok := strings.CutSuffix(pattern, "/..."); ok {
			if folder == base || strings.HasPrefix(folder, base+"/") {
				return true
			}
		} else if folder == pattern {
			return true
		}
	}
	return false
}
