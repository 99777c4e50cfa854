package catalog

import (
	"net/netip"
	"slices"
)

// geoIndex finds the longest prefix that holds an address: one map access per prefix length that occurs.
type geoIndex struct {
	byPrefix map[netip.Prefix]*GeoRange
	v4, v6   []int // prefix lengths that occur, longest first
}

func newGeoIndex(ranges []GeoRange) geoIndex {
	own := slices.Clone(ranges)
	g := geoIndex{byPrefix: make(map[netip.Prefix]*GeoRange, len(own))}
	for i := range own {
		p := own[i].Prefix.Masked()
		g.byPrefix[p] = &own[i]
		lengths := &g.v6
		if p.Addr().Is4() {
			lengths = &g.v4
		}
		if !slices.Contains(*lengths, p.Bits()) {
			*lengths = append(*lengths, p.Bits())
		}
	}
	for _, lengths := range []([]int){g.v4, g.v6} {
		slices.Sort(lengths)
		slices.Reverse(lengths)
	}
	return g
}

func (g *geoIndex) find(addr netip.Addr) *GeoRange {
	addr = addr.Unmap().WithZone("")
	lengths := g.v6
	if addr.Is4() {
		lengths = g.v4
	}
	for _, bits := range lengths {
		p, err := addr.Prefix(bits)
		if err != nil {
			return nil
		}
		if r := g.byPrefix[p]; r != nil {
			return r
		}
	}
	return nil
}
