package server

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/macro"
)

// Bounds of what a tag that passes a price on says.
const (
	callbackBytesMax    = 64
	callbackUIDBytesMax = 64
)

// passing is what a tag says of whom it passes the price on to, and what is passed on.
type passing struct {
	redir       string // the ad server; "" is the placement's first
	redirBad    bool   // it could not even be read
	callback    string // "" answers JSON, else a script that calls it
	callbackUID string
	legacy      bool
	target      *macro.Redirect // where redir leads

	accept, bucket, sealed []byte
	out                    []byte // Location, or the body of /jpt
}

func (p *passing) reset() {
	*p = passing{accept: p.accept[:0], bucket: p.bucket[:0], sealed: p.sealed[:0], out: keep(p.out)}
}

func (p *passing) read(r *reader) {
	p.legacy = r.bool(fieldLegacy, false)
	p.callbackUID = r.charset(fieldCallbackUID, callbackUIDBytesMax, "-_.:")
	p.callback = r.charset(fieldCallback, callbackBytesMax, "_$.")
	if p.callback != "" && (p.callback[0] >= '0' && p.callback[0] <= '9' || p.callback[0] == '.') {
		r.fail()
	}
	if r.params.has(fieldRedir) {
		p.readRedir(r.params.raw[fieldRedir])
	}
}

// readRedir decodes a redir, unless it stood last and as it is. Some clients encode the braces of its macros all the same.
func (p *passing) readRedir(raw string) {
	if !bare(raw) {
		var ok bool
		p.redir, ok = unescape(raw)
		p.redirBad = !ok
		return
	}
	p.redir = raw
	if strings.Contains(raw, "%7") {
		p.redir = braces.Replace(raw)
	}
}

var braces = strings.NewReplacer("%7B", "{", "%7b", "{", "%7D", "}", "%7d", "}")

// destination finds the ad server that a preemptive tag calls.
func (h *Handler) destination(v *visit, in request) *problem {
	place := v.imps[0].Placement
	if len(place.AdServers) == 0 {
		return &adServerMissing
	}
	if v.passing.redirBad {
		return &redirectInvalid
	}
	allowed := h.adServersOf(in.snap, place)
	server := 0
	if v.passing.target = allowed.Server(0); v.passing.redir != "" {
		var err error
		if v.passing.target, server, err = allowed.Match(v.passing.redir); err != nil {
			return redirectProblem(err)
		}
	}
	if v.passing.target == nil {
		return &adServerMissing
	}
	v.call.AdServer = &place.AdServers[server]
	return nil
}

// redirectProblem is the redirect builder's error as callers see it.
func redirectProblem(err error) *problem {
	var e *macro.RedirectError
	if errors.As(err, &e) {
		switch e.Code {
		case macro.CodeRedirectNotAllowed:
			return &redirectNotAllowed
		case macro.CodeRedirectTooLong:
			return &redirectTooLong
		}
	}
	return &redirectInvalid
}

// adServers keeps the ad servers of one snapshot's placements, each list parsed when it is first called.
type adServers struct {
	snap *catalog.Snapshot
	of   sync.Map // *ad.Placement → *macro.Allowed
}

// adServerCache holds those of the snapshot in force.
type adServerCache struct{ current atomic.Pointer[adServers] }

func (h *Handler) adServersOf(snap *catalog.Snapshot, place *ad.Placement) *macro.Allowed {
	c := h.adServers.current.Load()
	if c == nil || c.snap != snap {
		c = &adServers{snap: snap}
		h.adServers.current.Store(c)
	}
	if a, ok := c.of.Load(place); ok {
		return a.(*macro.Allowed)
	}
	a, err := macro.Allow(place.AdServers, h.lab)
	if err != nil {
		h.log.Error("a placement names an ad server that cannot be called", "placement", place.ID, "error", err)
	}
	c.of.Store(place, a)
	return a
}

// passedHeaders are those of answers that pass a price on. They hold a token, so nobody keeps them or tells others whence
// they came.
func passedHeaders(header http.Header) {
	tagHeaders(header)
	header["Referrer-Policy"] = valueNoReferrer
}
