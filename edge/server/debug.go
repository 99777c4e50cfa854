package server

import (
	"context"
	"crypto/subtle"
	"net/http"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/catalog"
)

// dongleBytesMax bounds what a tag may say as a dongle.
const dongleBytesMax = 64

// debugging is what a tag says of an auction that is held to be looked at.
type debugging struct {
	on, json bool
	timeout  time.Duration
	dongle   string
	// only is the bidder whose dongle it is: it sees its own part. Nil: the inventory's owner looks, and sees everything.
	only *ad.Bidder
}

func (d *debugging) read(r *reader) {
	d.on, d.json = r.bool(fieldDebug, false), r.bool(fieldDebugJSON, false)
	d.dongle = r.text(fieldDongle, dongleBytesMax)
	d.timeout = time.Duration(r.number(fieldDebugTimeout)) * time.Millisecond
	if d.timeout > ad.DebugTimeoutMax {
		r.fail()
	}
}

// open lets those look who know the dongle of the inventory's owner or of a bidder, and those try who know the owner's: a
// test shows ads that nobody pays for, which is the owner's to give. Every dongle is compared, so that the time it takes
// says nothing.
func (d *debugging) open(call *ad.Call, place *ad.Placement, snap *catalog.Snapshot) *problem {
	if !d.on && !call.Test {
		return nil
	}
	ours := false
	if m := snap.Member(place.Member); m != nil {
		ours = same(m.Dongle, d.dongle)
	}
	for _, b := range snap.ActiveBidders() {
		if same(b.Dongle, d.dongle) && !ours {
			d.only = b
		}
	}
	if !ours && (d.only == nil || !d.on) {
		return &dongleInvalid
	}
	if !d.on {
		return nil
	}
	call.Debug, call.DebugTimeout, call.DebugDongle = true, d.timeout, d.dongle
	return nil
}

// same compares a secret with what somebody says; no secret is never said.
func same(secret, said string) bool {
	return subtle.ConstantTimeCompare([]byte(secret), []byte(said)) == 1 && secret != ""
}

// outcomeOf composes what the call would be answered with. Where a price is passed on, nothing stands in for an ad.
func (h *Handler) outcomeOf(v *visit, in request, answer *adcall.Answer) adcall.Outcome {
	slot := &answer.Slots[0]
	if !in.format.PassedOn() {
		return h.sell(context.Background(), v, in, answer) // of a debug auction it books nothing
	}
	if slot.Outcome == adcall.Sold && h.winner(&v.page, in, &v.call, slot) {
		return adcall.Sold
	}
	answer.Withdraw(slot, ad.CreativeFormat)
	v.page.document = v.page.document[:0]
	return adcall.Blank
}

// answerDebug holds the auction and answers with the account of it, as text or JSON: nothing is shown, told or billed.
func (h *Handler) answerDebug(w http.ResponseWriter, r *http.Request, v *visit, in request) {
	if !h.debugs.pass(in.now) {
		clear(w.Header())
		w.Header()["Retry-After"] = []string{"1"}
		h.refuse(w, r, debugLimited)
		return
	}
	answer := h.adCalls.Serve(r.Context(), adcall.Incoming{Call: &v.call, Snapshot: in.snap})
	defer answer.Release()
	v.page.follow(&v.returns, answer)
	a := accountOf(v, in, answer, h.outcomeOf(v, in, answer))
	header := w.Header()
	tagHeaders(header)
	header["Referrer-Policy"] = valueNoReferrer
	header["Content-Type"] = valuePlainText
	body := a.text()
	if v.debug.json {
		header["Content-Type"] = valueJSON
		body = a.json()
	}
	contentLength(header, len(body))
	w.WriteHeader(http.StatusOK)
	w.Write(body) //nolint:errcheck // the client may have gone
}
