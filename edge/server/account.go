package server

import (
	"encoding/json"
	"slices"

	"curb/edge/ad"
	"curb/edge/adcall"
	"curb/edge/auction"
	"curb/edge/catalog"
)

// account is what a debug auction came to, in the order in which things happened.
type account struct {
	AuctionID string            `json:"auction_id"`
	Version   string            `json:"version"`
	View      string            `json:"view"` // owner, or the bidder's name
	Inventory accountInventory  `json:"inventory"`
	User      accountUser       `json:"user"`
	Providers []accountProvider `json:"providers"`
	Bidders   []accountBidder   `json:"bidders"`
	Auction   accountAuction    `json:"auction"`
	Bids      []accountBid      `json:"bids"`
	Unplaced  []accountStray    `json:"unplaced"` // bids that were refused before any auction
	Served    accountServed     `json:"served"`
	Notices   []string          `json:"notices"` // always empty: a debug auction tells nobody

	trace    *auction.Trace // the owner's view
	passedOn bool           // the tag is one that passes a price on
}

type accountInventory struct {
	Publisher ad.PublisherID `json:"publisher_id"`
	Site      ad.SiteID      `json:"site_id"`
	Placement ad.PlacementID `json:"placement_id"`
	Code      string         `json:"code"`
	Sizes     []string       `json:"sizes"`
	Page      string         `json:"page"`
	Secure    bool           `json:"secure"`
	Reserve   decimal        `json:"reserve"`                     // of the call
	Standing  *decimal       `json:"placement_reserve,omitempty"` // the placement's own; the owner's view
	Position  uint8          `json:"position"`
	AdServer  string         `json:"ad_server,omitempty"`
}

type accountUser struct {
	Known       bool   `json:"known"`    // to frequency and recency caps
	Personal    bool   `json:"personal"` // identifiers may leave the node
	YearOfBirth uint16 `json:"year_of_birth,omitempty"`
	Gender      string `json:"gender,omitempty"`
	GDPR        int8   `json:"gdpr"`
	GPC         bool   `json:"gpc"`
	COPPA       bool   `json:"coppa"`
}

type accountProvider struct {
	Name     string           `json:"name"`
	Segments []accountSegment `json:"segments"`
}

type accountSegment struct {
	Code  string `json:"code"`
	Value int32  `json:"value"`
}

type accountBidder struct {
	ID     ad.BidderID `json:"id"`
	Name   string      `json:"name"`
	Asked  bool        `json:"asked"`
	Reason string      `json:"reason"` // answered, or why there are no bids
	Bids   int         `json:"bids"`
	Micros int64       `json:"us"`
	Text   string      `json:"debug_text,omitempty"`
	Live   string      `json:"live,omitempty"` // why calls that count do not ask it now
}

type accountAuction struct {
	Rule        string        `json:"rule"`
	Stage       string        `json:"stage"`
	Gate        string        `json:"gate"` // open, or closed
	Floor       decimal       `json:"floor"`
	FloorSource string        `json:"floor_source"`
	Field       *accountField `json:"field,omitempty"` // the owner's view
	Sold        bool          `json:"sold"`
	Winner      string        `json:"winner,omitempty"` // bid
	Bidder      ad.BidderID   `json:"winner_bidder_id,omitempty"`
	Price       decimal       `json:"price"`           // net, USD; 0 where the sale is another's
	Basis       string        `json:"basis,omitempty"` // what fixed it
	BuyerPays   decimal       `json:"buyer_pays"`
}

// accountField is how many bids there were; a bidder is not told of the others.
type accountField struct {
	Eligible int `json:"eligible"`
	Entered  int `json:"entered"`
}

// accountStray is a bid that no auction saw.
type accountStray struct {
	ID       string      `json:"id"`
	Bidder   ad.BidderID `json:"bidder_id,omitempty"`
	Seat     ad.MemberID `json:"seat,omitempty"`
	Price    decimal     `json:"price"`
	Currency string      `json:"currency"`
	Reason   string      `json:"reason"`
}

type accountBid struct {
	ID          string      `json:"id"`
	Bidder      ad.BidderID `json:"bidder_id,omitempty"`
	Seat        ad.MemberID `json:"seat"`
	Kind        string      `json:"kind"`
	Deal        string      `json:"deal,omitempty"`
	Priority    uint8       `json:"priority,omitempty"`
	Price       decimal     `json:"price"`
	Currency    string      `json:"currency"`
	Gross       decimal     `json:"gross"`
	Net         decimal     `json:"net"`
	Rank        decimal     `json:"rank"`
	Place       int         `json:"place,omitempty"` // among those that competed, from 1
	Floor       decimal     `json:"floor"`
	FloorSource string      `json:"floor_source"`
	Capped      bool        `json:"capped,omitempty"`
	Reason      string      `json:"reason"`
}

type accountServed struct {
	Outcome    string        `json:"outcome"`
	CreativeID ad.CreativeID `json:"creative_id,omitempty"`
	Code       string        `json:"creative_code,omitempty"`
	Other      bool          `json:"other,omitempty"` // another buyer's ad, of which nothing is said
	Size       string        `json:"size,omitempty"`
	Bytes      int           `json:"bytes,omitempty"`
	Price      *decimal      `json:"price,omitempty"`  // net, USD; as passed on, where it is
	Bucket     string        `json:"bucket,omitempty"` // of the publisher's, as an ad server is told
}

// decimal is a price in dollars, written without loss.
type decimal ad.CPM

// MarshalJSON writes a JSON number.
func (d decimal) MarshalJSON() ([]byte, error) { return ad.CPM(d).Append(nil), nil }

// String is the number.
func (d decimal) String() string { return ad.CPM(d).String() }

// amount is a price that may be left out.
func amount(price ad.CPM) *decimal {
	d := decimal(price)
	return &d
}

func (a *account) json() []byte {
	body, err := json.Marshal(a)
	if err != nil {
		return []byte("{}") // no field of it can fail
	}
	return append(body, '\n')
}

// accountOf writes down what a debug auction came to. A bidder that looks is shown what the call said and its own part: no
// other buyer's bids, no provider's data.
func accountOf(v *visit, in request, answer *adcall.Answer, outcome adcall.Outcome) *account {
	call, slot := &v.call, &answer.Slots[0]
	place := slot.Impression.Placement
	a := &account{
		AuctionID: call.ID.String(), passedOn: call.Format.PassedOn(), Version: answer.Version, View: "owner", Notices: []string{}, Providers: []accountProvider{},
		Bids: []accountBid{}, Unplaced: []accountStray{},
		Inventory: accountInventory{Publisher: call.Publisher.ID, Site: call.Site.ID, Placement: place.ID, Code: place.Code, Page: call.Page,
			Secure: call.Secure, Reserve: decimal(slot.Impression.Reserve), Position: slot.Impression.Position},
		User: accountUser{Known: call.User != ad.UserKey{}, Personal: answer.Personal(), GDPR: call.GDPR, GPC: call.GPC, COPPA: call.COPPA},
	}
	if a.User.Personal {
		a.User.describe(call)
	}
	for _, size := range slot.Impression.Sizes {
		a.Inventory.Sizes = append(a.Inventory.Sizes, size.String())
	}
	if call.AdServer != nil {
		a.Inventory.AdServer = call.AdServer.Name
	}
	if v.debug.only != nil {
		a.View = v.debug.only.Name
	} else {
		a.provided(answer)
		a.trace = slot.Trace
		a.Inventory.Standing = amount(place.Reserve)
	}
	a.bidders(in.snap, answer, v.debug.only)
	a.held(slot, v.debug.only)
	a.bids(slot, v.debug.only)
	a.unplaced(answer, v.debug.only)
	a.serve(v, slot, outcome)
	return a
}

func (u *accountUser) describe(call *ad.Call) {
	u.YearOfBirth = call.YearOfBirth
	if call.Gender != 0 {
		u.Gender = string(rune(call.Gender))
	}
}

func (a *account) provided(answer *adcall.Answer) {
	for _, p := range answer.Provided {
		out := accountProvider{Name: p.Provider.Name, Segments: []accountSegment{}}
		for _, s := range p.Segments {
			out.Segments = append(out.Segments, accountSegment(s))
		}
		a.Providers = append(a.Providers, out)
	}
}

// bidders lists who was asked, in that order, then who was not.
func (a *account) bidders(snap *catalog.Snapshot, answer *adcall.Answer, only *ad.Bidder) {
	a.Bidders = []accountBidder{}
	for i := range answer.Asked {
		asked := &answer.Asked[i]
		if only != nil && asked.Bidder != only {
			continue
		}
		row := accountBidder{ID: asked.Bidder.ID, Name: asked.Bidder.Name, Asked: asked.Reason != ad.NotAsked, Reason: asked.Reason.String(),
			Bids: asked.Bids, Micros: asked.Micros, Text: asked.DebugText}
		if asked.Reason == ad.Undecided {
			row.Reason = "answered"
		}
		if asked.Live != ad.Undecided {
			row.Live = asked.Live.String()
		}
		a.Bidders = append(a.Bidders, row)
	}
	for _, b := range snap.ActiveBidders() {
		asked := slices.ContainsFunc(answer.Asked, func(x ad.Asked) bool { return x.Bidder == b })
		if !asked && (only == nil || only == b) {
			a.Bidders = append(a.Bidders, accountBidder{ID: b.ID, Name: b.Name, Reason: ad.NotAsked.String()})
		}
	}
}

// held is the auction as a whole. To a bidder it says no more than the floor, and the price if the bidder won.
func (a *account) held(slot *adcall.Slot, only *ad.Bidder) {
	out := &a.Auction
	out.Gate = "open"
	if slot.Trace == nil {
		out.Stage, out.Rule = auction.NoStage.String(), ad.FirstPrice.String()
		return
	}
	t := slot.Trace
	out.Rule, out.Floor, out.FloorSource = t.Setting.PriceRule.String(), decimal(t.Setting.Floor.Price), t.Setting.Floor.Source.String()
	r := &t.Result
	out.Stage = r.Stage.String()
	if r.Stage == auction.Gate {
		out.Gate = "closed"
	}
	won := r.Winner >= 0 && r.Winner < len(t.Bids)
	out.Sold = won
	if only != nil && !(won && belongs(slot, r.Winner, only)) {
		return
	}
	if only == nil {
		out.Field = &accountField{Eligible: r.Eligible, Entered: r.Entered}
	}
	if won {
		w := &t.Bids[r.Winner]
		out.Winner, out.Bidder, out.Price, out.Basis, out.BuyerPays = w.ID, w.Bidder, decimal(r.ClearPrice), r.Basis.String(), decimal(r.BuyerPays)
	}
}

// belongs reports whether a traced bid is the bidder's. Bids of slot and trace stand side by side.
func belongs(slot *adcall.Slot, i int, only *ad.Bidder) bool {
	return only == nil || i < len(slot.Bids) && slot.Bids[i].Bidder == only
}

func (a *account) bids(slot *adcall.Slot, only *ad.Bidder) {
	if slot.Trace == nil {
		return
	}
	for i := range slot.Trace.Bids {
		if !belongs(slot, i, only) {
			continue
		}
		b := &slot.Trace.Bids[i]
		out := accountBid{
			ID: b.ID, Bidder: b.Bidder, Seat: b.Seat, Kind: b.Kind.String(), Deal: b.Deal, Priority: b.Priority, Price: decimal(b.Price), Currency: b.Currency.String(),
			Gross: decimal(b.Gross), Net: decimal(b.Net), Rank: decimal(b.Rank), Floor: decimal(b.Floor), FloorSource: b.FloorSource.String(),
			Capped: b.Capped, Reason: b.Reason.String(),
		}
		if only == nil {
			out.Place = slices.Index(slot.Trace.Ranking, i) + 1
		}
		a.Bids = append(a.Bids, out)
	}
}

// unplaced lists the bids for nothing that was on offer.
func (a *account) unplaced(answer *adcall.Answer, only *ad.Bidder) {
	for i := range answer.Unplaced {
		b := &answer.Unplaced[i]
		if only != nil && b.Bidder != only {
			continue
		}
		out := accountStray{ID: b.ID, Seat: b.Member, Price: decimal(b.Price), Currency: b.Currency.String(), Reason: b.Reason.String()}
		if b.Bidder != nil {
			out.Bidder = b.Bidder.ID
		}
		a.Unplaced = append(a.Unplaced, out)
	}
}

// serve says what the call would have been answered with.
func (a *account) serve(v *visit, slot *adcall.Slot, outcome adcall.Outcome) {
	if v.debug.only != nil && outcome == adcall.Sold && slot.Bid.Bidder != v.debug.only {
		a.Served = accountServed{Outcome: outcome.String(), Other: true}
		return
	}
	a.Served = accountServed{Outcome: outcome.String(), Size: slot.Size.String(), Bytes: len(v.page.document)}
	if c := slot.Creative; c != nil && outcome <= adcall.Default {
		a.Served.CreativeID, a.Served.Code = c.ID, c.Code
	}
	net := ad.CPM(0)
	if outcome == adcall.Sold {
		net = slot.Sale.Net
	}
	a.Served.Price, a.Served.Bucket = amount(net), string(v.call.Publisher.Buckets.AppendFloor(nil, net))
}
