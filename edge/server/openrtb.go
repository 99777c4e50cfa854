package server

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/openrtb"
)

// openCall is one request to the OpenRTB endpoint: its body, the call made of it, and the buffers of its answer. It is
// pooled.
type openCall struct {
	wire, decoded []byte
	body          []byte    // whichever of them it is
	arrived       time.Time // of the body's last byte
	decoder       openrtb.Decoder
	call          ad.Call
	imps          [ad.ImpressionsMax]ad.Impression
	sizes         []ad.Size
	allowed       []ad.MemberID
	blocked       []ad.MemberID
	currency      ad.Currency
	rate          ad.Rate

	page    pageWriter
	returns returns
	billing []byte                         // the URL that bills the bid that is being written
	bids    [ad.ImpressionsMax]openrtb.Bid // of the impressions that are sold
	seats   []openrtb.SeatBid
	out     []byte
}

func (c *openCall) reset() {
	c.wire, c.decoded, c.out = keep(c.wire), keep(c.decoded), keep(c.out)
	c.body, c.call = nil, ad.Call{}
	clear(c.imps[:])
	clear(c.bids[:])
	clear(c.seats)
	c.sizes, c.seats = c.sizes[:0], c.seats[:0]
	c.page.reset()
	c.returns.reset()
}

// serveOpenRTB answers /openrtb2/auction: a bid request in, a bid response out.
func (h *Handler) serveOpenRTB(w http.ResponseWriter, r *http.Request, in request) {
	allowOrigin(w.Header(), r)
	if r.Method == http.MethodOptions {
		serveOptions(w, r)
		return
	}
	w.Header()["Timing-Allow-Origin"] = valueAny
	c, _ := h.openCalls.Get().(*openCall)
	if c == nil {
		c = new(openCall)
	}
	defer func() {
		c.reset()
		h.openCalls.Put(c)
	}()
	p := h.readBody(w, r, c)
	if p != nil {
		h.refuse(w, r, *p)
		return
	}
	in.now = c.arrived
	received, err := c.decoder.DecodeRequest(c.body)
	if err != nil {
		p, why := decodeProblem(err)
		h.explain(w, r, p, why)
		return
	}
	sale := h.incoming(r, c, in, received)
	switch {
	case sale.problem != nil:
		h.explain(w, r, *sale.problem, explanation{detail: sale.detail, offset: noOffset})
	case sale.none:
		c.out = openrtb.AppendResponse(c.out[:0], &openrtb.Response{ID: received.ID, SeatBid: noSeats, NBR: openrtb.Int(nbrInvalidRequest)})
		writeResponse(w, c.out)
	default:
		h.auctionOnce(w, r, c, in, received)
	}
}

// auctionOnce holds the auction, unless the same request was answered a moment ago: browsers send a POST again, without
// asking, when a connection breaks under it.
func (h *Handler) auctionOnce(w http.ResponseWriter, r *http.Request, c *openCall, in request, received *openrtb.Request) {
	key := replayKey{publisher: c.call.Publisher.ID, id: sha256.Sum256([]byte(received.ID)), body: sha256.Sum256(c.body)}
	entry, again := h.replays.begin(key, in.now)
	if again {
		body, ok := entry.wait(r.Context())
		if !ok { // the first one never finished: nothing can be sold twice
			c.out = openrtb.AppendResponse(c.out[:0], &openrtb.Response{ID: received.ID, SeatBid: noSeats, NBR: openrtb.Int(nbrTechnicalError)})
			body = c.out
		}
		w.Header()["Idempotent-Replayed"] = valueTrue
		writeResponse(w, body)
		return
	}
	settled := false
	defer func() {
		if !settled {
			h.replays.drop(key, entry)
		}
	}()
	// The caller may break off and come again: the auction is held to its end for whoever asks then.
	ctx := context.WithoutCancel(r.Context())
	answer := h.adCalls.Serve(ctx, adcall.Incoming{Call: &c.call, Received: received, Snapshot: in.snap})
	defer answer.Release()
	c.returns.prepare(h, r, in)
	c.out = h.respond(ctx, c, in, received, answer)
	h.replays.settle(key, entry, c.out)
	settled = true
	writeResponse(w, c.out)
}

func writeResponse(w http.ResponseWriter, body []byte) {
	header := w.Header()
	header["Content-Type"] = valueJSON
	header["Cache-Control"] = valueNoStore
	header["X-Content-Type-Options"] = valueNoSniff
	header["Cross-Origin-Resource-Policy"] = valueCross
	contentLength(header, len(body))
	w.WriteHeader(http.StatusOK)
	w.Write(body) //nolint:errcheck // the client may have gone
}
