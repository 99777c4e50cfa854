package server

import (
	"bytes"

	"curb/edge/adcall"
)

// Around the URL of a VAST document (VAST 4.2 §3.19), which is a source that holds nothing but the way to it.
const (
	vastHead = `<VAST version="3.0"><Ad id="`
	vastURL  = `"><Wrapper><AdSystem>curb</AdSystem><VASTAdTagURI><![CDATA[`
	vastTail = `]]></VASTAdTagURI><Creatives><Creative><Linear></Linear></Creative></Creatives></Wrapper></Ad></VAST>`
)

// vast writes a VAST document with our impressions and clicks in it: the ad's own, or a wrapper around the URL of one.
func (h *Handler) vast(p *pageWriter, in request, slot *adcall.Slot) bool {
	if !h.vastSource(p, in, slot) {
		return false
	}
	v := vastWriter{source: p.source, dst: p.document[:0]}
	h.eachPixel(p, in, slot, func() { v.impressions = appendElement(v.impressions, "Impression", p.piece) })
	if p.piece = p.clicks.appendTracker(p.piece[:0]); len(p.piece) > 0 {
		v.click = appendElement(nil, "ClickTracking", p.piece)
	}
	ok := v.write()
	p.document = v.dst
	return ok
}

// vastSource puts the document into p.source.
func (h *Handler) vastSource(p *pageWriter, in request, slot *adcall.Slot) bool {
	markup, c := "", slot.Creative
	if slot.Bid != nil {
		markup = slot.Bid.Markup
	}
	switch {
	case foldPrefix(markup, "http"):
		p.piece = append(p.piece[:0], markup...)
		if !isWebURL(p.piece) {
			return false
		}
	case markup == "" && foldPrefix(c.Content, "http"):
		if !p.address(h.creative(in.snap, c).content, c.Content) {
			return false
		}
	default:
		return h.data(p, in, slot)
	}
	p.source = append(p.source[:0], vastHead...)
	p.source = number(p.source, c.ID)
	p.source = append(p.source, vastURL...)
	p.source = appendURL(p.source, p.piece)
	p.source = append(p.source, vastTail...)
	return true
}

// appendElement writes an element that holds a URL.
func appendElement(dst []byte, name string, url []byte) []byte {
	dst = append(append(append(dst, '<'), name...), "><![CDATA["...)
	dst = appendURL(dst, url) // no ">" is left in it
	return append(append(append(dst, "]]></"...), name...), '>')
}

// vastWriter copies a VAST document and adds elements where the specification wants them: impressions before the first
// of each ad, a click tracker at the end of the clicks of each linear creative.
type vastWriter struct {
	source, dst        []byte
	impressions, click []byte // elements; empty: nothing to add
	at                 int    // up to where source has been copied

	root    bool // the first element was one of VAST
	inAd    bool // InLine or Wrapper, without our impressions yet
	ads     int
	linear  bool // in a linear creative without our click yet
	clicked bool // in its VideoClicks
}

// write reports whether the source is a VAST document with an ad in it.
func (v *vastWriter) write() bool {
	x := xmlReader{text: v.source}
	for x.next() {
		if !v.root {
			if v.root = x.is("VAST") || x.is("DAAST"); !v.root {
				return false
			}
		}
		v.tag(&x)
	}
	v.copyTo(len(v.source))
	return !x.broken && v.ads > 0
}

func (v *vastWriter) tag(x *xmlReader) {
	switch {
	case x.is("InLine"), x.is("Wrapper"):
		if x.end {
			v.addImpressions(x.from)
		}
		v.inAd = !x.end && !x.empty
	case x.is("Impression"), x.is("Creatives"):
		v.addImpressions(x.from)
	case x.is("Linear"):
		if x.end {
			v.addClicks(x.from)
		}
		v.linear = !x.end && !x.empty
	case x.is("VideoClicks"):
		v.videoClicks(x)
	case x.is("CustomClick"):
		v.addClick(x.from)
	}
}

func (v *vastWriter) videoClicks(x *xmlReader) {
	switch {
	case x.empty && v.linear && len(v.click) > 0:
		v.copyTo(x.from)
		v.at = x.to // an element without anything in it gives way to one with ours
		v.addClicks(x.to)
	case x.end:
		v.addClick(x.from)
		v.clicked = false
	case !x.empty:
		v.clicked = v.linear
	}
}

// addImpressions adds ours once per ad.
func (v *vastWriter) addImpressions(before int) {
	if v.inAd {
		v.copyTo(before)
		v.dst = append(v.dst, v.impressions...)
		v.inAd = false
		v.ads++
	}
}

// addClick adds ours to VideoClicks, once per linear creative.
func (v *vastWriter) addClick(before int) {
	if v.clicked && v.linear {
		v.copyTo(before)
		v.dst = append(v.dst, v.click...)
		v.linear = false
	}
}

// addClicks adds VideoClicks to a linear creative that has none.
func (v *vastWriter) addClicks(before int) {
	if v.linear && len(v.click) > 0 {
		v.copyTo(before)
		v.dst = append(append(append(v.dst, "<VideoClicks>"...), v.click...), "</VideoClicks>"...)
		v.linear = false
	}
}

func (v *vastWriter) copyTo(end int) {
	v.dst = append(v.dst, v.source[v.at:end]...)
	v.at = end
}

// xmlReader finds the tags of an XML document (XML 1.0 §2), passing over text, comments, instructions and CDATA.
type xmlReader struct {
	text []byte
	from int // of the tag
	to   int // behind it
	name []byte

	end, empty bool // </name>, <name/>
	broken     bool // the document ends in the middle of something
}

func (x *xmlReader) is(name string) bool { return string(x.name) == name }

// next finds the next tag; false at the end and at what is no XML.
func (x *xmlReader) next() bool {
	for {
		i := bytes.IndexByte(x.text[x.to:], '<')
		if i < 0 {
			return false
		}
		x.from = x.to + i
		rest := x.text[x.from:]
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			x.pass(4, "-->")
		case bytes.HasPrefix(rest, []byte("<![CDATA[")):
			x.pass(9, "]]>")
		case bytes.HasPrefix(rest, []byte("<?")):
			x.pass(2, "?>")
		case bytes.HasPrefix(rest, []byte("<!")):
			x.broken = true // a document type could define what follows as anything
		default:
			return x.readTag()
		}
		if x.broken {
			return false
		}
	}
}

// pass moves behind what ends with end.
func (x *xmlReader) pass(start int, end string) {
	i := bytes.Index(x.text[x.from+start:], []byte(end))
	if i < 0 {
		x.broken = true
		return
	}
	x.to = x.from + start + i + len(end)
}

// readTag reads name and end of a tag; a > in an attribute's value is none.
func (x *xmlReader) readTag() bool {
	i := x.from + 1
	if x.end = i < len(x.text) && x.text[i] == '/'; x.end {
		i++
	}
	start := i
	for i < len(x.text) && !isSpaceByte(x.text[i]) && x.text[i] != '/' && x.text[i] != '>' {
		i++
	}
	x.name = x.text[start:i]
	quote := byte(0)
	for ; i < len(x.text); i++ {
		switch b := x.text[i]; {
		case quote != 0:
			if b == quote {
				quote = 0
			}
		case b == '"' || b == '\'':
			quote = b
		case b == '<':
			x.broken = true
			return false
		case b == '>':
			x.empty = x.text[i-1] == '/'
			x.to = i + 1
			return true
		}
	}
	x.broken = true
	return false
}

func isSpaceByte(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }
