package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"curb/edge/ad"
	"curb/edge/admin"
	"curb/edge/catalog"
	"curb/edge/creative"
	"curb/rules/compile"
)

// TestDoorScripts tells what the commands do that ask a node: each story of testdata/door has an admin API of its own, over
// a socket, on the rules beside it. $RULES is their directory.
func TestDoorScripts(t *testing.T) {
	directory, err := filepath.Abs("testdata/door/rules")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/door",
		Setup: func(env *testscript.Env) error {
			server := httptest.NewServer(openDoor(t, directory))
			env.Defer(server.Close)
			env.Setenv("CURB_NODE", server.URL)
			env.Setenv("RULES", directory)
			return nil
		},
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
	})
}

// openDoor is the admin API on a rule set, with a registry that keeps nothing on disk, and three bills.
func openDoor(t *testing.T, directory string) http.Handler {
	t.Helper()
	contents, problems := compile.Dir(os.DirFS(directory), compile.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	snap, err := catalog.New(contents)
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	registry := creative.New(creative.Options{Log: noLog{}, Now: time.Now, Changed: func() {}, Logger: logger,
		Catalog: func() creative.Catalog { return snap }})
	return admin.New(admin.Options{Status: func() admin.Status { return admin.Status{} }, Drain: func() {}, Metrics: http.NotFoundHandler(), Logger: logger,
		Catalog: func() *catalog.Snapshot { return snap }, Creatives: registry, Bills: someBills{}})
}

// noLog keeps nothing.
type noLog struct{}

func (noLog) Append(context.Context, uint8, []byte) error { return nil }
func (noLog) Post(uint8, []byte) error                    { return nil }

// someBills are two bills of a bidder, in two currencies, and one of a line item.
type someBills struct{}

func (someBills) Totals() admin.Totals {
	euro, _ := ad.ParseCurrency("EUR")
	bought := admin.Total{ID: 9701, Bills: 2, Net: 3_150_000_001, BuyerPays: 3_300_000_000}
	managed := admin.Total{Bills: 1, Net: 800_000, BuyerPays: 800_000}
	return admin.Totals{Bills: 3, Net: bought.Net + managed.Net, BuyerPays: bought.BuyerPays + managed.BuyerPays,
		Bidders: []admin.BidderTotal{{Total: managed, Paid: []admin.CurrencyAmount{{Currency: ad.USD, Amount: 800_000}}},
			{Total: bought, Paid: []admin.CurrencyAmount{{Currency: ad.USD, Amount: 1_500_000}, {Currency: euro, Amount: 1_250_000}}}},
		Publishers: []admin.Total{{ID: 10, Bills: 3, Net: bought.Net + managed.Net, BuyerPays: bought.BuyerPays + managed.BuyerPays}},
		LineItems:  []admin.Total{{ID: 3001, Bills: 1, Net: 800_000, BuyerPays: 800_000}}}
}

func (someBills) Recent(n int) []ad.Bill {
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	bill := ad.Bill{Billed: at.Add(time.Second), PostPending: true, Sale: ad.Sale{SaleKey: ad.SaleKey{Auction: ad.AuctionID{0xab}, Impression: 1}, At: at, Publisher: 10,
		Placement: 1002, Owner: 100, Buyer: 201, Bidder: 9701, Creative: 1_000_000_000, Size: ad.Size{W: 728, H: 90}, Net: 1_500_000, BuyerPays: 1_600_000,
		BidPrice: 2_000_000, Paid: 1_550_000, Currency: ad.USD}}
	return []ad.Bill{bill}[:min(n, 1)]
}
