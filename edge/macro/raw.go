package macro

// rawKind is what the content of an element is that the tokenizer does not read as markup.
type rawKind uint8

const (
	rawText   rawKind = iota // title, textarea: text with character references
	rawScript                // JavaScript or JSON
	rawStyle                 // CSS
	rawOpaque                // never shown or of unknown kind: noscript, iframe, templates in script elements
)

func (h *htmlScanner) closeTag() {
	tag := string(h.tag.text())
	h.state = htmlText
	h.entity = false
	if h.end {
		h.closeForeign(tag)
		return
	}
	switch tag {
	case "svg":
		if !h.closing {
			h.svg++
		}
	case "math":
		if !h.closing {
			h.math++
		}
	case "foreignobject", "desc", "annotation-xml":
		h.odd = h.odd || h.foreign() // HTML inside: end tags no longer tell where it stops
	case "select", "frameset":
		h.odd = true // parsers drop some start tags in these
	case "plaintext":
		h.state = htmlLost
	case "script":
		h.enterRaw(h.scriptKind())
	case "style":
		h.enterRaw(rawStyle)
	case "title", "textarea":
		h.enterRaw(rawText)
	case "noscript", "iframe", "noembed", "noframes", "xmp":
		h.enterRaw(rawOpaque)
	}
}

func (h *htmlScanner) closeForeign(tag string) {
	if tag == "svg" && h.svg > 0 {
		h.svg--
	}
	if tag == "math" && h.math > 0 {
		h.math--
	}
}

func (h *htmlScanner) enterRaw(kind rawKind) {
	if h.foreign() {
		h.state = htmlLost
		return
	}
	h.state, h.raw, h.rawEnd, h.tail, h.hidden = htmlRaw, kind, 0, 0, false
	if kind == rawScript {
		h.script.reset()
	}
}

// scriptKind reads the type attribute (HTML §4.12.1).
func (h *htmlScanner) scriptKind() rawKind {
	if !h.typed {
		return rawScript
	}
	switch string(h.value.text()) {
	case "", "module", "text/javascript", "text/ecmascript":
		if h.value.length > nameMax {
			return rawOpaque
		}
		return rawScript
	case "application/json", "importmap", "application/ld+json":
		return rawScript
	}
	return rawOpaque
}

func (h *htmlScanner) inRaw(b byte) {
	if h.rawEnd == h.tag.length+2 && (isSpace(b) || b == '/' || b == '>') {
		h.leaveRaw(b)
		return
	}
	h.matchEnd(b)
	if h.raw != rawScript {
		h.reference(b)
		return
	}
	h.script.byte(b)
	if h.hidden && h.tail&0xffffffffffffff == 0x3c736372697074 && (isSpace(b) || b == '/' || b == '>') {
		h.state = htmlLost // <!-- <script: an end tag no longer ends the element
		return
	}
	h.tail = h.tail<<8 | uint64(lower(b))
	switch {
	case h.tail&0xffffffff == 0x3c212d2d: // <!--
		h.hidden = true
	case h.tail&0xffffff == 0x2d2d3e: // -->
		h.hidden = false
	}
}

// matchEnd follows "</tag" without regard to case.
func (h *htmlScanner) matchEnd(b byte) {
	switch {
	case b == '<':
		h.rawEnd = 1
	case h.rawEnd == 1 && b == '/':
		h.rawEnd = 2
	case h.rawEnd >= 2 && h.rawEnd-2 < h.tag.length && h.rawEnd-2 < nameMax && lower(b) == h.tag.bytes[h.rawEnd-2]:
		h.rawEnd++
	default:
		h.rawEnd = 0
	}
}

func (h *htmlScanner) leaveRaw(b byte) {
	h.end, h.closing, h.entity = true, false, false
	switch b {
	case '>':
		h.closeTag()
	case '/':
		h.state, h.closing = htmlBeforeAttribute, true
	default:
		h.state = htmlBeforeAttribute
	}
}

func (h *htmlScanner) placeRaw() context {
	// A value directly after "<", "</", "<scr" could complete a tag that ends the element or hides its end.
	if h.rawEnd > 0 || h.raw == rawScript && h.opensTag() {
		return inert
	}
	switch h.raw {
	case rawText:
		if h.entity {
			return inert
		}
		return markup
	case rawStyle:
		return strict
	case rawScript:
		how := h.script.place()
		if how != inert {
			h.tail = 0
		}
		return how
	}
	return inert
}

// opensTag reports whether the script's last bytes are "<" with only letters, a slash, a bang or dashes after it.
func (h *htmlScanner) opensTag() bool {
	for t := h.tail; t != 0; t >>= 8 {
		switch b := byte(t); {
		case b == '<':
			return true
		case b >= 'a' && b <= 'z' || b == '/' || b == '!' || b == '-':
		default:
			return false
		}
	}
	return false
}
