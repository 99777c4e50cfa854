package openrtb

import (
	"time"

	"curb/edge/ad"
)

// Outgoing is a bid request on its way out: what it says, to whom, and until when answers count.
type Outgoing struct {
	Call *ad.Call
	// Request is what all bidders are told. Its floors are net, in USD: each bidder is told what it must bid so that its
	// fees leave as much.
	Request  *Request
	Targets  []ad.Target
	Deadline time.Time // absolute
}
