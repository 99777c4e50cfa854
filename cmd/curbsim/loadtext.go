package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"curb/cmd/curbsim/internal/load"
)

// reportText is a load report for people.
func reportText(r *load.Report) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s"+format+"\n", append([]any{name}, args...)...)
	}
	line("target", "%s over %s%s", r.Target, r.Protocol, asHost(r))
	line("loop", "%s", loopText(r))
	line("requests", "%d in %.1f s, %.1f/s, %s in", r.Requests, r.Seconds, r.Throughput, bytesText(r.BytesIn))
	line("status", "%s", countsText(r.Status))
	if len(r.Outcomes) > 0 {
		line("outcome", "%s", countsText(r.Outcomes))
	}
	if r.Responses > 0 {
		line("version", "%s", countsText(r.Versions))
		line("latency ms", "%s", percentilesText(r.Latency))
	}
	if r.Responses > 0 && r.Loop == "open" {
		line("service ms", "%s", percentilesText(r.Service))
	}
	if r.Sales != nil {
		salesText(line, r.Sales)
	}
	if r.Opened > 0 {
		line("connect ms", "%d opened, p50 %.2f  max %.2f", r.Opened, r.Connect.P50, r.Connect.Max)
	}
	line("errors", "%s", errorsText(r))
	if r.Unsent > 0 {
		line("unsent", "%d: the rate was not kept; all streams were busy (more --connections or --streams, or a lower --rate)", r.Unsent)
	}
	if r.Interrupted {
		line("interrupted", "before its time")
	}
	return b.String()
}

// salesText tells what became of the ads of preemptive tags.
func salesText(line func(name, format string, args ...any), s *load.Sales) {
	line("ads", "%d accepted for %s (sum of CPM) · %d the ad server's own · %d no bid · %d never called · %d failed",
		s.Accepted, s.Revenue, s.Own, s.NoBid, s.Never, s.Failed)
	if len(s.Statuses) == 0 && s.Failed == 0 {
		return
	}
	bills := ""
	if len(s.Bills) > 0 {
		bills = ", bills " + countsText(s.Bills)
	}
	line("accept", "status %s%s", countsText(s.Statuses), bills)
	line("accept ms", "%s", percentilesText(s.Latency))
	for _, cause := range slices.Sorted(maps.Keys(s.Examples)) {
		line("", "%s %d: %s", cause, s.Errors[cause], s.Examples[cause])
	}
}

func asHost(r *load.Report) string {
	if strings.Contains(r.Target, "//"+r.Host) {
		return ""
	}
	return ", as " + r.Host
}

func loopText(r *load.Report) string {
	text := fmt.Sprintf("%s, %d connections × %d streams", r.Loop, r.Connections, r.Streams)
	if r.Loop == "open" {
		text += fmt.Sprintf(", %g/s asked", r.Rate)
	}
	return text
}

// countsText lists counts, the largest first.
func countsText(counts map[string]uint64) string {
	if len(counts) == 0 {
		return "none"
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return int(min(counts[b], 1<<40)) - int(min(counts[a], 1<<40))
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s %d", name, counts[name])
	}
	return strings.Join(parts, " · ")
}

func errorsText(r *load.Report) string {
	if r.Failed == 0 {
		return "0"
	}
	text := fmt.Sprintf("%d: %s", r.Failed, countsText(r.Errors))
	for _, kind := range slices.Sorted(maps.Keys(r.Examples)) {
		text += fmt.Sprintf("\n%-12s%s: %s", "", kind, r.Examples[kind])
	}
	return text
}

func percentilesText(p load.Percentiles) string {
	return fmt.Sprintf("p50 %.2f  p90 %.2f  p99 %.2f  p99.9 %.2f  max %.2f  mean %.2f", p.P50, p.P90, p.P99, p.P999, p.Max, p.Mean)
}

func bytesText(n uint64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
