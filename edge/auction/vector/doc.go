// Package vector reads files of auction vectors (settings, bids and what is expected of them) and runs them through
// edge/auction.
//
// It is given the bytes of a file. It promises a readable account of every way in which a file is unusable, all of them
// at once, each with its place and a remedy; and for a usable file, per case, what the auction came to and how that
// differs from what the file expects. It is as strict with a field it does not know as it is liberal with one that is
// left out: what is not expected is not checked.
//
// # The format
//
// One JSON object: cases, and for the reader money ("USD CPM") and order_of_stages (gate, private, open). Prices are
// decimals, shares are parts of one. source, comment, note and description are free text anywhere.
//
//	case     name, setting, bids, expect
//	setting  price_rule first|second; reselling_priority 1-20; resale; floor; soft_floor; below_threshold tier|price;
//	         estimated_clear_price, passed_on, next_auction_second_price; rates {"EUR": USD per unit}; auction_id (32 hex
//	         digits); rounding (a text that says "cent": amounts paid are compared to the cent)
//	bid      id, price, kind managed|rtb|deal; priority 1-20 (managed); deal {type open|private, ask, fixed, priority 1-20,
//	         id}; bidder_fee, platform_fee; currency; goal cpm|cpc|cpa with chance (events per impression); bias (share),
//	         bias_cpm; min_price; seat (a bid without one has a seat to itself); flags that refuse it beforehand (refusal.go), or
//	         reason with the text of any ad.Reason
//	expect   winner (id or null), winner_one_of with fair_over_auctions, price, stage, reasons, shielded_revenue, net,
//	         seller_gets, buyer_pays, platform_fee, paid (on the bid's scale, in its currency), basis
//
// The names of reasons may be coarser than ours; reasons.go has the table.
//
// # What it refuses to know
//
// Files, standard input, how an outcome is printed (cmd/curb), and the rules of the auction: it states expectations and
// compares.
//
// Read next: file.go, then run.go.
package vector
