package admin

import (
	"net/http"
	"time"
)

// Notices is what GET /v1/notices answers: how bidders are told what became of their bids (edge/notice).
type Notices struct {
	Total       NoticeCounts   `json:"total"`
	Bidders     []NoticeCounts `json:"bidders"`
	Spooled     uint64         `json:"spooled"`      // won notices that were put on disk until they arrive
	Unspooled   uint64         `json:"unspooled"`    // that could not be, and were sent all the same
	Late        uint64         `json:"late"`         // that came while the node was stopping
	DeadLetters []DeadLetter   `json:"dead_letters"` // newest first
}

// NoticeCounts counts the deliveries of one bidder: one notice by one way.
type NoticeCounts struct {
	Bidder    uint32            `json:"bidder,omitempty"` // 0: all
	Queued    int               `json:"queued"`
	Spooled   int               `json:"spooled"`
	Sent      map[string]uint64 `json:"sent"`    // by kind; kinds without any may be left out
	Dropped   map[string]uint64 `json:"dropped"` // the same
	Overtaken uint64            `json:"overtaken"`
	Failed    uint64            `json:"failed"`
	Retried   uint64            `json:"retried"`
	Dead      uint64            `json:"dead"`
	Down      int               `json:"down"` // servers of the bidder that get probes only
}

// DeadLetter is a delivery that was given up.
type DeadLetter struct {
	At         time.Time `json:"at"`
	EventID    string    `json:"event_id"`
	Kind       string    `json:"kind"`
	Bidder     uint32    `json:"bidder"`
	Auction    string    `json:"auction_id"`
	Impression int       `json:"impression"`
	BidID      string    `json:"bid_id"`
	Way        string    `json:"way"` // notify_url, nurl, burl or lurl
	Tries      int       `json:"tries"`
	Why        string    `json:"why"`
}

func writeNotices(w http.ResponseWriter, n Notices) {
	if n.Bidders == nil {
		n.Bidders = []NoticeCounts{}
	}
	if n.DeadLetters == nil {
		n.DeadLetters = []DeadLetter{}
	}
	writeJSON(w, http.StatusOK, n)
}
