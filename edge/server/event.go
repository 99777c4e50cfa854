package server

import (
	"net/http"
	"sync"
	"time"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/token"
)

// onePixel is a transparent picture of one dot (GIF89a), the answer of /it.
var onePixel = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")

var valuePixelLength = []string{"43"}

// serveImpression answers /it with the pixel: an ad was shown. A sale of a caller that had the markup from the start is
// booked by it too.
func (h *Handler) serveImpression(w http.ResponseWriter, r *http.Request, in request) {
	u := h.tokenUse()
	defer h.leaveToken(u)
	u.read(r.URL.RawQuery)
	if p := u.open(h.tokens(), in, token.Impression, token.Bill); p != nil {
		h.refuse(w, r, *p)
		return
	}
	header := w.Header()
	tagHeaders(header)
	header["Content-Type"] = valueGIF
	if looksAhead(r) {
		answerAhead(w, r)
		return
	}
	shown := true
	if u.claims.Purpose == token.Bill {
		accepted, code := h.accept(r, in, &u.claims)
		if accepted.Outcome == adcall.Gone {
			clear(header)
			h.refuse(w, r, tokenExpired)
			return
		}
		if shown = code == ""; shown {
			h.bill(header, accepted.First)
		} else {
			header["X-Curb-Error"] = []string{code}
		}
	}
	if shown && h.counted.first(u.claims.SaleKey, token.Impression, in.now) {
		h.events.Impression(&u.claims, in.now)
	}
	writePixel(w, r)
}

func writePixel(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header["Content-Type"], header["Content-Length"] = valueGIF, valuePixelLength
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(onePixel) //nolint:errcheck // the client may have gone
	}
}

// serveClick answers /click: it sends the reader on, to the page that the token says or to one that it allows. A token that
// says neither only counts, for players and apps that open the page themselves: its answer is the pixel.
func (h *Handler) serveClick(w http.ResponseWriter, r *http.Request, in request) {
	u := h.tokenUse()
	defer h.leaveToken(u)
	u.read(r.URL.RawQuery)
	if p := u.open(h.tokens(), in, token.Click); p != nil {
		h.refuse(w, r, *p)
		return
	}
	leads := len(u.extra) > 0
	if leads {
		var err error
		if u.out, err = appendClickTarget(u.out[:0], u.extra, u.target); err != nil {
			h.refuse(w, r, *redirectProblem(err))
			return
		}
	}
	header := w.Header()
	passedHeaders(header)
	if prefetches(r.Header) {
		answerAhead(w, r)
		return
	}
	if r.Method != http.MethodHead && h.counted.first(u.claims.SaleKey, token.Click, in.now) {
		h.events.Click(&u.claims, in.now)
	}
	if !leads {
		writePixel(w, r)
		return
	}
	header["Location"] = []string{string(u.out)}
	header["Content-Length"] = valueZero
	w.WriteHeader(http.StatusFound)
}

// unheard are events that nobody listens to.
type unheard struct{}

func (unheard) Impression(*token.Claims, time.Time) {}
func (unheard) Click(*token.Claims, time.Time)      {}

// counted remembers what was counted, so that it is counted once. It is two generations of keys: a new one begins when one
// is full or as old as the longest token, and the one before the last is forgotten.
type counted struct {
	mu         sync.Mutex
	fresh, old map[countedKey]struct{}
	begun      time.Time
}

type countedKey struct {
	ad.SaleKey
	purpose token.Purpose
}

// Bounds of what is remembered: two generations of 262,144 keys of 18 bytes are some 20 MB.
const (
	countedMax  = 1 << 18
	countedTime = 2*ad.AcceptWindowLong + ad.ClickWindow
)

func newCounted() *counted { return &counted{fresh: map[countedKey]struct{}{}} }

// first reports whether this is the first time, and remembers it.
func (c *counted) first(sale ad.SaleKey, purpose token.Purpose, now time.Time) bool {
	key := countedKey{sale, purpose}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.fresh) >= countedMax || now.Sub(c.begun) > countedTime {
		c.fresh, c.old, c.begun = make(map[countedKey]struct{}), c.fresh, now
	}
	if _, again := c.fresh[key]; again {
		return false
	}
	if _, again := c.old[key]; again {
		return false
	}
	c.fresh[key] = struct{}{}
	return true
}
