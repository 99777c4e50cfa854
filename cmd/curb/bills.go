package main

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"curb/edge/admin"
)

func newBillsCommand() *cobra.Command {
	var at, output string
	var last int
	cmd := &cobra.Command{
		Use:   "bills",
		Short: "What a node has billed: sums, or the newest bills",
		Long: "What a node has billed: sums by bidder, publisher and line item, or with --last the newest bills. Sums are in USD, bills in USD per thousand\n" +
			"impressions; what was paid also in the currency of the bid. All of it is exact.\n\n" +
			"Exit codes: 0 done, 1 the node refuses, 2 the arguments make no sense, 5 no node answers.",
		Example: "  curb bills\n  curb bills --last 20\n  curb bills -o json | jq .net",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkOutput(output); err != nil {
				return err
			}
			path := "/v1/bills"
			if cmd.Flags().Changed("last") {
				if last < 1 || last > admin.RecentMax {
					return fail(exitUsage, "--last %d is out of range: write 1 to %d", last, admin.RecentMax)
				}
				path += "?last=" + strconv.Itoa(last)
			}
			var b admin.BillsAnswer
			if _, err := ask(cmd.Context(), at, question{method: http.MethodGet, path: path}, &b); err != nil {
				return err
			}
			var err error
			if cmd.Flags().Changed("last") {
				err = billListing.print(cmd.OutOrStdout(), output, b.Last)
			} else {
				err = printBills(cmd.OutOrStdout(), output, &b)
			}
			if err != nil {
				return fail(exitFailed, "print the bills: %w", err)
			}
			return nil
		},
	}
	addNodeFlag(cmd, &at)
	addOutputFlag(cmd, &output)
	cmd.Flags().IntVar(&last, "last", 0, "the newest bills, up to this many, newest first")
	return cmd
}

var billListing = listing[admin.BillLine]{
	head: "BILLED\tAUCTION\tIMP\tKIND\tPLACEMENT\tBUYER\tBIDDER\tLINE ITEM\tCREATIVE\tNET\tBUYER PAYS\tPAID\tFROM AD SERVER",
	row: func(b admin.BillLine) string {
		return fmt.Sprintf("%s\t%s\t%d\t%s\t%d\t%d\t%s\t%s\t%d\t%s\t%s\t%s %s\t%v", b.Billed.UTC().Format("2006-01-02 15:04:05"), cell(b.Auction), b.Impression,
			cell(b.Kind), b.Placement, b.Buyer, idCell(b.Bidder), idCell(b.LineItem), b.Creative, b.Net, b.BuyerPays, b.Paid, b.Currency, b.PostPending)
	},
	name: func(b admin.BillLine) string { return fmt.Sprintf("%s/%d", b.Auction, b.Impression) },
}

func idCell(id uint32) string {
	if id == 0 {
		return "-"
	}
	return strconv.Itoa(int(id))
}

// printBills writes the sums. Their names are those of the bidders: bidder 0 is managed demand.
func printBills(w io.Writer, output string, b *admin.BillsAnswer) error {
	switch output {
	case "json":
		return writeJSON(w, b, "  ")
	case "jsonl":
		return writeJSON(w, b, "")
	case "yaml":
		return writeYAML(w, b)
	case "name":
		for _, x := range b.Bidders {
			if _, err := fmt.Fprintln(w, x.ID); err != nil {
				return err
			}
		}
		return nil
	}
	fmt.Fprintf(w, "%s · net %s USD · buyers pay %s USD\n", count(int(b.Bills), "bill"), b.Net, b.BuyerPays)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	if len(b.Bidders) > 0 {
		fmt.Fprint(t, "\nBIDDER\tBILLS\tNET\tBUYER PAYS\tPAID\n")
	}
	for _, x := range b.Bidders {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", managed(x.ID), x.Bills, x.Net, x.BuyerPays, paidCell(x.Paid))
	}
	for _, part := range []struct {
		head  string
		lines []admin.TotalLine
	}{{"PUBLISHER", b.Publishers}, {"LINE ITEM", b.LineItems}} {
		if len(part.lines) > 0 {
			fmt.Fprintf(t, "\n%s\tBILLS\tNET\tBUYER PAYS\n", part.head)
		}
		for _, x := range part.lines {
			fmt.Fprintf(t, "%d\t%d\t%s\t%s\n", x.ID, x.Bills, x.Net, x.BuyerPays)
		}
	}
	return t.Flush()
}

// managed is a bidder's id, or a word where there is none.
func managed(bidder uint32) string {
	if bidder == 0 {
		return "managed"
	}
	return strconv.Itoa(int(bidder))
}

// paidCell writes what was paid, in order of currency.
func paidCell(paid map[string]string) string {
	var parts []string
	for _, currency := range slices.Sorted(maps.Keys(paid)) {
		parts = append(parts, paid[currency]+" "+currency)
	}
	return cell(strings.Join(parts, ", "))
}
