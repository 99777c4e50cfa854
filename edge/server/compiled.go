package server

import (
	"sync"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/macro"
)

// compiled keeps the templates of one snapshot's creatives and passbacks, each parsed when it is first served. It goes
// when another snapshot comes in force.
type compiled struct {
	snap      *catalog.Snapshot
	creatives sync.Map // *ad.Creative → *creativeTemplate
	chains    sync.Map // *ad.Placement → *macro.Template

	// A site or publisher with one active placement needs no tagid.
	once        sync.Once
	ofSite      map[ad.SiteID]*ad.Placement // nil values: several
	ofPublisher map[ad.PublisherID]*ad.Placement
}

// only gives the single active placement of a site, else of a publisher; nil if there is none or more than one.
func (c *compiled) only(site, publisher uint32) *ad.Placement {
	c.once.Do(func() {
		c.ofSite, c.ofPublisher = map[ad.SiteID]*ad.Placement{}, map[ad.PublisherID]*ad.Placement{}
		for _, p := range c.snap.Placements() {
			if p.Active {
				single(c.ofSite, p.Site, p)
				single(c.ofPublisher, p.Publisher, p)
			}
		}
	})
	if p := c.ofSite[ad.SiteID(site)]; p != nil {
		return p
	}
	return c.ofPublisher[ad.PublisherID(publisher)]
}

func single[K comparable](m map[K]*ad.Placement, key K, p *ad.Placement) {
	if _, taken := m[key]; taken {
		p = nil
	}
	m[key] = p
}

// creativeTemplate is a registered creative, parsed.
type creativeTemplate struct {
	content, click *macro.Template
	// leads: the click URL names a host that a click of ours can be sent on to. No value can change that.
	leads  bool
	pixels []*macro.Template
}

func (h *Handler) compiledFor(snap *catalog.Snapshot) *compiled {
	c := h.compiled.Load()
	if c == nil || c.snap != snap {
		c = &compiled{snap: snap}
		h.compiled.Store(c)
	}
	return c
}

// creative gives a registered creative parsed.
func (h *Handler) creative(snap *catalog.Snapshot, creative *ad.Creative) *creativeTemplate {
	c := h.compiledFor(snap)
	if t, ok := c.creatives.Load(creative); ok {
		return t.(*creativeTemplate)
	}
	t := &creativeTemplate{content: macro.Parse(creative.Content, syntaxOf(creative)), click: macro.Parse(creative.ClickURL, macro.URL)}
	_, t.leads = macro.LandingHost(creative.ClickURL)
	for _, pixel := range creative.Pixels {
		t.pixels = append(t.pixels, macro.Parse(pixel, macro.URL))
	}
	c.creatives.Store(creative, t)
	return t
}

// syntaxOf is what the content of a creative is written in.
func syntaxOf(c *ad.Creative) macro.Syntax {
	switch c.Format {
	case ad.FormatHTML:
		return macro.HTML
	case ad.FormatNative:
		return macro.Data
	case ad.FormatVAST:
		if !foldPrefix(c.Content, "http") {
			return macro.Data
		}
	}
	return macro.URL
}

// chainTemplate gives the parsed daisy chain of a placement.
func (h *Handler) chainTemplate(snap *catalog.Snapshot, place *ad.Placement) *macro.Template {
	c := h.compiledFor(snap)
	if t, ok := c.chains.Load(place); ok {
		return t.(*macro.Template)
	}
	t := macro.Parse(place.DaisyChain, macro.URL)
	c.chains.Store(place, t)
	return t
}
