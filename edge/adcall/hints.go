package adcall

import (
	"strings"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// brandsMax bounds the brands that are read of a client's hints; browsers send three.
const brandsMax = 8

// lowEntropy says that the hints are those a browser sends unasked (AdCOM 1.0, List: User-Agent Sources).
const lowEntropy = 1

// hints turns the client hints a browser sent (UA Client Hints §3) into OpenRTB's structured user agent (2.6 §3.2.29). It
// gives nil if there are none. A list that is not well formed counts as far as it can be read.
func (p *requestParts) hints(h *ad.ClientHints) *openrtb.SUA {
	if h.Brands == "" && h.Platform == "" {
		return nil
	}
	p.sua = openrtb.SUA{Source: lowEntropy}
	rest := h.Brands
	for len(p.brands) < brandsMax {
		var brand openrtb.BrandVersion
		var ok bool
		if brand, rest, ok = nextBrand(rest); !ok {
			break
		}
		p.brands = append(p.brands, brand)
	}
	p.sua.Browsers = p.brands
	if name, _, ok := quoted(strings.TrimSpace(h.Platform)); ok && name != "" {
		p.platform = openrtb.BrandVersion{Brand: name}
		p.sua.Platform = &p.platform
	}
	switch h.Mobile {
	case "?0":
		p.sua.Mobile = openrtb.No
	case "?1":
		p.sua.Mobile = openrtb.Yes
	}
	return &p.sua
}

// nextBrand reads one member of a structured list: "Name";v="1", … (RFC 8941 §3.1).
func nextBrand(list string) (brand openrtb.BrandVersion, rest string, ok bool) {
	name, rest, ok := quoted(strings.TrimLeft(list, " \t,"))
	if !ok {
		return brand, "", false
	}
	brand.Brand = name
	if after, found := strings.CutPrefix(rest, ";v="); found {
		if version, after, ok := quoted(after); ok {
			brand.Version, rest = strings.Split(version, "."), after
		}
	}
	return brand, rest, true
}

// quoted reads a quoted string without escapes off the front of a text.
func quoted(text string) (value, rest string, ok bool) {
	if text == "" || text[0] != '"' {
		return "", "", false
	}
	return cutQuote(text[1:])
}

func cutQuote(text string) (value, rest string, ok bool) {
	value, rest, ok = strings.Cut(text, `"`)
	return value, rest, ok && !strings.Contains(value, `\`)
}
