package macro

// scanner follows a source and says which context its current position is.
type scanner struct {
	syntax Syntax
	html   htmlScanner
	url    urlScanner
}

func (s *scanner) reset() { s.url.reset(false, true) }

// text moves over literal text.
func (s *scanner) text(literal string) {
	switch s.syntax {
	case HTML:
		s.html.text(literal)
	case URL:
		for i := range len(literal) {
			s.url.byte(literal[i])
		}
	}
}

// place says how a reference is written here, and moves over its value. An inert reference is text still to be moved over.
func (s *scanner) place(ref reference) part {
	p := part{ref: ref, context: component}
	switch s.syntax {
	case HTML:
		p.context, p.filler = s.html.place()
	case URL:
		p.context, p.filler = s.url.place()
	}
	return p
}
