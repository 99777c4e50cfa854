package transport

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// request makes the request that a decoded field section stands for. All strings of it are one allocation.
func (s *fieldSection) request(ctx context.Context) (*http.Request, refusal) {
	for _, f := range s.fields {
		if f.static < 0 {
			canonicalize(s.arena[f.nameAt:f.nameTo])
		}
	}
	text := string(s.arena)
	r := blankRequest.WithContext(ctx)
	r.Method = s.pseudo(text, s.method)
	if !isToken([]byte(r.Method)) {
		return nil, requestMalformed
	}
	r.ContentLength = -1
	r.Host = s.pseudo(text, s.authority)
	if verdict := s.fill(r, text); verdict != accepted {
		return nil, verdict
	}
	if r.Method == http.MethodConnect {
		if s.path >= 0 || s.scheme >= 0 {
			return nil, requestMalformed
		}
		r.RequestURI, r.URL = r.Host, &url.URL{Host: r.Host} // as net/http has it
		return r, accepted
	}
	if scheme := s.pseudo(text, s.scheme); s.path < 0 || scheme != "https" && scheme != "http" {
		return nil, requestMalformed
	}
	r.RequestURI = s.pseudo(text, s.path)
	var verdict refusal
	r.URL, verdict = parseTarget(r.RequestURI)
	return r, verdict
}

// fill sets the header, the host and the length of the body. Each name's first value lies in one slice shared by all.
func (s *fieldSection) fill(r *http.Request, text string) refusal {
	count := s.regulars()
	r.Header = make(http.Header, count)
	values := make([]string, 0, count)
	hosts := 0
	for _, f := range s.fields {
		name, value := s.strings(text, f)
		if name[0] == ':' {
			continue
		}
		switch name {
		case "Host":
			if hosts++; hosts > 1 || r.Host != "" && r.Host != value {
				return hostInvalid
			}
			r.Host = value
			continue
		case "Content-Length":
			length, err := strconv.ParseUint(value, 10, 63)
			if err != nil || value[0] == '+' || r.Header["Content-Length"] != nil {
				return requestMalformed
			}
			r.ContentLength = int64(length)
		case "Te":
			if value != "trailers" {
				return requestMalformed
			}
		case "Cookie":
			if held := r.Header["Cookie"]; held != nil {
				held[0] += "; " + value // browsers cut cookies into pieces (RFC 9114 §4.2.1)
				continue
			}
		}
		if held := r.Header[name]; held != nil {
			r.Header[name] = append(held, value)
			continue
		}
		values = append(values, value)
		r.Header[name] = values[len(values)-1 : len(values) : len(values)]
	}
	if r.Host == "" {
		return hostInvalid
	}
	return accepted
}

// strings gives a field's canonical name and its value as parts of text, or of the static table.
func (s *fieldSection) strings(text string, f sectionField) (name, value string) {
	if f.static >= 0 {
		name = qpackStatic[f.static].canonical
		if f.whole {
			return name, qpackStatic[f.static].value
		}
	} else {
		name = text[f.nameAt:f.nameTo]
	}
	return name, text[f.valueAt:f.end]
}

// pseudo gives the value of a pseudo-header field, "" if it was not there.
func (s *fieldSection) pseudo(text string, at int) string {
	if at < 0 {
		return ""
	}
	_, value := s.strings(text, s.fields[at])
	return value
}
