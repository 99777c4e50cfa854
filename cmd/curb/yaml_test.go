package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteYAML(t *testing.T) {
	type inner struct {
		Name  string         `json:"name"`
		Marks map[string]int `json:"marks"`
		List  []any          `json:"list"`
	}
	value := []inner{
		{"a: b", map[string]int{"yes": 1, "1": 2, "long_name": 3}, []any{"null", nil, true, 1.5, []int{}, []int{7, 8}, map[string]string{}, map[string]string{"null": "v"}}},
		{"two\nlines \x1b", nil, nil},
	}
	want := `- name: "a: b"
  marks:
    "1": 2
    long_name: 3
    "yes": 1
  list:
    - "null"
    - null
    - true
    - 1.5
    - []
    -
      - 7
      - 8
    - {}
    - "null": "v"
- name: "two\nlines \u001b"
  marks: null
  list: null
`
	var got strings.Builder
	if err := writeYAML(&got, value); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
	for value, want := range map[any]string{"x": "\"x\"\n", 7: "7\n", struct{}{}: "{}\n"} {
		var got strings.Builder
		if err := writeYAML(&got, value); err != nil || got.String() != want {
			t.Errorf("%v is written %q, %v; want %q", value, got.String(), err, want)
		}
	}
}
