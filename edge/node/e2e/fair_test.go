package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"curb/edge/adtest"
)

// fair is the sample rule set with a node, whose data outlive it, and everybody else played by this process.
type fair struct {
	*adtest.Node
	dir    string
	buyers map[int]*buyer // by their ids in the sample set, 9701 to 9708
	data   *provider
}

// newsHost is the CNAME host of the sample set's publisher.
const newsHost = "ads.news.example"

// deadline is how long tests wait for what must come.
const deadline = 20 * time.Second

// await waits until something holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > deadline {
			t.Fatalf("no %s after %v", what, deadline)
		}
	}
}

// openFair starts the market and the node. extra are further rule files by name.
func openFair(t *testing.T, extra map[string]string) *fair {
	t.Helper()
	f := &fair{dir: t.TempDir(), buyers: map[int]*buyer{}, data: newProvider(t)}
	replace := []string{"127.0.0.1:9720", f.data.address, "  request_coding: zstd\n", "",
		"notify_lost: true\n  dongle: demo-dongle-9703", "notify_lost: true\n  notify_pending: true\n  dongle: demo-dongle-9703"}
	for n := 1; n <= 8; n++ {
		b := newBuyer(t, 200+n)
		f.buyers[9700+n] = b
		replace = append(replace, fmt.Sprintf("127.0.0.1:%d/notify", 9700+n), b.ear.address+"/notify",
			fmt.Sprintf("127.0.0.1:%d", 9700+n), strings.TrimPrefix(b.url, "http://"))
	}
	rules := sampleRules(t, strings.NewReplacer(replace...))
	for name, text := range extra {
		rules[name] = text
	}
	f.settle(t, rules)
	f.start(t)
	return f
}

// sampleRules are the files of the sample rule set, with some text replaced.
func sampleRules(t *testing.T, replace *strings.Replacer) map[string]string {
	t.Helper()
	files := map[string]string{}
	sample := os.DirFS("../../../rules/samples/demo")
	err := fs.WalkDir(sample, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(sample, name)
		files[name] = replace.Replace(string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// settle writes what a node needs: certificates, rules, configuration.
func (f *fair) settle(t *testing.T, rules map[string]string) {
	t.Helper()
	authority := adtest.NewAuthority(t)
	ports := adtest.Ports(t, 2)
	f.Node = &adtest.Node{Pool: authority.Pool(), Port: ports[0], Admin: ports[1], Own: authority.Issue(t, f.dir, "localhost", "127.0.0.1", "::1")}
	news := authority.Issue(t, f.dir, newsHost)
	f.SPKI = []string{f.Own.SPKI, news.SPKI}
	adtest.WriteFiles(t, filepath.Join(f.dir, "rules"), rules)
	adtest.WriteFiles(t, f.dir, map[string]string{"curb.yaml": fmt.Sprintf(
		"node: fair\nlisten: %s\nadmin: %s\nhosts: [localhost, 127.0.0.1, '::1']\nrules: rules\nlab: true\nlocal_ca: false\ncertificates:\n"+
			"  - {cert: %s, key: %s}\n  - {cert: %s, key: %s}\n",
		adtest.Address(f.Port), adtest.Address(f.Admin), f.Own.CertFile, f.Own.KeyFile, news.CertFile, news.KeyFile)})
}

// start starts the node on the data that are there, and gives the time until it was ready.
func (f *fair) start(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	f.Process = adtest.Start(t, "curb", programs.Curb, "serve", "-c", filepath.Join(f.dir, "curb.yaml"), "--data", filepath.Join(f.dir, "data"))
	f.Await(t, "ready node", func() bool { return f.Ready() == http.StatusOK })
	return time.Since(begin)
}

// restart ends the node as an operator does, and starts it again.
func (f *fair) restart(t *testing.T) {
	t.Helper()
	f.Signal(t, syscall.SIGTERM)
	if code := f.Exit(t); code != 0 {
		t.Fatalf("the node ended with code %d, want 0; it said:\n%s", code, f.Output())
	}
	f.start(t)
}

// client speaks a protocol to the node as its own host.
func (f *fair) client(t *testing.T, proto string) *client {
	return newClient(t, proto, f.Port, f.Pool, "")
}

// bill is one impression that was billed, as GET /v1/bills lists it.
type bill struct {
	Auction     string `json:"auction_id"`
	Impression  int
	PostPending bool `json:"post_pending"`
	Placement   int
	Bidder      int
	LineItem    int `json:"line_item"`
	Net         string
	BuyerPays   string `json:"buyer_pays"`
	BidPrice    string `json:"bid_price"`
	Paid        string
	Currency    string
}

// bills is what GET /v1/bills answers.
type bills struct {
	Bills      int
	Net        string
	Bidders    []billSum
	Publishers []billSum
	LineItems  []billSum `json:"line_items"`
	Last       []bill
}

type billSum struct {
	ID        int
	Bills     int
	Net       string
	BuyerPays string `json:"buyer_pays"`
	Paid      map[string]string
}

// bills reads the node's books: sums, and the newest bills up to last.
func (f *fair) bills(t *testing.T, last int) bills {
	t.Helper()
	response, err := http.Get(fmt.Sprintf("http://%s/v1/bills?last=%d", adtest.Address(f.Admin), last))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	var out bills
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET /v1/bills: %s, %v: %.300s", response.Status, err, text)
	}
	return out
}

// billOf are the bills of an auction among the newest.
func (b *bills) of(auction string) (found []bill) {
	for _, bill := range b.Last {
		if bill.Auction == auction {
			found = append(found, bill)
		}
	}
	return found
}

// bidder is a buyer's row; the zero value where it bought nothing.
func (b *bills) bidder(id int) billSum {
	for _, row := range b.Bidders {
		if row.ID == id {
			return row
		}
	}
	return billSum{}
}

// lineItem is a line item's row.
func (b *bills) lineItem(id int) billSum {
	for _, row := range b.LineItems {
		if row.ID == id {
			return row
		}
	}
	return billSum{}
}

// units reads a decimal as a whole number of its last place: units(t, "1.5", 6) is 1500000.
func units(t *testing.T, text string, places int) int64 {
	t.Helper()
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > places {
		t.Fatalf("%q has more than %d decimals", text, places)
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	if err != nil {
		t.Fatalf("%q is no decimal: %v", text, err)
	}
	return n
}
