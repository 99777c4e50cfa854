package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// outputs are the forms in which commands write lists and objects: for people, for programs (one document, a line per item,
// YAML), and names only, for pipes.
var outputs = []string{"table", "json", "jsonl", "yaml", "name"}

// addOutputFlag adds -o to a command and those below it.
func addOutputFlag(cmd *cobra.Command, output *string) {
	cmd.PersistentFlags().StringVarP(output, "output", "o", "table", strings.Join(outputs, ", "))
}

func checkOutput(output string) error {
	if !slices.Contains(outputs, output) {
		return fail(exitUsage, "unknown output %q: use %s", output, strings.Join(outputs, ", "))
	}
	return nil
}

// listing is a list that can be written in every form.
type listing[T any] struct {
	head string // of the table, tabs between columns
	row  func(T) string
	name func(T) string
}

// print writes the items in the form that was asked for.
func (l *listing[T]) print(w io.Writer, output string, items []T) error {
	if items == nil {
		items = []T{} // [] rather than null
	}
	switch output {
	case "json":
		return writeJSON(w, items, "  ")
	case "yaml":
		return writeYAML(w, items)
	case "jsonl":
		for _, item := range items {
			if err := writeJSON(w, item, ""); err != nil {
				return err
			}
		}
		return nil
	case "name":
		for _, item := range items {
			if _, err := fmt.Fprintln(w, l.name(item)); err != nil {
				return err
			}
		}
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, l.head)
	for _, item := range items {
		fmt.Fprintln(t, l.row(item))
	}
	return t.Flush()
}

// writeJSON writes a value as JSON that people may read too: < and & stay as they are.
func writeJSON(w io.Writer, value any, indent string) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	return encoder.Encode(value)
}

// cell is a text for one cell of a table: tabs and control characters would break it, and tell a terminal things.
func cell(text string) string {
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c >= 0x80 && c < 0xa0 {
			return ' '
		}
		return c
	}, text)
	if text == "" {
		return "-"
	}
	return text
}
