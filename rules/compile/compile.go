package compile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/rules/schema"
)

// Problem is one thing wrong with a rule set.
type Problem = schema.Problem

// Options says for which nodes a set is compiled, and when.
type Options struct {
	// Lab allows what only nodes in lab mode do: http to loopback, and exchange rates of the previous day.
	Lab bool
	// Now is the time of compiling. Exchange rates are stale, ahead of their time or of the previous day by it; with the zero
	// time none of this is judged, and the day of rates of the previous day stays zero: too old to be used.
	Now time.Time
}

// Outcome is what came of compiling a rule set.
type Outcome struct {
	// Contents are empty when there are problems.
	Contents catalog.Contents
	Problems []Problem
	// Warnings do not keep a set from being used; a set with problems has none.
	Warnings []Problem
}

// Dir compiles the rule files of fsys. With problems there are no contents.
func Dir(fsys fs.FS, options Options) (catalog.Contents, []Problem) {
	o := Set(fsys, options)
	return o.Contents, o.Problems
}

// Set is Dir, and says also what is odd about a set that can be used.
func Set(fsys fs.FS, options Options) Outcome { return newCompiler(fsys, options).run() }

func newCompiler(fsys fs.FS, options Options) *compiler {
	return &compiler{
		fsys: fsys, options: options, bytesMax: ad.RuleSetBytesMax, objectsMax: ad.RuleObjectsMax,
		byName: map[nameKey]*entry{}, byID: map[idKey]*entry{}, byKind: map[string][]*entry{}, names: map[string][]string{},
		origins: map[string][]origin{},
	}
}

// run does one step after the other. Every step reports what it finds and the next goes on with what is left.
func (c *compiler) run() Outcome {
	c.parse()
	c.index()
	for _, kind := range schema.Kinds() {
		for _, e := range c.byKind[kind.Name] {
			if e.Spec != nil {
				decoders[kind.Name](c, e)
			}
		}
	}
	c.ownBidders()
	c.check()
	if problems := c.report.Problems(); len(problems) > 0 {
		return Outcome{Problems: problems}
	}
	sortContents(&c.contents)
	c.contents.Version = c.version()
	return Outcome{Contents: c.contents, Warnings: c.warnings.Problems()}
}

// compiler is one run.
type compiler struct {
	fsys    fs.FS
	options Options
	report  schema.Report
	// warnings are reported when there are no problems.
	warnings schema.Report

	bytesMax, objectsMax int
	total                int // bytes read
	objects              []*entry
	byName               map[nameKey]*entry
	byID                 map[idKey]*entry
	byKind               map[string][]*entry
	names                map[string][]string // of a kind, in order; built when a reference leads nowhere

	contents catalog.Contents
	// origins says where a value of contents comes from, by kind and index.
	origins map[string][]origin
}

type nameKey struct{ kind, name string }

type idKey struct {
	kind string
	id   int64
}

// entry is an object and what became of it.
type entry struct {
	*schema.Object
	id int64
	// shaky objects have a problem, or refer to one that has: what else looks wrong with them may only follow from that.
	shaky bool
	// extra is the bytes of a file that belongs to the object.
	extra []byte
}

// origin is the object, and the field of it, that a value of contents comes from.
type origin struct {
	*entry
	prefix string
}

// decoders turn objects into contents, by kind.
var decoders = map[string]func(*compiler, *entry){
	"Node": (*compiler).node, "Member": (*compiler).member, "Publisher": (*compiler).publisher, "Site": (*compiler).site,
	"Creative": (*compiler).creative, "Placement": (*compiler).placement, "Bidder": (*compiler).bidder, "LineItem": (*compiler).lineItem,
	"Deal": (*compiler).deal, "DataProvider": (*compiler).dataProvider, "ExchangeRates": (*compiler).exchangeRates, "GeoTable": (*compiler).geoTable,
}

// parse reads all files into objects.
func (c *compiler) parse() {
	for _, name := range c.files() {
		text, err := c.read(name, ad.RuleFileBytesMax)
		if err != nil {
			c.report.AddFile(name, "cannot be read: "+reason(err), readRemedy)
			continue
		}
		for _, o := range schema.Parse(name, text, schema.Options{Lab: c.options.Lab}, &c.report) {
			c.objects = append(c.objects, &entry{Object: o, shaky: o.Broken})
		}
		if len(c.objects) > c.objectsMax {
			c.report.AddFile(".", fmt.Sprintf("there are more than %d objects", c.objectsMax), "split the rule set")
			return
		}
	}
}

// index finds objects by kind, name and id, and reports those that are taken.
func (c *compiler) index() {
	for _, e := range c.objects {
		kind := e.Kind.Name
		if first := c.byKind[kind]; e.Kind.Single && len(first) > 0 {
			c.report.Add(e.At, "kind", "there is another "+kind, "a rule set has one; the first is at "+where(first[0].At))
			continue
		}
		if key := (nameKey{kind, e.Name}); e.Name != "" {
			if first := c.byName[key]; first != nil {
				c.report.Add(e.At, "metadata.name", fmt.Sprintf("there is another %s %q", kind, e.Name), "names are unique within a kind; the first is at "+where(first.At))
				e.shaky = true
			} else {
				c.byName[key] = e
			}
		}
		c.indexID(e)
		c.byKind[kind] = append(c.byKind[kind], e)
	}
}

// indexID files an object under its numeric id, if its kind has one.
func (c *compiler) indexID(e *entry) {
	if e.Spec == nil || !hasNumber(e.Kind) || e.Spec.Field("id") == nil {
		return
	}
	id := e.Spec.Field("id")
	e.id = id.Whole()
	key := idKey{e.Kind.Name, e.id}
	first := c.byID[key]
	if first == nil {
		c.byID[key] = e
		return
	}
	c.report.Add(id.At, "spec.id", fmt.Sprintf("id %d is taken by %s %q", e.id, e.Kind.Name, first.Name), "ids are unique within a kind; the first is at "+where(first.At))
	e.shaky = true
}

// hasNumber says whether objects of a kind have a numeric id: deals have a text, single kinds have none.
func hasNumber(k *schema.Kind) bool {
	i := slices.IndexFunc(k.Spec.Fields, func(f schema.Field) bool { return f.Name == "id" })
	return i >= 0 && k.Spec.Fields[i].Type.Form == schema.FormWhole
}

func where(at schema.Pos) string { return fmt.Sprintf("%s:%d", at.File(), at.Line) }

// problem reports a problem of a field of an object; path is inside spec.
func (c *compiler) problem(e *entry, path, detail, remedy string) {
	e.shaky = true
	full := "spec"
	if path != "" {
		full += "." + path
	}
	c.report.Add(e.Spec.Find(path).At, full, full+": "+detail, remedy)
}

// check lets the catalog judge whether the contents fit together, and points its problems at their places. What it says
// about shaky objects is left out: the next check, after the first problems are mended, will tell.
func (c *compiler) check() {
	for _, p := range catalog.Validate(&c.contents) {
		list, i := c.origins[p.Kind], max(p.Index, 0)
		if i >= len(list) {
			c.report.AddFile(".", p.String(), "mend the rule set")
			continue
		}
		if from := list[i]; !from.shaky {
			detail, field := p.Detail, strings.Trim(from.prefix+p.Field, ".")
			full := strings.Trim("spec."+field, ".")
			c.report.Add(from.Spec.Find(field).At, full, full+": "+detail, p.Remedy)
		}
	}
}

// version is a digest of what the objects say. Files, order, comments and layout do not change it.
func (c *compiler) version() string {
	const digits = 16
	slices.SortFunc(c.objects, func(a, b *entry) int {
		if d := strings.Compare(a.Kind.Name, b.Kind.Name); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	hash := sha256.New()
	var buf []byte
	for _, e := range c.objects {
		buf = append(append(buf[:0], e.Kind.Name...), '\n')
		buf = append(append(buf, e.Name...), '\n')
		buf = e.Labels.AppendCanonical(buf)
		buf = e.Spec.AppendCanonical(buf)
		buf = binary.AppendUvarint(buf, uint64(len(e.extra)))
		hash.Write(append(buf, e.extra...))
	}
	return hex.EncodeToString(hash.Sum(nil))[:digits]
}
