package server

import (
	"context"
	"net/http"

	"curb/edge/ad"
	"curb/edge/adcall"
)

// serveTag answers /tt and /ttj.
func (h *Handler) serveTag(w http.ResponseWriter, r *http.Request, in request) {
	v := h.visit()
	defer h.leave(v)
	if p := v.read(r, in); p != nil {
		h.refuse(w, r, *p)
		return
	}
	header := w.Header()
	tagHeaders(header)
	if looksAhead(r) {
		describeTag(header, in.format)
		answerAhead(w, r)
		return
	}
	h.arrive(r, v, in)
	if v.call.Debug {
		h.answerDebug(w, r, v, in)
		return
	}
	h.answerTag(r.Context(), w, r, v, in)
}

// visit takes one with warm buffers; leave gives it back.
func (h *Handler) visit() *visit {
	v, _ := h.visits.Get().(*visit)
	if v == nil {
		v = new(visit)
	}
	return v
}

func (h *Handler) leave(v *visit) {
	v.reset()
	h.visits.Put(v)
}

// arrive fills in what the connection shows of a call that is going to be held.
func (h *Handler) arrive(r *http.Request, v *visit, in request) {
	v.call.ID = h.newID()
	h.device(r, &v.call.Device)
	signals(r, &v.call.Privacy)
	if v.call.Page == "" {
		v.call.Page = referer(r)
	}
	v.call.Secure = r.TLS != nil || foldPrefix(v.call.Page, "https://")
	v.returns.prepare(h, r, in)
}

// answerTag has the call served and writes what came of it.
func (h *Handler) answerTag(ctx context.Context, w http.ResponseWriter, r *http.Request, v *visit, in request) {
	answer := h.adCalls.Serve(ctx, adcall.Incoming{Call: &v.call, Snapshot: in.snap})
	defer answer.Release()
	v.page.follow(&v.returns, answer)
	outcome := h.sell(ctx, v, in, answer)
	body := v.page.document
	header := w.Header()
	if in.format == ad.TagScript && len(body) > 0 {
		body = v.script(r, body, outcome)
	}
	describeTag(header, in.format)
	if in.format == ad.TagHTML && len(body) > 0 {
		header["Content-Security-Policy"] = policyOf(outcome)
		header["Permissions-Policy"] = valueFeatures
	}
	if h.lab {
		header["X-Curb-Outcome"] = []string{outcome.String()}
	}
	contentLength(header, len(body))
	w.WriteHeader(http.StatusOK)
	w.Write(body) //nolint:errcheck // the client may have gone
}

// sell composes the slot's document and books the sale, if it is one: its bill is on disk before the first byte leaves. What
// cannot be shown or booked is not sold, and what stands in for it is composed.
func (h *Handler) sell(ctx context.Context, v *visit, in request, answer *adcall.Answer) adcall.Outcome {
	slot := &answer.Slots[0]
	outcome := h.compose(&v.page, in, &v.call, slot)
	switch {
	case slot.Outcome != adcall.Sold:
		return outcome
	case outcome != adcall.Sold:
		answer.Withdraw(slot, ad.CreativeFormat)
	case answer.Sell(ctx, slot) == nil:
		return outcome
	}
	return h.compose(&v.page, in, &v.call, slot)
}

func describeTag(header http.Header, format ad.TagFormat) {
	if format == ad.TagScript {
		header["Content-Type"] = valueScript
		header["Access-Control-Allow-Origin"] = valueAny
		return
	}
	header["Content-Type"] = valueHTML
}

// policyOf is the Content-Security-Policy of a document. A daisy chain's frame keeps the origin of the ad server it loads
// from, so the document around it runs nothing at all.
func policyOf(outcome adcall.Outcome) []string {
	switch outcome {
	case adcall.Chain:
		return valueFrame
	case adcall.PSA:
		return valueStill
	}
	return valueSandbox
}
