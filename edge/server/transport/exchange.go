package transport

import (
	"errors"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

// Errors that reading a request's body may give the handler. Whatever the handler then answers, the client is told what
// its request did wrong, so a handler just returns.
var (
	// ErrBodyTooLarge says that the body is longer than Limits.BodyBytes; the client is told 413.
	ErrBodyTooLarge = errors.New("body is too large")
	// ErrBodyMalformed says that its chunks or its length are wrong; the client is told 400.
	ErrBodyMalformed = errors.New("body is malformed")
)

// exchange stands between the handler and one protocol's ResponseWriter: it bounds the body, turns body errors, panics and
// 5xx into the answers of this package.
type exchange struct {
	w    http.ResponseWriter
	l    *link
	body io.ReadCloser
	left int // bytes of body still allowed

	fault   refusal // what reading the body found
	wrote   bool    // a final status went to w
	problem bool    // the path is one of Options.ProblemPaths
	dropped bool    // w was answered by us; what the handler writes goes nowhere
}

func (x *exchange) begin(r *http.Request) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return
	}
	x.body, x.left = r.Body, x.l.t.limits.BodyBytes
	r.Body = (*exchangeBody)(x)
}

// end runs when the handler has returned or panicked.
func (x *exchange) end() {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		x.l.t.noticePanic(p, debug.Stack())
		if x.wrote || x.dropped {
			panic(http.ErrAbortHandler) // the client must not take half an answer for a whole one
		}
		internalError.write(x.w, x.l)
		return
	}
	if x.fault != accepted && !x.wrote && !x.dropped {
		x.fault.answer(x.w, x.l, x.problem)
	}
	if x.fault == bodyTooLarge && x.l.protocol == protocolH2 {
		discard(x.w, x.body, x.l)
	}
}

// Header implements http.ResponseWriter.
func (x *exchange) Header() http.Header { return x.w.Header() }

// WriteHeader implements http.ResponseWriter.
func (x *exchange) WriteHeader(status int) {
	if status < 200 && status != http.StatusSwitchingProtocols {
		x.w.WriteHeader(status)
		return
	}
	if x.settle(status) {
		x.w.WriteHeader(status)
	}
}

// settle notes the first final status and reports whether it is the handler's own that goes out.
func (x *exchange) settle(status int) bool {
	if x.wrote || x.dropped {
		return false
	}
	switch {
	case x.fault != accepted:
		x.dropped = true
		x.fault.answer(x.w, x.l, x.problem)
		return false
	case status >= 500:
		x.dropped = true
		internalError.write(x.w, x.l)
		return false
	}
	x.wrote = true
	cleanHeader(x.w.Header())
	return true
}

// cleanHeader makes control bytes in values spaces. Left alone, net/http sends NUL, x/net drops the field, and a naive
// encoder of HTTP/3 sends line breaks to whoever translates them back.
func cleanHeader(h http.Header) {
	for name, values := range h {
		for i, value := range values {
			if !cleanValue(value) {
				values = slices.Clone(values) // the handler may share it
				values[i] = strings.Map(func(c rune) rune {
					if c < ' ' && c != '\t' || c == 0x7f {
						return ' '
					}
					return c
				}, value)
				h[name] = values
			}
		}
	}
}

func cleanValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// Write implements http.ResponseWriter.
func (x *exchange) Write(p []byte) (int, error) {
	x.settle(http.StatusOK)
	if x.dropped {
		return len(p), nil
	}
	return x.w.Write(p)
}

// WriteString implements io.StringWriter.
func (x *exchange) WriteString(s string) (int, error) {
	x.settle(http.StatusOK)
	if x.dropped {
		return len(s), nil
	}
	return io.WriteString(x.w, s)
}

// Flush implements http.Flusher.
func (x *exchange) Flush() {
	x.settle(http.StatusOK)
	if f, ok := x.w.(http.Flusher); ok && !x.dropped {
		f.Flush()
	}
}

// exchangeBody is an exchange seen as the request's body.
type exchangeBody exchange

// Read implements io.Reader.
func (b *exchangeBody) Read(p []byte) (int, error) {
	if b.fault == bodyTooLarge {
		return 0, ErrBodyTooLarge
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.body.Read(p)
	if b.left -= n; b.left < 0 {
		b.fault = bodyTooLarge
		return 0, ErrBodyTooLarge
	}
	if err != nil && err != io.EOF {
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			b.fault = timedOut
		case errors.Is(err, ErrBodyMalformed), b.l.malformed.Load():
			b.fault = requestMalformed
		}
	}
	return n, err
}

// Close implements io.Closer.
func (b *exchangeBody) Close() error { return b.body.Close() }
