package server

import (
	"strings"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/macro"
)

// pageWriter writes what a slot is answered with. Its buffers are kept from request to request.
type pageWriter struct {
	document []byte
	piece    []byte // a URL while it is put together
	values   values
}

func (p *pageWriter) reset() {
	p.document, p.piece, p.values = keep(p.document), keep(p.piece), values{}
}

// keepBytes bounds what a pooled buffer holds on to.
const keepBytes = 128 << 10

func keep(buf []byte) []byte {
	if cap(buf) > keepBytes {
		return nil
	}
	return buf[:0]
}

// compose writes the slot's document, or the URL of the frame for a daisy chain on a script tag. It goes down the order
// of outcomes where something cannot be shown by a tag (video, native, a URL that is none), and reports what was written.
func (h *Handler) compose(p *pageWriter, in request, call *ad.Call, slot *adcall.Slot) adcall.Outcome {
	p.values = values{call: call, slot: slot, size: slot.Size}
	outcome := slot.Outcome
	if outcome == adcall.Sold || outcome == adcall.Default {
		p.document = append(p.document[:0], documentHead...)
		if h.fragment(p, in, slot) && len(p.document)+len(documentTail) <= ad.ResponseTailBytesMax {
			p.document = append(p.document, documentTail...)
			return outcome
		}
		outcome = adcall.Chain
	}
	if outcome == adcall.Chain {
		if h.chain(p, in, slot) {
			return outcome
		}
		outcome = adcall.PSA
	}
	if outcome == adcall.PSA && !call.NoPSA && !slot.Impression.Placement.NoPSA {
		if psa, ok := h.psa[slot.Size]; ok {
			p.document = append(p.document[:0], psa...)
			return outcome
		}
	}
	p.document = p.document[:0]
	return adcall.Blank
}

// Documents of tags. A creative that is a document of its own reads well inside: its own html and body tags merge.
const (
	documentHead = `<!doctype html><html><head><meta charset="utf-8"><title>Advertisement</title>` +
		`<style>html,body{margin:0;padding:0;overflow:hidden}</style></head><body>`
	documentTail = `</body></html>`
)

// fragment appends the markup of the slot's creative; false if there is none that a page can show as it is.
func (h *Handler) fragment(p *pageWriter, in request, slot *adcall.Slot) bool {
	if slot.Bid != nil && slot.Bid.Markup != "" {
		p.document = macro.Expand(p.document, slot.Bid.Markup, macro.HTML, &p.values)
		return true
	}
	c := slot.Creative
	if c == nil {
		return false
	}
	switch c.Format {
	case ad.FormatHTML:
		p.document = h.template(in.snap, c, macro.HTML).content.Append(p.document, &p.values)
		return true
	case ad.FormatImage:
		return h.picture(p, in, c)
	case ad.FormatScript:
		p.piece = h.template(in.snap, c, macro.URL).content.Append(p.piece[:0], &p.values)
		if !isWebURL(p.piece) {
			return false
		}
		p.document = append(p.document, `<script src="`...)
		p.document = appendAttribute(p.document, p.piece)
		p.document = append(p.document, `"></script>`...)
		return true
	}
	return false
}

// picture appends an image, in a link if the creative leads anywhere.
func (h *Handler) picture(p *pageWriter, in request, c *ad.Creative) bool {
	t := h.template(in.snap, c, macro.URL)
	linked := false
	if c.ClickURL != "" {
		p.piece = p.landing(p.piece[:0], c.ClickURL, t.click)
		if linked = isWebURL(p.piece); linked {
			p.document = append(p.document, `<a href="`...)
			p.document = appendAttribute(p.document, p.piece)
			p.document = append(p.document, `" target="_blank" rel="noopener">`...)
		}
	}
	p.piece = t.content.Append(p.piece[:0], &p.values)
	if !isWebURL(p.piece) {
		return false
	}
	p.document = append(p.document, `<img src="`...)
	p.document = appendAttribute(p.document, p.piece)
	p.document = append(p.document, `" width="`...)
	p.document = number(p.document, p.values.size.W)
	p.document = append(p.document, `" height="`...)
	p.document = number(p.document, p.values.size.H)
	p.document = append(p.document, `" alt="" style="border:0;display:block">`...)
	if linked {
		p.document = append(p.document, `</a>`...)
	}
	return true
}

// landing appends where a picture leads: the landing page, after the publisher's click tracker unless the creative says
// itself where that goes. A tracker that ends in the middle of its query takes the page percent-encoded.
func (p *pageWriter) landing(dst []byte, source string, click *macro.Template) []byte {
	tracker := p.values.call.ClickTracker
	if tracker == "" || strings.Contains(source, "${CLICK_URL") {
		return click.Append(dst, &p.values)
	}
	dst = append(dst, tracker...)
	from := len(dst)
	dst = click.Append(dst, &p.values)
	if !strings.HasSuffix(tracker, "=") {
		return dst
	}
	mid := len(dst)
	dst = appendComponent(dst, dst[from:mid])
	return dst[:from+copy(dst[from:], dst[mid:])]
}

// appendComponent percent-encodes everything but RFC 3986's unreserved characters.
func appendComponent(dst, text []byte) []byte {
	const hex = "0123456789ABCDEF"
	for _, b := range text {
		if isAlphanumeric(b) || b == '-' || b == '.' || b == '_' || b == '~' {
			dst = append(dst, b)
			continue
		}
		dst = append(dst, '%', hex[b>>4], hex[b&15])
	}
	return dst
}

// isWebURL reports whether an expanded URL still is http or https.
func isWebURL(url []byte) bool {
	rest, ok := cutFold(url, "https://")
	if !ok {
		rest, ok = cutFold(url, "http://")
	}
	return ok && len(rest) > 0 && (isAlphanumeric(rest[0]) || rest[0] == '[')
}

func cutFold(text []byte, prefix string) (rest []byte, ok bool) {
	if len(text) < len(prefix) {
		return nil, false
	}
	for i := range len(prefix) {
		b := text[i]
		if b >= 'A' && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != prefix[i] {
			return nil, false
		}
	}
	return text[len(prefix):], true
}

// appendAttribute appends a URL to a quoted attribute: what no URL holds is percent-encoded, and & is written &amp;.
func appendAttribute(dst, url []byte) []byte {
	const hex = "0123456789ABCDEF"
	for _, b := range url {
		switch {
		case b == '&':
			dst = append(dst, "&amp;"...)
		case urlByte(b):
			dst = append(dst, b)
		default:
			dst = append(dst, '%', hex[b>>4], hex[b&15])
		}
	}
	return dst
}
