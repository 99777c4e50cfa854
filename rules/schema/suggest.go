package schema

import (
	"strconv"
	"strings"
)

// compareMax bounds the words compared for suggestions in one report: a set with a thousand dangling references among a
// hundred thousand names is answered without suggestions rather than in minutes.
const compareMax = 300_000

// DidYouMean gives the remedy "did you mean …?" for a word nobody knows, or fallback when no known word is near: none
// within two slips of the keyboard (insertion, deletion, substitution, swap) and none that starts like it.
func (r *Report) DidYouMean(word string, known []string, fallback string) string {
	if near := r.nearest(word, known); near != "" {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	return fallback
}

// slipsMax is the distance up to which a word counts as a slip of another; short words allow fewer, or everything would
// be near.
const slipsMax = 2

// nearest is the known word that was most likely meant: the fewest slips, then the same start; the first in order of
// equals. Words over 64 bytes are not slips of anything.
func (r *Report) nearest(word string, known []string) string {
	const longest = 64
	if word == "" || len(word) > longest {
		return ""
	}
	lower := fold(word)
	best, bestSlips := "", min(slipsMax, len(word)/2)+1
	prefixed := ""
	for _, k := range known {
		if r.compared++; r.compared > compareMax {
			break
		}
		if len(k) > longest {
			continue
		}
		f := fold(k)
		if abs(len(f)-len(lower)) <= bestSlips {
			if d := slips(lower, f, bestSlips+1); d < bestSlips || d == bestSlips && best != "" && k < best {
				best, bestSlips = k, d
			}
		}
		if sameStart(lower, f) && (prefixed == "" || len(k) < len(prefixed) || len(k) == len(prefixed) && k < prefixed) {
			prefixed = k
		}
	}
	if best != "" {
		return best
	}
	return prefixed
}

// fold makes words that differ in case and in the choice of separator equal.
func fold(word string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '.' || c == ' ' {
			return '_'
		}
		return c
	}, strings.ToLower(word))
}

func sameStart(a, b string) bool {
	n := min(len(a), len(b))
	return n >= 3 && a[:n] == b[:n]
}

func abs(n int) int { return max(n, -n) }

// slips is the optimal string alignment distance of a and b, or limit if it is that much or more.
func slips(a, b string, limit int) int {
	if a == b {
		return 0
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least >= limit {
			return limit
		}
		before, above, row = above, row, before
	}
	return min(above[len(b)], limit)
}
