package compile

import (
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
)

const ratesHead = "apiVersion: curb/v1\nkind: ExchangeRates\nmetadata: {name: close}\nspec: "

func TestRatesOfThePreviousDay(t *testing.T) {
	fsys := set("a.yaml", ratesHead+"{as_of: previous-day, rates: {EUR: 1.1}}")
	at := func(now time.Time) Outcome { return Set(fsys, Options{Lab: true, Now: now}) }
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 13*3600)) // still February in UTC
	first, later := at(noon), at(noon.AddDate(1, 0, 0))
	if want := time.Date(2026, 2, 27, 0, 0, 0, 0, time.UTC); !first.Contents.Rates.AsOf.Equal(want) {
		t.Errorf("the day before %v is %v, want %v", noon, first.Contents.Rates.AsOf, want)
	}
	for name, o := range map[string]Outcome{"first": first, "later": later} {
		if len(o.Problems)+len(o.Warnings) > 0 {
			t.Errorf("%s: %v %v", name, o.Problems, o.Warnings)
		}
	}
	if first.Contents.Version != later.Contents.Version || first.Contents.Version == "" {
		t.Errorf("the version moves with the day: %q, then %q", first.Contents.Version, later.Contents.Version)
	}
	if dated := must(t, set("a.yaml", ratesHead+"{as_of: 2026-02-27, rates: {EUR: 1.1}}")); dated.Version == first.Contents.Version {
		t.Error("a day and the previous day have one version")
	}
	if o := at(time.Time{}); !o.Contents.Rates.AsOf.IsZero() || o.Contents.Rates.Fresh(noon) {
		t.Errorf("without a time the rates are of %v", o.Contents.Rates.AsOf)
	}
}

func TestAgeOfRates(t *testing.T) {
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	fsys := set("a.yaml", ratesHead+"{as_of: 2026-11-20, rates: {EUR: 1.1}}")
	for _, c := range []struct {
		now              time.Time
		problem, warning string
	}{
		{now: day.Add(ad.RatesAgeMax)},
		{now: day.Add(ad.RatesAgeMax + 1), warning: "a.yaml:4:15: warning: spec.as_of: the rates are more than 5 days old"},
		{now: day.Add(-ad.RatesAheadMax)},
		{now: day.Add(-ad.RatesAheadMax - 1), problem: "a.yaml:4:15: spec.as_of: 2026-11-20 is in the future"},
		{now: time.Time{}},
	} {
		o := Set(fsys, Options{Now: c.now})
		if got := print(o.Problems); !strings.HasPrefix(got, c.problem) || (got == "") != (c.problem == "") {
			t.Errorf("at %v: problems %q, want %q", c.now, got, c.problem)
		}
		if got := print(o.Warnings); !strings.HasPrefix(got, c.warning) || (got == "") != (c.warning == "") {
			t.Errorf("at %v: warnings %q, want %q", c.now, got, c.warning)
		}
		if c.problem == "" && o.Contents.Version == "" {
			t.Errorf("at %v: a warning keeps the set from being used", c.now)
		}
	}
}

func TestBoundsOfRates(t *testing.T) {
	for rate, ok := range map[string]bool{
		"0.000000001": true, "0.000000000999": false, "0": false, "1000000": true, "1000000.000000000001": false, "1e3": false, "-0": false, "Infinity": false,
		"99999999999999999999999999999": false,
	} {
		if got := reported(t, set("a.yaml", ratesHead+"{as_of: 2026-11-20, rates: {KWD: "+rate+"}}")); (len(got) == 0) != ok {
			t.Errorf("a rate of %s: %q", rate, got)
		}
	}
}
