package server

import (
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

// open lets those look who know the dongle of the inventory's owner or of a bidder. Every dongle is compared, so that the
// time it takes says nothing.
func (d *debugging) open(call *ad.Call, place *ad.Placement, snap *catalog.Snapshot) *problem {
	if !d.on {
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
	if !ours && d.only == nil {
		return &dongleInvalid
	}
	call.Debug, call.DebugTimeout, call.DebugDongle = true, d.timeout, d.dongle
	return nil
}

// same compares a secret with what somebody says; no secret is never said.
func same(secret, said string) bool {
	return subtle.ConstantTimeCompare([]byte(secret), []byte(said)) == 1 && secret != ""
}

// answerDebug holds the auction and answers with the account of it, as text or JSON: nothing is shown, told or billed.
func (h *Handler) answerDebug(w http.ResponseWriter, r *http.Request, v *visit, in request) {
	answer := h.adCalls.Serve(r.Context(), adcall.Incoming{Call: &v.call, Snapshot: in.snap})
	defer answer.Release()
	slot := &answer.Slots[0]
	outcome := slot.Outcome
	if in.format.PassedOn() && outcome != adcall.Sold {
		outcome = adcall.Blank
	} else if outcome = h.compose(&v.page, in, &v.call, slot); outcome != adcall.Sold && slot.Outcome == adcall.Sold {
		answer.Withdraw(slot, ad.CreativeFormat)
	}
	a := accountOf(v, in, answer, outcome)
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
