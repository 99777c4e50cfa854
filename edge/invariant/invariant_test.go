package invariant

import "testing"

func TestCheckTellsAndCounts(t *testing.T) {
	before := Broken()
	if !Check(true, "true is true") || Broken() != before {
		t.Error("an invariant that holds was reported")
	}
	defer func() {
		said := recover()
		switch {
		case Enabled && said != "it must hold that two is one":
			t.Errorf("panicked with %v", said)
		case !Enabled && said != nil:
			t.Errorf("panicked in production with %v", said)
		}
		if Broken() != before+1 {
			t.Errorf("%d broken, want %d", Broken(), before+1)
		}
	}()
	if Check(false, "two is one") {
		t.Error("a broken invariant was called whole")
	}
}

func TestCheckAllocatesNothing(t *testing.T) {
	holds := true
	if n := testing.AllocsPerRun(100, func() { Check(holds, "it holds") }); n != 0 {
		t.Errorf("%v allocations per check", n)
	}
}
