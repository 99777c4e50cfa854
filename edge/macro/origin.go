package macro

import (
	"net/netip"
	"strings"
)

// origin is where a URL leads: scheme, host and port, in the one spelling that is ever written.
type origin struct {
	secure   bool
	host     string // lower-case ASCII, or an IP literal as netip writes it, IPv6 in brackets
	port     string // without the scheme's own
	literal  bool   // host is an address
	loopback bool   // host is this machine, by address or as localhost
}

// append writes scheme://host[:port].
func (o *origin) append(dst []byte) []byte {
	if o.secure {
		dst = append(dst, "https://"...)
	} else {
		dst = append(dst, "http://"...)
	}
	dst = append(dst, o.host...)
	if o.port != "" {
		dst = append(append(dst, ':'), o.port...)
	}
	return dst
}

// cutOrigin reads the beginning of an absolute http or https URL, and gives what follows host and port. It takes only what
// every reader of URLs takes for the same host: nothing before the scheme, both slashes, no userinfo, no percent-encoding,
// names of letters, digits, hyphens and underscores, addresses in their canonical form. cause is "" if all is well.
func cutOrigin(text string) (o origin, rest, cause string) {
	switch {
	case foldPrefix(text, "https://"):
		o.secure, rest = true, text[len("https://"):]
	case foldPrefix(text, "http://"):
		rest = text[len("http://"):]
	default:
		return o, "", "it does not begin with https://"
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, rest = rest[:end], rest[end:]
	} else {
		rest = ""
	}
	if strings.IndexByte(authority, '@') >= 0 {
		return o, "", "it has a user name before its host"
	}
	host, port, cause := cutPort(authority)
	if cause != "" {
		return o, "", cause
	}
	if o.port = port; o.secure && port == "443" || !o.secure && port == "80" {
		o.port = ""
	}
	return o, rest, o.readHost(host)
}

// cutPort takes the port off an authority; an IPv6 address has colons of its own, inside brackets.
func cutPort(authority string) (host, port, cause string) {
	colon := strings.LastIndexByte(authority, ':')
	if colon < 0 || strings.HasSuffix(authority, "]") {
		return authority, "", ""
	}
	host, port = authority[:colon], authority[colon+1:]
	number := 0
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' || i == 5 || port[0] == '0' {
			return "", "", "its port is not a number from 1 to 65535"
		}
		number = number*10 + int(port[i]-'0')
	}
	if number == 0 || number > 65535 {
		return "", "", "its port is not a number from 1 to 65535"
	}
	return host, port, ""
}

// readHost checks a host and notes what kind it is.
func (o *origin) readHost(host string) (cause string) {
	o.host = strings.ToLower(host)
	if inside, ok := strings.CutPrefix(o.host, "["); ok {
		inside, ok = strings.CutSuffix(inside, "]")
		ip, err := netip.ParseAddr(inside)
		if !ok || err != nil || !ip.Is6() || ip.Zone() != "" || ip.Is4In6() || ip.String() != inside {
			return "its host is not an IPv6 address in its shortest form"
		}
		o.literal, o.loopback = true, ip.IsLoopback()
		return ""
	}
	if !isName(o.host) {
		return "its host is not a name of letters, digits, hyphens and dots"
	}
	if endsInNumber(o.host) {
		ip, err := netip.ParseAddr(o.host)
		if err != nil || !ip.Is4() || ip.String() != o.host {
			return "its host ends in a number and is not an IPv4 address"
		}
		o.literal, o.loopback = true, ip.IsLoopback()
		return ""
	}
	o.loopback = o.host == "localhost" || strings.HasSuffix(o.host, ".localhost")
	return ""
}

// Lengths of names (RFC 1035 §2.3.4).
const (
	nameHostMax  = 253
	nameLabelMax = 63
)

// isName accepts a lower-case DNS name without a final dot.
func isName(host string) bool {
	if host == "" || len(host) > nameHostMax {
		return false
	}
	label := 0
	for i := range len(host) {
		b := host[i]
		switch {
		case b == '.':
			if label == 0 || host[i-1] == '-' {
				return false
			}
			label = 0
			continue
		case b == '-' && label == 0:
			return false
		case !alphanumeric(b) && b != '-' && b != '_':
			return false
		}
		if label++; label > nameLabelMax {
			return false
		}
	}
	return label > 0 && host[len(host)-1] != '-'
}

// endsInNumber reports whether URL parsers take the name for an IPv4 address (WHATWG URL, "ends in a number").
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if allDigits(last) {
		return true
	}
	hex, ok := strings.CutPrefix(last, "0x")
	if !ok {
		return false
	}
	for i := range len(hex) {
		if _, ok := hexValue(hex[i]); !ok {
			return false
		}
	}
	return true
}

// within reports whether a host is one of the domains or below one, at a dot.
func within(host string, domains []string) bool {
	for _, d := range domains {
		if d != "" && strings.HasSuffix(host, d) && (len(host) == len(d) || host[len(host)-len(d)-1] == '.') {
			return true
		}
	}
	return false
}

func hexValue(b byte) (value byte, ok bool) {
	switch {
	case b >= '0' && b <= '9':
		return b - '0', true
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10, true
	case b >= 'A' && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}

// foldPrefix compares ASCII without regard to case; prefix is lower-case.
func foldPrefix(text, prefix string) bool {
	if len(text) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if lower(text[i]) != prefix[i] {
			return false
		}
	}
	return true
}
