package control

import (
	"fmt"
	"net/http"
	"strings"
)

// Handler serves a party's mux and answers what the mux has not with problem documents: an unknown path with 404, a method
// that a path does not take with 405 and Allow. hot gives the methods of a path that is served outside the mux, as Allow
// lists them, or ""; nil: there are none.
func Handler(mux *http.ServeMux, hot func(path string) (allow string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		// No pattern: the mux would redirect to a cleaner path, or refuse. Its answer says which.
		said := answerHead{header: http.Header{}}
		handler.ServeHTTP(&said, r)
		allow := said.header.Get("Allow")
		if allow == "" && hot != nil {
			allow = hot(r.URL.Path)
		}
		switch {
		case said.status < http.StatusBadRequest:
			mux.ServeHTTP(w, r)
		case allow != "" && !takes(allow, r.Method):
			w.Header().Set("Allow", allow)
			Refuse(w, http.StatusMethodNotAllowed, "method_not_allowed", fmt.Sprintf("%s takes %s, not %s", shown(r.URL.Path), allow, shown(r.Method)))
		default:
			NotFound(w, r)
		}
	})
}

// NotFound answers that a party has nothing at the request's path.
func NotFound(w http.ResponseWriter, r *http.Request) {
	Refuse(w, http.StatusNotFound, "not_found", fmt.Sprintf("there is nothing at %s; GET /ctl shows the settings, GET /ctl/stats the counters", shown(r.URL.Path)))
}

func takes(allow, method string) bool {
	for one := range strings.SplitSeq(allow, ",") {
		if strings.TrimSpace(one) == method {
			return true
		}
	}
	return false
}

// shown keeps a problem short whatever was asked for.
func shown(text string) string {
	const most = 100
	if len(text) > most {
		text = text[:most] + "…"
	}
	return strings.ToValidUTF8(text, "")
}

// answerHead keeps the head of an answer and drops its body.
type answerHead struct {
	header http.Header
	status int
}

func (a *answerHead) Header() http.Header { return a.header }

func (a *answerHead) WriteHeader(status int) { a.status = status }

func (a *answerHead) Write(body []byte) (int, error) { return len(body), nil }
