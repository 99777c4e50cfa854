package server

import (
	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/macro"
)

// Markup types of a bid (OpenRTB 2.6 §4.3.3, mtype).
const (
	markupBanner = 1 + iota
	markupVideo
	markupAudio
	markupNative
)

// markup writes what the caller shows, with what is called when it is shown and clicked, and says of which kind it is. ok is
// false for what is none of its kind, or cannot be traced although it should be.
func (h *Handler) markup(p *pageWriter, in request, slot *adcall.Slot) (kind int, ok bool) {
	creative := slot.Creative
	switch {
	case creative != nil && creative.Format == ad.FormatVAST:
		if creative.Media&ad.Video == 0 && creative.Media&ad.Audio != 0 {
			return markupAudio, h.vast(p, in, slot)
		}
		return markupVideo, h.vast(p, in, slot)
	case creative != nil && creative.Format == ad.FormatNative:
		return markupNative, h.native(p, in, slot)
	}
	if !h.fragment(p, in, slot) {
		return markupBanner, false
	}
	h.pixels(p, in, slot)
	return markupBanner, len(p.document) <= ad.ResponseTailBytesMax
}

// data puts the slot's XML or JSON into source, with its macros filled.
func (h *Handler) data(p *pageWriter, in request, slot *adcall.Slot) (ok bool) {
	if slot.Bid != nil && slot.Bid.Markup != "" {
		p.source, ok = macro.Expand(p.source[:0], slot.Bid.Markup, macro.Data, &p.values, slot.Bid.Macros...)
		return ok
	}
	p.source, ok = p.fill(p.source[:0], h.creative(in.snap, slot.Creative).content, slot.Creative.Content, macro.Data)
	return ok && len(p.source) > 0
}

// eachPixel puts one URL after the other into piece that is called when the ad shows, ours first, and calls f with each.
func (h *Handler) eachPixel(p *pageWriter, in request, slot *adcall.Slot, f func()) {
	if p.ourPixel(slot) {
		f()
	}
	for i := range creativePixels(slot) {
		if h.creativePixel(p, in, slot, i) {
			f()
		}
	}
}
