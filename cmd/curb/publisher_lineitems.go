package main

import (
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"curb/edge/ad"
	"curb/edge/admin"
)

// perOrderDefault is how many line items the large ad servers take in one order.
const perOrderDefault = 450

// lineItemFlags are what curb publisher lineitems was asked for.
type lineItemFlags struct {
	format, adServer, key, macro, acceptKey string
	perOrder                                int
	member                                  uint32
}

// adServerLine is a line item of a publisher's ad server: one price step.
type adServerLine struct {
	Order     string   `json:"order"`
	Name      string   `json:"name"`
	Price     string   `json:"price"` // CPM, as the key's value is written
	Currency  string   `json:"currency"`
	Key       string   `json:"key"`
	Value     string   `json:"value"`
	Targeting string   `json:"targeting"`
	Sizes     []string `json:"sizes"`
	Creative  string   `json:"creative"`
}

func (p *publisherCommand) newLineItems() *cobra.Command {
	var f lineItemFlags
	cmd := &cobra.Command{
		Use: "lineitems PLACEMENT", Short: "Write the line items that a publisher's ad server needs", Args: cobra.ExactArgs(1),
		Long: "Write one line item per price step of the publisher, for the ad server that preemptive tags of the placement call: each is targeted to\n" +
			"its price, and its creative calls the ad back. The names of the two parameters are read from the ad server's URL in the rule set.\n\n" +
			"--macro is how the ad server writes a parameter of its call into a creative, with NAME for the parameter's name.",
		Example: "  curb publisher lineitems home-banner > lineitems.csv\n" +
			"  curb publisher lineitems 1002 --ad-server own --key pb --format json",
		RunE: func(cmd *cobra.Command, args []string) error { return p.writeLineItems(cmd, args[0], &f) },
	}
	cmd.Flags().StringVar(&f.format, "format", "csv", "csv or json")
	cmd.Flags().StringVar(&f.adServer, "ad-server", "", "which of the placement's ad servers (default: the first)")
	cmd.Flags().StringVar(&f.key, "key", "", "key of the price (default: the parameter that has {PRICEBUCKET}, else pb)")
	cmd.Flags().StringVar(&f.acceptKey, "accept-key", "", "key of the accept URL (default: the parameter that has {ACCEPT_URL}, else accept)")
	cmd.Flags().StringVar(&f.macro, "macro", "%%PATTERN:NAME%%", "how the ad server writes the value of a key, with NAME for the key")
	cmd.Flags().IntVar(&f.perOrder, "per-order", perOrderDefault, "line items per order; more are split")
	cmd.Flags().Uint32Var(&f.member, "member", 0, "owner of the placement, where several have its code")
	return cmd
}

func (p *publisherCommand) writeLineItems(cmd *cobra.Command, ref string, f *lineItemFlags) error {
	switch {
	case f.format != "csv" && f.format != "json":
		return fail(exitUsage, "unknown format %q: use csv or json", f.format)
	case f.perOrder < 1:
		return fail(exitUsage, "--per-order %d: an order has at least one line item", f.perOrder)
	case !strings.Contains(f.macro, "NAME"):
		return fail(exitUsage, "--macro %q: write NAME where the key stands", f.macro)
	}
	place, err := p.placement(cmd.Context(), ref, f.member)
	if err != nil {
		return err
	}
	if err := f.keys(place); err != nil {
		return err
	}
	lines, orders, err := f.lines(place)
	if err != nil {
		return err
	}
	if f.format == "json" {
		err = writeJSON(cmd.OutOrStdout(), lines, "  ")
	} else {
		err = writeLineCSV(cmd.OutOrStdout(), lines)
	}
	if err != nil {
		return fail(exitFailed, "write the line items: %w", err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s in %s\n", count(len(lines), "line item"), count(orders, "order"))
	if len(place.Sizes) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "note: the placement has no size of its own: give the line items theirs in the ad server")
	}
	if len(lines) > perOrderDefault {
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: ad servers take about %d line items per order; larger price steps (price_buckets) need fewer\n", perOrderDefault)
	}
	return nil
}

// keyMax bounds a key's name: what the large ad servers take.
const keyMax = 20

// keys fills in the names of the two parameters.
func (f *lineItemFlags) keys(place *admin.Placement) error {
	if len(place.AdServers) == 0 {
		return noAdServer()
	}
	i := slices.IndexFunc(place.AdServers, func(s admin.AdServer) bool { return f.adServer == "" || s.Name == f.adServer })
	if i < 0 {
		return fail(exitNotFound, "the placement has no ad server %q: its rule has them below ad_servers", f.adServer)
	}
	server := place.AdServers[i]
	for _, k := range []struct {
		key                 *string
		flag, told, without string
	}{{&f.key, "--key", server.PriceParameter, "pb"}, {&f.acceptKey, "--accept-key", server.AcceptParameter, "accept"}} {
		if *k.key == "" {
			*k.key = k.told
		}
		if *k.key == "" {
			*k.key = k.without
		}
		if len(*k.key) > keyMax || strings.Trim(*k.key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") != "" {
			return fail(exitUsage, "%q is no key for an ad server: use up to %d letters, digits and _ - . with %s", *k.key, keyMax, k.flag)
		}
	}
	return nil
}

// lines are the line items, one per price step, and how many orders they fill.
func (f *lineItemFlags) lines(place *admin.Placement) (lines []adServerLine, orders int, err error) {
	buckets, err := readBuckets(place.PriceBuckets)
	if err != nil {
		return nil, 0, err
	}
	total := buckets.LineCount()
	orders = (total + f.perOrder - 1) / f.perOrder
	creative := `<script async src="` + html.EscapeString(strings.ReplaceAll(f.macro, "NAME", f.acceptKey)) + `"></script>`
	for bucket := range buckets.Lines() {
		price := string(buckets.AppendLine(nil, bucket))
		order := "Curb " + place.PublisherName
		if orders > 1 {
			order += fmt.Sprintf(" %d of %d", len(lines)/f.perOrder+1, orders)
		}
		lines = append(lines, adServerLine{Order: order, Name: "Curb " + price, Price: price, Currency: "USD", Key: f.key, Value: price,
			Targeting: f.key + "=" + price, Sizes: place.Sizes, Creative: creative})
	}
	return lines, orders, nil
}

// readBuckets reads what the API says of price steps.
func readBuckets(b admin.Buckets) (ad.Buckets, error) {
	out := ad.Buckets{Precision: uint8(b.Precision)}
	for _, r := range b.Ranges {
		most, err := ad.ParseCPM([]byte(r.Max))
		step, stepErr := ad.ParseCPM([]byte(r.Increment))
		if err != nil || stepErr != nil || step == 0 {
			return out, fail(exitFailed, "the node's price steps cannot be read: node and curb should be of one version")
		}
		out.Ranges = append(out.Ranges, ad.BucketRange{Max: most, Increment: step})
	}
	if err := out.Validate(); err != nil {
		return out, fail(exitFailed, "the node's price steps make no sense: %w", err)
	}
	return out, nil
}

func writeLineCSV(w io.Writer, lines []adServerLine) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"order", "line_item", "price_cpm", "currency", "key", "value", "targeting", "sizes", "creative"}); err != nil {
		return err
	}
	for _, l := range lines {
		if err := out.Write([]string{l.Order, l.Name, l.Price, l.Currency, l.Key, l.Value, l.Targeting, strings.Join(l.Sizes, " "), l.Creative}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
