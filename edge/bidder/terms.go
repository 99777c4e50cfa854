package bidder

import (
	"strings"
	"unicode"

	"curb/edge/ad"
	"curb/edge/macro"
	"curb/edge/openrtb"
)

// readTerms fills in what a bid says to us in ext.curb, and gives what is wrong with it. What stands there is asked for: a
// bid of which some of it cannot be had does not compete without it. Its click_url is judged with the notice URLs.
func (a *answer) readTerms(b *ad.Bid, in *openrtb.Bid) ad.Reason {
	if len(in.Ext) == 0 {
		return ad.Undecided
	}
	terms, ok := a.terms.Bid(in.Ext)
	if !ok {
		return ad.ResponseInvalid
	}
	b.MinPrice, b.NotifyData, b.ClickURL = terms.MinPrice, terms.NotifyData, terms.ClickURL
	b.Macros, b.Exclusive = terms.Macros, terms.Exclusive
	for _, m := range terms.Macros {
		if !macro.CustomAllowed(m) {
			return ad.ResponseInvalid
		}
	}
	return terms.PriceReason
}

// whole judges an answer: what it says as a whole, then its bids. Owner's terms are read of the owner's bidder only.
func (j *judge) whole(t *ad.Target, r *openrtb.Response, answers *ad.Answers, asked *ad.Asked) {
	if len(r.Ext) > 0 {
		terms, ok := j.terms.Response(r.Ext)
		if j.call.Debug {
			asked.DebugText = printable(terms.DebugText)
		}
		if j.ofOwner(t.Bidder) {
			switch {
			case !ok:
				// Half of what the owner decided may be the opposite of it.
				asked.Reason = ad.ResponseInvalid
				return
			case len(terms.Owner) > 0 && r.ID != j.request.ID:
				asked.Reason = ad.IDMismatch
				return
			}
			answers.Owner = j.owner(t, terms.Owner, answers.Owner)
		}
	}
	answers.Bids, asked.Reason = j.judge(t, r, answers.Bids)
}

// ofOwner reports whether the bidder is the own one of the member whose inventory this is.
func (j *judge) ofOwner(b *ad.Bidder) bool {
	m := j.snap.Member(j.call.Publisher.Member)
	return m != nil && m.Bidder == b.ID
}

// owner appends the owner's terms of impressions that were asked about. A default creative is held against the impression
// like a bid's; one that may not serve there leaves the placement's own in place.
func (j *judge) owner(t *ad.Target, terms []openrtb.OwnerTerms, dst []ad.OwnerTerms) []ad.OwnerTerms {
	a := answer{judge: j, bidder: t.Bidder}
	for i := range terms {
		o := &terms[i]
		at := a.impression(o.ImpID)
		if at < 0 {
			continue
		}
		said := ad.OwnerTerms{Impression: j.positions[at], HasReserve: o.HasReserve, Reserve: o.Reserve}
		if o.AdID != "" || o.CrID != "" {
			b, in := ad.Bid{Member: j.call.Publisher.Member}, openrtb.Bid{AdID: o.AdID, CrID: o.CrID}
			if a.creative(&b, &in, &j.call.Impressions[said.Impression]) == ad.Undecided {
				said.Default = b.Creative
			}
		}
		dst = append(dst, said)
	}
	return dst
}

// printable is a text that a person may be shown: at most ad.DebugTextBytesMax of it, in whole characters, without those
// that move a terminal's cursor or turn the direction of a page.
func printable(text string) string {
	if len(text) > ad.DebugTextBytesMax {
		text = strings.ToValidUTF8(text[:ad.DebugTextBytesMax], "")
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return '.'
	}, text)
}
