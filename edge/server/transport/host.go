package transport

import (
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// hostBytesMax is the longest name DNS can hold, written without the final dot (RFC 1035 §3.1).
const hostBytesMax = 253

// What NormalizeHost finds wrong.
var (
	errHostEmpty = errors.New("host is empty")
	errHostLong  = errors.New("host is longer than 253 bytes")
	errHostPort  = errors.New("host has a port that is not 1 to 65535")
	errHostLabel = errors.New("host is not a name: labels are 1 to 63 letters, digits and inner hyphens")
	errHostIDNA  = errors.New("host has a label that is not valid punycode")
	errHostIP    = errors.New("host ends in a number but is not an IPv4 address, or is not an IPv6 address in brackets")
)

// NormalizeHost reads a Host field or an :authority and gives the one spelling by which hosts are compared: lower-case,
// without port and final dot, A-labels checked against IDNA 2008, an IPv6 address in brackets in its shortest form. port is
// 0 where none is given. It refuses user information, anything that is not ASCII, and numbers that only look like an IPv4
// address ("127.1"). A host that is normal already is returned without allocating.
func NormalizeHost(raw string) (host string, port int, err error) {
	if raw == "" {
		return "", 0, errHostEmpty
	}
	if raw[0] == '[' {
		return normalizeIPv6(raw)
	}
	host, after, found := strings.Cut(raw, ":")
	if found {
		if port, err = parsePort(after); err != nil {
			return "", 0, err
		}
	}
	host = strings.TrimSuffix(host, ".")
	if host, err = normalizeName(host); err != nil {
		return "", 0, err
	}
	return host, port, nil
}

func normalizeIPv6(raw string) (string, int, error) {
	inner, after, found := strings.Cut(raw[1:], "]")
	addr, err := netip.ParseAddr(inner)
	if !found || err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", 0, errHostIP
	}
	port := 0
	if after != "" {
		if after[0] != ':' {
			return "", 0, errHostIP
		}
		if port, err = parsePort(after[1:]); err != nil {
			return "", 0, err
		}
	}
	if shortest := addr.String(); shortest != inner {
		return "[" + shortest + "]", port, nil
	}
	return raw[:len(inner)+2], port, nil
}

// parsePort accepts one spelling of a port: digits without a leading zero.
func parsePort(digits string) (int, error) {
	if digits == "" || len(digits) > 5 || digits[0] == '0' {
		return 0, errHostPort
	}
	port := 0
	for i := range len(digits) {
		d := digits[i]
		if d < '0' || d > '9' {
			return 0, errHostPort
		}
		port = port*10 + int(d-'0')
	}
	if port > 65535 {
		return 0, errHostPort
	}
	return port, nil
}

// normalizeName checks a name without port and final dot, label by label.
func normalizeName(name string) (string, error) {
	if name == "" {
		return "", errHostEmpty
	}
	if len(name) > hostBytesMax {
		return "", errHostLong
	}
	upper, punycode := false, false
	start := 0
	for i := 0; i <= len(name); i++ {
		if i == len(name) || name[i] == '.' {
			if !plainLabel(name[start:i]) {
				return "", errHostLabel
			}
			punycode = punycode || i-start > 4 && name[start+2:start+4] == "--"
			start = i + 1
			continue
		}
		upper = upper || name[i] >= 'A' && name[i] <= 'Z'
	}
	if upper {
		name = strings.ToLower(name)
	}
	if punycode {
		if err := checkALabels(name); err != nil {
			return "", err
		}
	}
	return name, checkNumeric(name)
}

// plainLabel reports whether a label is letters, digits and hyphens, none of them first or last (RFC 1123 §2.1).
func plainLabel(label string) bool {
	if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		c := label[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return true
}

// checkALabels judges labels with hyphens in third and fourth place: only xn-- may have them, and what follows must decode
// to letters that encode to the same label again (RFC 5891 §5.4). Two spellings of one name would be two tenants.
func checkALabels(name string) error {
	for label := range strings.SplitSeq(name, ".") {
		if len(label) < 4 || label[2:4] != "--" {
			continue
		}
		if label[:2] != "xn" {
			return errHostIDNA
		}
		unicode, err := idna.Registration.ToUnicode(label)
		if err != nil || unicode == label {
			return errHostIDNA
		}
		if back, err := idna.Registration.ToASCII(unicode); err != nil || back != label {
			return errHostIDNA
		}
	}
	return nil
}

// checkNumeric refuses names whose last label is a number unless they are an IPv4 address: browsers read "127.1" and
// "0x7f.1" as one (WHATWG URL §3.5), and no top-level domain is a number.
func checkNumeric(name string) error {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if last[0] < '0' || last[0] > '9' {
		return nil
	}
	if strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x") {
		return nil
	}
	if addr, err := netip.ParseAddr(name); err != nil || !addr.Is4() {
		return errHostIP
	}
	return nil
}

// ownHost normalises a host as an operator writes it: an IPv6 address may come without brackets, a port may not come.
func ownHost(raw string) (string, error) {
	if addr, err := netip.ParseAddr(raw); err == nil && addr.Is6() {
		raw = "[" + raw + "]"
	}
	host, port, err := NormalizeHost(raw)
	if err == nil && port != 0 {
		err = errors.New("it has a port")
	}
	return host, err
}

// ipOf gives the address a normalised host spells, if it does.
func ipOf(host string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return addr, err == nil
}
