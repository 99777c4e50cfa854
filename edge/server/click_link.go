package server

import (
	"strings"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/macro"
)

// clicks makes the URLs that an ad's links lead to. A click goes to the publisher's tracker, to ours, to the bidder's, and to
// the landing page; each is a parameter of the one before it, percent-encoded once for that place.
type clicks struct {
	links links // nil: clicks do not come here
	call  *ad.Call
	slot  *adcall.Slot

	prefix []byte // the way to a landing page that the markup names itself
	made   bool   // prefix is put together
	inner  []byte
	ours   []byte
	extra  []byte
	hosts  []string
}

// begin points it at a slot.
func (c *clicks) begin(l links, call *ad.Call, slot *adcall.Slot) {
	if slot.Outcome != adcall.Sold || slot.Bid == nil {
		l = nil
	}
	c.links, c.call, c.slot, c.made = l, call, slot, false
}

// reset forgets the request and keeps the memory.
func (c *clicks) reset() {
	clear(c.hosts)
	*c = clicks{prefix: keep(c.prefix), inner: keep(c.inner), ours: keep(c.ours), extra: keep(c.extra), hosts: c.hosts[:0]}
}

// appendTo writes the way to a landing page that is known. checked: our click endpoint takes a URL like it. The page is sealed in
// our token; one too long for that is named beside it.
func (c *clicks) appendTo(dst, landing []byte, checked bool) []byte {
	c.inner = nest(c.inner[:0], c.bidderTracker(), landing)
	if c.links == nil || !checked || len(c.inner) > ad.RedirectBytesMax {
		return nest(dst, c.call.ClickTracker, c.inner)
	}
	c.extra = appendClickLanding(c.extra[:0], c.inner)
	if c.ours = c.links.appendClick(c.ours[:0], c.slot, c.extra); len(c.ours) == 0 {
		if c.ours = c.appendOpen(c.ours); len(c.ours) == 0 {
			return nest(dst, c.call.ClickTracker, c.inner)
		}
		c.ours = appendComponent(c.ours, c.inner)
	}
	return nest(dst, c.call.ClickTracker, c.ours)
}

// appendPrefix writes the way up to where markup names the landing page itself: the value of ${CLICK_URL}. The bidder's
// tracker stands in it as it is, because the page after it may come percent-encoded or not, and one parameter cannot be
// half of each.
func (c *clicks) appendPrefix(dst []byte) []byte {
	if !c.made {
		c.ours = append(c.appendOpen(c.ours[:0]), c.bidderTracker()...)
		c.prefix, c.made = nest(c.prefix[:0], c.call.ClickTracker, c.ours), true
	}
	return append(dst, c.prefix...)
}

// appendOpen writes our click URL up to where the landing page follows, as its last parameter. The token says on which hosts
// that may be; nothing is written if they are not known.
func (c *clicks) appendOpen(dst []byte) []byte {
	if c.links == nil {
		return dst
	}
	if c.collectHosts(); len(c.hosts) == 0 {
		return dst
	}
	c.extra = appendClickHosts(c.extra[:0], c.hosts)
	from := len(dst)
	if dst = c.links.appendClick(dst, c.slot, c.extra); len(dst) == from {
		return dst
	}
	return append(dst, "&r="...)
}

// appendTracker writes a URL that counts a click and leads nowhere, for players and apps that open the landing page
// themselves; nothing if clicks do not come here.
func (c *clicks) appendTracker(dst []byte) []byte {
	if c.links == nil {
		return dst
	}
	return c.links.appendClick(dst, c.slot, nil)
}

// bidderTracker is the bid's click tracker; "" for none, and for one that no click could go on from.
func (c *clicks) bidderTracker() string {
	if c.slot.Bid == nil || c.slot.Bid.ClickURL == "" {
		return ""
	}
	if _, ok := macro.LandingHost(c.slot.Bid.ClickURL); !ok {
		return ""
	}
	return c.slot.Bid.ClickURL
}

// collectHosts lists where the ad's landing page may be: the advertisers' domains, and the hosts that its own URLs name.
func (c *clicks) collectHosts() {
	c.hosts = c.hosts[:0]
	if creative := c.slot.Creative; creative != nil {
		for _, domain := range creative.Advertisers {
			c.addDomain(domain)
		}
		c.addHost(creative.ClickURL)
	}
	if bid := c.slot.Bid; bid != nil {
		c.addDomain(bid.Advertiser)
		c.addHost(bid.ClickURL)
	}
}

// addDomain takes an advertiser's domain, below which every host is its own. A name without a dot is nobody's.
func (c *clicks) addDomain(domain string) {
	if strings.IndexByte(domain, '.') <= 0 {
		return
	}
	for i := range len(domain) {
		if b := domain[i]; !isAlphanumeric(b) && b != '-' && b != '.' && b != '_' {
			return
		}
	}
	c.add(strings.ToLower(domain))
}

func (c *clicks) addHost(url string) {
	if host, ok := macro.LandingHost(url); ok {
		c.add(host)
	}
}

// clickHostsMax bounds the hosts of one token.
const clickHostsMax = 16

func (c *clicks) add(host string) {
	for _, known := range c.hosts {
		if known == host {
			return
		}
	}
	if len(c.hosts) < clickHostsMax {
		c.hosts = append(c.hosts, host)
	}
}

// nest appends a URL to a tracker. A tracker that ends where a parameter's value begins takes it percent-encoded, any other as
// it is.
func nest(dst []byte, tracker string, url []byte) []byte {
	dst = append(dst, tracker...)
	if strings.HasSuffix(tracker, "=") {
		return appendComponent(dst, url)
	}
	return append(dst, url...)
}
