package transport

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// refusal is an answer that this package gives instead of the handler: X-Curb-Error and an empty body, or a problem
// (RFC 9457) on Options.ProblemPaths.
type refusal uint8

const (
	accepted refusal = iota
	requestMalformed
	methodInvalid
	methodNotAllowed
	targetInvalid
	targetTooLong
	hostInvalid
	misdirected
	headerTooLarge
	expectationFailed
	bodyTooLarge
	timedOut
	internalError
	refusals // how many there are
)

// refusalTable says for each its status, its code and whether an HTTP/1.1 connection ends with it. A connection ends where
// nobody can say any more where the next request begins, and where the client has not sent what it announced.
var refusalTable = [refusals]struct {
	status int
	code   string
	close  bool
}{
	accepted:          {http.StatusOK, "", false},
	requestMalformed:  {http.StatusBadRequest, "request_malformed", true},
	methodInvalid:     {http.StatusBadRequest, "method_invalid", true},
	methodNotAllowed:  {http.StatusMethodNotAllowed, "method_not_allowed", true},
	targetInvalid:     {http.StatusBadRequest, "target_invalid", true},
	targetTooLong:     {http.StatusRequestURITooLong, "target_too_long", true},
	hostInvalid:       {http.StatusBadRequest, "host_invalid", true},
	misdirected:       {http.StatusMisdirectedRequest, "misdirected_request", false},
	headerTooLarge:    {http.StatusRequestHeaderFieldsTooLarge, "header_too_large", true},
	expectationFailed: {http.StatusExpectationFailed, "expectation_failed", true},
	bodyTooLarge:      {http.StatusRequestEntityTooLarge, "body_too_large", true},
	timedOut:          {http.StatusRequestTimeout, "timeout", true},
	// No 5xx leaves the node: who waits for an ad gets an empty answer, not an error page.
	internalError: {http.StatusOK, "internal_error", true},
}

func (r refusal) status() int    { return refusalTable[r].status }
func (r refusal) String() string { return refusalTable[r].code }

// Header values that are the same for many answers; a header map may point at them, nothing may write to them.
var (
	valueZero    = []string{"0"}
	valueClose   = []string{"close"}
	valueClear   = []string{"clear"}
	valueMethods = []string{"GET, HEAD, POST, OPTIONS"}
	valueCodes   = codeValues()
	valueProblem = []string{"application/problem+json"}
	problems     = problemBodies()
)

func codeValues() (values [refusals][]string) {
	for r := range refusals {
		values[r] = []string{r.String()}
	}
	return values
}

// problemBodies says the refusals as RFC 9457 does. One that is no error to the client has no body.
func problemBodies() (bodies [refusals]string) {
	for r := range refusals {
		if r.status() >= 400 {
			bodies[r] = fmt.Sprintf(`{"type":"/errors/%s","title":%q,"status":%d,"code":%q}`, r, http.StatusText(r.status()), r.status(), r)
		}
	}
	return bodies
}

// write answers with the refusal.
func (r refusal) write(w http.ResponseWriter, l *link) { r.answer(w, l, false) }

// answer answers with the refusal, and with a body that says it where problem is set.
func (r refusal) answer(w http.ResponseWriter, l *link, problem bool) {
	h := w.Header()
	last := h["Connection"] // the door's, where this is the connection's last request
	clear(h)
	l.mark(h)
	if last != nil {
		h["Connection"] = last
	}
	h["X-Curb-Error"] = valueCodes[r]
	body := ""
	if problem {
		body = problems[r]
	}
	if h["Content-Length"] = valueZero; body != "" {
		h["Content-Type"] = valueProblem
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	if r == methodNotAllowed {
		h["Allow"] = valueMethods
	}
	if l.protocol == protocolH1 && refusalTable[r].close {
		h["Connection"] = valueClose
	}
	l.counters().refused[r].Add(1)
	w.WriteHeader(r.status())
	if body != "" {
		io.WriteString(w, body)
	}
}
