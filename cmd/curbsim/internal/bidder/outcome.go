package bidder

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"

	"curb/cmd/curbsim/internal/control"
	"curb/edge/ad"
)

// remembered bounds the auctions whose outcome is kept, so that later messages about them count as duplicates.
const remembered = 100_000

// reasonsMax bounds the distinct loss reasons counted; further ones count as "other".
const reasonsMax = 200

// Notice is one message about an auction's outcome, as POST /notify takes it. Fields it does not know are ignored.
type Notice struct {
	Type        string        `json:"type"` // won, lost, pending
	AuctionID   string        `json:"auction_id"`
	BidID       string        `json:"bid_id"`
	Reason      string        `json:"reason"` // of a loss
	Price       control.Price `json:"price"`  // paid, of a win
	PostPending bool          `json:"post_pending"`
}

// outcome is what is known of an auction, or of one bid in it.
type outcome struct {
	won, pending bool
	lost         string
}

// book counts outcomes. A win overrules a loss told before, and nothing overrules a win.
type book struct {
	mu       sync.Mutex
	auctions map[string]outcome
	order    []string // ring of the keys of auctions, oldest at next
	next     int

	won, pending, postPending, notices, duplicates uint64
	lost                                           map[string]uint64
	paid                                           int64
}

func (bk *book) clear() {
	bk.mu.Lock()
	defer bk.mu.Unlock()
	bk.auctions, bk.order, bk.next, bk.lost = nil, nil, 0, nil
	bk.won, bk.pending, bk.postPending, bk.notices, bk.duplicates, bk.paid = 0, 0, 0, 0, 0, 0
}

// record counts one message; it reports an error for one that says nothing usable.
func (bk *book) record(n *Notice) error {
	if n.AuctionID == "" {
		return fmt.Errorf("auction_id is missing")
	}
	bk.mu.Lock()
	defer bk.mu.Unlock()
	if bk.auctions == nil {
		bk.auctions, bk.lost = map[string]outcome{}, map[string]uint64{}
	}
	fresh := false
	switch n.Type {
	case "won":
		fresh = bk.win(n)
	case "lost":
		fresh = bk.lose(n)
	case "pending":
		fresh = bk.pend(n)
	default:
		return fmt.Errorf("type %q is none of won, lost, pending", n.Type)
	}
	bk.notices++
	if !fresh {
		bk.duplicates++
	}
	return nil
}

func (bk *book) win(n *Notice) bool {
	auction := bk.auctions[n.AuctionID]
	if auction.won {
		return false
	}
	bid := bidKey(n)
	if earlier := bk.auctions[bid]; earlier.lost != "" {
		bk.lost[earlier.lost]--
		if bk.lost[earlier.lost] == 0 {
			delete(bk.lost, earlier.lost)
		}
		bk.keep(bid, outcome{})
	}
	bk.won++
	bk.paid += int64(n.Price)
	if n.PostPending || auction.pending {
		bk.postPending++
	}
	auction.won = true
	bk.keep(n.AuctionID, auction)
	return true
}

func (bk *book) lose(n *Notice) bool {
	key := bidKey(n)
	if bk.auctions[key].lost != "" {
		return false
	}
	reason := n.Reason
	if reason == "" {
		reason = "unknown"
	}
	if _, known := bk.lost[reason]; !known && len(bk.lost) >= reasonsMax {
		reason = "other"
	}
	bk.lost[reason]++
	bk.keep(key, outcome{lost: reason})
	return true
}

func (bk *book) pend(n *Notice) bool {
	auction := bk.auctions[n.AuctionID]
	if auction.pending {
		return false
	}
	bk.pending++
	auction.pending = true
	bk.keep(n.AuctionID, auction)
	return true
}

// bidKey names one bid of an auction; losses are counted per bid, wins per auction.
func bidKey(n *Notice) string { return n.AuctionID + "\x00" + n.BidID }

// keep remembers an outcome, forgetting the oldest past the bound.
func (bk *book) keep(key string, o outcome) {
	if _, known := bk.auctions[key]; !known {
		if len(bk.order) < remembered {
			bk.order = append(bk.order, key)
		} else {
			delete(bk.auctions, bk.order[bk.next])
			bk.order[bk.next] = key
			bk.next = (bk.next + 1) % remembered
		}
	}
	bk.auctions[key] = o
}

// notify takes one notice, an array of them, or {"notices": [...]}.
func (b *Bidder) notify(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, "body_invalid", "the body cannot be read")
		return
	}
	var batch struct {
		Notices []Notice `json:"notices"`
		Notice
	}
	if body = bytes.TrimSpace(body); len(body) > 0 && body[0] == '[' {
		err = json.Unmarshal(body, &batch.Notices)
	} else if err = json.Unmarshal(body, &batch); err == nil && batch.Type != "" {
		batch.Notices = append(batch.Notices, batch.Notice)
	}
	if err == nil && len(batch.Notices) == 0 {
		err = fmt.Errorf("no notice: send {\"type\": …}, an array of those, or {\"notices\": […]}")
	}
	for i := range batch.Notices {
		if err != nil {
			break
		}
		if err = b.book.record(&batch.Notices[i]); err != nil {
			err = fmt.Errorf("notice %d: %w", i+1, err)
		}
	}
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, "notice_invalid", err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// told takes a notice in the form of a URL: /win and /loss.
func (b *Bidder) told(kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		n := Notice{Type: kind, AuctionID: query.Get("auction"), BidID: query.Get("bid"), Reason: query.Get("reason")}
		if price, err := ad.ParseCPM([]byte(query.Get("price"))); err == nil {
			n.Price = control.Price(price)
		}
		if err := b.book.record(&n); err != nil {
			control.Refuse(w, http.StatusBadRequest, "notice_invalid", err.Error())
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}
