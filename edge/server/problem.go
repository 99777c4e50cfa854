package server

import (
	"errors"
	"net/http"
	"strconv"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// problem is an error as callers see it: a status, a stable code, and a title that never repeats input.
type problem struct {
	status int
	code   string
	title  string
	closes bool // the connection: what follows on it cannot be trusted
}

// The errors of this package; ENDPOINTS.md lists them.
var (
	misdirected      = problem{http.StatusMisdirectedRequest, "misdirected_request", "This host is not served here.", false}
	notFound         = problem{http.StatusNotFound, "not_found", "There is nothing at this path.", false}
	methodNotAllowed = problem{http.StatusMethodNotAllowed, "method_not_allowed", "Allow names the methods of this path.", false}
	targetTooLong    = problem{http.StatusRequestURITooLong, "target_too_long", "Path and query are longer than 8 KiB.", true}

	paramDuplicate   = problem{http.StatusBadRequest, "param_duplicate", "A parameter is there twice.", false}
	paramInvalid     = problem{http.StatusBadRequest, "param_invalid", "A parameter has a value it cannot have.", false}
	paramTooMany     = problem{http.StatusBadRequest, "param_too_many", "There are more than 64 parameters.", false}
	placementMissing = problem{http.StatusBadRequest, "placement_missing", "Neither id nor member and inv_code name a placement.", false}
	sizeMissing      = problem{http.StatusBadRequest, "size_missing", "The placement has no size of its own and the tag names none.", false}
	placementUnknown = problem{http.StatusNotFound, "placement_unknown", "No placement of that name is served on this host.", false}

	adServerMissing    = problem{http.StatusBadRequest, "ad_server_missing", "The placement has no ad server that a preemptive tag could call.", false}
	redirectInvalid    = problem{http.StatusBadRequest, "redirect_invalid", "redir is no https URL and no name of an ad server.", false}
	redirectNotAllowed = problem{http.StatusBadRequest, "redirect_not_allowed", "redir leads to no ad server of the placement.", false}
	redirectTooLong    = problem{http.StatusBadRequest, "redirect_too_long", "The URL of the redirect is longer than 4 KiB.", false}
	dongleInvalid      = problem{http.StatusForbidden, "dongle_invalid", "A debug auction needs the dongle of the inventory's owner or of a bidder, a test the owner's.", false}
	debugLimited       = problem{http.StatusTooManyRequests, "debug_limited", "The node holds no more debug auctions at this moment.", false}
	tokenInvalid       = problem{http.StatusForbidden, "token_invalid", "The token is none of ours for this use on this host.", false}
	tokenExpired       = problem{http.StatusGone, "token_expired", "The token was good, and its time is over.", false}

	contentType     = problem{http.StatusUnsupportedMediaType, "content_type_unsupported", "Content-Type may be application/json or text/plain, once.", false}
	contentEncoding = problem{http.StatusUnsupportedMediaType, "content_encoding_unsupported", "Content-Encoding may be gzip or zstd, once.", false}
	bodyTooLarge    = problem{http.StatusRequestEntityTooLarge, "body_too_large", "The body is larger than 128 KiB.", true}
	decodedTooLarge = problem{http.StatusRequestEntityTooLarge, "decoded_too_large", "The body is larger than 512 KiB, 50 times its compressed size, or compressed twice.", false}
	bodyInvalid     = problem{http.StatusBadRequest, "body_invalid", "The body ends early or is not of its Content-Encoding.", false}
	bodyTimeout     = problem{http.StatusRequestTimeout, "timeout", "The body did not arrive in time.", true}
	jsonInvalid     = problem{http.StatusBadRequest, "json_invalid", "The body is not JSON.", false}
	jsonTooDeep     = problem{http.StatusBadRequest, "json_too_deep", "The JSON is nested too deep.", false}
	requestInvalid  = problem{http.StatusBadRequest, "request_invalid", "The body is not a bid request within limits.", false}
)

// codeInternal is what an answer carries that stands for one that could not be made: our fault, so no error to the caller.
const codeInternal = "internal"

// explanation says where in a bid request the cause of a problem is, and what it is: names of the specification and our
// words, never what the request says. The zero value explains nothing.
type explanation struct {
	detail string
	offset int // byte of the decoded body; noOffset if the cause is not one place
}

const noOffset = -1

// decodeProblem is a decoder's error; its code is one of edge/openrtb's.
func decodeProblem(err error) (problem, explanation) {
	var e *openrtb.Error
	if !errors.As(err, &e) {
		return requestInvalid, explanation{}
	}
	why := explanation{detail: e.Detail, offset: e.Offset}
	switch e.Code {
	case openrtb.CodeJSONInvalid:
		return jsonInvalid, why
	case openrtb.CodeJSONTooDeep:
		return jsonTooDeep, why
	}
	return requestInvalid, why
}

// refuse answers with an error: an empty body on tags and unknown paths, a problem document (RFC 9457) elsewhere.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, p problem) {
	h.explain(w, r, p, explanation{})
}

// explain refuses and says why.
func (h *Handler) explain(w http.ResponseWriter, r *http.Request, p problem, why explanation) {
	header := w.Header()
	header["Cache-Control"] = valueNoStore
	header["X-Content-Type-Options"] = valueNoSniff
	header["X-Curb-Error"] = []string{p.code}
	if p.closes && r.ProtoMajor == 1 { // the later protocols have no such field, and streams instead of connections
		header["Connection"] = valueClose
	}
	if routeOf(r) != routeOpenRTB {
		header["Content-Type"] = valueText
		header["Content-Length"] = valueZero
		w.WriteHeader(p.status)
		return
	}
	body := p.append(nil, h.newID(), why)
	header["Content-Type"] = valueProblem
	contentLength(header, len(body))
	w.WriteHeader(p.status)
	w.Write(body) //nolint:errcheck // the client may have gone
}

// append writes the problem document. Of its texts only detail may hold what needs escaping: a name of the specification
// as the caller spelt it.
func (p problem) append(dst []byte, id ad.AuctionID, why explanation) []byte {
	dst = append(dst, `{"type":"/errors/`...)
	dst = append(dst, p.code...)
	dst = append(dst, `","title":"`...)
	dst = append(dst, p.title...)
	dst = append(dst, `","status":`...)
	dst = append(dst, byte('0'+p.status/100), byte('0'+p.status/10%10), byte('0'+p.status%10))
	dst = append(dst, `,"code":"`...)
	dst = append(dst, p.code...)
	dst = append(dst, `","request_id":"`...)
	dst = id.Append(dst)
	dst = append(dst, '"')
	if why.detail != "" {
		dst = append(dst, `,"detail":"`...)
		dst = appendASCII(dst, why.detail)
		dst = append(dst, '"')
		if why.offset != noOffset {
			dst = append(dst, `,"offset":`...)
			dst = strconv.AppendInt(dst, int64(why.offset), 10)
		}
	}
	return append(dst, '}')
}

// appendASCII leaves out what a JSON string would have to escape.
func appendASCII(dst []byte, text string) []byte {
	for i := range len(text) {
		if b := text[i]; b >= ' ' && b < 0x7f && b != '"' && b != '\\' {
			dst = append(dst, b)
		}
	}
	return dst
}
