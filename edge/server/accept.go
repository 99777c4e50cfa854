package server

import (
	"errors"
	"net/http"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/token"
)

// tokenUse is one request that shows a token. It is pooled.
type tokenUse struct {
	claims token.Claims
	text   []byte
	out    []byte
	target string // r of a click, as it came
	extra  []byte // of the token, valid while the claims are
}

func (h *Handler) tokenUse() *tokenUse {
	u, _ := h.tokenUses.Get().(*tokenUse)
	if u == nil {
		u = new(tokenUse)
	}
	return u
}

func (h *Handler) leaveToken(u *tokenUse) {
	u.out, u.target, u.extra = keep(u.out), "", nil
	h.tokenUses.Put(u)
}

// read finds e, and r, in a query. Two of e are none.
func (u *tokenUse) read(raw string) {
	u.text, u.target = u.text[:0], ""
	q, times := query{rest: raw, landing: true}, 0
	for range ad.QueryParamsMax {
		key, value, ok := q.next()
		if !ok {
			break
		}
		switch key {
		case "e":
			times++
			u.text = append(u.text[:0], value...)
		case "r":
			u.target = value
		}
	}
	if times != 1 {
		u.text = u.text[:0]
	}
}

// open opens the request's token for the first of the purposes that it has.
func (u *tokenUse) open(ring *token.Ring, in request, purposes ...token.Purpose) *problem {
	for _, purpose := range purposes {
		var err error
		u.extra, err = ring.Open(u.text, purpose, in.host, in.now, &u.claims)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, token.ErrExpired):
			return &tokenExpired
		}
	}
	return &tokenInvalid
}

// codeRefused and codeUnbillable are on the empty answers of sales that came back and cannot be shown.
const (
	codeRefused    = "creative_refused"
	codeUnbillable = "unbillable"
)

// serveAccept answers /ab: the publisher's ad server chose a sale that was passed on. It is booked, once however often its
// URL is called, and then shown, every time.
func (h *Handler) serveAccept(w http.ResponseWriter, r *http.Request, in request) {
	u := h.tokenUse()
	defer h.leaveToken(u)
	u.read(r.URL.RawQuery)
	if p := u.open(h.tokens(), in, token.Accept); p != nil {
		h.refuse(w, r, *p)
		return
	}
	header := w.Header()
	tagHeaders(header)
	header["Content-Type"] = valueHTML
	if looksAhead(r) {
		answerAhead(w, r)
		return
	}
	accepted, code := h.accept(r, in, &u.claims)
	switch {
	case accepted.Outcome == adcall.Gone:
		clear(header)
		h.refuse(w, r, tokenExpired)
		return
	case code != "":
		header["X-Curb-Error"] = []string{code}
		header["Content-Length"] = valueZero
		w.WriteHeader(http.StatusOK)
		return
	}
	h.bill(header, accepted.First)
	h.showAccepted(w, r, accepted.Pending)
}

// accept books the sale that a token is about. code is why nothing may be shown; "" if something may, or if it is gone.
func (h *Handler) accept(r *http.Request, in request, c *token.Claims) (accepted adcall.Accepted, code string) {
	// What a token says twice is booked once, and one whose client has hung up is booked like any other: booking does not end
	// with the request.
	accepted, err := h.adCalls.Accept(r.Context(), adcall.Acceptance{Key: c.SaleKey, Snapshot: in.snap, Now: in.now})
	switch {
	case err != nil || accepted.Outcome == adcall.Unbillable:
		return adcall.Accepted{Outcome: adcall.Unbillable}, codeUnbillable
	case accepted.Outcome == adcall.Refused:
		return accepted, codeRefused
	}
	return accepted, ""
}

// bill says in lab mode whether this was the first time.
func (h *Handler) bill(header http.Header, first bool) {
	switch {
	case !h.lab:
	case first:
		header["X-Curb-Bill"] = valueFirst
	default:
		header["X-Curb-Bill"] = valueDup
	}
}

// showAccepted writes the ad: as it was promised, or as a script that makes a frame of it where a script element asks.
func (h *Handler) showAccepted(w http.ResponseWriter, r *http.Request, p *ad.Pending) {
	body, script := p.Document, p.Script
	if !script && first(r.Header, "Sec-Fetch-Dest") == "script" && len(body) > 0 {
		v := h.visit()
		defer h.leave(v)
		v.page.values.size = p.Size
		body, script = v.script(r, body, adcall.Sold), true
	}
	header := w.Header()
	if script {
		header["Content-Type"] = valueScript
		header["Access-Control-Allow-Origin"] = valueAny
	} else if len(body) > 0 {
		header["Content-Security-Policy"] = valueSandbox
		header["Permissions-Policy"] = valueFeatures
	}
	contentLength(header, len(body))
	w.WriteHeader(http.StatusOK)
	w.Write(body) //nolint:errcheck // the client may have gone
}
