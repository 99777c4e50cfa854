package ad

import "testing"

func TestGoalCPM(t *testing.T) {
	cases := []struct {
		goal  Goal
		price CPM
		want  CPM
	}{
		{Goal{}, 2 * Dollar, 2 * Dollar},
		{Goal{Kind: PerMille, Chance: 7}, 2 * Dollar, 2 * Dollar},
		{Goal{PerClick, 1_500_000}, Dollar / 2, 750_000},           // $0.50 a click at 0.15 %: $0.75
		{Goal{PerAction, 20_000}, 40 * Dollar, 800_000},            // $40 an action at 0.002 %: $0.80
		{Goal{PerClick, 0}, Dollar, 0},                             // nobody is expected to click
		{Goal{PerClick, -1}, Dollar, 0},                            // out of range counts as the nearest
		{Goal{PerClick, ChanceOne}, Dollar, 1000 * Dollar},         // everybody clicks
		{Goal{PerClick, 2 * ChanceOne}, Dollar, 1000 * Dollar},     // out of range counts as the nearest
		{Goal{PerClick, 1}, 999_999, 0},                            // rounded down
		{Goal{PerClick, ChanceOne}, CPMHuge / 1000, CPMHuge - 807}, // exact at the brink
		{Goal{PerClick, ChanceOne}, CPMHuge, CPMHuge},              // saturates
		{Goal{PerClick, ChanceOne}, -1, -1},
	}
	for _, c := range cases {
		if got := c.goal.CPM(c.price); got != c.want {
			t.Errorf("%+v.CPM(%d) = %d, want %d", c.goal, c.price, got, c.want)
		}
	}
}

func TestBiasRank(t *testing.T) {
	cases := []struct {
		bias Bias
		net  CPM
		want CPM
	}{
		{Bias{}, 1_300_000, 1_300_000},
		{Bias{Share: 200_000}, 1_300_000, 1_560_000},
		{Bias{Share: -100_000}, 1_500_000, 1_350_000},
		{Bias{CPM: 250_000}, 1_000_000, 1_250_000},
		{Bias{CPM: -3 * Dollar}, 1_000_000, -2_000_000},
		{Bias{Share: -ShareOne - 1}, Dollar, 0},
		{Bias{Share: BiasShareMax + 1, CPM: CPMMax + 1}, CPMMax, 12 * CPMMax},
	}
	for _, c := range cases {
		if got := c.bias.Rank(c.net); got != c.want {
			t.Errorf("%+v.Rank(%d) = %d, want %d", c.bias, c.net, got, c.want)
		}
	}
}

func TestBiasRankNeverFallsAsTheBidRises(t *testing.T) {
	for _, share := range []Share{-ShareOne, -999_999, -333_333, -1, 1, 333_333, BiasShareMax} {
		last := Bias{Share: share}.Rank(0)
		for net := CPM(1); net < 5000; net++ {
			got := Bias{Share: share}.Rank(net)
			if got < last {
				t.Fatalf("share %d: %d ranks at %d, below %d of one micro less", share, net, got, last)
			}
			last = got
		}
	}
}
