package auction

import "curb/edge/ad"

// Result is what an auction came to. Prices are per thousand impressions; those without a currency are USD.
type Result struct {
	Winner int   // index into the bids, or -1
	Stage  Stage // the one that was held

	// ClearPrice is the net price, which is what the seller gets.
	ClearPrice ad.CPM
	Basis      Basis // what fixed it
	// BuyerPays is what the buying member owes the platform: the clear price with the platform fee added back
	// (net ÷ (1 − fee), rounded up). BuyerPays − ClearPrice is the platform's.
	BuyerPays ad.CPM
	// Paid is the price on the scale of the bid itself: both fees added back, in Currency at the bid's own rate (rounded
	// down). A winner that pays its own uncapped bid pays exactly the price it submitted. For a bid per click or action
	// it is the eCPM; the buyer is billed at the click or action.
	Paid     ad.CPM
	Currency ad.Currency

	// Floor is the floor that applied to the winner, FloorSource where it came from. Without a winner: the setting's.
	Floor       ad.CPM
	FloorSource FloorSource
	// Second is the highest price set by another bid that entered the stage; 0: none did.
	Second ad.CPM
	// Shielded is what priorities cost the seller: the most an eligible bid was worth that the stage kept out, less the
	// clear price; 0 if that is negative or there was no sale. Of bidders that were never asked nothing is known.
	Shielded ad.CPM

	Eligible int // bids that passed every check of their own
	Entered  int // bids that competed for the win
}

// PlatformFee is the platform's part of what the buyer pays.
func (r *Result) PlatformFee() ad.CPM { return r.BuyerPays - r.ClearPrice }

// Run judges the bids of one impression in place: afterwards every bid has exactly one Reason, one of them Won at most.
// A bid whose Reason is set already keeps it and takes no part. Scratch is reused between auctions, by one at a time.
func Run(setting *Setting, bids []ad.Bid, scratch *Scratch) Result {
	entries := scratch.take(len(bids))
	c := contest{setting: setting, bids: bids, entries: entries, winner: -1}
	c.field = prepare(setting, bids, entries)
	c.stage = c.field.stage(setting)
	result := Result{
		Winner: -1, Stage: c.stage, Eligible: c.field.eligible,
		Floor: setting.Floor.Price, FloorSource: setting.Floor.Source,
	}
	scratch.stage = c.stage
	if c.stage != NoStage {
		c.hold()
		c.conclude()
		c.sell(&result)
	}
	if setting.Trace != nil {
		setting.Trace.record(&c, &result)
	}
	return result
}

// sell fills the result for the winner. Every stage has one: a stage is held only if somebody may enter it.
func (c *contest) sell(r *Result) {
	b, e := &c.bids[c.winner], &c.entries[c.winner]
	second := c.second()
	r.Winner = c.winner
	r.ClearPrice, r.Basis = clear(c.setting, e, second, least(b))
	r.BuyerPays, r.Paid = settle(b, e, r.ClearPrice)
	r.Currency = b.Currency
	r.Floor, r.FloorSource = e.floor, e.source
	r.Second = max(second, 0)
	r.Shielded = max(c.shut-r.ClearPrice, 0)
	r.Entered = c.entrants
}

// Scratch is the working memory of an auction. The zero value is ready; it grows to the most bids it has seen.
type Scratch struct {
	entries []entry
	stage   Stage
}

func (s *Scratch) take(n int) []entry {
	if cap(s.entries) < n {
		s.entries = make([]entry, n)
	}
	s.entries = s.entries[:n]
	return s.entries
}

// Judged is what the auction worked out about one bid, for its record. USD; zero where the bid was refused before.
type Judged struct {
	Stage       Stage  // at which its fate was decided; NoStage: it was not eligible
	Entered     bool   // it competed for the win
	Gross       ad.CPM // eCPM, capped
	Net         ad.CPM // after fees
	Rank        ad.CPM // what it ranked at, with its bias
	Floor       ad.CPM
	FloorSource FloorSource
	Ticket      uint64 // drawn for a tie; 0: none was
}

// Judged gives the account of the bid at an index of the last Run with this scratch.
func (s *Scratch) Judged(i int) Judged { return s.entries[i].judged(s.stage) }

func (e *entry) judged(stage Stage) Judged {
	j := Judged{
		Entered: e.entered, Gross: e.usd, Net: e.net, Rank: e.rank,
		Floor: e.floor, FloorSource: e.source, Ticket: e.ticket,
	}
	if e.eligible {
		j.Stage = stage
	}
	return j
}
