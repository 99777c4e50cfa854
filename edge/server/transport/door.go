package transport

import (
	"net/http"
	"strconv"
)

// refusedMethod is the method of the request that an h1conn hands net/http in place of one it refuses. The head check
// lets no client say it.
const refusedMethod = "CURB-REFUSED"

// enter takes one request of any protocol through the door: it counts, judges, and calls the handler.
func (t *Transport) enter(w http.ResponseWriter, r *http.Request, l *link) {
	c := l.counters()
	c.requests.Add(1)
	c.inFlight.Add(1)
	l.busy.Add(1)
	defer func() {
		l.busy.Add(-1)
		c.inFlight.Add(-1)
	}()

	h := w.Header()
	l.mark(h)
	if l.protocol != protocolH3 && (l.requests.Add(1) >= int64(t.limits.Requests) || t.draining.Load()) {
		h["Connection"] = valueClose // x/net/http2 makes a GOAWAY of it
	}
	if verdict := t.judge(r, l); verdict != accepted {
		refuse(verdict, w, r, l)
		return
	}
	x := &exchange{w: w, l: l, problem: t.problem[r.URL.Path]}
	x.begin(r)
	defer x.end()
	t.handler.ServeHTTP(x, r)
}

// serveTCPRequest is the handler that net/http and x/net/http2 see.
func (t *Transport) serveTCPRequest(w http.ResponseWriter, r *http.Request) {
	l := linkOf(r)
	r.TLS = l.tls // net/http does not see TLS under an h1conn, and x/net drops it where :scheme says http
	t.enter(w, r, l)
}

// judge says what is wrong with a request, if anything. HTTP/1.1 and HTTP/3 come with their heads checked on the wire.
func (t *Transport) judge(r *http.Request, l *link) refusal {
	switch l.protocol {
	case protocolH1:
		if r.Method == refusedMethod {
			return refusal(l.refused.Load())
		}
	case protocolH2:
		if verdict := t.judgeFields(r); verdict != accepted {
			return verdict
		}
	}
	switch r.Method {
	case http.MethodConnect, http.MethodTrace:
		return methodNotAllowed
	}
	if r.ContentLength > int64(t.limits.BodyBytes) {
		return bodyTooLarge
	}
	if r.RequestURI == "*" {
		return targetInvalid
	}
	return t.judgeHost(r, l)
}

// judgeFields bounds what x/net/http2 hands over decoded. A field costs its name, its value and 4 bytes, which is
// what it takes as a line of HTTP/1.1.
func (t *Transport) judgeFields(r *http.Request) refusal {
	if len(r.Method) > t.limits.MethodBytes {
		return methodInvalid
	}
	if len(r.RequestURI) > t.limits.TargetBytes {
		return targetTooLong
	}
	fields, size, cookies := 1, len("host")+len(r.Host)+fieldOverhead, 0
	for name, values := range r.Header {
		for _, value := range values {
			fields++
			size += len(name) + len(value) + fieldOverhead
			if name == "Cookie" {
				cookies += len(value)
			}
		}
	}
	if fields > t.limits.HeaderFields || size > t.limits.HeaderBytes || cookies > t.limits.CookieBytes {
		return headerTooLarge
	}
	return accepted
}

// fieldOverhead is the colon, the space and the line's end.
const fieldOverhead = 4

// hostField is a Host field in its normal spelling: with the port if it is not the usual one, since URLs that lead back
// here need it.
func hostField(raw, host string, port int) string {
	if port == 0 || port == httpsPort {
		return host
	}
	if len(raw) > len(host) && raw[:len(host)] == host && raw[len(host)] == ':' {
		return raw // it was normal already
	}
	return host + ":" + strconv.Itoa(port)
}

// httpsPort is what a Host without a port means (RFC 9110 §4.2.2), so a Host that says it is one without.
const httpsPort = 443

// judgeHost puts the normalised host into the request, with the port if it is not the usual one, and says whether this connection may ask for it: the name shown in
// the handshake and the host must belong to the same tenant, and the certificate must cover both (RFC 9110 §7.4).
func (t *Transport) judgeHost(r *http.Request, l *link) refusal {
	host, port, err := NormalizeHost(r.Host)
	if err != nil {
		return hostInvalid
	}
	if port != 0 && port != t.publicPort && port != httpsPort {
		return misdirected
	}
	r.Host = hostField(r.Host, host, port)
	if t.own[host] {
		if l.sni == "" || t.own[l.sni] {
			return accepted
		}
		return misdirected
	}
	tenant, ok := t.tenant(host)
	if !ok || l.sni == "" {
		return misdirected
	}
	if l.sni == host {
		return accepted
	}
	if named, ok := t.tenant(l.sni); !ok || named != tenant || !t.covers(l.sni, host) {
		return misdirected
	}
	return accepted
}

// tenant asks Hosts.
func (t *Transport) tenant(host string) (uint32, bool) {
	if t.hosts == nil || host == "" {
		return 0, false
	}
	return t.hosts.Tenant(host)
}

// covers reports whether the certificate shown for one name is good for another: browsers share a connection between
// names of one certificate (RFC 9113 §9.1.1).
func (t *Transport) covers(shown, host string) bool {
	pair, err := t.certificates.Certificate(shown)
	return err == nil && pair != nil && pair.Leaf != nil && pair.Leaf.VerifyHostname(host) == nil
}

// noticePanic counts a panic of the handler and logs it, at most once a second.
func (t *Transport) noticePanic(value any, stack []byte) {
	t.panics.Add(1)
	if t.panicLogged.allow() {
		t.logger.Error("handler panicked", "panic", value, "stack", string(stack))
	}
}
