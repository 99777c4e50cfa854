package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"curb/cmd/curbsim/internal/adserver"
	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/wire"
)

// adServerFlags are the flags of the ad server that become settings.
type adServerFlags struct {
	options               adserver.Options
	buckets, items, price string
	own                   []string
}

func adServerCommand(s *shared) *cobra.Command {
	m := &market{shared: s}
	a := &adServerFlags{options: adserver.Options{Settings: adserver.Defaults()}}
	settings := &a.options.Settings
	var listen string
	cmd := m.command("adserver", "Run a third-party ad server for preemptive tags", func() error {
		if err := a.read(); err != nil {
			return err
		}
		return m.addAdServer(wire.Place{Party: "ad server", Addr: listen, Remedy: "choose another with --listen"}, a.options)
	})
	cmd.Long = "Run a third-party ad server: GET /ad?price=&pb=&sealed=&accept=&size=&format= takes the redirect of a preemptive tag, and\n" +
		"either calls the accept URL or serves its own campaign. GET /pixel counts impression pixels.\n\n" +
		"Its line items are one per price bucket (--buckets), or those that curb publisher lineitems printed (--line-items).\n\n" +
		"POST /ctl changes it while it runs: a JSON object with any of\n  " + strings.Join(control.Fields[adserver.Settings](), ", ")
	cmd.Example = "  curbsim adserver --own-price 2.50 --buckets high\n" +
		"  curb publisher lineitems 1002 > lineitems.csv && curbsim adserver --line-items lineitems.csv\n" +
		"  curb publisher lineitems 1002 | curbsim adserver --line-items -"
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:9800", "address to listen on")
	f.Var(&settings.OwnPrice, "own-price", "CPM of its own campaign; 0: none runs")
	f.StringArrayVar(&a.own, "own", nil, "further line item of its own, as NAME=PRICE or NAME=PRICE@SHARE, such as Sponsor=4@0.25; may be repeated")
	f.StringVar(&a.buckets, "buckets", settings.Buckets.Name, "price buckets with a line item each: low, medium, high, auto, dense, or prices such as 0.50,1,2")
	f.StringVar(&a.items, "line-items", "", "file of line items instead, CSV or JSON; -: standard input")
	f.StringVar(&a.price, "price-key", "aead:"+settings.PriceKey.Encryption, "key of sealed prices: aead:KEY, xor:KEY:KEY, none; the default is the demo's")
	f.Uint32Var(&settings.PriceKey.Partner, "publisher", settings.PriceKey.Partner, "publisher whose prices are sealed with it")
	f.StringVar(&settings.Choice, "choice", settings.Choice, "who serves: auto (by price), accept, own")
	f.StringVar(&settings.Answer, "answer", settings.Answer, "how the accept URL is called: redirect, html, js")
	f.Var(&settings.Latency, "latency", "wait before every answer")
	f.StringVar(&settings.Failure, "failure", settings.Failure, "one of none, error_500, empty")
	f.StringSliceVar(&a.options.AcceptHosts, "accept-host", []string{adserver.DemoHost}, "hosts beside loopback that accept URLs may name")
	return cmd
}

// read turns flags into settings.
func (a *adServerFlags) read() (err error) {
	settings := &a.options.Settings
	if settings.PriceKey, err = adserver.ParsePriceKey(a.price, settings.PriceKey.Partner); err != nil {
		return usage("--price-key: %w", err)
	}
	for _, text := range a.own {
		own, err := adserver.ParseOwnLine(text)
		if err != nil {
			return usage("--own: %w", err)
		}
		settings.OwnLines = append(settings.OwnLines, own)
	}
	if settings.Buckets, err = adserver.ParseBuckets(a.buckets); err != nil {
		return usage("--buckets: %w", err)
	}
	if a.items == "" {
		return nil
	}
	file := os.Stdin
	if a.items != "-" {
		if file, err = os.Open(a.items); err != nil {
			return usage("--line-items: %w", err)
		}
		defer file.Close()
	}
	if settings.LineItems, err = adserver.ReadLineItems(file); err != nil {
		return usage("--line-items %s: %w", a.items, err)
	}
	return nil
}
