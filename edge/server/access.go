package server

import (
	"slices"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// readSeats fills in who may buy: wseat and bseat, of which only ids of ours mean anybody. ok is false if the caller names
// seats and none of them is a member that may buy here.
func (c *openCall) readSeats(received *openrtb.Request, snap *catalog.Snapshot) (ok bool) {
	c.allowed, c.blocked = appendSeats(c.allowed[:0], received.WSeat), appendSeats(c.blocked[:0], received.BSeat)
	c.call.Seats, c.call.SeatsBlocked = c.allowed, c.blocked
	return len(received.WSeat) == 0 || slices.ContainsFunc(c.allowed, func(id ad.MemberID) bool {
		m := snap.Member(id)
		return m != nil && m.Active
	})
}

// appendSeats appends the ids among texts to dst, which is empty, sorted and each once.
func appendSeats(dst []ad.MemberID, texts []string) []ad.MemberID {
	for _, text := range texts {
		if id := idOf(text); id != 0 {
			dst = append(dst, ad.MemberID(id))
		}
	}
	slices.Sort(dst)
	return slices.Compact(dst)
}

// isPrivate reports whether an impression is for bids under the caller's deals only.
func isPrivate(imp *openrtb.Imp) bool { return imp.PMP != nil && imp.PMP.PrivateAuction == openrtb.Yes }

// offersOurs reports whether a deal of the caller's is known here.
func offersOurs(imp *openrtb.Imp, snap *catalog.Snapshot) bool {
	return slices.ContainsFunc(imp.PMP.Deals, func(d openrtb.Deal) bool { return d.ID != "" && snap.Deal(d.ID) != nil })
}

// offers reports whether the caller offers a deal.
func offers(imp *openrtb.Imp, id string) bool {
	return imp.PMP != nil && slices.ContainsFunc(imp.PMP.Deals, func(d openrtb.Deal) bool { return d.ID == id })
}
