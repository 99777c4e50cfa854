package macro

import "strings"

// skip passes over text that changes no state byte by byte, which is most of a document: text, attribute values, comments
// and styles. It reports how many bytes it passed.
func (h *htmlScanner) skip(rest string) int {
	n := 0
	switch h.state {
	case htmlText:
		if n = until(rest, strings.IndexByte(rest, '<')); n > 0 {
			h.entity = endsInReference(rest[:n], h.entity)
		}
	case htmlQuoted:
		if h.kind == attributeScript || h.kind == attributeType || h.url.state != urlTail && (h.kind == attributeLink || h.kind == attributeURL) {
			return 0
		}
		if n = until(rest, strings.IndexByte(rest, h.quote)); n > 0 {
			h.entity = endsInReference(rest[:n], h.entity)
		}
	case htmlComment:
		n = max(until(rest, strings.IndexByte(rest, '>'))-4, 0) // the last bytes decide whether it ends
		h.comment += n
		if n > 0 {
			h.commentEnd = 0
		}
	case htmlRaw:
		if h.raw == rawScript || h.rawEnd > 0 {
			return 0
		}
		if n = until(rest, strings.IndexByte(rest, '<')); n > 0 {
			h.entity = endsInReference(rest[:n], h.entity)
		}
	}
	return n
}

// until is where a search ended: at what it found, or at the end.
func until(text string, found int) int {
	if found < 0 {
		return len(text)
	}
	return found
}

// endsInReference reports whether text ends in &name or &#number without its semicolon; before says whether what stood
// in front of it did.
func endsInReference(text string, before bool) bool {
	for i := len(text) - 1; i >= 0; i-- {
		switch b := text[i]; {
		case b == '&':
			return true
		case !alphanumeric(b) && b != '#':
			return false
		}
	}
	return before
}
