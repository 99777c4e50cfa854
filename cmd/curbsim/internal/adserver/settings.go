package adserver

import (
	"fmt"
	"slices"
	"strings"

	"curb/cmd/curbsim/internal/control"
)

// Settings are what POST /ctl changes.
type Settings struct {
	OwnPrice control.Price   `json:"own_price"` // CPM of the direct campaign; 0: none runs
	OwnName  string          `json:"own_name"`
	Buckets  []control.Price `json:"buckets"` // lower ends of the price buckets that have a line item, ascending
	Choice   string          `json:"choice"`  // auto, accept, own
	// Answer is how the accept URL is called when the request names no format: redirect, html, js.
	Answer  string       `json:"answer"`
	Repeat  int          `json:"repeat"`  // how often an html answer calls the accept URL, 1 to 5
	Latency control.Wait `json:"latency"` // before every answer
	Failure string       `json:"failure"` // none, error_500, empty
}

// bucketsMax bounds the line items.
const bucketsMax = 2000

// Defaults have buckets of ten cents to five dollars, and a direct campaign at one dollar.
func Defaults() Settings {
	s := Settings{OwnPrice: 1_000_000, OwnName: "Spring Campaign", Choice: "auto", Answer: "redirect", Repeat: 1, Failure: "none"}
	for cents := control.Price(10); cents <= 500; cents += 10 {
		s.Buckets = append(s.Buckets, cents*10_000)
	}
	return s
}

// oneOf reports a word outside a closed list.
func oneOf(field, word string, words ...string) error {
	if slices.Contains(words, word) {
		return nil
	}
	return fmt.Errorf("%s: unknown %q; one of %s", field, word, strings.Join(words, ", "))
}

// check reports the first setting that makes no sense; settings are used as they are, so it gives them back.
func check(s *Settings) (*Settings, error) {
	if err := oneOf("choice", s.Choice, "auto", "accept", "own"); err != nil {
		return nil, err
	}
	if err := oneOf("answer", s.Answer, "redirect", "html", "js"); err != nil {
		return nil, err
	}
	if err := oneOf("failure", s.Failure, "none", "error_500", "empty"); err != nil {
		return nil, err
	}
	if s.Repeat < 1 || s.Repeat > 5 {
		return nil, fmt.Errorf("repeat: %d is not from 1 to 5", s.Repeat)
	}
	if len(s.Buckets) > bucketsMax {
		return nil, fmt.Errorf("buckets: %d given; at most %d", len(s.Buckets), bucketsMax)
	}
	if !slices.IsSorted(s.Buckets) {
		return nil, fmt.Errorf("buckets: not in ascending order")
	}
	copied := *s
	return &copied, nil
}
