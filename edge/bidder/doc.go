// Package bidder asks bidders for bids: it sends one bid request to many of them at once, over HTTP/1.1 connections that
// are kept, and reads, checks and hands on what comes back by a deadline.
//
// It is given an outgoing request (edge/openrtb), the bidders to ask with the deals they may use, and the catalog of the
// call. It promises:
//
//   - Ask returns by the deadline, whatever bidders do: a connection that is silent, drips, floods or does not read holds
//     up nobody. What comes later is dropped and counted, and its connection used again if it comes soon.
//   - Every target ends with one reason, and so does every bid that may not compete: seat, price, currency, deal, creative
//     and exclusions are judged here against the catalog. Bids without a reason may go to auction.
//   - Limits stand on everything a bidder sends. Redirects are not followed, certificates always checked.
//   - A bidder that is over its rate, not ready, broken or slow is asked less or not at all, and always the same way for
//     the same auction.
//
// The numbers, for those who build a bidder (edge/ad/limits.go has them all):
//
//   - A bid request arrives with tmax, milliseconds from its sending; 150 ms from the last byte of the ad call by default,
//     never more than 450. 204, or 200 without bids, is no bid.
//   - An answer's first 15 bids compete. The 16th to 64th lose as too_many_bids; with a 65th bid or seat all of it is
//     response_too_large. So it is past 256 KiB of body, decoded or not, past 50 times what was sent, and with an adm past
//     32 KiB. A header past 16 KiB is header_too_large, a sixth 1xx answer refused. JSON nests at most 12 deep.
//   - An answer that comes within 250 ms after the deadline is dropped and its connection kept; later both go. At most 64
//     connections, or the bidder's own number, each for 10 minutes, idle for one; 256 requests wait for one.
//   - bid.ext.curb may hold min_price (the least the bid may be reduced to in second price), custom_macros (16 of {name,
//     value}, values of 550 bytes), notify_data (1000 bytes, echoed in notices), click_url (by the rules of notice URLs) and
//     exclusive (of the owner's bidder). Where one of them is not what it should be, the bid is price_invalid for min_price,
//     notify_url_denied for click_url, and else response_invalid: no bid competes without what it asked for.
//   - ext.curb of an answer may hold debug_text (4 KiB, read in debug auctions only; the rest is cut off) and, of the bidder
//     that belongs to the inventory's owner, owner: [{impid, reserve, default_adid or default_crid}]. Terms that are broken make
//     all of that answer response_invalid; a default creative that may not serve there is passed over. Others' are not read.
//   - Exchange rates that are more than five days old are not used: cur says USD only, bids in anything else are
//     currency_not_allowed.
//   - What data providers said stands in user.data of the bidders under their contract, and in nobody else's.
//   - qps_limited: over the bidder's own cap, of which a tenth may come at once.
//   - throttled: from 5 timeouts in the last 100 requests on, as many percent are not sent as timed out; 10 % always are.
//   - not_ready: one answer of the ready URL without the character 1, or 3 failed checks in a row; checked every 5 s, each
//     for at most 1 s, until an answer has it.
//   - breaker_open: half of at least 20 answers within 10 s are broken (timeouts are not), or 5 connects fail in a row. It
//     stays open for 1 s, then twice as long each time, up to a minute; then 5 probes go, of which 3 must succeed.
//
// It refuses to know: which bidders fit a call, what is said of a user, floors, fees, ranking and who wins (edge/adcall,
// edge/auction), where settings come from, and metrics libraries: Stats is a plain value.
//
// Files, in the order of a request: fanout.go, ask.go (one auction), line.go (one bidder: admission by ready.go,
// rate.go, breaker.go and edge/throttle), offer.go, request.go, coding.go, origin.go (connections of one bidder), conn.go, wire.go,
// framing.go and head.go (HTTP/1.1 answers), inquiry.go (what an answer says), collect.go, judge.go with terms.go, creative.go,
// deal.go, exclusion.go and domain.go (what the catalog says of it), record.go (counters). RATIONALE.md has the
// measurements. Read edge/auction next.
package bidder
