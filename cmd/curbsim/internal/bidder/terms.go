package bidder

import (
	"encoding/json"
	"fmt"

	"curb/cmd/curbsim/internal/control"
	"curb/edge/ad"
)

// Terms are what bids and answers say to the exchange beside OpenRTB's own fields, in ext.curb. Nothing is written of what is
// empty.
type Terms struct {
	MinPrice     control.Price `json:"min_price"`     // of each bid: the least it wants to pay where the price is reduced
	NotifyData   string        `json:"notify_data"`   // comes back with the bid's notices
	ClickURL     string        `json:"click_url"`     // the bidder's click tracker
	CustomMacros []Macro       `json:"custom_macros"` // ${NAME} in the creative
	DebugText    string        `json:"debug_text"`    // of each answer, also of one without bids
	// These are the owner's to say, and only where a request says that it comes before the auction (ext.curb.owner_phase 1).
	Exclusive    bool          `json:"exclusive"`     // of each bid: the impression is taken without an auction
	OwnerReserve control.Price `json:"owner_reserve"` // of each impression, USD
	OwnerDefault string        `json:"owner_default"` // creative code of each impression's default
}

// Macro is a custom macro of a creative.
type Macro struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// macrosMax bounds the custom macros, well past what an exchange takes.
const macrosMax = 100

func (t *Terms) check() error {
	if len(t.CustomMacros) > macrosMax {
		return fmt.Errorf("custom_macros: %d given; at most %d", len(t.CustomMacros), macrosMax)
	}
	return nil
}

// appendBid writes a bid's ext with the comma before it, or nothing.
func (t *Terms) appendBid(dst []byte, ownerPhase bool) []byte {
	const opening = `,"ext":{"curb":{`
	start := len(dst)
	dst = append(dst, opening...)
	if t.MinPrice > 0 {
		dst = ad.CPM(t.MinPrice).Append(append(dst, `"min_price":`...))
		dst = append(dst, ',')
	}
	if t.NotifyData != "" {
		dst = append(appendString(append(dst, `"notify_data":`...), t.NotifyData), ',')
	}
	if t.ClickURL != "" {
		dst = append(appendString(append(dst, `"click_url":`...), t.ClickURL), ',')
	}
	for i, m := range t.CustomMacros {
		if i == 0 {
			dst = append(dst, `"custom_macros":[`...)
		}
		dst = appendString(append(dst, `{"name":`...), m.Name)
		dst = append(appendString(append(dst, `,"value":`...), m.Value), '}', ',')
		if i == len(t.CustomMacros)-1 {
			dst = append(dst[:len(dst)-1], ']', ',')
		}
	}
	if ownerPhase && t.Exclusive {
		dst = append(dst, `"exclusive":true,`...)
	}
	if len(dst) == start+len(opening) {
		return dst[:start]
	}
	return append(dst[:len(dst)-1], '}', '}')
}

// ownerWords are the parts of an answer's ext that decide an impression for its owner.
type ownerWords struct{ before, after []byte }

// prepare writes what is the same for each impression.
func (t *Terms) prepare() (words ownerWords, say bool) {
	words.before = []byte(`{"impid":`)
	if t.OwnerReserve > 0 {
		words.after = ad.CPM(t.OwnerReserve).Append(append(words.after, `,"reserve":`...))
	}
	if t.OwnerDefault != "" {
		words.after = appendMember(words.after, "default_crid", t.OwnerDefault)
	}
	say = len(words.after) > 0
	words.after = append(words.after, '}', ',')
	return words, say
}

// appendExt writes the answer's ext with the comma before it, or nothing.
func (d *draft) appendExt(a *ask) {
	p := d.plan
	owner := d.ownerPhase && p.ownerSays
	if p.terms.DebugText == "" && !owner {
		return
	}
	out := append(d.out, `,"ext":{"curb":{`...)
	if p.terms.DebugText != "" {
		out = append(appendString(append(out, `"debug_text":`...), p.terms.DebugText), ',')
	}
	if owner {
		out = append(out, `"owner":[`...)
		for i := range a.Imp {
			out = append(out, p.owner.before...)
			out = append(appendString(out, a.Imp[i].ID), p.owner.after...)
		}
		out = append(out[:len(out)-1], ']', ',')
	}
	d.out = append(out[:len(out)-1], '}', '}')
}

// inOwnerPhase reports whether the request comes before the auction, to the owner's bidder alone.
func (a *ask) inOwnerPhase() bool {
	if len(a.Ext) == 0 {
		return false
	}
	var ext struct {
		Curb struct {
			OwnerPhase int `json:"owner_phase"`
		} `json:"curb"`
	}
	return json.Unmarshal(a.Ext, &ext) == nil && ext.Curb.OwnerPhase == 1
}
