package catalog

import (
	"slices"
	"testing"

	"curb/edge/ad"

	"github.com/google/go-cmp/cmp"
)

func TestRegisteredCreativesJoin(t *testing.T) {
	const from = ad.RegisteredCreativeMin
	c := market()
	more := []ad.Creative{
		{ID: from, Member: 201, Code: "spring", ApprovedBy: []ad.PublisherID{10, 99}, BannedBy: []ad.PublisherID{99, 11}},
		{ID: from - 1, Member: 201, Code: "a"},
		{ID: from, Member: 201, Code: "b"},
		{ID: from + 1, Member: 99, Code: "c"},
		{ID: from + 2, Member: 201, Code: "house"},
		{ID: from + 3, Member: 201, Code: "spring"},
		{ID: from + 4, Member: 201, Code: "d", ApprovedBy: []ad.PublisherID{99}},
		{ID: from + 5, Member: 201, Code: "e", Pixels: make([]string, ad.PixelsMax+1)},
		{ID: from + 6, Member: 300, Code: "house"},
	}
	joined, said := c.WithCreatives(more)
	want := []string{
		"Creative 999999999: id: 999999999 is an id of rule sets: registered creatives have ids from 1000000000 on",
		"Creative 1000000000: id: 1000000000 is taken by another Creative: ids are unique within a kind",
		"Creative 1000000001: member: there is no Member 99",
		`Creative 1000000002: code: "house" is taken by Creative 501: codes are unique within a member; the rule set's stands`,
		`Creative 1000000003: code: "spring" is taken by Creative 1000000000: codes are unique within a member; the rule set's stands`,
		"Creative 1000000004: approved_by: no publisher that approved it is left: approve it again",
		"Creative 1000000005: pixels: 17 pixels are too many: up to 16",
	}
	if diff := cmp.Diff(want, ids(pointers(said), func(p *Problem) string { return p.String() })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for i, p := range said {
		if p.Index != i+1 {
			t.Errorf("problem %d is of creative %d of those that were registered", i, p.Index)
		}
	}
	s := build(t, joined) // what is left out keeps nothing from being used
	spring := s.CreativeByCode(201, "spring")
	if spring == nil || spring.ID != from || !slices.Equal(spring.ApprovedBy, []ad.PublisherID{10}) || !slices.Equal(spring.BannedBy, []ad.PublisherID{11}) {
		t.Errorf("the registered creative is %+v", spring)
	}
	if s.Creative(500) == nil || s.Creative(from+6) == nil || s.Counts().Creatives != 4 {
		t.Errorf("%d creatives, want two of the rule set and two registered", s.Counts().Creatives)
	}
	if len(c.Creatives) != 2 || !slices.Equal(more[0].ApprovedBy, []ad.PublisherID{10, 99}) {
		t.Error("what was given has changed")
	}
}
