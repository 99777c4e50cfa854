// Package ad is the vocabulary of the exchange: the nouns every other package speaks, and nothing else.
//
// It holds values (calls, impressions, inventory, demand, creatives, bids, money), the closed list of reasons why a bid
// lost, and limits.go, where every hard limit of the product stands. Values here are immutable once a catalog
// holds them; a hot path reads them without locks.
//
// It refuses to know: clocks, sockets, encodings of the wire (edge/openrtb), rule files (rules/schema), where a value
// came from, and any package of this module. It imports the standard library's pure part only.
//
// # The dictionary
//
// One word per thing. Other systems' words map to ours like this:
//
//	ours             OpenRTB 2.6          Prebid            Google Ad Manager     Xandr
//	Call             bid request (in)     auction request   ad request            ad call
//	Impression       imp                  ad unit slot      impression            tag of a request
//	Publisher        site.publisher       account           network               publisher
//	Site             site / app           site              -                     site, placement group
//	Placement        imp.tagid            ad unit           ad unit               placement, tag, TinyTag
//	Member           seat                 -                 buyer, network        member
//	Bidder           (the endpoint)       bidder            ad exchange buyer     bidder
//	LineItem         -                    -                 line item             line item, campaign
//	Deal             deal                 deal              preferred/private deal deal
//	Creative         crid / adid          creative          creative              creative
//	ReservePrice     bidfloor             floor             unified pricing floor reserve, floor
//	Reason           loss reason, nbr     seatnonbid        -                     notify error, bid reject reason
//	Default          -                    -                 house / backfill      default creative
//
// Read edge/adcall next: the flow that uses these words.
package ad
