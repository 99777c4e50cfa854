package macro

// htmlState is where in the HTML tokenizer the scanner is (WHATWG HTML §13.2.5), with the states that make no
// difference to a value folded together.
type htmlState uint8

const (
	htmlText htmlState = iota
	htmlTagOpen
	htmlEndTagOpen
	htmlTagName
	htmlBeforeAttribute
	htmlAttributeName
	htmlAfterAttributeName
	htmlBeforeValue
	htmlQuoted
	htmlUnquoted
	htmlDeclaration // after <!
	htmlComment
	htmlBogus // <? … >, <!doctype … >
	htmlRaw   // inside an element whose content is not markup
	htmlLost  // not sure any more
)

// nameMax is longer than every tag and attribute name that is told apart.
const nameMax = 20

// word collects a name in lower case. A longer one is cut and equals nothing.
type word struct {
	bytes  [nameMax]byte
	length int
}

func (w *word) clear() { w.length = 0 }

func (w *word) add(b byte) {
	if w.length < nameMax {
		w.bytes[w.length] = lower(b)
	}
	w.length++
}

func (w *word) text() []byte {
	if w.length > nameMax {
		return nil
	}
	return w.bytes[:w.length]
}

type htmlScanner struct {
	state   htmlState
	raw     rawKind
	quote   byte
	end     bool // the tag is an end tag
	closing bool // a slash stands before what may be the tag's end
	tag     word
	name    word // of the attribute
	kind    attributeKind
	value   word // of a type attribute
	typed   bool // the tag has one
	entity  bool // the text ends in what may be the beginning of a character reference
	// Comments end by what they end with and how long they are.
	comment    int
	commentEnd uint32
	// rawEnd counts how much of "</tag" has been matched at the end of raw text.
	rawEnd int
	tail   uint64 // last eight bytes of a script, lower-case
	hidden bool   // the script has a <!-- open
	// foreign counts open svg and math elements, in which raw elements hold markup. Where nesting cannot be followed, odd
	// is set for good.
	svg, math int
	odd       bool

	script scriptScanner
	url    urlScanner
}

func (h *htmlScanner) text(literal string) {
	for i := 0; i < len(literal); i++ {
		if i += h.skip(literal[i:]); i == len(literal) {
			return
		}
		h.byte(literal[i])
	}
}

func (h *htmlScanner) byte(b byte) {
	switch h.state {
	case htmlText:
		if b == '<' {
			h.state, h.entity = htmlTagOpen, false
			return
		}
		h.reference(b)
	case htmlTagOpen, htmlEndTagOpen:
		h.open(b)
	case htmlTagName, htmlBeforeAttribute, htmlAttributeName, htmlAfterAttributeName:
		h.inTag(b)
	case htmlBeforeValue, htmlQuoted, htmlUnquoted:
		h.inValue(b)
	case htmlDeclaration:
		h.declaration(b)
	case htmlComment:
		h.inComment(b)
	case htmlBogus:
		if b == '>' {
			h.state = htmlText
		}
	case htmlRaw:
		h.inRaw(b)
	}
}

// reference follows &name and &#number as far as a value directly after them could become part of them.
func (h *htmlScanner) reference(b byte) {
	h.entity = b == '&' || h.entity && (alphanumeric(b) || b == '#')
}

func (h *htmlScanner) open(b byte) {
	end := h.state == htmlEndTagOpen
	switch {
	case alphanumeric(b) && (b < '0' || b > '9'):
		h.state, h.end, h.closing, h.typed = htmlTagName, end, false, false
		h.tag.clear()
		h.value.clear()
		h.tag.add(b)
	case !end && b == '/':
		h.state = htmlEndTagOpen
	case !end && b == '!':
		h.state = htmlDeclaration
		h.tag.clear()
	case end && b == '>':
		h.state = htmlText
	case end || b == '?':
		h.state = htmlBogus
	default:
		h.state = htmlText
		h.byte(b)
	}
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' || b == '\f' }

func (h *htmlScanner) inTag(b byte) {
	switch {
	case b == '>':
		h.closeTag()
	case b == '/':
		h.state, h.closing = htmlBeforeAttribute, true
	case h.state == htmlTagName:
		if isSpace(b) {
			h.state = htmlBeforeAttribute
			return
		}
		h.tag.add(b)
	case isSpace(b):
		h.closing = false
		if h.state == htmlAttributeName {
			h.state = htmlAfterAttributeName
		}
	case b == '=' && h.state != htmlBeforeAttribute:
		h.state = htmlBeforeValue
		h.beginValue()
	case h.state == htmlAttributeName:
		h.name.add(b)
	default:
		h.state, h.closing = htmlAttributeName, false
		h.name.clear()
		h.name.add(b)
	}
}

func (h *htmlScanner) beginValue() {
	h.entity = false
	h.kind = attributeKindOf(string(h.tag.text()), string(h.name.text()))
	switch h.kind {
	case attributeLink:
		h.url.reset(true, true)
	case attributeURL:
		h.url.reset(true, false)
	case attributeScript:
		h.script.reset()
	case attributeType:
		h.typed = true
		h.value.clear()
	}
}

func (h *htmlScanner) inValue(b byte) {
	switch {
	case h.state == htmlBeforeValue && isSpace(b):
		return
	case h.state == htmlBeforeValue && (b == '"' || b == '\''):
		h.state, h.quote = htmlQuoted, b
		return
	case h.state == htmlQuoted && b == h.quote:
		h.state = htmlBeforeAttribute
		return
	case h.state != htmlQuoted && b == '>':
		h.closeTag()
		return
	case h.state == htmlUnquoted && isSpace(b):
		h.state = htmlBeforeAttribute
		return
	case h.state == htmlBeforeValue:
		h.state = htmlUnquoted
	}
	h.reference(b)
	switch h.kind {
	case attributeLink, attributeURL:
		h.url.byte(b)
	case attributeScript:
		if b == '&' {
			h.kind = attributeInert // what the reference stands for is not followed
			return
		}
		h.script.byte(b)
	case attributeType:
		h.value.add(b)
	}
}

func (h *htmlScanner) declaration(b byte) {
	if b == '>' {
		h.state = htmlText
		return
	}
	h.tag.add(b)
	switch string(h.tag.text()) {
	case "-", "[", "[c", "[cd", "[cda", "[cdat", "[cdata":
	case "--":
		h.state, h.comment, h.commentEnd = htmlComment, 0, 0
	case "[cdata[":
		h.state = htmlBogus
		if h.foreign() {
			h.state = htmlLost
		}
	default:
		h.state = htmlBogus
	}
}

func (h *htmlScanner) inComment(b byte) {
	if b == '>' {
		dashes := h.commentEnd & 0xffff
		switch {
		case h.comment == 0, h.comment == 1 && h.commentEnd&0xff == '-', dashes == 0x2d2d, h.commentEnd&0xffffff == 0x2d2d21:
			h.state = htmlText
			return
		}
	}
	h.comment++
	h.commentEnd = h.commentEnd<<8 | uint32(b)
}

func (h *htmlScanner) foreign() bool { return h.svg > 0 || h.math > 0 || h.odd }

// place says how a value is written here and moves over it.
func (h *htmlScanner) place() (how context, filler string) {
	switch h.state {
	case htmlText:
		if h.entity {
			return inert, ""
		}
		return markup, ""
	case htmlBeforeValue, htmlQuoted, htmlUnquoted:
		return h.placeValue()
	case htmlRaw:
		return h.placeRaw(), ""
	}
	return inert, ""
}

func (h *htmlScanner) placeValue() (how context, filler string) {
	if h.entity {
		return inert, ""
	}
	switch h.kind {
	case attributePlain:
		how = markup
	case attributeStyle:
		how = strict
	case attributeText:
		how = component
	case attributeLink, attributeURL:
		how, filler = h.url.place()
	case attributeScript:
		if how = h.script.place(); how == scriptCode {
			how = strict // a string's quotes would have to be references
		}
	default:
		return inert, ""
	}
	if h.state == htmlBeforeValue && how != inert {
		h.state = htmlUnquoted
		if filler == "" {
			filler = "&#32;" // an empty value here would take the next attribute for its value
		}
	}
	return how, filler
}
