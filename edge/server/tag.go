package server

import (
	"context"
	"net/http"

	"curb/edge/ad"
	"curb/edge/adcall"
)

// serveTag answers /tt and /ttj.
func (h *Handler) serveTag(w http.ResponseWriter, r *http.Request, in request) {
	v, _ := h.visits.Get().(*visit)
	if v == nil {
		v = new(visit)
	}
	defer func() {
		v.reset()
		h.visits.Put(v)
	}()
	if p := v.read(r, in); p != nil {
		h.refuse(w, r, *p)
		return
	}
	header := w.Header()
	tagHeaders(header)
	if r.Method == http.MethodHead {
		describeTag(header, in.format)
		return // asking what there is buys nothing
	}
	v.call.ID = h.newID()
	h.device(r, &v.call.Device)
	signals(r, &v.call.Privacy)
	if v.call.Page == "" {
		v.call.Page = referer(r)
	}
	v.call.Secure = r.TLS != nil || foldPrefix(v.call.Page, "https://")
	h.answerTag(r.Context(), w, r, v, in)
}

// answerTag has the call served and writes what came of it.
func (h *Handler) answerTag(ctx context.Context, w http.ResponseWriter, r *http.Request, v *visit, in request) {
	answer := h.adCalls.Serve(ctx, adcall.Incoming{Call: &v.call, Snapshot: in.snap})
	defer answer.Release()
	slot := &answer.Slots[0]
	outcome := h.compose(&v.page, in, &v.call, slot)
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
