package openrtb

import (
	"time"

	"curb/edge/ad"
)

// Outgoing is a bid request on its way out: what it says, to whom, and until when answers count.
type Outgoing struct {
	Call     *ad.Call
	Request  *Request
	Targets  []ad.Target
	Deadline time.Time // absolute
}
