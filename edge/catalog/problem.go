package catalog

import "strings"

// Problem is one thing wrong with contents. Kind and Field are the words of rule files, so that whoever read one can
// point at the place.
type Problem struct {
	Kind string // e.g. Placement
	// Index of the value in its list of Contents, -1 where there is no list (Rates, Node).
	Index int
	ID    string // e.g. 1001, or the name of a data provider
	// Field is a path such as defaults[0].creative; empty: the value as a whole.
	Field  string
	Detail string // what is wrong
	Remedy string // what to do about it; may be empty
}

// String is the problem on one line.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.Kind)
	if p.ID != "" {
		b.WriteString(" " + p.ID)
	}
	if p.Field != "" {
		b.WriteString(": " + p.Field)
	}
	b.WriteString(": " + p.Detail)
	if p.Remedy != "" {
		b.WriteString(": " + p.Remedy)
	}
	return b.String()
}

// InvalidError is what New returns when contents do not fit together. It holds every problem, in the order of the
// lists of Contents.
type InvalidError struct{ Problems []Problem }

// Error gives one line per problem.
func (e *InvalidError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}
