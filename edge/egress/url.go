package egress

import (
	"errors"
	"net/netip"

	"curb/edge/ad"
)

// What CheckURL and CheckEndpoint refuse, one error per rule so that a report can say which.
var (
	ErrURLLength      = errors.New("URL is empty or longer than 2000 bytes")
	ErrURLByte        = errors.New("URL holds a byte that must be percent-encoded, a backslash or a fragment")
	ErrURLScheme      = errors.New("URL is not https")
	ErrURLCredentials = errors.New("URL names a user")
	ErrURLHost        = errors.New("URL has no host name that could be public")
	ErrURLLiteral     = errors.New("URL names an address instead of a host")
	ErrURLPort        = errors.New("URL names a port other than 443")
	ErrURLDomain      = errors.New("URL is outside its owner's registered domains")
)

// CheckURL reports whether a URL that somebody outside named (nurl, burl, lurl) may ever be called: nil, or one of the
// errors above. Its host must be one of domains or lie below one of them, by whole labels; no domains permit nothing.
// It resolves no name and allocates nothing; Dial judges the address when the time comes.
//
// Macros (${AUCTION_PRICE}) may stand in path and query; they cannot stand in scheme, host or port.
func (g *Guard) CheckURL(raw string, domains []string) error {
	host, err := g.check(raw)
	if err != nil {
		return err
	}
	for _, d := range domains {
		if within(host, d) {
			return nil
		}
	}
	return ErrURLDomain
}

// CheckEndpoint is CheckURL for a URL that the operator registered (a bidder's endpoint or ready URL): every rule but
// the one about domains.
func (g *Guard) CheckEndpoint(raw string) error {
	_, err := g.check(raw)
	return err
}

// check parses by hand, strictly: every parser that is lenient somewhere disagrees with some other about the host.
func (g *Guard) check(raw string) (host string, err error) {
	if raw == "" || len(raw) > ad.NoticeURLBytesMax {
		return "", ErrURLLength
	}
	for i := range len(raw) {
		if !urlByte(raw[i]) {
			return "", ErrURLByte
		}
	}
	rest, secure, ok := cutScheme(raw)
	if !ok {
		return "", ErrURLScheme
	}
	authority := rest
	for i := range len(rest) {
		if rest[i] == '/' || rest[i] == '?' {
			authority = rest[:i]
			break
		}
	}
	host, port, err := splitAuthority(authority)
	if err != nil {
		return "", err
	}
	lab, err := g.checkHost(host)
	switch {
	case err != nil:
		return "", err
	case !secure && !lab:
		return "", ErrURLScheme
	case !checkPort(port, lab):
		return "", ErrURLPort
	}
	return host, nil
}

// urlByte permits what RFC 3986 lets stand in a URL, and the braces of macros. '#' is out: a fragment is never sent, so
// one in a notice URL is a mistake or a trick.
func urlByte(c byte) bool {
	switch c {
	case '"', '<', '>', '\\', '^', '`', '|', '#':
		return false
	}
	return c > 0x20 && c < 0x7f
}

func cutScheme(raw string) (rest string, secure, ok bool) {
	const https, http = "https://", "http://"
	if len(raw) > len(https) && foldEqual(raw[:len(https)], https) {
		return raw[len(https):], true, true
	}
	if len(raw) > len(http) && foldEqual(raw[:len(http)], http) {
		return raw[len(http):], false, true
	}
	return "", false, false
}

// splitAuthority takes host and port ("" when absent) apart. An IPv6 literal keeps its brackets.
func splitAuthority(authority string) (host, port string, err error) {
	colon := -1
	bracket := -1
	for i := range len(authority) {
		switch authority[i] {
		case '@':
			return "", "", ErrURLCredentials
		case ']':
			bracket, colon = i, -1
		case ':':
			if colon < 0 {
				colon = i
			}
		}
	}
	if authority == "" {
		return "", "", ErrURLHost
	}
	if authority[0] == '[' {
		if bracket < 0 || (colon >= 0 && colon != bracket+1) || (colon < 0 && bracket != len(authority)-1) {
			return "", "", ErrURLHost
		}
	}
	if colon < 0 {
		return authority, "", nil
	}
	if colon == len(authority)-1 {
		return "", "", ErrURLPort
	}
	return authority[:colon], authority[colon+1:], nil
}

// checkHost permits a name of at least two labels. lab is true for the names and addresses of this machine where the
// lab includes them.
func (g *Guard) checkHost(host string) (lab bool, err error) {
	if host != "" && host[0] == '[' {
		return g.checkLiteral(host[1 : len(host)-1])
	}
	if !hostName(host) {
		return false, ErrURLHost
	}
	last := host
	for i := len(host) - 1; i >= 0; i-- {
		if host[i] == '.' {
			last = host[i+1:]
			break
		}
	}
	switch {
	case last[0] >= '0' && last[0] <= '9':
		// No top-level domain starts with a digit; browsers and resolvers read such hosts (127.1, 0x7f.1, 2130706433) as addresses.
		return g.checkLiteral(host)
	case foldEqual(last, "localhost"): // RFC 6761 §6.3: always this machine
		if !g.labLoopback {
			return false, ErrURLHost
		}
		return true, nil
	case len(last) == len(host):
		return false, ErrURLHost // a single label is a name of the local network
	}
	return false, nil
}

func (g *Guard) checkLiteral(text string) (lab bool, err error) {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" || !g.inLab(addr.Unmap()) {
		return false, ErrURLLiteral
	}
	return true, nil
}

// hostName checks letters, digits, hyphens and underscores in labels of 1 to 63, 253 in all (RFC 1123 §2.1; underscores
// do occur). International names must come as A-labels. A trailing dot is refused: it names the same host by a
// different certificate name and a different cookie domain.
func hostName(host string) bool {
	if host == "" || len(host) > 253 {
		return false
	}
	label := 0
	for i := range len(host) {
		c := host[i]
		switch {
		case c == '.':
			if label == 0 || host[i-1] == '-' {
				return false
			}
			label = 0
			continue
		case c == '-':
			if label == 0 {
				return false
			}
		case c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z'):
			return false
		}
		if label++; label > 63 {
			return false
		}
	}
	return label > 0 && host[len(host)-1] != '-'
}

func checkPort(port string, lab bool) bool {
	if port == "" || port == "443" {
		return true
	}
	if !lab || len(port) > 5 || port[0] == '0' {
		return false
	}
	n := 0
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return false
		}
		n = n*10 + int(port[i]-'0')
	}
	return n <= 65535
}

// within reports whether host is domain or below it, by whole labels: ads.bidder.com is within bidder.com,
// evilbidder.com is not.
func within(host, domain string) bool {
	if domain == "" || len(host) < len(domain) {
		return false
	}
	at := len(host) - len(domain)
	return (at == 0 || host[at-1] == '.') && foldEqual(host[at:], domain)
}

// foldEqual compares ASCII without regard to case; host names and schemes are ASCII by the time it is called.
func foldEqual(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}
