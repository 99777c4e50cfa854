package server

import (
	"net/http"

	"curb/edge/ad"
)

// route is an endpoint.
type route uint8

const (
	routeNone route = iota
	routeHTML
	routeScript
	routeRedirect
	routeRedirectScript
	routeJSON
	routeAccept
	routeImpression
	routeClick
	routeOpenRTB
	routeCurb
	routeStatus
)

// routeOf matches the path exactly. A path that was percent-encoded where it need not be is none of ours, so that no
// two spellings lead to one endpoint.
func routeOf(r *http.Request) route {
	if r.URL.RawPath != "" || r.URL.Opaque != "" {
		return routeNone
	}
	switch r.URL.Path {
	case "/tt":
		return routeHTML
	case "/ttj":
		return routeScript
	case "/pt":
		return routeRedirect
	case "/ptj":
		return routeRedirectScript
	case "/jpt":
		return routeJSON
	case "/ab":
		return routeAccept
	case "/it":
		return routeImpression
	case "/click":
		return routeClick
	case "/openrtb2/auction":
		return routeOpenRTB
	case "/.well-known/curb":
		return routeCurb
	case "/status":
		return routeStatus
	}
	return routeNone
}

// formatOf is how an endpoint of ad calls answers; of others it says nothing.
func formatOf(r route) ad.TagFormat {
	switch r {
	case routeScript:
		return ad.TagScript
	case routeOpenRTB:
		return ad.TagOpenRTB
	case routeRedirect:
		return ad.TagRedirect
	case routeRedirectScript:
		return ad.TagRedirectScript
	case routeJSON:
		return ad.TagJSON
	}
	return ad.TagHTML
}

func allowed(r route, method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead:
		return r != routeOpenRTB
	case http.MethodPost, http.MethodOptions:
		return r == routeOpenRTB
	}
	return false
}

// Header values that many answers share. They are never written to.
var (
	allowTag     = []string{"GET, HEAD"}
	allowOpenRTB = []string{"POST, OPTIONS"}
)

func allowOf(r route) []string {
	if r == routeOpenRTB {
		return allowOpenRTB
	}
	return allowTag
}

// serveCurb tells a publisher which node answers on its host, and over which protocol.
func (h *Handler) serveCurb(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header["X-Curb-Protocol"] = protocolOf(r)
	header["X-Curb-Node"] = h.node
	header["Cache-Control"] = valueNoStore
	header["X-Content-Type-Options"] = valueNoSniff
	header["Timing-Allow-Origin"] = valueAny
	header["Access-Control-Allow-Origin"] = valueAny
	header["Access-Control-Expose-Headers"] = valueExposed
	w.WriteHeader(http.StatusNoContent)
}

func protocolOf(r *http.Request) []string {
	switch r.ProtoMajor {
	case 3:
		return valueH3
	case 2:
		return valueH2
	}
	return valueH1
}

func serveStatus(w http.ResponseWriter) {
	header := w.Header()
	header["Timing-Allow-Origin"] = valueAny
	header["Cache-Control"] = valueNoStore
	header["X-Content-Type-Options"] = valueNoSniff
	w.WriteHeader(http.StatusNoContent)
}
