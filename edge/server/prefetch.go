package server

import (
	"net/http"
	"strings"
)

// looksAhead reports whether a request is not a reader's: a browser loads a page that may never be opened (Sec-Purpose of
// the Fetch standard, and what browsers sent before it), or somebody only asks what there is. Such a request buys nothing,
// bills nothing and counts for nothing.
func looksAhead(r *http.Request) bool { return r.Method == http.MethodHead || prefetches(r.Header) }

func prefetches(header http.Header) bool {
	for _, name := range [...]string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		for _, value := range header[name] {
			for _, word := range [...]string{"prefetch", "prerender", "preview"} {
				if containsFold(value, word) {
					return true
				}
			}
		}
	}
	return false
}

// containsFold is strings.Contains without regard to case; word is in lower case.
func containsFold(text, word string) bool {
	if len(text) > 256 {
		text = text[:256]
	}
	for i := 0; i+len(word) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// answerAhead answers a request that looks ahead: a HEAD as the GET would be described, a prefetch with 204, which browsers
// do not keep for the page that is opened later.
func answerAhead(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		return
	}
	header := w.Header()
	delete(header, "Content-Type")
	w.WriteHeader(http.StatusNoContent)
}
