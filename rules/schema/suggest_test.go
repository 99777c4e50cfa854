package schema

import (
	"strconv"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"home-top", "home-side", "reserve", "soft_floor", "a", "Kite", "placement"}
	for word, want := range map[string]string{
		"home-tpo": "home-top", "home_top": "home-top", "HOME-TOP": "home-top", "resreve": "reserve", "reserv": "reserve", "reservee": "reserve", "rserv": "reserve",
		"kite": "Kite", "kyte": "Kite", "softfloor": "soft_floor", "soft": "soft_floor", "placements": "placement", "place": "placement",
		"xyz": "", "": "", "b": "", "A": "a", "home": "home-top", "hom-sid": "home-side", "reversed": "",
	} {
		var r Report
		if got := r.nearest(word, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}

func TestNearestTakesTheFirstOfEquals(t *testing.T) {
	for _, known := range [][]string{{"bat", "cat"}, {"cat", "bat"}} {
		var r Report
		if got := r.nearest("aat", known); got != "bat" {
			t.Errorf("of %v, nearest to aat is %q, want bat", known, got)
		}
	}
}

func TestSlips(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "ab", 1}, {"abc", "abcd", 1}, {"abc", "xbc", 1}, {"abcd", "badc", 2}, {"abc", "xyz", 3}, {"kitten", "sitting", 3}, {"", "abc", 3}} {
		if got := slips(c.a, c.b, 9); got != c.want {
			t.Errorf("slips(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := slips(c.b, c.a, 2); got != min(c.want, 2) {
			t.Errorf("slips(%q, %q) up to 2 = %d, want %d", c.b, c.a, got, min(c.want, 2))
		}
	}
}

func TestSuggestionsStopInTime(t *testing.T) {
	known := make([]string, compareMax/10)
	for i := range known {
		known[i] = "name-" + strconv.Itoa(i)
	}
	var r Report
	for range 9 {
		if r.nearest("name-17x", known) == "" {
			t.Fatal("no suggestion within the budget")
		}
	}
	for range 100 {
		r.nearest("name-17x", known)
	}
	if r.DidYouMean("name-17x", known, "none") != "none" {
		t.Error("suggestions go on past the budget")
	}
}
