package server

import (
	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/macro"
)

// links makes the URLs of a sale that lead back to this node; *returns does.
type links interface {
	// appendImpression writes the URL that counts the sale as shown; nothing if there is none.
	appendImpression(dst []byte, slot *adcall.Slot) []byte
	// appendClick writes the URL that counts a click; nothing if extra, which says where the click may lead, is too long.
	appendClick(dst []byte, slot *adcall.Slot, extra []byte) []byte
}

// follow says of a served call what its creatives may be told, and lets what is shown of it lead back to this node.
func (p *pageWriter) follow(l links, answer *adcall.Answer) {
	p.personal = answer.Personal()
	if !answer.Call.Debug && !answer.Call.Test {
		p.links = l
	}
}

// counts reports whether what is shown of a slot is a sale that leads back to this node.
func (p *pageWriter) counts(slot *adcall.Slot) bool {
	return p.links != nil && slot.Outcome == adcall.Sold && slot.Bid != nil
}

// pixels appends what is called when the ad shows: ours, then the creative's.
func (h *Handler) pixels(p *pageWriter, in request, slot *adcall.Slot) {
	if p.ourPixel(slot) {
		p.image()
	}
	for i := range creativePixels(slot) {
		if h.creativePixel(p, in, slot, i) {
			p.image()
		}
	}
}

// image appends a picture that nobody sees, of the URL in piece.
func (p *pageWriter) image() {
	p.document = append(p.document, `<img src="`...)
	p.document = appendAttribute(p.document, p.piece)
	p.document = append(p.document, `" width="1" height="1" alt="" style="display:none">`...)
}

// ourPixel puts the URL together that counts the sale as shown.
func (p *pageWriter) ourPixel(slot *adcall.Slot) bool {
	p.piece = p.piece[:0]
	if p.counts(slot) {
		p.piece = p.links.appendImpression(p.piece, slot)
	}
	return len(p.piece) > 0
}

func creativePixels(slot *adcall.Slot) []string {
	if slot.Creative == nil {
		return nil
	}
	return slot.Creative.Pixels
}

// creativePixel puts the URL of one of the creative's own pixels together; false if it is none that the page may call.
func (h *Handler) creativePixel(p *pageWriter, in request, slot *adcall.Slot, i int) bool {
	c := slot.Creative
	t := h.creative(in.snap, c)
	if !p.address(t.pixels[i], c.Pixels[i]) {
		return false
	}
	_, secure := cutFold(p.piece, "https://")
	return secure || !p.values.call.Secure
}

// fill appends a template with its values: parsed once, unless the bid brings macros of its own, which no template knows.
func (p *pageWriter) fill(dst []byte, t *macro.Template, source string, syntax macro.Syntax) ([]byte, bool) {
	if own := p.values.own(); len(own) > 0 {
		return macro.Expand(dst, source, syntax, &p.values, own...)
	}
	return t.Append(dst, &p.values)
}

// own are the custom macros of the slot's bid.
func (v *values) own() []ad.KeyValue {
	if v.slot.Bid == nil {
		return nil
	}
	return v.slot.Bid.Macros
}
