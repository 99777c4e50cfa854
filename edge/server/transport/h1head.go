package transport

import (
	"bytes"
	"net/http"
)

// headCheck judges the head of an HTTP/1.1 request on the wire, line by line as it arrives, before net/http sees it. It
// takes one spelling of everything that frames a message (RFC 9112 §2.2, §3, §5, §6), so that nobody in front of us can
// see other requests in the same bytes than we do. The zero value with limits is ready for a head.
type headCheck struct {
	limits *Limits

	scanned int  // bytes judged, always whole lines
	started bool // the request line is judged
	http10  bool

	fields, fieldBytes, cookieBytes int
	hosts                           int
	length                          int64 // Content-Length, valid where lengths is 1
	lengths                         int
	chunked                         bool
	codings                         int
}

// reset makes the check ready for the next head.
func (h *headCheck) reset() { *h = headCheck{limits: h.limits} }

// feed looks at all bytes of the head that have arrived. It returns the length of the head once it is complete and good, a
// refusal as soon as it is bad, and neither while more has to come.
func (h *headCheck) feed(buf []byte) (int, refusal) {
	for {
		rest := buf[h.scanned:]
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return 0, h.judgePartial(rest)
		}
		if end == 0 || rest[end-1] != '\r' {
			return 0, h.judgeBareLF(rest[:end])
		}
		line := rest[:end-1]
		h.scanned += end + 1
		switch {
		case !h.started:
			if verdict := h.requestLine(line); verdict != accepted {
				return 0, verdict
			}
			h.started = true
		case len(line) == 0:
			if verdict := h.finish(); verdict != accepted {
				return 0, verdict
			}
			return h.scanned, accepted
		default:
			if verdict := h.fieldLine(line); verdict != accepted {
				return 0, verdict
			}
		}
	}
}

// judgePartial bounds a line whose end has not arrived.
func (h *headCheck) judgePartial(line []byte) refusal {
	if h.started {
		if len(line) > 1 && h.fieldBytes+len(line) > h.limits.HeaderBytes { // one byte may be the CR of the last line
			return headerTooLarge
		}
		return accepted
	}
	return h.judgePartialRequestLine(line)
}

func (h *headCheck) judgePartialRequestLine(line []byte) refusal {
	space := bytes.IndexByte(line, ' ')
	if space > h.limits.MethodBytes || space < 0 && len(line) > h.limits.MethodBytes {
		return methodInvalid
	}
	if space < 0 {
		return accepted
	}
	target := line[space+1:]
	if space = bytes.IndexByte(target, ' '); space >= 0 {
		if len(target)-space > len(" HTTP/1.1\r") {
			return requestMalformed
		}
		target = target[:space]
	}
	if len(target) > h.limits.TargetBytes {
		return targetTooLong
	}
	return accepted
}

// judgeBareLF refuses a line that ends without CR: as too long if it is that too, which says more.
func (h *headCheck) judgeBareLF(line []byte) refusal {
	if verdict := h.judgePartial(line); verdict != accepted {
		return verdict
	}
	return requestMalformed
}

// requestLine judges "METHOD target HTTP/1.x".
func (h *headCheck) requestLine(line []byte) refusal {
	method, rest, _ := bytes.Cut(line, []byte{' '})
	if verdict := h.method(method); verdict != accepted {
		return verdict
	}
	target, version, found := bytes.Cut(rest, []byte{' '})
	if len(target) > h.limits.TargetBytes {
		return targetTooLong
	}
	if !found {
		return requestMalformed // HTTP/0.9, or no target at all
	}
	switch string(version) {
	case "HTTP/1.1":
	case "HTTP/1.0":
		h.http10 = true
	default:
		return requestMalformed
	}
	switch string(method) {
	case http.MethodConnect, http.MethodTrace:
		return methodNotAllowed
	}
	return judgeTarget(target)
}

func (h *headCheck) method(method []byte) refusal {
	if len(method) > h.limits.MethodBytes {
		return methodInvalid
	}
	if len(method) == 0 || !isToken(method) {
		return requestMalformed
	}
	if string(method) == refusedMethod {
		return methodInvalid
	}
	return accepted
}

// judgeTarget takes the origin form, and the absolute form for the door to compare with our hosts. Bytes that are not
// visible are refused; the path must be percent-encoded well. The query is left to handlers, because ad servers leave
// their own macros in it.
func judgeTarget(target []byte) refusal {
	for _, c := range target {
		if c <= ' ' || c == 0x7f || c == '#' {
			return targetInvalid
		}
	}
	if len(target) == 0 {
		return targetInvalid
	}
	if target[0] != '/' {
		rest, ok := cutScheme(target)
		if !ok {
			return targetInvalid
		}
		end := bytes.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		if _, _, err := NormalizeHost(string(rest[:end])); err != nil {
			return hostInvalid
		}
		target = rest[end:]
	}
	path, _, _ := bytes.Cut(target, []byte{'?'})
	for i := 0; i < len(path); i++ {
		if path[i] != '%' {
			continue
		}
		if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
			return targetInvalid
		}
		i += 2
	}
	return accepted
}

// cutScheme takes http:// or https:// off an absolute target.
func cutScheme(target []byte) ([]byte, bool) {
	for _, scheme := range []string{"http://", "https://"} {
		if len(target) > len(scheme) && bytes.EqualFold(target[:len(scheme)], []byte(scheme)) {
			return target[len(scheme):], true
		}
	}
	return nil, false
}

// fieldLine judges "name: value".
func (h *headCheck) fieldLine(line []byte) refusal {
	h.fields++
	h.fieldBytes += len(line) + 2
	if h.fields > h.limits.HeaderFields || h.fieldBytes > h.limits.HeaderBytes {
		return headerTooLarge
	}
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !isToken(line[:colon]) {
		return requestMalformed // obs-fold and a space before the colon are here
	}
	value := trimSpace(line[colon+1:])
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return requestMalformed
		}
	}
	return h.field(line[:colon], value)
}

// field judges those fields that frame the message or name the host.
func (h *headCheck) field(name, value []byte) refusal {
	switch len(name) {
	case len("Host"):
		if bytes.EqualFold(name, []byte("Host")) {
			return h.host(value)
		}
	case len("Cookie"): // and Expect
		if bytes.EqualFold(name, []byte("Cookie")) {
			if h.cookieBytes += len(value); h.cookieBytes > h.limits.CookieBytes {
				return headerTooLarge
			}
		} else if bytes.EqualFold(name, []byte("Expect")) && !bytes.EqualFold(value, []byte("100-continue")) {
			return expectationFailed
		}
	case len("Content-Length"):
		if bytes.EqualFold(name, []byte("Content-Length")) {
			return h.contentLength(value)
		}
	case len("Transfer-Encoding"):
		if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
			h.codings++
			h.chunked = bytes.EqualFold(value, []byte("chunked"))
			if !h.chunked || h.codings > 1 || h.http10 {
				return requestMalformed
			}
		}
	}
	return accepted
}

func (h *headCheck) host(value []byte) refusal {
	h.hosts++
	if h.hosts > 1 || len(value) == 0 {
		return hostInvalid
	}
	for _, c := range value {
		if !isAlnum(c) && c != '.' && c != '-' && c != ':' && c != '[' && c != ']' {
			return hostInvalid // the door reads it closely; net/http would answer with a text of its own
		}
	}
	return accepted
}

// contentLength takes digits only: no sign, no list, no second one.
func (h *headCheck) contentLength(value []byte) refusal {
	h.lengths++
	if h.lengths > 1 || len(value) == 0 || len(value) > 18 {
		return requestMalformed
	}
	h.length = 0
	for _, c := range value {
		if c < '0' || c > '9' {
			return requestMalformed
		}
		h.length = h.length*10 + int64(c-'0')
	}
	return accepted
}

// finish judges what only the whole head shows.
func (h *headCheck) finish() refusal {
	if h.hosts == 0 {
		return hostInvalid
	}
	if h.chunked && h.lengths > 0 {
		return requestMalformed
	}
	return accepted
}

// trimSpace takes the optional white space off both ends of a field value.
func trimSpace(value []byte) []byte {
	for len(value) > 0 && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	for len(value) > 0 && (value[len(value)-1] == ' ' || value[len(value)-1] == '\t') {
		value = value[:len(value)-1]
	}
	return value
}

// tokenBytes are the bytes of a token (RFC 9110 §5.6.2).
var tokenBytes = tokenTable()

func tokenTable() (table [256]bool) {
	for c := range table {
		table[c] = isAlnum(byte(c)) || bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), byte(c)) >= 0
	}
	return table
}

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
