package transport

import "net/http"

// refusal is an answer that this package gives instead of the handler: an empty body and X-Curb-Error.
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
)

func codeValues() (values [refusals][]string) {
	for r := range refusals {
		values[r] = []string{r.String()}
	}
	return values
}

// write answers with the refusal.
func (r refusal) write(w http.ResponseWriter, l *link) {
	h := w.Header()
	last := h["Connection"] // the door's, where this is the connection's last request
	clear(h)
	l.mark(h)
	if last != nil {
		h["Connection"] = last
	}
	h["X-Curb-Error"] = valueCodes[r]
	h["Content-Length"] = valueZero
	if r == methodNotAllowed {
		h["Allow"] = valueMethods
	}
	if l.protocol == protocolH1 && refusalTable[r].close {
		h["Connection"] = valueClose
	}
	l.counters().refused[r].Add(1)
	w.WriteHeader(r.status())
}
