package archtest

import "fmt"

// Groups of packages, named once for the table below.
const (
	pure = "edge/auction edge/auction/vector edge/openrtb edge/macro edge/privacy edge/token rules/schema rules/compile rules/index " +
		"rules/ruletest plugins/hook plugins/wasmcheck"
	memory   = "edge/catalog edge/userstore edge/estimate edge/throttle edge/creative"
	samples  = "rules/samples/..."
	adapters = "edge/bidder edge/provider edge/identity edge/geo edge/device edge/notice edge/ledger edge/journal " +
		"plugins/host plugins/registry rules/reload"
	rim = "edge/server edge/server/... edge/admin edge/console"
	// core is what everything above the pure packages may build on.
	core = "edge/ad plugins/abi edge/invariant " + pure + " " + memory
)

// row lets packages import others of this module. The first row that names a package decides.
type row struct {
	packages string
	may      string // "" nothing of ours, "*" anything that is not a command
	because  string // completes "…: because"
}

// house is who may import whom, from the vocabulary up to the commands:
//
//	cmd → node → rim → adcall → {pure, memory} → ad
//	       └───→ adapters ─────────────┘
//
// Rows stand for packages that are planned too, so that the first file of a package already lands under its rule.
var house = []row{
	{"edge/ad plugins/abi", "", "the vocabulary is imported by everybody, so it imports nobody"},
	{"edge/invariant", "", "every package may assert, so assertions know no package"},
	{pure, "edge/ad plugins/abi edge/invariant " + pure + " " + memory,
		"a pure package takes values and returns values; whoever does I/O calls it, never the other way round"},
	{memory, "edge/ad edge/invariant " + pure, "a snapshot is values of the vocabulary; what fills it comes from above"},
	{samples, samples, "rule sets are files; whoever compiles them calls rules/compile"},
	{"edge/egress", "edge/ad edge/invariant", "the one dialler is shared by all that call out, so it knows none of them"},
	{"edge/metrics", "edge/ad edge/invariant", "metrics are told numbers; they do not go and look"},
	{"edge/config", core, "a configuration is a value, checked before anything runs"},
	{adapters, core + " edge/egress", "adapters know one outside technology each and never each other; edge/node wires them"},
	{"edge/adcall", core, "the flow says the order of things; it declares the interfaces it needs in ports.go and adapters satisfy them"},
	{"edge/server edge/console", core + " edge/adcall edge/metrics edge/server/transport", "the rim translates HTTP for the flow; edge/node hands it everything else"},
	{"edge/server/...", core + " edge/metrics edge/server/...", "listeners wrap one http.Handler and know nothing of what it does"},
	{"edge/admin", core + " edge/adcall edge/metrics edge/console", "the admin API is handed what it shows by edge/node, behind interfaces of its own"},
	{"edge/adtest", core + " " + samples, "helpers for tests are built on values, so that every test may use them"},
	{"edge/internal/archtest", "", "the keeper of the house reads source and imports none of it"},
	{"edge/node edge/node/...", "*", "the composition root wires everything together"},
	{"plugins/tck plugins/bundled/...", core + " plugins/host", "conformance is shown against the host that runs in production"},
	{"edge plugins rules", "", "a folder's own package is its map and holds no code"},
	{"cmd/...", "*", "a command starts what edge/node has wired"},
}

// testHelpers are packages that only tests and the simulator may import.
const testHelpers = "edge/adtest edge/internal/archtest edge/node/e2e edge/node/bench"

// direction checks the imports of everything that is not a test against the table. Tests may look sideways: an outside
// test of the codec may judge what the auction makes of it.
func direction(t *Tree) []Finding {
	var out []Finding
	for _, p := range t.Packages {
		r, ok := rowOf(p.Path)
		if !ok {
			out = append(out, Finding{File: p.Path, What: "the package has no row in the table of who may import whom",
				Instead: "give it one in edge/internal/archtest/direction.go, with the reason, or move its files to a package that has one"})
			continue
		}
		for _, f := range p.Source() {
			for _, i := range f.Imports {
				out = append(out, r.judge(p, f, i)...)
			}
		}
	}
	return out
}

func rowOf(folder string) (row, bool) {
	for _, r := range house {
		if matches(r.packages, folder) {
			return r, true
		}
	}
	return row{}, false
}

func (r row) judge(p *Package, f *File, i Import) []Finding {
	target, ok := ours(i.Path)
	if !ok {
		return nil
	}
	found := func(what, instead string) []Finding {
		return []Finding{{File: f.Path, Line: i.Line, What: what, Instead: instead}}
	}
	what := fmt.Sprintf("%s imports %s", p.Path, i.Path)
	switch {
	case matches("cmd/...", target) && !matches(commandOf(p.Path), target):
		return found(what+", a command", "move what is shared to a package under edge; nothing imports a command")
	case matches(testHelpers, target) && !matches(testHelpers+" cmd/curbsim/...", p.Path):
		return found(what+", which is for tests", "move the import to a _test.go file; only tests and cmd/curbsim build on test helpers")
	case matches("edge/node/...", target) && !matches("cmd/... edge/node/...", p.Path):
		return found(what+", the composition root", "take what you need through Options; only commands and tests import edge/node")
	case r.may == "*" || matches(r.may, target):
		return nil
	}
	return found(what, r.because+"; pass the value in, or declare the interface here and let edge/node satisfy it")
}

// commandOf is the pattern of a command's own packages: cmd/curb/x may import cmd/curb/y.
func commandOf(folder string) string {
	for _, command := range []string{"cmd/curb", "cmd/curbsim"} {
		if matches(command+"/...", folder) {
			return command + "/..."
		}
	}
	return ""
}
