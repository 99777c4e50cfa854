package macro

import (
	"strings"

	"curb/edge/ad"
)

// ParseRedirect reads an ad server's URL. Its scheme is https, or, in a lab, http to this machine; scheme, host and port are
// fixed; path (with ;matrix=parts) and query may hold macros in single braces. An unknown macro is text, and so is one
// after a dollar sign: that is a creative's. An error is a *RedirectError.
func ParseRedirect(template string, lab bool) (*Redirect, error) {
	if len(template) > ad.RedirectBytesMax {
		return nil, errSourceTooLong
	}
	for i := range len(template) {
		if b := template[i]; b < 0x21 || b > 0x7e || b == '\\' {
			return nil, invalid("it has a byte that no URL has")
		}
	}
	o, rest, cause := cutOrigin(template)
	switch {
	case cause != "":
		return nil, invalid(cause)
	case !o.secure && !(lab && o.loopback):
		return nil, invalid("it is not https")
	case o.literal && !(lab && o.loopback):
		return nil, invalid("its host is an address, not a name")
	}
	p := redirectParser{rest: rest, inPath: true, literal: make([]byte, 0, len(rest)+1)}
	if rest == "" || rest[0] != '/' {
		p.add('/')
	}
	for p.rest != "" && p.cause == "" {
		p.step()
	}
	p.endSegment()
	if p.cause != "" {
		return nil, invalid(p.cause)
	}
	p.cut(noSlot)
	return &Redirect{origin: string(o.append(nil)), parts: p.parts, fixed: p.fixed, slotted: p.slotted}, nil
}

// redirectParser reads path and query.
type redirectParser struct {
	rest    string
	parts   []redirectPart
	literal []byte // not yet in parts
	cause   string // what is wrong
	inPath  bool
	dollar  bool // the byte before was one

	fixed   string // of the Redirect
	slotted bool
	ended   bool // fixed is known

	// The segment of the path that is being read.
	dots  int  // literal dots in its name
	other bool // anything literal but dots
	named bool // its name has ended at a semicolon
}

// step reads one byte, one percent-encoded byte or one macro.
func (p *redirectParser) step() {
	b := p.rest[0]
	if b == '{' && !p.dollar {
		if slot, length := cutSlot(p.rest); slot != noSlot {
			p.rest = p.rest[length:]
			p.cut(slot)
			return
		}
	}
	p.dollar = b == '$'
	p.rest = p.rest[1:]
	switch {
	case b == '#':
		p.cause = "it has a fragment, which no server gets"
	case b == '%':
		p.percent()
	case b == '?' && p.inPath:
		p.endSegment()
		p.endFixed(false)
		p.inPath = false
		p.add(b)
	case b == '/' && p.inPath:
		p.endSegment()
		p.add(b)
	default:
		p.named = p.named || b == ';'
		p.dot(b)
		p.add(b)
	}
}

// dot follows the name of a segment: of dots alone, it would be a step in the path.
func (p *redirectParser) dot(b byte) {
	if p.named {
		return
	}
	if b == '.' {
		p.dots++
	} else {
		p.other = true
	}
}

// endSegment refuses a segment that is a step, also one that a server may take for one when it has cut off matrix
// parameters, and one that an empty value would leave as one.
func (p *redirectParser) endSegment() {
	if p.inPath && p.dots > 0 && !p.other {
		p.cause = "its path has a segment of dots"
	}
	p.dots, p.other, p.named = 0, false, false
}

// percent reads the two digits after a percent sign. In a path, an encoded slash, backslash, dot or percent sign would be
// a separator or step to one reader and none to another; line ends and their like have no use anywhere.
func (p *redirectParser) percent() {
	if len(p.rest) < 2 {
		p.cause = "it has a percent sign without two digits"
		return
	}
	high, okHigh := hexValue(p.rest[0])
	low, okLow := hexValue(p.rest[1])
	b := high<<4 | low
	switch {
	case !okHigh || !okLow:
		p.cause = "it has a percent sign without two digits"
		return
	case b < ' ' || b == 0x7f:
		p.cause = "it has an encoded control character"
		return
	case p.inPath && (b == '/' || b == '\\' || b == '.' || b == '%'):
		p.cause = "its path has an encoded slash, dot or percent sign"
		return
	}
	p.dot(b)
	p.rest = p.rest[2:]
	p.literal = append(p.literal, '%', hexUpper[b>>4], hexUpper[b&15])
}

// add writes one byte; those that URLs do not hold as they are are percent-encoded.
func (p *redirectParser) add(b byte) {
	switch b {
	case '"', '\'', '<', '>', '^', '`', '{', '|', '}':
		p.literal = append(p.literal, '%', hexUpper[b>>4], hexUpper[b&15])
		return
	}
	p.literal = append(p.literal, b)
}

// cut ends a part with a slot, or the last one without.
func (p *redirectParser) cut(slot redirectSlot) {
	p.dollar = false
	if p.inPath {
		p.endFixed(slot != noSlot)
	}
	p.parts = append(p.parts, redirectPart{literal: string(p.literal), slot: slot, inPath: p.inPath})
	p.literal = p.literal[:0]
}

// endFixed notes the path up to its first value, its query or its end.
func (p *redirectParser) endFixed(slotted bool) {
	if !p.ended {
		p.fixed, p.slotted, p.ended = string(p.literal), slotted, true
	}
}

// cutSlot reads a known macro at the beginning of text, which is a brace.
func cutSlot(text string) (slot redirectSlot, length int) {
	end := strings.IndexByte(text[:min(len(text), nameBytesMax)], '}')
	if end < 0 {
		return noSlot, 0
	}
	return slotOf(text[1:end]), end + 1
}
