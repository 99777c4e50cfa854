package main

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"curb/cmd/curbsim/internal/adserver"
	"curb/cmd/curbsim/internal/bidder"
	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/pages"
	"curb/cmd/curbsim/internal/provider"
	"curb/cmd/curbsim/internal/wire"
)

func (m *market) addBidder(place wire.Place, settings bidder.Settings) error {
	listener, base, err := m.open(spot{place, true})
	if err != nil {
		return err
	}
	b, err := bidder.Start(listener, base, settings)
	if err != nil {
		return usage("%s: %w", place.Party, err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	m.add(party{Name: "bidder " + port, URL: base, About: aboutBidder(&settings), stop: b.Stop})
	return nil
}

// aboutBidder describes a bidder's settings in a line.
func aboutBidder(s *bidder.Settings) string {
	about := fmt.Sprintf("seat %s, bids %s %s", s.Seat, s.Price, s.Currency)
	if s.Failure != "none" {
		about = fmt.Sprintf("seat %s, answers %s", s.Seat, s.Failure)
	}
	if s.Latency > 0 || s.Jitter > 0 {
		about += ", after " + s.Latency.String()
		if s.Jitter > 0 {
			about += " to " + (s.Latency + s.Jitter).String()
		}
	}
	if s.Deal != "" {
		about += ", uses deals"
	}
	if s.Probability < 1 {
		about += fmt.Sprintf(", on %.0f %% of requests", 100*s.Probability)
	}
	if s.Bids != 1 {
		about += fmt.Sprintf(", %d bids each", s.Bids)
	}
	return about
}

func (m *market) addProvider(place wire.Place, settings provider.Settings) error {
	listener, base, err := m.open(spot{place, false})
	if err != nil {
		return err
	}
	p, err := provider.Start(listener, settings)
	if err != nil {
		return usage("%s: %w", place.Party, err)
	}
	m.add(party{Name: "data provider", URL: base, About: "answers with " + strconv.Itoa(len(settings.Codes)) + " segments; /topics judges the page", stop: p.Stop})
	return nil
}

func (m *market) addAdServer(place wire.Place, options adserver.Options) error {
	listener, base, err := m.open(spot{place, false})
	if err != nil {
		return err
	}
	a, err := adserver.Start(listener, options)
	if err != nil {
		return usage("%s: %w", place.Party, err)
	}
	about := fmt.Sprintf("GET /ad?price=&pb=&accept=; own campaign at %s", options.Settings.OwnPrice)
	m.add(party{Name: "ad server", URL: base, About: about, stop: a.Stop})
	return nil
}

func (m *market) addPages(place wire.Place, settings pages.Settings) error {
	listener, base, err := m.open(spot{place, false})
	if err != nil {
		return err
	}
	options := pages.Options{Settings: settings}
	for _, p := range m.parties {
		options.Parties = append(options.Parties, pages.Link{Name: p.Name, URL: p.URL, About: p.About})
	}
	p, err := pages.Start(listener, options)
	if err != nil {
		return usage("%s: %w", place.Party, err)
	}
	m.add(party{Name: "pages", URL: base + "/", About: "open this; its tags call " + settings.Node, stop: p.Stop})
	return nil
}

// seatFor is the seat a bidder on a port gets unless told: 200 + n on port 970n, else 201.
func seatFor(port uint16) int {
	if port > 9700 && port < 9800 {
		return int(port-9700) + 200
	}
	return 201
}

func bidderCommand(s *shared) *cobra.Command {
	m := &market{shared: s}
	settings := bidder.Defaults(201, 1_000_000)
	var listen string
	var count int
	var prices []string
	var cmd *cobra.Command
	cmd = m.command("bidder", "Run one bidder, or several on consecutive ports", func() error {
		if err := readPrices(&settings, prices); err != nil {
			return err
		}
		return m.startBidders(cmd.Flags(), listen, count, settings)
	})
	cmd.Long = "Run a bidder: POST /bid takes OpenRTB 2.6, GET /ready answers 1.\n\n" +
		"POST /ctl changes it while it runs: a JSON object with any of\n  " + strings.Join(control.Fields[bidder.Settings](), ", ") +
		"\n\nFailures, for --failure and the field failure:\n" + bidder.FailureHelp()
	cmd.Example = "  curbsim bidder --price 1.20 --latency 30ms --jitter 20ms\n  curbsim bidder --count 20 --listen 127.0.0.1:9701 --tls --ca-out ca.pem"
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:9701", "address of the first bidder")
	f.IntVar(&count, "count", 1, "number of bidders, on consecutive ports and seats")
	f.StringVar(&settings.Seat, "seat", "", "seat it bids for (default 200+n on port 970n, else 201)")
	f.Var(&settings.Price, "price", "CPM it bids, decimal")
	f.StringSliceVar(&prices, "prices", nil, "CPM by size, such as 300x250=2.50,728x90=1.10")
	f.StringVar(&settings.Currency, "currency", settings.Currency, "currency it bids in")
	f.Var(&settings.Latency, "latency", "wait before every answer")
	f.Var(&settings.Jitter, "jitter", "up to so much more")
	f.StringVar(&settings.Failure, "failure", settings.Failure, "way of answering badly, see above")
	f.Float64Var(&settings.Probability, "probability", 1, "share of requests it bids on, 0 to 1")
	f.IntVar(&settings.Bids, "bids", 1, "bids per impression, each a cent below the one before")
	f.StringSliceVar(&settings.Sizes, "sizes", settings.Sizes, "sizes it has creatives for")
	f.StringVar(&settings.Creative, "creative", settings.Creative, "creative code; {size} becomes the size")
	f.StringSliceVar(&settings.Adomain, "adomain", nil, "advertiser domains (default brand-SEAT.example)")
	f.StringVar(&settings.Markup, "markup", "", "markup sent with each bid; empty: the registered creative's")
	f.StringVar(&settings.Deal, "deal", "", "deal it uses where offered; *: the one with the highest floor")
	f.Var(&settings.DealPrice, "deal-price", "CPM under a deal; 0: its price, raised to the deal's floor")
	f.BoolVar(&settings.Notices, "notices", false, "bids carry win, billing and loss notice URLs")
	f.StringVar(&settings.NotifyFailure, "notify-failure", settings.NotifyFailure, "way of taking notices badly: error_500, hang, close, refuse")
	f.BoolVar(&settings.Compress, "compress", false, "answers use gzip or zstd where the request accepts it")
	m.tlsFlags(f)
	return cmd
}

func readPrices(settings *bidder.Settings, pairs []string) error {
	settings.Prices = map[string]control.Price{}
	for _, pair := range pairs {
		size, text, ok := strings.Cut(pair, "=")
		if !ok {
			return usage("--prices: %q is not SIZE=PRICE, such as 300x250=2.50", pair)
		}
		price, err := control.ParsePrice(text)
		if err != nil {
			return usage("--prices: %w", err)
		}
		settings.Prices[size] = price
	}
	return nil
}

func (m *market) startBidders(flags *pflag.FlagSet, listen string, count int, settings bidder.Settings) error {
	if count < 1 || count > biddersMax {
		return usage("--count %d: not from 1 to %d", count, biddersMax)
	}
	host, portText, err := net.SplitHostPort(listen)
	port, portErr := strconv.ParseUint(portText, 10, 16)
	if err != nil || portErr != nil {
		return usage("--listen %q: not host:port, such as 127.0.0.1:9701", listen)
	}
	if int(port)+count-1 > 65535 {
		return usage("--listen %s --count %d: the last port would be above 65535", listen, count)
	}
	first := seatFor(uint16(port))
	if settings.Seat != "" {
		if first, err = strconv.Atoi(settings.Seat); err != nil && count > 1 {
			return usage("--seat %q: several bidders need a number to count from", settings.Seat)
		}
	}
	for n := range count {
		own := settings
		if settings.Seat == "" || count > 1 {
			own.Seat = strconv.Itoa(first + n)
		}
		if !flags.Changed("adomain") {
			own.Adomain = []string{"brand-" + own.Seat + ".example"}
		}
		addr := net.JoinHostPort(host, portOf(uint16(port), n))
		place := wire.Place{Party: "bidder " + own.Seat, Addr: addr, Remedy: "choose another with --listen"}
		if err := m.addBidder(place, own); err != nil {
			return err
		}
	}
	return nil
}

func providerCommand(s *shared) *cobra.Command {
	m := &market{shared: s}
	settings := provider.Defaults()
	var listen string
	cmd := m.command("provider", "Run a data provider", func() error {
		return m.addProvider(wire.Place{Party: "data provider", Addr: listen, Remedy: "choose another with --listen"}, settings)
	})
	cmd.Long = "Run a data provider: any GET is answered with segment codes, one per line, each with an optional :value; GET /ready answers 1.\n" +
		"Paths may have answers of their own, with POST /ctl {\"paths\": {\"/topics\": {\"codes\": [\"markets:80\"]}}}; /topics has."
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:9720", "address to listen on")
	f.StringSliceVar(&settings.Codes, "codes", settings.Codes, "segment codes it answers with")
	f.Var(&settings.Latency, "latency", "wait before every answer")
	f.StringVar(&settings.Failure, "failure", settings.Failure, "one of "+strings.Join(provider.Failures(), ", "))
	return cmd
}

func pagesCommand(s *shared) *cobra.Command {
	m := &market{shared: s}
	settings := pages.Defaults()
	var listen string
	cmd := m.command("pages", "Serve a publisher's pages", func() error {
		if target, err := url.Parse(settings.Node); err != nil || target.Scheme != "https" {
			return usage("--node %q: not an https origin, such as https://localhost:8443", settings.Node)
		}
		return m.addPages(wire.Place{Party: "pages", Addr: listen, Remedy: "choose another with --listen"}, settings)
	})
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:9900", "address to listen on")
	f.StringVar(&settings.Node, "node", settings.Node, "origin of the node that the tags call")
	f.Uint32Var(&settings.Direct, "direct", settings.Direct, "placement of /direct")
	f.Uint32Var(&settings.OpenRTB, "openrtb", settings.OpenRTB, "placement of /openrtb")
	f.Uint32Var(&settings.Preemptive, "preemptive", settings.Preemptive, "placement of /preemptive and its like")
	f.StringVar(&settings.AdServer, "ad-server", settings.AdServer, "origin of the publisher's ad server, asked what it chose")
	return cmd
}
