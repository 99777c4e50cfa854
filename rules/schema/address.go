package schema

import (
	"io/fs"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"curb/edge/ad"
)

// Bounds of domain names (RFC 1035 §2.3.4).
const (
	domainBytesMax = 253
	labelBytesMax  = 63
)

// domainName gives the normal form of a domain name: lower-case A-labels without a trailing dot (RFC 5890 §2.3.2.1).
func domainName(text string) (string, *fault) {
	name := strings.TrimSuffix(text, ".")
	if strings.ContainsAny(name, ":/@") {
		return "", &fault{quote(text) + " is not a domain name", "write the host only, without https:// and path"}
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "", &fault{quote(text) + " is an address", "write a domain name"}
	}
	labels := strings.Split(name, ".")
	for i, label := range labels {
		ascii, ok := aLabel(label)
		if !ok {
			return "", &fault{quote(text) + " is not a domain name", "write letters, digits, hyphens and dots; other characters as an A-label, xn--…"}
		}
		labels[i] = ascii
	}
	name = strings.Join(labels, ".")
	if last := labels[len(labels)-1]; len(labels) < 2 || len(name) > domainBytesMax || digits(last) == len(last) {
		return "", &fault{quote(text) + " is not a domain name", "write it in full, e.g. news.example"}
	}
	return name, nil
}

// aLabel gives the A-label of one label of a domain name; ok is false for what cannot be one.
func aLabel(label string) (string, bool) {
	ascii, ok := toASCII(label)
	if !ok || ascii == "" || len(ascii) > labelBytesMax || ascii[0] == '-' || ascii[len(ascii)-1] == '-' {
		return "", false
	}
	for i := range len(ascii) {
		if c := ascii[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return "", false
		}
	}
	return ascii, true
}

func readDomain(r *reading) (f *fault) {
	r.v.text, f = domainName(r.text)
	return f
}

// readPeer reads the domain of a party that nodes talk to; in lab mode that may be a loopback host.
func readPeer(r *reading) *fault {
	if loopback(r.text) {
		if !r.lab {
			return &fault{quote(r.text) + " is loopback", "only nodes in lab mode talk to loopback"}
		}
		return nil
	}
	return readDomain(r)
}

// loopback says whether a host of a URL is this machine: localhost, or a loopback address.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() && addr.Zone() == ""
}

// readEndpoint reads a URL that nodes call: https, or in lab mode http to loopback, which is how a simulated market is
// reached. What the name resolves to is judged when it is dialled.
func readEndpoint(r *reading) *fault {
	u, f := parseURL(r.text)
	if f != nil {
		return f
	}
	host := u.Hostname()
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback(host) && r.lab:
		return nil
	case u.Scheme == "http" && loopback(host):
		return &fault{quote(r.text) + " is http to loopback", "only nodes in lab mode call it; write https"}
	case u.Scheme == "http":
		return &fault{quote(r.text) + " is not https", "write https://"}
	}
	return &fault{quote(r.text) + " is not an https URL", "write https://host/path"}
}

// readLink reads a URL that browsers call.
func readLink(r *reading) *fault {
	u, f := parseURL(r.text)
	if f == nil && u.Scheme != "https" && u.Scheme != "http" {
		f = &fault{quote(r.text) + " is not an http or https URL", "write https://host/path"}
	}
	return f
}

// CheckLink says what is wrong with a URL that browsers are sent to, and what to do about it; "" if nothing is.
func CheckLink(text string) (detail, remedy string) {
	if f := readLink(&reading{text: text}); f != nil {
		return f.detail, f.remedy
	}
	return "", ""
}

// LoopbackLink says whether a URL leads to this machine. Browsers trust what comes from there like what comes over https.
func LoopbackLink(text string) bool {
	u, f := parseURL(text)
	return f == nil && loopback(u.Hostname())
}

// parseURL checks that text is an absolute URL with a host and nothing that two readers could read differently: no
// credentials, fragment, spaces, backslashes or characters beyond ASCII. ${MACROS} may stand anywhere after the host.
func parseURL(text string) (*url.URL, *fault) {
	const remedy = "write https://host/path"
	if len(text) > ad.NoticeURLBytesMax {
		return nil, &fault{"the URL has more than 2000 bytes", "shorten it"}
	}
	if i := strings.IndexFunc(text, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("\\\"<>^`|", c) }); i >= 0 {
		return nil, &fault{quote(text) + " is not a URL", "escape " + quote(string([]rune(text[i:])[:1])) + " as % and two hex digits"}
	}
	scheme, rest, ok := strings.Cut(text, "://")
	end := strings.IndexAny(rest+"/", "/?#")
	host := rest[:end]
	switch {
	case !ok || host == "" || strings.ContainsFunc(scheme, func(c rune) bool { return c < 'a' || c > 'z' }):
		return nil, &fault{quote(text) + " is not a URL", remedy}
	case strings.Contains(text, "#"):
		return nil, &fault{"the URL has a fragment", "remove # and what follows: it is never sent"}
	case strings.ContainsAny(host, "${}%"):
		return nil, &fault{"the host of the URL holds a macro or an escape", "macros stand in path and query"}
	case strings.Contains(host, "@"):
		return nil, &fault{"the URL holds credentials", "remove what stands before @"}
	}
	u, err := url.Parse(strings.NewReplacer("${", "", "{", "", "}", "").Replace(text))
	if err != nil || u.Host != host || u.Opaque != "" {
		return nil, &fault{quote(text) + " is not a URL", remedy}
	}
	if f := checkHost(u); f != nil {
		return nil, f
	}
	return u, nil
}

// checkHost checks host and port of a URL.
func checkHost(u *url.URL) *fault {
	host := u.Hostname()
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65_535 || port[0] == '0' {
			return &fault{quote(u.Host) + " has no proper port", "1 to 65535"}
		}
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return nil
	}
	name, f := domainName(host)
	if f == nil && name != host {
		return &fault{quote(host) + " is not the normal form of a host", "write " + name}
	}
	return f
}

// readPath reads the name of a file beside the rule file or below it.
func readPath(r *reading) *fault {
	const bytesMax = 200
	if !fs.ValidPath(r.text) || r.text == "." || len(r.text) > bytesMax || strings.ContainsAny(r.text, `\:`) || printable(r.text) != r.text {
		return &fault{quote(r.text) + " is not a file beside this one", "write its name, e.g. house-300x250.html; no .. and no leading /"}
	}
	return nil
}
