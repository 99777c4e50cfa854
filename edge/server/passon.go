package server

import (
	"context"
	"net/http"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/macro"
	"curb/edge/token"
)

// servePassedOn answers the tags that pass a price on, /pt, /ptj and /jpt.
func (h *Handler) servePassedOn(w http.ResponseWriter, r *http.Request, in request) {
	v := h.visit()
	defer h.leave(v)
	p := v.read(r, in)
	if p == nil && in.format != ad.TagJSON {
		p = h.destination(v, in)
	}
	if p != nil {
		h.refuse(w, r, *p)
		return
	}
	header := w.Header()
	passedHeaders(header)
	if looksAhead(r) {
		describePassed(header, v, in.format)
		answerAhead(w, r)
		return
	}
	h.arrive(r, v, in)
	if v.call.Debug {
		h.answerDebug(w, r, v, in)
		return
	}
	h.answerPassedOn(w, r, v, in)
}

// answerPassedOn has the call served and passes on what came of it.
func (h *Handler) answerPassedOn(w http.ResponseWriter, r *http.Request, v *visit, in request) {
	answer := h.adCalls.Serve(r.Context(), adcall.Incoming{Call: &v.call, Snapshot: in.snap})
	defer answer.Release()
	v.page.follow(&v.returns, answer)
	slot := &answer.Slots[0]
	if p := h.passOn(r.Context(), v, in, answer); p != nil {
		clear(w.Header())
		h.refuse(w, r, *p)
		return
	}
	header := w.Header()
	describePassed(header, v, in.format)
	if h.lab {
		header["X-Curb-Outcome"] = valueBlank
		if slot.Outcome == adcall.Sold {
			header["X-Curb-Outcome"] = []string{adcall.Sold.String()}
		}
	}
	if in.format == ad.TagRedirect {
		header["Location"] = []string{string(v.passing.out)}
		header["Content-Length"] = valueZero
		w.WriteHeader(http.StatusFound)
		return
	}
	body := v.passing.out
	if in.format == ad.TagRedirectScript {
		body = v.script(r, body, adcall.Chain)
	}
	contentLength(header, len(body))
	w.WriteHeader(http.StatusOK)
	w.Write(body) //nolint:errcheck // the client may have gone
}

// passOn writes what is passed on into v.passing.out. A sale is promised before: whoever hears of the price finds the sale
// waiting. What cannot be shown, passed on or promised is not sold, and the price passed on is 0: a slot that somebody
// bought must not fare worse than one that nobody did. The problem is one that the tag has without a sale too.
func (h *Handler) passOn(ctx context.Context, v *visit, in request, answer *adcall.Answer) *problem {
	slot := &answer.Slots[0]
	if slot.Outcome == adcall.Sold && !h.winner(&v.page, in, &v.call, slot) {
		answer.Withdraw(slot, ad.CreativeFormat)
	}
	if slot.Outcome == adcall.Sold {
		v.passing.accept = v.passing.accept[:0]
		if !v.call.Test { // nothing is kept of a test that could be accepted
			v.passing.accept = v.returns.appendAccept(v.passing.accept, slot)
		}
		if h.write(v, in.format, slot) != nil { // too long, with the token that is in it
			answer.Withdraw(slot, ad.InternalError)
		} else if answer.Promise(ctx, slot, v.page.document, false) == nil {
			return nil
		}
	}
	v.passing.accept = v.passing.accept[:0]
	return h.write(v, in.format, slot)
}

// write makes the Location or the body of one outcome.
func (h *Handler) write(v *visit, format ad.TagFormat, slot *adcall.Slot) *problem {
	v.page.values = values{call: &v.call, slot: slot, size: slot.Size}
	if format == ad.TagJSON {
		v.passing.json(slot)
		return nil
	}
	values := v.redirectValues(slot)
	var err error
	if v.passing.out, err = v.passing.target.Append(v.passing.out[:0], values); err != nil {
		return redirectProblem(err)
	}
	return nil
}

// redirectValues are what the ad server is told.
func (v *visit) redirectValues(slot *adcall.Slot) macro.RedirectValues {
	p, call := &v.passing, &v.call
	out := macro.RedirectValues{Auction: call.ID, Size: slot.Size, Placement: slot.Impression.Placement.ID}
	if out.Cachebuster = call.Cachebuster; out.Cachebuster == "" {
		out.Cachebuster = string(v.page.values.cachebuster(nil))
	}
	if slot.Outcome == adcall.Sold {
		out.Price, out.Creative, out.Deal, out.AcceptURL = slot.Sale.Net, slot.Sale.Creative, slot.Sale.Deal, p.accept
		if slot.Creative != nil {
			out.CreativeCode = slot.Creative.Code
		}
		if key := &call.Publisher.PriceKey; key.Scheme != ad.PriceOpen {
			price := token.Price{Partner: uint32(call.Publisher.ID), Auction: call.ID, Amount: out.Price, At: call.Received}
			p.sealed = token.SealPrice(p.sealed[:0], key, &price, v.returns.nonce())
			out.Sealed = p.sealed
		}
	}
	p.bucket = call.Publisher.Buckets.AppendFloor(p.bucket[:0], out.Price)
	out.Bucket = p.bucket
	return out
}

// describePassed says what kind of answer comes.
func describePassed(header http.Header, v *visit, format ad.TagFormat) {
	switch format {
	case ad.TagRedirectScript:
		header["Content-Type"] = valueScript
		header["Access-Control-Allow-Origin"] = valueAny
	case ad.TagJSON:
		header["Content-Type"] = valueJSON
		if v.passing.callback != "" {
			header["Content-Type"] = valueScript
		}
		header["Access-Control-Allow-Origin"] = valueAny
	}
}
