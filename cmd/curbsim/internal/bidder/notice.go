package bidder

import (
	"bytes"
	"encoding/json"
	"errors"

	"curb/cmd/curbsim/internal/control"
	"curb/edge/ad"
)

// Notice is one message about an auction's outcome, as POST /notify takes it. Fields it does not know are ignored.
type Notice struct {
	EventID string `json:"event_id"` // the same in every try to deliver it; empty: told apart by what it says
	// The kind is in one of three fields, by the custom of different exchanges: won, lost, pending, kept, sold, default,
	// no_bid, error.
	Type       string `json:"type"`
	NotifyType string `json:"notify_type"`
	NoticeType string `json:"notice_type"`

	AuctionID   string `json:"auction_id"`
	ImpID       string `json:"imp_id"` // empty: the only impression, or the first told of
	BidID       string `json:"bid_id"`
	Reason      string `json:"reason"` // of a loss or an error
	Price       told   `json:"price"`
	PricePaid   told   `json:"price_paid"`
	SoldFor     told   `json:"price_sold_for"`
	Currency    string `json:"currency"`
	PostPending bool   `json:"post_pending"`

	billed bool // it came by burl
}

// told is a price in a notice: a number, text holding one, or null for none.
type told control.Price

// UnmarshalJSON reads 2.5, "2.50" and null.
func (p *told) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*p = 0
		return nil
	}
	return (*control.Price)(p).UnmarshalJSON(text)
}

// kind is what the notice tells of, whichever field says so.
func (n *Notice) kind() string {
	for _, word := range [...]string{n.Type, n.NotifyType, n.NoticeType} {
		if word != "" {
			return word
		}
	}
	return ""
}

// price is what is paid, or what the owner got; 0: it says nothing.
func (n *Notice) price() ad.CPM {
	for _, p := range [...]told{n.Price, n.PricePaid, n.SoldFor} {
		if p > 0 {
			return ad.CPM(p)
		}
	}
	return 0
}

var errNoNotice = errors.New(`no notice: send {"type": …}, an array of those, or {"notices": […]}`)

// readNotices takes one notice, an array of them, or {"notices": [...]}. Each is given as it came as well.
func readNotices(body []byte) (notices []Notice, raw []json.RawMessage, err error) {
	body = bytes.TrimSpace(body)
	if len(body) > 0 && body[0] == '[' {
		err = json.Unmarshal(body, &raw)
	} else {
		var batch struct {
			Notices []json.RawMessage `json:"notices"`
			Notice
		}
		if err = json.Unmarshal(body, &batch); err == nil {
			raw = batch.Notices
			if batch.kind() != "" {
				raw = append(raw, body)
			}
		}
	}
	if err == nil && len(raw) == 0 {
		err = errNoNotice
	}
	if err != nil {
		return nil, nil, err
	}
	notices = make([]Notice, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &notices[i]); err != nil {
			return nil, nil, err
		}
	}
	return notices, raw, nil
}
