package main

import (
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"curb/cmd/curbsim/internal/adserver"
	"curb/cmd/curbsim/internal/bidder"
	"curb/cmd/curbsim/internal/pages"
	"curb/cmd/curbsim/internal/provider"
	"curb/cmd/curbsim/internal/wire"
)

// biddersMax bounds the bidders one process runs.
const biddersMax = 200

// up is the whole market of the demo.
type up struct {
	market
	host         string
	bidders      int
	bidderPort   uint16
	providerPort uint16
	adServerPort uint16
	pagesPort    uint16
	node         string
}

func upCommand(s *shared) *cobra.Command {
	u := &up{market: market{shared: s}}
	cmd := u.command("up", "Run all simulated parties on the demo's ports", u.start)
	cmd.Long = "Run all simulated parties: bidders, a data provider, an ad server and a publisher's pages.\n" +
		"They wait to be asked and make no traffic of their own."
	cmd.Example = "  curbsim up\n  curbsim up --for 30s --bidders 3\n  curl -d '{\"failure\": \"silent\"}' http://127.0.0.1:9704/ctl"
	f := cmd.Flags()
	f.StringVar(&u.host, "host", "127.0.0.1", "address to listen on")
	f.IntVar(&u.bidders, "bidders", 8, "number of bidders")
	f.Uint16Var(&u.bidderPort, "bidder-port", 9701, "port of the first bidder, the others follow; 0: free ports")
	f.Uint16Var(&u.providerPort, "provider-port", 9720, "port of the data provider; 0: a free one")
	f.Uint16Var(&u.adServerPort, "adserver-port", 9800, "port of the ad server; 0: a free one")
	f.Uint16Var(&u.pagesPort, "pages-port", 9900, "port of the publisher's pages; 0: a free one")
	f.StringVar(&u.node, "node", pages.Defaults().Node, "origin of the node that the pages call")
	u.tlsFlags(f)
	return cmd
}

func (u *up) start() error {
	if u.bidders < 1 || u.bidders > biddersMax {
		return usage("--bidders %d: not from 1 to %d", u.bidders, biddersMax)
	}
	for n := range u.bidders {
		if err := u.startBidder(n); err != nil {
			return err
		}
	}
	if err := u.startProvider(); err != nil {
		return err
	}
	if err := u.startAdServer(); err != nil {
		return err
	}
	return u.startPages()
}

func (u *up) startBidder(n int) error {
	place := wire.Place{
		Party: fmt.Sprintf("bidder %d", n+1), Addr: net.JoinHostPort(u.host, portOf(u.bidderPort, n)),
		Remedy: "choose other ports with --bidder-port",
	}
	return u.addBidder(place, bidder.Demo(n+1))
}

func (u *up) startProvider() error {
	place := wire.Place{
		Party: "data provider", Addr: net.JoinHostPort(u.host, strconv.Itoa(int(u.providerPort))),
		Remedy: "choose another with --provider-port",
	}
	return u.addProvider(place, provider.Defaults())
}

func (u *up) startAdServer() error {
	place := wire.Place{
		Party: "ad server", Addr: net.JoinHostPort(u.host, strconv.Itoa(int(u.adServerPort))),
		Remedy: "choose another with --adserver-port",
	}
	return u.addAdServer(place, adserver.Options{Settings: adserver.Defaults(), AcceptHosts: []string{adserver.DemoHost}})
}

func (u *up) startPages() error {
	place := wire.Place{
		Party: "pages", Addr: net.JoinHostPort(u.host, strconv.Itoa(int(u.pagesPort))),
		Remedy: "choose another with --pages-port",
	}
	settings := pages.Defaults()
	settings.Node = u.node
	for _, p := range u.parties {
		if p.Name == "ad server" {
			settings.AdServer = p.URL
		}
	}
	return u.addPages(place, settings)
}
