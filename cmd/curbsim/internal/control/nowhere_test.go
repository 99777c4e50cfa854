package control

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What a party does not have is refused with a problem, and a path's methods are told.
func TestHandler(t *testing.T) {
	mux := http.NewServeMux()
	newDesk(t).Register(mux, Counters{Show: func() any { return struct{}{} }, Clear: func() {}})
	mux.HandleFunc("GET /ad", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	hot := func(path string) string {
		if path == "/bid" {
			return "POST"
		}
		return ""
	}
	cases := []struct {
		method, path string
		status       int
		allow, part  string
	}{
		{"GET", "/ad", 204, "", ""},
		{"GET", "/x/../ad", 307, "", ""},
		{"GET", "/bid", 405, "POST", "/bid takes POST, not GET"},
		{"HEAD", "/bid", 405, "POST", ""},
		{"POST", "/bid", 404, "", "nothing at /bid;"}, // what is served outside declined it
		{"POST", "/ad", 405, "GET, HEAD", "/ad takes GET, HEAD, not POST"},
		{"DELETE", "/ctl", 405, "GET, HEAD, POST", "not DELETE"},
		{"GET", "/nowhere", 404, "", "there is nothing at /nowhere; GET /ctl shows"},
		{"BREW", "/ctl/none", 404, "", `"code":"not_found"`},
		{"GET", "/" + strings.Repeat("a", 5000), 404, "", "aaa…;"},
	}
	for _, c := range cases {
		w := httptest.NewRecorder()
		Handler(mux, hot).ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		body := w.Body.String()
		if w.Code != c.status || w.Header().Get("Allow") != c.allow || !strings.Contains(body, c.part) {
			t.Errorf("%s %.20s: %d, Allow %q, %s; want %d, %q with %s", c.method, c.path, w.Code, w.Header().Get("Allow"), body, c.status, c.allow, c.part)
		}
		if c.status >= 400 && (w.Header().Get("Content-Type") != "application/problem+json" || !json.Valid(w.Body.Bytes())) {
			t.Errorf("%s %.20s: no problem document: %s %s", c.method, c.path, w.Header().Get("Content-Type"), body)
		}
	}
	w := httptest.NewRecorder()
	Handler(mux, nil).ServeHTTP(w, httptest.NewRequest("GET", "/bid", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("without paths of its own: %d", w.Code)
	}
}
