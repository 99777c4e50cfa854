// Package notice tells bidders what became of their bids: batches of notices to their notify URL, and the nurl, burl and
// lurl that bids bring.
//
// It is given notices of the vocabulary (ad.Notice), a way to find a bidder of the current rule set, the egress guard,
// and a log. It promises:
//
//   - Notify copies and returns; it waits for no network, no disk and no other bidder.
//   - A won notice arrives at least once, over restarts too, until a day has passed or its server has refused it three
//     times: then it is a dead letter, counted and logged. In every try it has the same event id. It is in the log before
//     it is sent, and Recover makes up for what a crash kept from the log.
//   - Everything else is sent three times at most, and retries cost no more than a tenth of first tries and a floor. In a
//     full queue the oldest lost gives way first, then no_bid, error, the owner's (kept, sold, default), pending; never won.
//   - won overrules: a lost or pending that still waits when its bid wins is not sent. That pending comes before won is
//     tried, not promised.
//   - A server that is down sees one probe at a time, seldom, and its bidder delays no other. Connections and requests
//     under way are bounded per bidder.
//   - Every URL is judged again when it is called, is dialled by the guard, and no redirect is followed.
//
// The numbers, for those who build a bidder: at most 64 notices or 256 KiB in a batch, sent 50 ms after its first notice at
// the latest; 2 s for a batch and 0.5 s for a URL to be answered; 2xx is taken, 3xx and most of 4xx refused, anything else
// tried again: won after 1 s, doubling to a minute, for a day. Five failures in a row hold a server's notices back.
//
// It refuses to know: who wins and what a price is, when something is billed, how the log is kept, where bidders come
// from, and what servers say beside the status.
//
// Files, in the order of a notice: notices.go (the door), way.go (who is told what), event.go, intake.go, spool.go with
// store.go, record.go and state.go (won notices in log and memory), line.go (one bidder), queue.go, endpoint.go (one server),
// circuit.go, deliver.go, send.go, url.go, json.go, stats.go. RATIONALE.md says why. Read edge/egress next.
package notice
