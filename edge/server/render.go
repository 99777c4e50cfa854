package server

import (
	"strings"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/macro"
)

// pageWriter writes what a slot is answered with. Its buffers are kept from request to request.
type pageWriter struct {
	// links leads back to this node; nil: the call counts for nothing, and its ads have no pixel and no click of ours.
	links links
	// personal: what describes the user may be told to creatives. follow sets both before the first slot is composed.
	personal bool

	document []byte
	piece    []byte // a URL while it is put together
	source   []byte // XML or JSON before our URLs are in it
	values   values
	clicks   clicks
	unsold   adcall.Slot // what a slot is served as whose winner cannot be shown
}

func (p *pageWriter) reset() {
	p.document, p.piece, p.source, p.values = keep(p.document), keep(p.piece), keep(p.source), values{}
	p.links, p.personal, p.unsold = nil, false, adcall.Slot{}
	p.clicks.reset()
}

// begin points the writer at a slot.
func (h *Handler) begin(p *pageWriter, in request, call *ad.Call, slot *adcall.Slot) {
	p.clicks.begin(p.links, call, slot)
	p.values = values{call: call, slot: slot, size: slot.Size, snap: in.snap, clicks: &p.clicks, node: h.node[0], personal: p.personal}
	p.document = p.document[:0]
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
	h.begin(p, in, call, slot)
	outcome := slot.Outcome
	if outcome == adcall.Sold {
		if h.show(p, in, slot) {
			return outcome
		}
		slot = h.withdraw(p, in, call, slot)
		outcome = adcall.Default
	}
	if outcome == adcall.Default {
		if h.show(p, in, slot) {
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

// show writes the document of the slot's creative, with its pixels at the end; false if there is none, or none within
// bounds. It needs no request: of in it reads the snapshot, so that what is accepted later can be composed when it is sold.
func (h *Handler) show(p *pageWriter, in request, slot *adcall.Slot) bool {
	p.document = append(p.document[:0], documentHead...)
	if !h.fragment(p, in, slot) {
		return false
	}
	h.pixels(p, in, slot)
	if len(p.document)+len(documentTail) > ad.ResponseTailBytesMax {
		return false
	}
	p.document = append(p.document, documentTail...)
	return true
}

// withdraw gives the slot as it would be had nobody bought it: with the placement's default creative, if that may serve,
// in the slot's first size.
func (h *Handler) withdraw(p *pageWriter, in request, call *ad.Call, slot *adcall.Slot) *adcall.Slot {
	p.unsold = adcall.Slot{Impression: slot.Impression, Outcome: adcall.Default, Size: slot.Size, Result: slot.Result}
	if sizes := slot.Impression.Sizes; len(sizes) > 0 {
		p.unsold.Size = sizes[0]
	}
	if d, ok := slot.Impression.Placement.Default(p.unsold.Size); ok {
		if c := in.snap.Creative(d.Creative); c != nil && c.Active && (c.Secure || !call.Secure) {
			p.unsold.Creative = c
		}
	}
	h.begin(p, in, call, &p.unsold)
	return &p.unsold
}

// Documents of tags. A creative that is a document of its own reads well inside: its own html and body tags merge.
const (
	documentHead = `<!doctype html><html><head><meta charset="utf-8"><title>Advertisement</title>` +
		`<style>html,body{margin:0;padding:0;overflow:hidden}</style></head><body>`
	documentTail = `</body></html>`
)

// winner writes the document of the slot's winner and of nothing in its place; false if a page cannot show it. It is what is
// kept of a sale that is passed on, and shown when it is accepted.
func (h *Handler) winner(p *pageWriter, in request, call *ad.Call, slot *adcall.Slot) bool {
	h.begin(p, in, call, slot)
	return slot.Outcome == adcall.Sold && h.show(p, in, slot)
}

// fragment appends the markup of the slot's creative; false if there is none that a page can show as it is.
func (h *Handler) fragment(p *pageWriter, in request, slot *adcall.Slot) (ok bool) {
	c := slot.Creative
	if c != nil && (c.Format == ad.FormatVAST || c.Format == ad.FormatNative) {
		return false // a page has no player and no template
	}
	if slot.Bid != nil && slot.Bid.Markup != "" {
		p.document, ok = macro.Expand(p.document, slot.Bid.Markup, macro.HTML, &p.values, slot.Bid.Macros...)
		return ok
	}
	if c == nil {
		return false
	}
	t := h.creative(in.snap, c)
	switch c.Format {
	case ad.FormatHTML:
		p.document, ok = p.fill(p.document, t.content, c.Content, macro.HTML)
		return ok
	case ad.FormatImage:
		return h.picture(p, c, t)
	case ad.FormatScript:
		if !p.address(t.content, c.Content) {
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
func (h *Handler) picture(p *pageWriter, c *ad.Creative, t *creativeTemplate) bool {
	linked := c.ClickURL != "" && p.landing(c.ClickURL, t)
	if linked {
		p.document = append(p.document, `<a href="`...)
		p.document = appendAttribute(p.document, p.piece)
		p.document = append(p.document, `" target="_blank" rel="noopener">`...)
	}
	if !p.address(t.content, c.Content) {
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

// url is address for a URL that is not an ad's.
func (p *pageWriter) url(t *macro.Template) bool {
	var ok bool
	p.piece, ok = t.Append(p.piece[:0], &p.values)
	return ok && isWebURL(p.piece)
}

// address puts a URL of an ad together; false if it is none for the web.
func (p *pageWriter) address(t *macro.Template, source string) bool {
	var ok bool
	p.piece, ok = p.fill(p.piece[:0], t, source, macro.URL)
	return ok && isWebURL(p.piece)
}

// landing puts together where a picture leads: the landing page, after all that a click is told to on the way, unless the
// creative says itself where that goes.
func (p *pageWriter) landing(source string, t *creativeTemplate) bool {
	if !p.address(t.click, source) {
		return false
	}
	if strings.Contains(source, "${CLICK_URL") {
		return true
	}
	p.source = append(p.source[:0], p.piece...)
	p.piece = p.clicks.appendTo(p.piece[:0], p.source, t.leads)
	return true
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
	done := 0
	for i, b := range url {
		if urlByte(b) && b != '&' {
			continue // most are: they are copied together
		}
		if dst = append(dst, url[done:i]...); b == '&' {
			dst = append(dst, "&amp;"...)
		} else {
			dst = append(dst, '%', hex[b>>4], hex[b&15])
		}
		done = i + 1
	}
	return append(dst, url[done:]...)
}
