package macro

import (
	"strings"

	"curb/edge/ad"
)

// AppendClickTarget writes where a click leads, for a Location header: a landing page on http or https whose host is one
// of hosts (lower-case names) or below one. What URLs do not hold is percent-encoded; a URL that two readers could take
// for two hosts is refused. On an error, which is a *RedirectError, dst is as it was.
func AppendClickTarget(dst []byte, landing string, hosts []string) ([]byte, error) {
	o, rest, fault := readLanding(landing)
	switch {
	case fault != nil:
		return dst, fault
	case !within(o.host, hosts):
		return dst, errHostUnknown
	}
	return appendTarget(dst, &o, rest)
}

// AppendSealedTarget is AppendClickTarget for a landing page that came out of a token of ours, on whatever host.
func AppendSealedTarget(dst []byte, landing string) ([]byte, error) {
	o, rest, fault := readLanding(landing)
	if fault != nil {
		return dst, fault
	}
	return appendTarget(dst, &o, rest)
}

// LandingHost gives the host that a landing page leads to, in lower case and without its port, for a list of allowed hosts. ok is
// false if AppendSealedTarget would refuse it, apart from its length.
func LandingHost(landing string) (host string, ok bool) {
	o, _, cause := cutLanding(landing)
	return o.host, cause == ""
}

func readLanding(landing string) (o origin, rest string, fault error) {
	if len(landing) > ad.RedirectBytesMax {
		return o, "", errSourceTooLong
	}
	o, rest, cause := cutLanding(landing)
	if cause != "" {
		return o, "", invalid(cause)
	}
	return o, rest, nil
}

func cutLanding(landing string) (o origin, rest, cause string) {
	for i := range len(landing) {
		if b := landing[i]; b < ' ' || b == 0x7f {
			return o, "", "it has a control character"
		}
	}
	return cutOrigin(landing)
}

func appendTarget(dst []byte, o *origin, rest string) ([]byte, error) {
	from := len(dst)
	dst = o.append(dst)
	written := len(dst)
	if rest == "" || rest[0] != '/' {
		dst = append(dst, '/')
	}
	path := len(rest)
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		path = end
	}
	for i := range len(rest) {
		switch b := rest[i]; {
		case b == '\\' && i < path:
			return dst[:from], invalid("its path has a backslash")
		case b <= ' ' || b >= 0x7f || b == '"' || b == '\'' || b == '<' || b == '>' || b == '`' || b == '\\' ||
			b == '{' || b == '}' || b == '|' || b == '^':
			dst = append(dst, '%', hexUpper[b>>4], hexUpper[b&15])
		default:
			dst = append(dst, b)
		}
	}
	switch {
	case len(dst)-from > ad.RedirectBytesMax:
		return dst[:from], errResultTooLong
	case !isSound(dst[from:], dst[from:written]):
		return dst[:from], errUnsound
	}
	return dst, nil
}
