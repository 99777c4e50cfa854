package bidder

import (
	"errors"
	"sync"

	"curb/edge/ad"
)

// reasonsMax bounds the distinct words counted of a kind; further ones count as "other".
const reasonsMax = 200

// impressionsMax bounds the impressions of an auction that are told apart; further ones are taken for the first.
const impressionsMax = 64

// auction is what is known of one auction.
type auction struct {
	won, pending, postPending, billed bool
	impressions                       []impression
}

// impression is what is known of one impression of an auction: each is sold on its own.
type impression struct {
	id                         string
	won                        bool
	kept, sold, fallback, none bool
	paid                       ad.CPM
}

// impression finds one by its id. A message that names none means the first, and the first message to name it settles how it is
// called.
func (a *auction) impression(id string) *impression {
	for i := range a.impressions {
		if imp := &a.impressions[i]; id == "" || imp.id == "" || imp.id == id {
			if imp.id == "" {
				imp.id = id
			}
			return imp
		}
	}
	if len(a.impressions) == impressionsMax {
		return &a.impressions[0]
	}
	a.impressions = append(a.impressions, impression{id: id})
	return &a.impressions[len(a.impressions)-1]
}

// book counts outcomes. A win overrules a loss told before, and nothing overrules a win.
type book struct {
	mu sync.Mutex
	ledger
}

// ledger is what a book holds and a reset empties.
type ledger struct {
	auctions memory[*auction]
	losses   memory[string]   // reason by bid
	events   memory[struct{}] // by event id

	won, impressions, pending, postPending, billed uint64
	kept, sold, fallback, noBid                    uint64
	notices, duplicates, conflicts                 uint64
	lost, errors, unknown                          map[string]uint64
	paid                                           map[string]ad.CPM // by currency
	soldFor                                        ad.CPM
	last                                           []byte // the latest notice, as it came
}

func (bk *book) clear() {
	bk.mu.Lock()
	bk.ledger = ledger{}
	bk.mu.Unlock()
}

var errNoAuction = errors.New("auction_id is missing")

// record counts one message; it reports an error for one that says nothing usable. currency is the bidder's, for messages
// that name none.
func (bk *book) record(n *Notice, currency string) error {
	kind := n.kind()
	bk.mu.Lock()
	defer bk.mu.Unlock()
	if n.AuctionID == "" && known(kind) {
		return errNoAuction
	}
	bk.notices++
	fresh := false
	if !bk.repeated(n.EventID) {
		fresh = bk.count(n, kind, currency)
	}
	if !fresh {
		bk.duplicates++
	}
	return nil
}

// known reports whether a kind of notice says something about an auction that is counted here.
func known(kind string) bool {
	switch kind {
	case "won", "lost", "pending", "kept", "sold", "default", "no_bid", "error":
		return true
	}
	return false
}

// repeated reports whether a message came before, by its event id.
func (l *ledger) repeated(event string) bool {
	if event == "" {
		return false
	}
	if _, before := l.events.held[event]; before {
		return true
	}
	l.events.set(event, struct{}{})
	return false
}

// count enters one message and reports whether it told anything new.
func (l *ledger) count(n *Notice, kind, currency string) bool {
	switch kind {
	case "lost":
		return l.lose(n)
	case "error":
		bump(&l.errors, n.Reason)
		return true
	}
	if !known(kind) {
		bump(&l.unknown, kind)
		return true
	}
	a := l.auctions.get(n.AuctionID)
	if a == nil {
		a = &auction{}
		l.auctions.set(n.AuctionID, a)
	}
	imp := a.impression(n.ImpID)
	switch kind {
	case "won":
		if n.Currency != "" {
			currency = n.Currency
		}
		return l.win(n, a, imp, currency)
	case "pending":
		return once(&a.pending, &l.pending)
	case "kept":
		return once(&imp.kept, &l.kept)
	case "sold":
		if !imp.sold {
			l.soldFor += n.price()
		}
		return once(&imp.sold, &l.sold)
	case "default":
		return once(&imp.fallback, &l.fallback)
	}
	return once(&imp.none, &l.noBid)
}

// once counts what a mark says for the first time.
func once(mark *bool, counter *uint64) bool {
	if *mark {
		return false
	}
	*mark = true
	*counter++
	return true
}

// bump counts a word.
func bump(counts *map[string]uint64, word string) {
	if *counts == nil {
		*counts = map[string]uint64{}
	}
	if word == "" {
		word = "unknown"
	}
	if _, before := (*counts)[word]; !before && len(*counts) >= reasonsMax {
		word = "other"
	}
	(*counts)[word]++
}

// win enters a win, and its price once, whichever of the messages that tell of it brings one.
func (l *ledger) win(n *Notice, a *auction, imp *impression, currency string) bool {
	l.overrule(bidKey(n))
	fresh := once(&a.won, &l.won)
	if !imp.won {
		imp.won, fresh = true, true
		l.impressions++
	}
	if n.billed {
		once(&a.billed, &l.billed)
	}
	if n.PostPending || a.pending {
		once(&a.postPending, &l.postPending)
	}
	switch price := n.price(); {
	case price == 0 || price == imp.paid:
	case imp.paid != 0:
		l.conflicts++
	default:
		imp.paid = price
		if l.paid == nil {
			l.paid = map[string]ad.CPM{}
		}
		l.paid[currency] += price
	}
	return fresh
}

// overrule takes back the loss of a bid that won.
func (l *ledger) overrule(bid string) {
	if reason := l.losses.get(bid); reason != "" {
		l.unlose(reason)
		l.losses.set(bid, "")
	}
}

func (l *ledger) unlose(reason string) {
	if l.lost[reason]--; l.lost[reason] == 0 {
		delete(l.lost, reason)
	}
}

// lose enters a loss. Loss notice URLs say its code, notices the word for it: the word takes the code's place.
func (l *ledger) lose(n *Notice) (fresh bool) {
	key, reason := bidKey(n), n.Reason
	earlier := l.losses.get(key)
	if earlier != "" && (!isCode(earlier) || reason == "" || isCode(reason)) {
		return false
	}
	if earlier != "" {
		l.unlose(earlier)
	}
	if reason == "" {
		reason = "unknown"
	}
	if _, before := l.lost[reason]; !before && len(l.lost) >= reasonsMax {
		reason = "other"
	}
	bump(&l.lost, reason)
	l.losses.set(key, reason)
	return earlier == ""
}

func isCode(reason string) bool { return reason[0] >= '0' && reason[0] <= '9' }

// bidKey names one bid of an auction; losses are counted per bid, wins per auction.
func bidKey(n *Notice) string { return n.AuctionID + "\x00" + n.BidID }
