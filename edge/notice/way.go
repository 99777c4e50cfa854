package notice

import "curb/edge/ad"

// way is how a notice reaches its bidder. A set of them is their sum.
type way uint8

const (
	byPost way = 1 << iota // to notify_url, with others
	byNURL                 // GET, at won
	byBURL                 // GET, at billed, which is the same moment
	byLURL                 // GET, at lost
)

// allWays lists them in the order they are tried.
var allWays = [...]way{byPost, byNURL, byBURL, byLURL}

// String is the word of dead letters and log lines.
func (w way) String() string {
	switch w {
	case byPost:
		return "notify_url"
	case byNURL:
		return "nurl"
	case byBURL:
		return "burl"
	case byLURL:
		return "lurl"
	}
	return "unknown"
}

// waysOf says how a notice goes out: what the bidder subscribed to, and what the bid itself brought.
func waysOf(b *ad.Bidder, n *ad.Notice) way {
	var ways way
	if b.Hears(n.Kind, n.Reason) {
		ways |= byPost
	}
	switch n.Kind {
	case ad.NoticeWon:
		ways |= given(n.Terms.NURL, byNURL) | given(n.Terms.BURL, byBURL)
	case ad.NoticeLost:
		ways |= given(n.Terms.LURL, byLURL)
	}
	return ways
}

func given(url string, w way) way {
	if url == "" {
		return 0
	}
	return w
}

// class ranks what may be dropped when a queue is full, the least missed first.
type class uint8

const (
	classLost class = iota
	classNoBid
	classError
	classOwner // kept, sold, default
	classPending
	classCount
)

func classOf(k ad.NoticeKind) class {
	switch k {
	case ad.NoticeLost:
		return classLost
	case ad.NoticeNoBid:
		return classNoBid
	case ad.NoticeError:
		return classError
	case ad.NoticePending:
		return classPending
	}
	return classOwner
}
