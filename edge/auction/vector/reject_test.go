package vector

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"curb/edge/ad"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata/rejected.txt")

// TestRejected tells what is said of unusable files: a paragraph of testdata/rejected.txt is a file, then ----, then the
// problems found.
func TestRejected(t *testing.T) {
	const name = "testdata/rejected.txt"
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	paragraphs := strings.Split(strings.TrimRight(string(data), "\n"), "\n\n")
	for i, p := range paragraphs {
		if strings.HasPrefix(p, "#") {
			continue
		}
		input, _, _ := strings.Cut(p+"\n", "----\n")
		file, err := Parse([]byte(input))
		if err == nil {
			t.Errorf("accepted: %s", input)
			continue
		}
		if file != nil {
			t.Errorf("an unusable file is given back: %s", input)
		}
		paragraphs[i] = strings.TrimRight(input, "\n") + "\n----\n" + err.Error()
	}
	got := strings.Join(paragraphs, "\n\n") + "\n"
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(data), got); diff != "" {
		t.Errorf("run with -update if the change is meant (- file, + found):\n%s", diff)
	}
}

// minimal is a file with something put into it.
func minimal(cases string) []byte { return []byte(`{"cases": [` + cases + `]}`) }

func TestLimits(t *testing.T) {
	bid := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"bids": [`)
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`{"id": "` + strings.Repeat("x", i) + `y", "kind": "rtb", "price": 1}`)
		}
		b.WriteString(`], "expect": {}}`)
		return b.String()
	}
	empty := strings.Repeat(`{"bids": [], "expect": {}},`, ad.VectorCasesMax-1) + `{"bids": [], "expect": {}}`
	padded := func(n int) []byte {
		file := minimal(bid(1))
		return append(file, strings.Repeat(" ", n-len(file))...)
	}
	cases := []struct {
		name   string
		within []byte
		past   []byte
		what   string
	}{
		{"bids", minimal(bid(ad.AuctionBidsMax)), minimal(bid(ad.AuctionBidsMax + 1)), "more than 1024"},
		{"cases", minimal(empty), minimal(empty + `,{"bids": [], "expect": {}}`), "more than 10000"},
		{"bytes", padded(ad.VectorFileBytesMax), padded(ad.VectorFileBytesMax + 1), "larger than 16 MiB"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Parse(c.within); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			if _, err := Parse(c.past); err == nil || !strings.Contains(err.Error(), c.what) {
				t.Errorf("past the limit: %v, want %q", err, c.what)
			}
		})
	}
}

func TestProblemsAreBounded(t *testing.T) {
	_, err := Parse(minimal(strings.TrimSuffix(strings.Repeat(`{"oops": 1},`, 1000), ",")))
	if n := len(err.(Problems)); n != problemsMax {
		t.Errorf("%d problems, want %d", n, problemsMax)
	}
}

// knownCases gives the cases of the known answers, as they stand in the file.
func knownCases(t testing.TB) []json.RawMessage {
	data, err := os.ReadFile("../testdata/auction.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []json.RawMessage }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for i, c := range file.Cases {
		var small bytes.Buffer
		if err := json.Compact(&small, c); err != nil {
			t.Fatal(err)
		}
		file.Cases[i] = small.Bytes()
	}
	return file.Cases
}

// FuzzParse: whatever the bytes, the loader ends, and a file it takes can be run.
func FuzzParse(f *testing.F) {
	for _, c := range knownCases(f) { // a case each: long seeds are slow to minimise
		f.Add(minimal(string(c)))
	}
	f.Add(minimal(`{"name": "x", "setting": {"rates": {"EUR": 1.08}, "auction_id": "000102030405060708090a0b0c0d0e0f"},
		"bids": [{"id": "a", "kind": "rtb", "price": 2, "currency": "EUR", "goal": "cpc", "chance": 0.1, "bias": -1, "seat": 7}],
		"expect": {"winner": "a", "winner_one_of": ["a"], "basis": "own_bid", "stage": null, "net": {"a": 1}, "reasons": {"a": "won"}}}`))
	f.Add(minimal(`{"bids": [{"id": "", "id": ""}], "setting": null, "expect": null}`))
	f.Add([]byte(`{"cases": {}}`))
	f.Add([]byte("{\"cases\": [[\"\xff\"]]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if err != nil {
			if file != nil || err.Error() == "" {
				t.Errorf("%v with %v", file, err)
			}
			return
		}
		for i := range file.Cases {
			c := &file.Cases[i]
			c.Expect.Fair = false // many auctions tell the loader nothing new
			o := c.Run()
			if len(o.Reasons) != len(c.Bids) {
				t.Errorf("%d reasons for %d bids", len(o.Reasons), len(c.Bids))
			}
			for _, r := range o.Reasons {
				if r.Value == ad.Undecided {
					t.Errorf("%s is left undecided", r.Bid)
				}
			}
		}
	})
}
