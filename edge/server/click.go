package server

import (
	"strings"

	"curb/edge/macro"
)

// What the extra of a click token says: one letter, then text.
const (
	clickLanding = 'u' // the landing page itself
	clickHosts   = 'h' // hosts, with spaces between them, that r may lead to
)

// appendClickLanding writes the extra of a token that leads to one page.
func appendClickLanding[T string | []byte](dst []byte, landing T) []byte {
	return append(append(dst, clickLanding), landing...)
}

// appendClickHosts writes the extra of a token that leads to the page that its URL names in r, on one of the hosts or below.
func appendClickHosts(dst []byte, hosts []string) []byte {
	dst = append(dst, clickHosts)
	for i, host := range hosts {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = append(dst, host...)
	}
	return dst
}

// appendClickTarget writes where a click leads. r is what the URL says, percent-encoded unless it stood last and as it is.
func appendClickTarget(dst, extra []byte, r string) ([]byte, error) {
	if len(extra) > 0 && extra[0] == clickLanding {
		return macro.AppendSealedTarget(dst, string(extra[1:]))
	}
	if !foldPrefix(r, "https://") && !foldPrefix(r, "http://") {
		// A landing page may have pluses, and whoever encodes one writes %20 for a space. What cannot be decoded is refused.
		r, _ = unescape(strings.ReplaceAll(r, "+", "%2B"))
	}
	var hosts []string
	if len(extra) > 0 && extra[0] == clickHosts {
		hosts = strings.Fields(string(extra[1:]))
	}
	return macro.AppendClickTarget(dst, r, hosts)
}
