package server

import (
	"encoding/json"

	"curb/edge/adcall"
)

// native writes a native response (Native Ads 1.2 §5) with our impressions and clicks in it.
func (h *Handler) native(p *pageWriter, in request, slot *adcall.Slot) bool {
	if !h.data(p, in, slot) || !json.Valid(p.source) {
		return false
	}
	n := nativeWriter{source: p.source, dst: p.document[:0]}
	h.eachPixel(p, in, slot, func() { n.pixels = append(n.pixels, string(p.piece)) })
	n.click = string(p.clicks.appendTracker(p.piece[:0]))
	ok := n.write()
	p.document = n.dst
	return ok
}

// nativeWriter copies a native response, which is valid JSON, and adds elements to its lists of trackers.
type nativeWriter struct {
	source, dst []byte
	pixels      []string // called when the ad shows
	click       string   // called when any of its links is followed; "" for none
	at          int      // up to where source has been copied
}

// write reports whether the source is a native response.
func (n *nativeWriter) write() bool {
	root := jsonReader{text: n.source}
	body, ok := root.object(0)
	if !ok {
		return false
	}
	if inner := root.member(body, "native"); inner >= 0 {
		if body, ok = root.object(inner); !ok {
			return false
		}
	}
	events := root.member(body, "eventtrackers")
	pixels := root.member(body, "imptrackers")
	// Additions are made in the order of the text, so each is decided where its value stands.
	fresh := events < 0 && pixels < 0 && len(n.pixels) > 0
	n.copyTo(body)
	if fresh {
		n.dst = append(n.dst, `"imptrackers":[`...)
		n.list(n.appendPixel)
		n.dst = append(n.dst, ']')
		n.comma(&root, body, '}')
	}
	root.each(body, func(name []byte, value int) {
		switch {
		case string(name) == "eventtrackers" && value == events:
			n.addTo(&root, value, n.appendEvent)
		case string(name) == "imptrackers" && value == pixels && events < 0:
			n.addTo(&root, value, n.appendPixel)
		case string(name) == "link":
			n.addClick(&root, value)
		case string(name) == "assets":
			n.assets(&root, value)
		}
	})
	n.copyTo(len(n.source))
	return true
}

// assets adds our click to the links that assets have of their own, which are followed instead of the ad's.
func (n *nativeWriter) assets(r *jsonReader, value int) {
	r.elements(value, func(asset int) {
		if body, ok := r.object(asset); ok {
			r.each(body, func(name []byte, value int) {
				if string(name) == "link" {
					n.addClick(r, value)
				}
			})
		}
	})
}

// addClick adds our click to a link.
func (n *nativeWriter) addClick(r *jsonReader, link int) {
	body, ok := r.object(link)
	if !ok || n.click == "" {
		return
	}
	if list := r.member(body, "clicktrackers"); list >= 0 && r.text[list] == '[' {
		n.copyTo(list + 1)
		n.dst = appendQuotedURL(n.dst, n.click)
		n.comma(r, list+1, ']')
		return
	}
	n.copyTo(body)
	n.dst = append(n.dst, `"clicktrackers":[`...)
	n.dst = append(appendQuotedURL(n.dst, n.click), ']')
	n.comma(r, body, '}')
}

// addTo adds the pixels at the beginning of a list.
func (n *nativeWriter) addTo(r *jsonReader, list int, each func(string)) {
	if r.text[list] != '[' || len(n.pixels) == 0 {
		return
	}
	n.copyTo(list + 1)
	n.list(each)
	n.comma(r, list+1, ']')
}

func (n *nativeWriter) list(each func(string)) {
	for i, pixel := range n.pixels {
		if i > 0 {
			n.dst = append(n.dst, ',')
		}
		each(pixel)
	}
}

func (n *nativeWriter) appendPixel(url string) { n.dst = appendQuotedURL(n.dst, url) }

// appendEvent writes an event tracker: an impression, by a picture (Native Ads 1.2 §5.8, §7.6, §7.7).
func (n *nativeWriter) appendEvent(url string) {
	n.dst = append(n.dst, `{"event":1,"method":1,"url":`...)
	n.dst = append(appendQuotedURL(n.dst, url), '}')
}

// comma parts what was added from what follows, unless that is the end.
func (n *nativeWriter) comma(r *jsonReader, at int, end byte) {
	if r.text[r.space(at)] != end {
		n.dst = append(n.dst, ',')
	}
}

func (n *nativeWriter) copyTo(end int) {
	if end > n.at {
		n.dst = append(n.dst, n.source[n.at:end]...)
		n.at = end
	}
}

// appendQuotedURL writes a URL as a JSON string: what URLs do not hold is percent-encoded, quotes and backslashes with it.
func appendQuotedURL(dst []byte, url string) []byte {
	return append(appendURL(append(dst, '"'), url), '"')
}

// jsonReader finds values in a text that json.Valid has accepted.
type jsonReader struct{ text []byte }

// space passes over white space.
func (r *jsonReader) space(i int) int {
	for i < len(r.text) && isSpaceByte(r.text[i]) {
		i++
	}
	return i
}

// object gives what follows the brace of the object at i.
func (r *jsonReader) object(i int) (body int, ok bool) {
	if i = r.space(i); i >= len(r.text) || r.text[i] != '{' {
		return 0, false
	}
	return i + 1, true
}

// member finds a member's value in the object whose body begins at i, the first of its name; -1 if there is none.
func (r *jsonReader) member(i int, name string) int {
	found := -1
	r.each(i, func(n []byte, value int) {
		if string(n) == name && found < 0 {
			found = value
		}
	})
	return found
}

// each gives every member of the object whose body begins at i. Names with escapes are none that are looked for.
func (r *jsonReader) each(i int, f func(name []byte, value int)) {
	for {
		if i = r.space(i); r.text[i] == '}' {
			return
		}
		if r.text[i] == ',' {
			i = r.space(i + 1)
		}
		end := r.value(i)
		name := r.text[i+1 : end-1]
		i = r.space(r.space(end) + 1)
		f(name, i)
		i = r.value(i)
	}
}

// elements gives every element of the list at i.
func (r *jsonReader) elements(i int, f func(value int)) {
	if r.text[i] != '[' {
		return
	}
	i++
	for {
		if i = r.space(i); r.text[i] == ']' {
			return
		}
		if r.text[i] == ',' {
			i = r.space(i + 1)
		}
		f(i)
		i = r.value(i)
	}
}

// value gives what follows the value at i.
func (r *jsonReader) value(i int) int {
	depth := 0
	for ; i < len(r.text); i++ {
		switch b := r.text[i]; b {
		case '"':
			for i++; r.text[i] != '"'; i++ {
				if r.text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i // a number or word, and the end of what it stands in
			}
			depth--
		case ',', ' ', '\t', '\n', '\r', ':':
			if depth == 0 {
				return i
			}
			continue
		default:
			if depth > 0 || i+1 < len(r.text) && r.text[i+1] != ',' && r.text[i+1] != '}' && r.text[i+1] != ']' && !isSpaceByte(r.text[i+1]) {
				continue
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}
