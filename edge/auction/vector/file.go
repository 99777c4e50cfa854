package vector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"curb/edge/ad"
	"curb/edge/auction"
)

// File is a usable file of vectors.
type File struct {
	Cases []Case
}

// Case is one auction and what is expected of it.
type Case struct {
	Name    string
	Number  int // in the file, from 1; names may repeat
	Setting auction.Setting
	// Bids hold their line items and deals; those refused beforehand have their Reason. Run works on copies.
	Bids   []ad.Bid
	Expect Expect
	// Cents: amounts paid are compared to the cent.
	Cents bool
	// Inexact: fees, currencies or goals divide, so that the sixth decimal may be rounded either way.
	Inexact bool
}

// Expect is what a case demands. What is nil or empty is not checked.
type Expect struct {
	Winner  *string // id of the winner; "" for no sale
	OneOf   []string
	Fair    bool // over many auctions, those of OneOf win equally often
	Stage   *auction.Stage
	Basis   *auction.Basis
	Reasons []Named[string] // per bid, the word the file uses

	Price, Shielded                          *ad.CPM
	SellerGets, BuyerPays, PlatformFee, Paid *ad.CPM
	Net                                      []Named[ad.CPM]
}

// Checks reports whether the case demands anything at all.
func (e *Expect) Checks() bool {
	amounts := []*ad.CPM{e.Price, e.Shielded, e.SellerGets, e.BuyerPays, e.PlatformFee, e.Paid}
	return e.Winner != nil || e.Stage != nil || e.Basis != nil || len(e.OneOf)+len(e.Reasons)+len(e.Net) > 0 ||
		slices.ContainsFunc(amounts, func(a *ad.CPM) bool { return a != nil })
}

// Named is a value for one bid.
type Named[T any] struct {
	Bid   string
	Value T
}

// Parse reads a file. The error, if any, is Problems.
func Parse(data []byte) (*File, error) {
	p := &parser{}
	if len(data) > ad.VectorFileBytesMax {
		p.fail(wholeFile, fmt.Sprintf("larger than %d MiB", ad.VectorFileBytesMax>>20), "split it")
		return nil, p.problems
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		p.fail(wholeFile, describeSyntax(data, err), "write one JSON object with the list \"cases\"")
		return nil, p.problems
	}
	top, ok := p.object(wholeFile, whole)
	if !ok {
		return nil, p.problems
	}
	file := &File{}
	p.header(top)
	cases, present := p.list(top, "cases")
	if !present && !top.has("cases") {
		p.fail("cases", "missing", "list the cases: {\"cases\": [{\"name\": …, \"setting\": …, \"bids\": …, \"expect\": …}]}")
	}
	if len(cases) > ad.VectorCasesMax {
		p.fail("cases", fmt.Sprintf("more than %d", ad.VectorCasesMax), "split the file")
		cases = nil
	}
	for i, raw := range cases {
		p.place = fmt.Sprintf("case %d", i+1)
		if c, ok := p.parseCase(raw); ok {
			c.Number = i + 1
			file.Cases = append(file.Cases, c)
		}
	}
	p.place = ""
	p.unknown(top)
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	return file, nil
}

// header checks what a file says of itself; files that say nothing are taken at their word.
func (p *parser) header(top *object) {
	if money, ok := p.text(top, "money"); ok && money != "USD CPM" {
		p.fail("money", fmt.Sprintf("%q is not known", money), "write \"USD CPM\": prices are USD per thousand impressions")
	}
	order, ok := p.texts(top, "order_of_stages")
	if want := []string{"gate", "private", "open"}; ok && fmt.Sprint(order) != fmt.Sprint(want) {
		p.fail("order_of_stages", fmt.Sprintf("%q is not the order of this auction", order), "write [\"gate\", \"private\", \"open\"]")
	}
	p.skip(top, "$schema", "version", "name", "title")
}

func describeSyntax(data []byte, err error) string {
	offset := int64(-1)
	switch e := err.(type) {
	case *json.SyntaxError:
		offset = e.Offset
	case *json.UnmarshalTypeError:
		offset = e.Offset
	}
	if offset < 0 || offset > int64(len(data)) {
		return err.Error()
	}
	return fmt.Sprintf("line %d: %v", 1+bytes.Count(data[:offset], []byte("\n")), err)
}
