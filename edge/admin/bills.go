package admin

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"curb/edge/ad"
)

// Bills is what the node has billed (edge/ledger).
type Bills interface {
	// Totals sums up all bills.
	Totals() Totals
	// Recent gives the newest bills, newest first, up to n; how far back a node remembers is its own business.
	Recent(n int) []ad.Bill
}

// Totals are sums over all bills.
type Totals struct {
	Bills          uint64
	Net, BuyerPays ad.Amount
	Bidders        []BidderTotal
	Publishers     []Total
	LineItems      []Total
}

// Total is the sum of what one publisher sold, or one line item bought.
type Total struct {
	ID             uint32
	Bills          uint64
	Net, BuyerPays ad.Amount
}

// BidderTotal is the sum of what one bidder bought; bidder 0 is managed demand. Paid is on the scale of its bids.
type BidderTotal struct {
	Total
	Paid []CurrencyAmount
}

// CurrencyAmount is money: Amount in billionths of a currency's unit, and whole units beside it, since bills in the smallest
// currencies add up to more than billionths have room for.
type CurrencyAmount struct {
	Currency ad.Currency
	Amount   ad.Amount
	Units    int64
}

// RecentMax bounds ?last= of GET /v1/bills.
const RecentMax = 1000

// The forms of GET /v1/bills. Money is exact decimal text: USD for sums, price per thousand impressions for bills.
type (
	// BillsAnswer is the whole answer.
	BillsAnswer struct {
		Bills      uint64       `json:"bills"`
		Net        string       `json:"net"`
		BuyerPays  string       `json:"buyer_pays"`
		Bidders    []BidderLine `json:"bidders"`
		Publishers []TotalLine  `json:"publishers"`
		LineItems  []TotalLine  `json:"line_items"`
		Last       []BillLine   `json:"last,omitempty"` // with ?last=
	}
	// TotalLine is one sum.
	TotalLine struct {
		ID        uint32 `json:"id"`
		Bills     uint64 `json:"bills"`
		Net       string `json:"net"`
		BuyerPays string `json:"buyer_pays"`
	}
	// BidderLine is the sum of one bidder; 0 is managed demand.
	BidderLine struct {
		TotalLine
		Paid map[string]string `json:"paid"` // by currency
	}
	// BillLine is one bill.
	BillLine struct {
		Auction     string    `json:"auction_id"`
		Impression  int       `json:"impression"`
		Kind        string    `json:"kind"`
		At          time.Time `json:"at"`
		Billed      time.Time `json:"billed"`
		PostPending bool      `json:"post_pending"`
		Publisher   uint32    `json:"publisher"`
		Placement   uint32    `json:"placement"`
		Owner       uint32    `json:"owner"`
		Buyer       uint32    `json:"buyer"`
		Bidder      uint32    `json:"bidder"`
		LineItem    uint32    `json:"line_item"`
		Creative    uint32    `json:"creative"`
		Deal        string    `json:"deal"`
		Size        string    `json:"size"`
		Net         string    `json:"net"`
		BuyerPays   string    `json:"buyer_pays"`
		BidPrice    string    `json:"bid_price"`
		Paid        string    `json:"paid"`
		Currency    string    `json:"currency"`
	}
)

func writeBills(w http.ResponseWriter, r *http.Request, bills Bills) {
	last := 0
	refused := parameters(r.URL.Query(), map[string]func(string) (string, bool){"last": func(text string) (string, bool) {
		var err error
		last, err = strconv.Atoi(text)
		return fmt.Sprintf("write 1 to %d", RecentMax), err == nil && last >= 1 && last <= RecentMax
	}})
	if refused != nil {
		refused.write(w)
		return
	}
	t := bills.Totals()
	out := BillsAnswer{Bills: t.Bills, Net: dollars(t.Net), BuyerPays: dollars(t.BuyerPays), Bidders: []BidderLine{},
		Publishers: totals(t.Publishers), LineItems: totals(t.LineItems)}
	for _, b := range t.Bidders {
		line := BidderLine{totals([]Total{b.Total})[0], map[string]string{}}
		for _, p := range b.Paid {
			line.Paid[p.Currency.String()] = decimal(p.Units, p.Amount)
		}
		out.Bidders = append(out.Bidders, line)
	}
	if last > 0 {
		out.Last = []BillLine{}
		for _, b := range bills.Recent(last) {
			out.Last = append(out.Last, billOf(&b))
		}
	}
	writeJSON(w, http.StatusOK, out)
}

func totals(all []Total) []TotalLine {
	out := make([]TotalLine, len(all))
	for i, t := range all {
		out[i] = TotalLine{t.ID, t.Bills, dollars(t.Net), dollars(t.BuyerPays)}
	}
	return out
}

func billOf(b *ad.Bill) BillLine {
	x := BillLine{Auction: b.Auction.String(), Impression: int(b.Impression), At: b.At, Billed: b.Billed, PostPending: b.PostPending,
		Kind: b.Kind.String(), Publisher: uint32(b.Publisher), Placement: uint32(b.Placement), Owner: uint32(b.Owner), Buyer: uint32(b.Buyer),
		Bidder: uint32(b.Bidder), LineItem: uint32(b.LineItem), Creative: uint32(b.Creative), Deal: b.Deal, Net: b.Net.String(),
		BuyerPays: b.BuyerPays.String(), BidPrice: b.BidPrice.String(), Paid: b.Paid.String(), Currency: b.Currency.String()}
	if b.Size != (ad.Size{}) {
		x.Size = b.Size.String()
	}
	return x
}

// dollars writes nano-units as the shortest decimal text, exact.
func dollars(a ad.Amount) string { return decimal(0, a) }

// decimal writes whole units and nano-units, of one sign, as the shortest decimal text, exact.
func decimal(units int64, a ad.Amount) string {
	sign, u := "", uint64(a)
	if a < 0 || units < 0 {
		sign, u, units = "-", -u, -units
	}
	text := fmt.Sprintf("%s%d.%09d", sign, uint64(units)+u/uint64(ad.DollarAmount), u%uint64(ad.DollarAmount))
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
