package server

import (
	"net/http"
	"net/netip"
	"strings"
	"unicode/utf8"

	"curb/edge/ad"
)

// Bounds of what is kept of a client's headers.
const (
	userAgentBytesMax = 512
	hintBytesMax      = 256
	languageBytesMax  = 35 // RFC 5646 §4.4.1
)

// first gives the only value of a header. A header that came twice says nothing.
func first(header http.Header, name string) string {
	if values := header[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// device fills in what connection and headers show.
func (h *Handler) device(r *http.Request, d *ad.Device) {
	d.IP = h.clientIP(r)
	d.UserAgent = headerText(first(r.Header, "User-Agent"), userAgentBytesMax)
	d.Language = language(first(r.Header, "Accept-Language"))
	d.SUA = ad.ClientHints{
		Brands:   headerText(first(r.Header, "Sec-Ch-Ua"), hintBytesMax),
		Mobile:   headerText(first(r.Header, "Sec-Ch-Ua-Mobile"), hintBytesMax),
		Platform: headerText(first(r.Header, "Sec-Ch-Ua-Platform"), hintBytesMax),
	}
}

// signals fills in the privacy signals that come as headers; they add to what parameters say and take nothing back.
func signals(r *http.Request, p *ad.Privacy) {
	if first(r.Header, "Sec-Gpc") == "1" {
		p.GPC = true
	}
	if first(r.Header, "Dnt") == "1" {
		p.DoNotTrack = true
	}
}

// referer is the page by the Referer header; "" unless it is a web URL.
func referer(r *http.Request) string {
	page, _ := webURL(first(r.Header, "Referer"))
	return page
}

// headerText cuts a header's value to a limit and makes it valid UTF-8.
func headerText(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit]
	}
	if utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(text, "")
}

// language is the first tag of Accept-Language; "" for none and for *.
func language(accept string) string {
	for i := range len(accept) {
		b := accept[i]
		if b == ',' || b == ';' {
			accept = accept[:i]
			break
		}
		if !isAlphanumeric(b) && b != '-' {
			return ""
		}
	}
	if len(accept) > languageBytesMax {
		return ""
	}
	return accept
}

// clientIP is the peer, or, behind trusted proxies, the last address of X-Forwarded-For that is none of theirs. A client
// may write what it likes further left.
func (h *Handler) clientIP(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap().WithZone("")
	forwarded := r.Header["X-Forwarded-For"]
	for i := len(forwarded) - 1; i >= 0; i-- {
		list := forwarded[i]
		for list != "" {
			if !h.trusts(addr) {
				return addr
			}
			one := list
			if cut := strings.LastIndexByte(list, ','); cut >= 0 {
				one, list = list[cut+1:], list[:cut]
			} else {
				list = ""
			}
			next, err := netip.ParseAddr(strings.TrimSpace(one))
			if err != nil {
				return addr
			}
			addr = next.Unmap().WithZone("")
		}
	}
	return addr
}

func (h *Handler) trusts(addr netip.Addr) bool {
	for _, prefix := range h.proxies {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}
