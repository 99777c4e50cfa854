package server

import (
	"net/http"
	"strings"
)

// Header values of answers to pages of other origins.
var (
	valueOrigin      = []string{"Origin"}
	valuePost        = []string{"POST"}
	valueDay         = []string{"86400"}
	valuePlainFields = []string{"Content-Type, Content-Encoding"}
)

// allowOrigin lets the page that asked read the answer. Any page may: what is answered depends on what it sent and on
// nothing a browser adds. An opaque origin ("null") is nobody to let in.
func allowOrigin(header http.Header, r *http.Request) {
	header["Vary"] = valueOrigin
	origin := first(r.Header, "Origin")
	if !validOrigin(origin) {
		return
	}
	header["Access-Control-Allow-Origin"] = []string{origin}
	header["Access-Control-Allow-Credentials"] = valueTrue
}

// validOrigin accepts what browsers send: scheme and host in lower case, no path (RFC 6454 §7.1).
func validOrigin(origin string) bool {
	rest, found := strings.CutPrefix(origin, "https://")
	if !found {
		rest, found = strings.CutPrefix(origin, "http://")
	}
	return found && plausibleHost(rest)
}

// requestFieldsMax bounds Access-Control-Request-Headers.
const requestFieldsMax = 512

// serveOptions answers a preflight request (Fetch §4.8), and any other OPTIONS.
func serveOptions(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header["Allow"] = allowOpenRTB
	header["Cache-Control"] = valueNoStore
	if header["Access-Control-Allow-Origin"] != nil {
		header["Access-Control-Allow-Methods"] = valuePost
		header["Access-Control-Allow-Headers"] = valuePlainFields
		if asked := first(r.Header, "Access-Control-Request-Headers"); fieldNames(asked) {
			header["Access-Control-Allow-Headers"] = []string{asked}
		}
		header["Access-Control-Max-Age"] = valueDay
	}
	w.WriteHeader(http.StatusNoContent)
}

// fieldNames reports whether text is a list of header names.
func fieldNames(text string) bool {
	if text == "" || len(text) > requestFieldsMax {
		return false
	}
	for i := range len(text) {
		if b := text[i]; !isAlphanumeric(b) && b != '-' && b != '_' && b != ',' && b != ' ' {
			return false
		}
	}
	return true
}
