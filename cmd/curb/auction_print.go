package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"curb/edge/ad"
	"curb/edge/auction/vector"
)

var auctionOutputs = []string{"table", "json", "jsonl", "yaml", "name"}

// reasonsShown is how many reasons a line of the table holds; -o json has them all.
const reasonsShown = 12

// dollars prints as a JSON number.
type dollars ad.CPM

// MarshalJSON writes the shortest exact decimal.
func (d dollars) MarshalJSON() ([]byte, error) { return ad.CPM(d).Append(nil), nil }

// auctionRecord is one case in JSON and YAML. What only a sale has is null without one.
type auctionRecord struct {
	Case        string            `json:"case"`
	Winner      *string           `json:"winner"`
	Price       *dollars          `json:"price"`
	Stage       *string           `json:"stage"`
	Basis       *string           `json:"basis"`
	Reasons     map[string]string `json:"reasons"`
	Shielded    dollars           `json:"shielded_revenue"`
	SellerGets  *dollars          `json:"seller_gets"`
	BuyerPays   *dollars          `json:"buyer_pays"`
	PlatformFee *dollars          `json:"platform_fee"`
	Paid        *dollars          `json:"paid"`
	Currency    *string           `json:"currency"`
	Shares      map[string]int    `json:"wins_over_auctions,omitempty"`
	Pass        *bool             `json:"pass"` // null for a case that expects nothing
	Unchecked   bool              `json:"unchecked,omitempty"`
	Problems    []string          `json:"problems"`
}

func newAuctionRecord(o *vector.Outcome) auctionRecord {
	r := auctionRecord{Case: o.Case, Reasons: map[string]string{}, Shielded: dollars(o.Result.Shielded), Unchecked: o.Unchecked, Problems: o.Problems}
	if !o.Unchecked {
		pass := o.Pass()
		r.Pass = &pass
	}
	if r.Problems == nil {
		r.Problems = []string{}
	}
	for _, reason := range o.Reasons {
		r.Reasons[reason.Bid] = reason.Value.String()
	}
	if len(o.Shares) > 0 {
		r.Shares = map[string]int{}
		for _, s := range o.Shares {
			r.Shares[s.Bid] = s.Value
		}
	}
	if o.Result.Winner < 0 {
		return r
	}
	amount := func(c ad.CPM) *dollars { d := dollars(c); return &d }
	text := func(s fmt.Stringer) *string { t := s.String(); return &t }
	r.Winner, r.Stage, r.Basis = &o.Winner, text(o.Result.Stage), text(o.Result.Basis)
	r.Price, r.SellerGets = amount(o.Result.ClearPrice), amount(o.Result.ClearPrice)
	r.BuyerPays, r.PlatformFee = amount(o.Result.BuyerPays), amount(o.Result.PlatformFee())
	r.Paid, r.Currency = amount(o.Result.Paid), text(o.Result.Currency)
	return r
}

// print writes the outcomes in the form that was asked for.
func (a *auctionRun) print(w io.Writer, outcomes []*vector.Outcome) error {
	switch a.output {
	case "name":
		for _, o := range outcomes {
			if _, err := fmt.Fprintln(w, shown(o.Case)); err != nil {
				return err
			}
		}
		return nil
	case "table":
		return a.printTable(w, outcomes)
	}
	records := make([]auctionRecord, len(outcomes))
	for i, o := range outcomes {
		records[i] = newAuctionRecord(o)
	}
	switch a.output {
	case "jsonl":
		encoder := json.NewEncoder(w)
		for i := range records {
			if err := encoder.Encode(&records[i]); err != nil {
				return err
			}
		}
		return nil
	case "yaml":
		return writeYAML(w, records)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(records)
}

func (a *auctionRun) printTable(w io.Writer, outcomes []*vector.Outcome) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "CASE\tRESULT\tWINNER\tPRICE\tSTAGE\tREASONS")
	for _, o := range outcomes {
		winner, price, stage := "-", "-", "-"
		if o.Result.Winner >= 0 {
			winner, price, stage = shown(o.Winner), o.Result.ClearPrice.String(), o.Result.Stage.String()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", shown(o.Case), verdict(o), winner, price, stage, shortReasons(o))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, o := range outcomes {
		if o.Failed() || a.trace {
			if err := tellCase(w, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func verdict(o *vector.Outcome) string {
	switch {
	case o.Failed():
		return "FAIL"
	case o.Unchecked:
		return "unchecked"
	}
	return "pass"
}

// tellCase writes what was wrong with a case, and how its auction went.
func tellCase(w io.Writer, o *vector.Outcome) error {
	text := fmt.Sprintf("\n%s  %s\n", verdict(o), shown(o.Case))
	for _, p := range o.Problems {
		text += "  problem  " + shownLine(p) + "\n"
	}
	for line := range strings.Lines(o.Trace.String()) {
		text += "  " + line
	}
	_, err := io.WriteString(w, text)
	return err
}

// shortReasons lists why the others lost.
func shortReasons(o *vector.Outcome) string {
	var words []string
	for _, r := range o.Reasons {
		if r.Value != ad.Won {
			words = append(words, shown(r.Bid)+"="+r.Value.String())
		}
	}
	if more := len(words) - reasonsShown; more > 0 {
		words = append(words[:reasonsShown], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, " ")
}

// shown is a name from a file as a terminal may print it.
func shown(name string) string {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.QuoteToASCII(name)
	}
	return name
}

// shownLine keeps a sentence as it is and spells out what a terminal would obey.
func shownLine(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}
