package node

import (
	"encoding/hex"

	"curb/edge/ad"
	"curb/edge/admin"
	"curb/edge/ledger"
	"curb/edge/notice"
)

// shownBills is the ledger as the operator's door shows it.
type shownBills struct{ *ledger.Ledger }

// Totals sums up all bills.
func (b shownBills) Totals() admin.Totals {
	t := b.Ledger.Totals()
	out := admin.Totals{Bills: uint64(t.Count), Net: t.Net, BuyerPays: t.BuyerPays}
	total := func(id uint32, m ledger.Money) admin.Total {
		return admin.Total{ID: id, Bills: uint64(m.Count), Net: m.Net, BuyerPays: m.BuyerPays}
	}
	for _, one := range t.Bidders {
		line := admin.BidderTotal{Total: total(uint32(one.Bidder), one.Money)}
		for _, paid := range one.Paid {
			line.Paid = append(line.Paid, paidAmount(paid))
		}
		out.Bidders = append(out.Bidders, line)
	}
	for _, one := range t.Publishers {
		out.Publishers = append(out.Publishers, total(uint32(one.Publisher), one.Money))
	}
	for _, one := range t.LineItems {
		out.LineItems = append(out.LineItems, total(uint32(one.LineItem), one.Money))
	}
	return out
}

// paidAmount turns prices per thousand impressions, added up, into money: a price of a micro-unit is a billionth per
// impression.
func paidAmount(p ledger.Paid) admin.CurrencyAmount {
	const thousand = 1000
	nano := p.Sum.Units%thousand*int64(ad.Dollar) + p.Sum.Micros
	return admin.CurrencyAmount{Currency: p.Currency, Units: p.Sum.Units / thousand, Amount: ad.Amount(nano)}
}

// deadShown is how many dead letters the operator's door shows.
const deadShown = 100

// shownNotices is what the operator's door says of notices.
func (n *Node) shownNotices() admin.Notices {
	s := n.notices.Stats()
	out := admin.Notices{Total: noticeCounts(&s.Total), Spooled: s.Spooled, Unspooled: s.Unspooled, Late: s.Late}
	for i := range s.Bidders {
		out.Bidders = append(out.Bidders, noticeCounts(&s.Bidders[i]))
	}
	for _, d := range n.notices.DeadLetters(deadShown) {
		out.DeadLetters = append(out.DeadLetters, admin.DeadLetter{
			At: d.At, EventID: d.Event.String(), Kind: d.Kind.String(), Bidder: uint32(d.Bidder), Auction: hex.EncodeToString(d.Auction[:]),
			Impression: int(d.Impression), BidID: d.BidID, Way: d.Way, Tries: d.Tries, Why: d.Why,
		})
	}
	return out
}

func noticeCounts(s *notice.BidderStats) admin.NoticeCounts {
	byKind := func(counts [notice.KindCount]uint64) map[string]uint64 {
		out := map[string]uint64{}
		for kind, count := range counts {
			if count > 0 {
				out[ad.NoticeKind(kind).String()] = count
			}
		}
		return out
	}
	return admin.NoticeCounts{
		Bidder: uint32(s.Bidder), Queued: s.Queued, Spooled: s.Spooled, Sent: byKind(s.Sent), Dropped: byKind(s.Dropped),
		Overtaken: s.Overtaken, Failed: s.Failed, Retried: s.Retried, Dead: s.Dead, Down: s.Down,
	}
}
