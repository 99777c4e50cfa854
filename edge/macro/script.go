package macro

// scriptState is where in a script's tokens the scanner is (ECMAScript 2025 §12).
type scriptState uint8

const (
	scriptBetween    scriptState = iota // tokens
	scriptQuoted                        // '…' or "…"
	scriptTemplate                      // `…`
	scriptLine                          // // to the end of the line
	scriptBlock                         // /* … */
	scriptRegex                         // /…/
	scriptRegexClass                    // […] in a regular expression
	scriptLost                          // not sure any more
)

// Depths beyond which the scanner gives up being sure.
const (
	templateDepthMax = 4
	parenDepthMax    = 32
	wordBytesMax     = 12
)

// scriptScanner follows JavaScript closely enough to tell strings from code. Where the language is ambiguous without a
// parser (a slash after a closing brace) it is lost, and stays so to the end of the script.
type scriptScanner struct {
	state   scriptState
	quote   byte
	escaped bool // after a backslash
	slash   bool // a slash between tokens: comment, division or regular expression
	dollar  bool // a dollar in a template
	star    bool // a star in a block comment
	fresh   bool // only spaces since the line began
	last    byte // last byte of the last token; 0 at the beginning
	before  byte // the byte before it
	word    [wordBytesMax]byte
	length  int
	tail    uint32 // last four bytes
	// braces counts open braces per template that the code is nested in.
	braces [templateDepthMax]uint16
	depth  int
	// parens remembers per open parenthesis whether a keyword such as if stood before it.
	parens     uint32
	parenDepth int
	headParen  bool // the parenthesis closed last was such a one
}

func (s *scriptScanner) reset() { *s = scriptScanner{fresh: true} }

func (s *scriptScanner) byte(b byte) {
	s.tail = s.tail<<8 | uint32(b)
	switch s.state {
	case scriptBetween:
		s.between(b)
	case scriptQuoted:
		s.quoted(b)
	case scriptTemplate:
		s.template(b)
	case scriptLine:
		if s.lineEnds(b) {
			s.state, s.fresh = scriptBetween, true
		}
	case scriptBlock:
		if b == '/' && s.star {
			s.state = scriptBetween
		}
		s.star = b == '*'
	case scriptRegex, scriptRegexClass:
		s.regex(b)
	}
}

func (s *scriptScanner) lineEnds(b byte) bool {
	return b == '\n' || b == '\r' || s.tail&0xffffff == 0xe280a8 || s.tail&0xffffff == 0xe280a9
}

func (s *scriptScanner) between(b byte) {
	if s.slash {
		s.slash = false
		if s.afterSlash(b) {
			return
		}
	}
	switch {
	case s.lineEnds(b):
		s.fresh = true
		return
	case b <= ' ':
		return
	case b == '/':
		s.slash = true
		return
	case s.tail == 0x3c212d2d, b == '>' && s.fresh && s.tail&0xffffff == 0x2d2d3e:
		s.state = scriptLine // <!-- anywhere, --> at the beginning of a line
		return
	}
	s.token(b)
	if b != '-' {
		s.fresh = false
	}
}

// afterSlash decides what a slash began; it reports whether it used up b.
func (s *scriptScanner) afterSlash(b byte) bool {
	switch b {
	case '/':
		s.state = scriptLine
		return true
	case '*':
		s.state, s.star = scriptBlock, false
		return true
	}
	s.fresh = false
	switch s.slashMeans() {
	case slashDivides:
		s.remember('/')
	case slashRegex:
		s.state = scriptRegex
		s.regex(b)
		return true
	default:
		s.state = scriptLost
		return true
	}
	return false
}

type slashMeaning uint8

const (
	slashDivides slashMeaning = iota
	slashRegex
	slashUnknown
)

func (s *scriptScanner) slashMeans() slashMeaning {
	switch {
	case s.last == 0:
		return slashRegex
	case s.length > 0:
		if isOperatorWord(string(s.word[:min(s.length, wordBytesMax)])) {
			return slashRegex
		}
		return slashDivides
	}
	switch s.last {
	case ')':
		if s.headParen {
			return slashRegex
		}
		return slashDivides
	case ']', '"', '\'', '`':
		return slashDivides
	case '}':
		return slashUnknown
	case '+', '-':
		if s.before == s.last {
			return slashUnknown
		}
	}
	return slashRegex
}

// isOperatorWord lists the words after which an expression begins.
func isOperatorWord(word string) bool {
	switch word {
	case "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "instanceof", "do", "else", "yield", "await":
		return true
	}
	return false
}

func (s *scriptScanner) remember(b byte) { s.before, s.last, s.length = s.last, b, 0 }

func (s *scriptScanner) token(b byte) {
	switch b {
	case '"', '\'':
		s.state, s.quote = scriptQuoted, b
		s.remember(b)
		return
	case '`':
		s.openTemplate()
		return
	case '(':
		s.openParen()
	case ')':
		s.closeParen()
	case '{':
		if s.depth > 0 {
			s.braces[s.depth-1]++
		}
	case '}':
		if s.closeBrace() {
			return
		}
	}
	if alphanumeric(b) || b == '_' || b == '$' || b >= 0x80 {
		s.letter(b)
		return
	}
	s.remember(b)
}

// letter continues or begins a word: a space in between begins a new one.
func (s *scriptScanner) letter(b byte) {
	previous := byte(s.tail >> 8)
	continues := s.length > 0 && (alphanumeric(previous) || previous == '_' || previous == '$' || previous >= 0x80)
	if !continues {
		s.before, s.length = s.last, 0
		if s.last == '.' {
			s.word[0], s.length = '.', 1 // a property is no keyword
		}
	}
	if s.length < wordBytesMax {
		s.word[s.length] = b
	}
	s.length++
	s.last = b
}

func (s *scriptScanner) openParen() {
	if s.parenDepth == parenDepthMax {
		s.state = scriptLost
		return
	}
	head := false
	switch string(s.word[:min(s.length, wordBytesMax)]) {
	case "if", "while", "for", "with":
		head = true
	}
	s.parens <<= 1
	if head {
		s.parens |= 1
	}
	s.parenDepth++
}

func (s *scriptScanner) closeParen() {
	if s.parenDepth == 0 {
		s.state = scriptLost
		return
	}
	s.headParen = s.parens&1 == 1
	s.parens >>= 1
	s.parenDepth--
}

func (s *scriptScanner) openTemplate() {
	if s.depth == templateDepthMax {
		s.state = scriptLost
		return
	}
	s.braces[s.depth] = 0
	s.depth++
	s.state, s.dollar = scriptTemplate, false
}

// closeBrace reports whether the brace ended a substitution and the template goes on.
func (s *scriptScanner) closeBrace() bool {
	if s.depth == 0 {
		return false
	}
	if s.braces[s.depth-1] > 0 {
		s.braces[s.depth-1]--
		return false
	}
	s.state, s.dollar = scriptTemplate, false
	return true
}

func (s *scriptScanner) quoted(b byte) {
	switch {
	case s.escaped:
		s.escaped = false
	case b == '\\':
		s.escaped = true
	case b == s.quote:
		s.state = scriptBetween
		s.remember(b)
	case b == '\n' || b == '\r':
		s.state = scriptLost
	}
}

func (s *scriptScanner) template(b byte) {
	switch {
	case s.escaped:
		s.escaped, s.dollar = false, false
		return
	case b == '\\':
		s.escaped = true
	case b == '`':
		s.depth--
		s.state = scriptBetween
		s.remember(b)
	case b == '{' && s.dollar:
		s.state = scriptBetween
		s.remember(b)
	}
	s.dollar = b == '$'
}

func (s *scriptScanner) regex(b byte) {
	switch {
	case s.escaped:
		s.escaped = false
	case b == '\\':
		s.escaped = true
	case b == '\n' || b == '\r':
		s.state = scriptLost
	case s.state == scriptRegexClass:
		if b == ']' {
			s.state = scriptRegex
		}
	case b == '[':
		s.state = scriptRegexClass
	case b == '/':
		s.state = scriptBetween
		s.remember(']') // a value: a slash after it divides
	}
}

// place says how a value is written here and moves over it.
func (s *scriptScanner) place() context {
	if s.escaped || s.slash {
		return inert
	}
	s.tail, s.dollar, s.star = 0, false, false
	switch s.state {
	case scriptBetween:
		s.fresh = false
		s.remember('"')
		return scriptCode
	case scriptQuoted, scriptTemplate:
		return scriptString
	}
	return strict
}
