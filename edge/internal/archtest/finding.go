package archtest

import (
	"cmp"
	"fmt"
	"slices"
)

// Finding is one breach of a rule.
type Finding struct {
	Rule    string // the check's name, as in Checks
	File    string // slash-separated, from the root
	Line    int    // 0: the file or folder as a whole
	What    string // what is wrong
	Instead string // what to do about it
}

// String is one line of a report: place, cause, remedy.
func (f Finding) String() string {
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d", f.File, f.Line)
	}
	return fmt.Sprintf("%s: %s: %s", place, f.What, f.Instead)
}

// Check is one rule over the whole tree.
type Check struct {
	Name string
	Find func(*Tree) []Finding
}

// Checks lists every rule, in the order of the package comment.
func Checks() []Check {
	return []Check{
		{"direction", direction},
		{"modules", thirdParty},
		{"boundary", boundary},
		{"pure", purity},
		{"size", sizes},
		{"state", state},
		{"docs", packageDocs},
		{"links", links},
		{"readme", readme},
		{"words", leftOvers},
		{"layout", layout},
		{"budgets", budgets},
	}
}

// All runs every check and gives the findings in order of place.
func All(t *Tree) []Finding {
	var all []Finding
	for _, check := range Checks() {
		for _, f := range check.Find(t) {
			f.Rule = check.Name
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.What, b.What))
	})
	return all
}
