package admin

import (
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/creative"
)

// column gives the code-quoted first cells of the table below a heading row.
func column(t *testing.T, heading string) []string {
	t.Helper()
	text, err := os.ReadFile("ENDPOINTS.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n"+heading)
	if !found {
		t.Fatalf("ENDPOINTS.md has no table %q", heading)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var cells []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(table, -1) {
		cells = append(cells, m[1])
	}
	slices.Sort(cells)
	return cells
}

// TestEndpointsAreDocumented compares the tables with the routes, fields and codes that there are.
func TestEndpointsAreDocumented(t *testing.T) {
	o := Options{Metrics: http.NotFoundHandler(), Logger: slog.New(slog.DiscardHandler), Catalog: func() *catalog.Snapshot { return nil },
		Creatives: &creative.Registry{}, Bills: noBills{}, Notices: func() Notices { return Notices{} }}
	var routes []string
	for _, r := range o.routes() {
		routes = append(routes, r.pattern)
	}
	slices.Sort(routes)
	if diff := cmp.Diff(routes, column(t, "| Endpoint |")); diff != "" {
		t.Errorf("routes and ENDPOINTS.md differ:\n%s", diff)
	}
	if diff := cmp.Diff(codes(t), column(t, "| Code |")); diff != "" {
		t.Errorf("error codes and ENDPOINTS.md differ:\n%s", diff)
	}
	var body strings.Builder
	for _, field := range column(t, "| Field |") {
		body.WriteString("\"" + field + "\",")
	}
	d := openDoor(t)
	x := d.ask("POST", "/v1/creatives", `{"x":1}`)
	for _, p := range x.json["errors"].([]any) {
		if p := p.(map[string]any); p["field"] == "x" {
			want := "use " + strings.ReplaceAll(strings.Trim(body.String(), `",`), `","`, ", ")
			if p["remedy"] != want {
				t.Errorf("the API says %s\nENDPOINTS.md %s", p["remedy"], want)
			}
		}
	}
}

// codes finds every text in the source that stands where an error code does.
func codes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok {
			code, _ := strconv.Unquote(lit.Value)
			found[code] = true
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && key.Name == "code" {
					add(n.Value)
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "Problem" {
					add(n.Args[2])
				} else if ok && f.Name == "invalid" {
					add(n.Args[0])
				}
			}
			return true
		})
	}
	var all []string
	for code := range found {
		all = append(all, code)
	}
	slices.Sort(all)
	return all
}

// noBills is a ledger that has billed nothing.
type noBills struct{}

func (noBills) Totals() Totals       { return Totals{} }
func (noBills) Recent(int) []ad.Bill { return nil }
