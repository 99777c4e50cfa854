package vector

import (
	"os"
	"testing"
)

func TestKnownAnswers(t *testing.T) {
	data, err := os.ReadFile("../testdata/auction.json")
	if err != nil {
		t.Fatal(err)
	}
	file, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) != 48 {
		t.Errorf("%d cases, want 48", len(file.Cases))
	}
	for i := range file.Cases {
		c := &file.Cases[i]
		t.Run(c.Name, func(t *testing.T) {
			if o := c.Run(); !o.Pass() {
				t.Errorf("%q\n%s", o.Problems, o.Trace)
			}
		})
	}
}
