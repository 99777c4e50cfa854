package server

import (
	"bytes"

	"curb/edge/ad"
	"curb/edge/adcall"
)

// chainSandbox is what an ad server that takes over may do in its frame. It keeps its own origin, which is not ours.
const chainSandbox = sandbox + " allow-same-origin allow-forms"

// chain writes the daisy chain of the slot's placement: a document around its frame for /tt, its URL for /ttj, where the
// script makes the frame.
func (h *Handler) chain(p *pageWriter, in request, slot *adcall.Slot) bool {
	place := slot.Impression.Placement
	if place.DaisyChain == "" {
		return false
	}
	if !p.url(h.chainTemplate(in.snap, place)) {
		return false
	}
	if in.format == ad.TagScript {
		p.document = appendURL(p.document[:0], p.piece)
		return true
	}
	rights := chainSandbox
	if h.ours(in, p.piece) {
		rights = sandbox // it would be our own origin
	}
	p.document = append(p.document[:0], documentHead...)
	p.document = append(p.document, `<iframe src="`...)
	p.document = appendAttribute(p.document, p.piece)
	p.document = append(p.document, `" width="`...)
	p.document = number(p.document, slot.Size.W)
	p.document = append(p.document, `" height="`...)
	p.document = number(p.document, slot.Size.H)
	p.document = append(p.document, `" title="Advertisement" scrolling="no" style="border:0;display:block" sandbox="`...)
	p.document = append(p.document, rights...)
	p.document = append(p.document, `"></iframe>`...)
	p.document = append(p.document, documentTail...)
	return true
}

// ours reports whether a URL leads to a host that this node serves.
func (h *Handler) ours(in request, url []byte) bool {
	_, host, _ := bytes.Cut(url, []byte("://"))
	if end := bytes.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	name := normalHost(string(host))
	return name == "" || h.isOwnHost(name) || in.snap.PublisherByHost(name) != nil
}

// appendURL is appendAttribute without the attribute.
func appendURL[T string | []byte](dst []byte, url T) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(url) {
		b := url[i]
		if urlByte(b) {
			dst = append(dst, b)
			continue
		}
		dst = append(dst, '%', hex[b>>4], hex[b&15])
	}
	return dst
}
