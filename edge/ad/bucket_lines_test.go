package ad

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// nameLines are the texts of the lines, and that they ascend.
func nameLines(t *rapid.T, b Buckets) []string {
	var texts []string
	last := CPM(0)
	for line := range b.Lines() {
		if line <= last {
			t.Fatalf("%v: line %s comes behind %s", b, line, last)
		}
		last = line
		texts = append(texts, string(b.AppendLine(nil, line)))
	}
	if b.LineCount() != len(texts) {
		t.Fatalf("%v: counts %d lines, there are %d", b, b.LineCount(), len(texts))
	}
	return texts
}

// sentTexts are what the node writes of all prices, but for the price of nothing. Prices up to 2,000 micros are walked one by
// one; above, texts change at most where a range starts and at its increments, so the micros around those are tried.
func sentTexts(b Buckets) []string {
	texts := map[string]bool{}
	at := func(c CPM) {
		if b.Floor(c) > 0 {
			texts[string(b.AppendFloor(nil, c))] = true
		}
	}
	for c := CPM(0); c <= 2_000; c++ {
		at(c)
	}
	start := CPM(0)
	for _, r := range b.Ranges {
		for edge := start; edge <= r.Max; edge += r.Increment {
			for c := edge - 2; c <= edge+2; c++ {
				at(c)
			}
		}
		for c := r.Max - 2; c <= r.Max+2; c++ {
			at(c)
		}
		start = r.Max
	}
	at(CPMHuge)
	return slices.Collect(maps.Keys(texts))
}

// TestLinesAreWhatIsSent: a publisher's line items are called exactly what its ad server is told, each once, whatever the
// ranges: also where increments miss the end of their range.
func TestLinesAreWhatIsSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Buckets{Precision: uint8(rapid.IntRange(0, 6).Draw(t, "precision"))}
		finest := Dollar
		for range b.Precision {
			finest /= 10
		}
		start := CPM(0)
		for range rapid.IntRange(1, 5).Draw(t, "ranges") {
			start += finest * CPM(rapid.IntRange(1, 60).Draw(t, "width"))
			b.Ranges = append(b.Ranges, BucketRange{start, finest * CPM(rapid.IntRange(1, 25).Draw(t, "increment"))})
		}
		if err := b.Validate(); err != nil {
			t.Fatal(err)
		}
		lines, sent := nameLines(t, b), sentTexts(b)
		if slices.Sort(sent); !slices.Equal(slices.Sorted(slices.Values(lines)), sent) {
			t.Fatalf("%v: lines %v, but the node sends %v", b, lines, sent)
		}
	})
}

// TestLinesOfMissedEdges are ranges that start where the increments before them do not end.
func TestLinesOfMissedEdges(t *testing.T) {
	texts := func(b Buckets) (all []string) {
		for line := range b.Lines() {
			all = append(all, string(b.AppendLine(nil, line)))
		}
		return all
	}
	uneven := Buckets{Precision: 3, Ranges: []BucketRange{{Dollar, 70_000}, {3 * Dollar, 333_000}, {10 * Dollar, Dollar}}}
	want := []string{"0.910", "0.980", "1.000", "1.333", "1.666", "1.999", "2.332", "2.665", "2.998", "3.000", "4.000"}
	if got := texts(uneven)[12:23]; !slices.Equal(got, want) {
		t.Errorf("lines %v, want %v", got, want)
	}
	// No price rounds down to where a range of single micros starts.
	micros := Buckets{Precision: 6, Ranges: []BucketRange{{5, 3}, {7, 1}}}
	if got, want := texts(micros), []string{"0.000003", "0.000006", "0.000007"}; !slices.Equal(got, want) || micros.LineCount() != len(want) {
		t.Errorf("lines %v and %d of them, want %v", got, micros.LineCount(), want)
	}
}
