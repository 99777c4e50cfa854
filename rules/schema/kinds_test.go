package schema

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the reference into KINDS.md")

// TestReference keeps ../KINDS.md what the descriptions say.
func TestReference(t *testing.T) {
	const name = "../KINDS.md"
	got := Reference()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("rules/KINDS.md is not what the descriptions say (-update writes it)\n%s", diff)
	}
}

var fieldName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// TestDescriptions checks what every description must hold, so that a new kind cannot forget it.
func TestDescriptions(t *testing.T) {
	before := map[string]bool{}
	for _, k := range Kinds() {
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") || k.Spec.Form != FormRecord || before[k.Name] {
			t.Errorf("%s has no sentence, no record, or a name that is taken", k.Name)
		}
		checkFields(t, k.Name, k.Spec, before)
		before[k.Name] = true
	}
}

func checkFields(t *testing.T, where string, record *Type, before map[string]bool) {
	words := map[string]bool{}
	for _, f := range record.Fields {
		words[f.Name] = true
	}
	for _, f := range record.Fields {
		name := where + "." + f.Name
		if !fieldName.MatchString(f.Name) || f.Doc == "" || !strings.HasSuffix(f.Doc, ".") {
			t.Errorf("%s has no proper name or no sentence", name)
		}
		if f.Required && f.Default != "" {
			t.Errorf("%s is required and has a default", name)
		}
		for _, word := range f.Aka {
			if words[word] {
				t.Errorf("%s is also known as %s, which means another field", name, word)
			}
			words[word] = true
		}
		checkType(t, name, f.Type, before)
	}
}

func checkType(t *testing.T, name string, typ *Type, before map[string]bool) {
	switch typ.Form {
	case FormRef:
		if forward := name == "Member.bidder"; !before[typ.Ref] && !forward {
			t.Errorf("%s refers to %s, which does not come before it", name, typ.Ref)
		}
	case FormRecord:
		checkFields(t, name, typ, before)
	case FormList, FormMap:
		if typ.Max < 1 || typ.Max < typ.Min {
			t.Errorf("%s takes %d to %d elements", name, typ.Min, typ.Max)
		}
		checkType(t, name, typ.Of, before)
	case FormWord:
		if len(typ.Words) == 0 {
			t.Errorf("%s has no words", name)
		}
	case FormText, FormMarkup, FormCode, FormWhole, FormMoney, FormShare, FormRate, FormDuration, FormSecret:
		if typ.Max <= typ.Min || typ.Min < 0 {
			t.Errorf("%s is bounded by %d and %d", name, typ.Min, typ.Max)
		}
	}
	if typ.describe() == "anything" || typ.example() == "" {
		t.Errorf("%s is not described", name)
	}
}

// TestExamplesAreRight: what a remedy tells an operator to write must be accepted when written.
func TestExamplesAreRight(t *testing.T) {
	var check func(name string, typ *Type)
	check = func(name string, typ *Type) {
		switch typ.Form {
		case FormRecord:
			for _, f := range typ.Fields {
				check(name+"."+f.Name, f.Type)
			}
		case FormList:
			check(name, typ.Of)
		case FormMap:
			check(name, typ.Of)
			check(name, typ.Key)
		case FormKey: // a key that stands in a message is no key
		default:
			v := &Value{typ: typ}
			if f := readers[typ.Form](&reading{Type: typ, v: v, text: typ.example(), report: &Report{}}); f != nil {
				t.Errorf("%s: the example %q is refused: %s", name, typ.example(), f.detail)
			}
		}
	}
	for _, k := range Kinds() {
		check(k.Name, k.Spec)
	}
	check("metadata", metadata)
}

func TestCodesAreListedOnce(t *testing.T) {
	for name, codes := range map[string][]string{"currencies": currencies, "countries": countries, "languages": languages, "bid currencies": BidCurrencies()} {
		seen := map[string]bool{}
		for _, c := range codes {
			if seen[c] {
				t.Errorf("%s lists %s twice", name, c)
			}
			seen[c] = true
		}
	}
	if n := len(BidCurrencies()); n != 28 {
		t.Errorf("%d bid currencies, want 28", n)
	}
	if n := len(countries); n != 249 {
		t.Errorf("%d countries, want 249", n)
	}
	for _, c := range BidCurrencies() {
		if f := readCurrency(&reading{text: c}); f != nil {
			t.Errorf("the bid currency %s is not listed", c)
		}
	}
}
