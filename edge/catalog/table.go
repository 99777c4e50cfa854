package catalog

import (
	"cmp"
	"slices"
)

// table holds the values of one kind: a list ordered by id, and the way from an id to its value.
type table[K cmp.Ordered, V any] struct {
	list []*V
	byID map[K]*V
}

func newTable[K cmp.Ordered, V any](values []V, id func(*V) K) table[K, V] {
	own := slices.Clone(values)
	slices.SortStableFunc(own, func(a, b V) int { return cmp.Compare(id(&a), id(&b)) })
	t := table[K, V]{list: make([]*V, len(own)), byID: make(map[K]*V, len(own))}
	for i := range own {
		t.list[i] = &own[i]
		t.byID[id(&own[i])] = &own[i]
	}
	return t
}

func (t *table[K, V]) get(id K) *V { return t.byID[id] }
