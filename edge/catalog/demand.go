package catalog

import (
	"cmp"
	"slices"

	"curb/edge/ad"
)

// reach collects where values of one kind are valid, so that placements with the same answer share one list: a
// thousand deals that are valid everywhere cost one list, not one per placement.
type reach[V any] struct {
	everywhere  []*V
	byPublisher map[ad.PublisherID][]*V
	byPlacement map[ad.PlacementID][]*V
	joined      map[ad.PublisherID][]*V // everywhere and byPublisher, built on first use
	order       func(a, b *V) int
}

func newReach[V any](order func(a, b *V) int) *reach[V] {
	return &reach[V]{
		byPublisher: map[ad.PublisherID][]*V{}, byPlacement: map[ad.PlacementID][]*V{},
		joined: map[ad.PublisherID][]*V{}, order: order,
	}
}

func (r *reach[V]) add(v *V, publishers []ad.PublisherID, placements []ad.PlacementID) {
	if len(publishers) == 0 && len(placements) == 0 {
		r.everywhere = append(r.everywhere, v)
		return
	}
	for _, id := range publishers {
		r.byPublisher[id] = append(r.byPublisher[id], v)
	}
	for _, id := range placements {
		r.byPlacement[id] = append(r.byPlacement[id], v)
	}
}

// on lists what is valid on a placement, ordered, each value once.
func (r *reach[V]) on(p *ad.Placement) []*V {
	list, ok := r.joined[p.Publisher]
	if !ok {
		list = r.merge(r.everywhere, r.byPublisher[p.Publisher])
		r.joined[p.Publisher] = list
	}
	return r.merge(list, r.byPlacement[p.ID])
}

func (r *reach[V]) merge(a, b []*V) []*V {
	if len(b) == 0 {
		return slices.Clip(a)
	}
	all := slices.Concat(a, b)
	slices.SortFunc(all, r.order)
	return slices.Clip(slices.Compact(all))
}

func (s *Snapshot) indexDemand() {
	deals := newReach(func(a, b *ad.Deal) int { return cmp.Compare(a.ID, b.ID) })
	for _, d := range s.deals.list {
		if d.Active {
			deals.add(d, d.Publishers, d.Placements)
		}
	}
	byMember := map[ad.MemberID]*reach[ad.LineItem]{}
	for _, l := range s.lineItems.list {
		if !l.Active {
			continue
		}
		items := byMember[l.Member]
		if items == nil {
			items = newReach(func(a, b *ad.LineItem) int { return cmp.Compare(a.ID, b.ID) })
			byMember[l.Member] = items
		}
		items.add(l, l.Publishers, l.Placements)
	}
	s.dealsFor = make(map[ad.PlacementID][]*ad.Deal)
	s.lineItemsFor = make(map[ad.PlacementID][]*ad.LineItem)
	for _, p := range s.placements.list {
		if list := deals.on(p); len(list) > 0 {
			s.dealsFor[p.ID] = list
		}
		if items := byMember[p.Member]; items != nil {
			if list := items.on(p); len(list) > 0 {
				s.lineItemsFor[p.ID] = list
			}
		}
	}
}
