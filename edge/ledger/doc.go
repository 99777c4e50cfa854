// Package ledger books what the node sells: each sale once, and before anybody is served.
//
// It is given sales, a log that keeps records (Log), and the time. It promises:
//
//   - A sale is billed at most once, ever: however many callers present its key, over restarts and over a process killed at
//     any point. Bill and Accept return without an error only when the bill is on disk. If the log fails, or does not
//     answer in time, they return an error and nobody may be served; whether the bill reached the disk is settled later:
//     by the same bill again, or by a record that takes it back.
//   - A price that is passed on (Hold) can be accepted until it expires, over restarts too, and whatever the wall clock does.
//     Accepted again, it is served again and not billed again. No publisher can use up the room of the others.
//   - What a line item has spent and what is set aside for it never exceed its budget together: Reserve sets the cost aside
//     before the sale, a bill takes it from there, Release and expiry give it back, a pending's once its end is on disk.
//     After a restart everything is exactly as the log says.
//   - Caps count what was billed and what is set aside; see ad.Caps. Counters are bounded: the user who was not served a
//     line item for longest is forgotten first.
//   - Totals are the sums of the bills, to the nano-dollar. The newest bills can be enumerated, over restarts too, so that
//     whoever has to be told of them can be.
//
// It refuses to know: who won and why, who is told, what a document says, tokens, and how a log gets to disk. Whether a sale
// should be billed is decided by whoever calls; that it is billed once is decided here.
//
// Read ledger.go for the order of locks, bill.go and hold.go for the two ways to sell, room.go for how much may be passed on,
// expire.go and refuse.go for how a sale ends that is not billed, restore.go and snapshot.go for restarts, record.go for what lies in the log. RATIONALE.md says why.
// edge/estimate learns from what is booked here; edge/journal is the log.
package ledger
