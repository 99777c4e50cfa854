// Package journal is the node's durable log: what must survive the process is a record in it before it counts.
//
// It is given a directory, records with a kind, and the states that records change. It promises:
//
//   - Append returns once its record is on disk, synced. Whoever appends at the same time shares the write and the fsync.
//     Post does not wait and is written with the next commit.
//   - Restore gives the states back every record that was acknowledged, in order, each one once after the snapshot that it
//     starts from; and of those that were on their way when the process ended, a beginning or none.
//   - What was acknowledged and cannot be read back is an error that names place, cause and remedy, never a shorter log. Frames are
//     checksummed and chained, and a mark beside them says how far they were acknowledged.
//   - A disk that fails or fills up makes the log unhealthy: Append fails at once, nothing is reported as written that is
//     not, and the log goes on by itself when the disk does. A file whose fsync failed is never written again.
//   - Snapshots of the states keep replays short; records are kept for a time after nobody needs them, and for less if there are
//     too many. Every buffer is bounded. That the volume gets full is said before it is.
//   - One process has the directory. Without a directory nothing is kept, and nothing waits.
//
// It refuses to know: what a record says, who bills whom, and what a state is; consumers declare the two methods they need, and
// satisfy State without importing this package. Its methods say nothing of files, so that another log may take its place.
//
// Files, in the order of a record: append.go (who adds), commit.go (who writes), frame.go and segment.go (what is written),
// mark.go (how far), inventory.go and restore.go (reading it back), snapshot.go and keeper.go (keeping replays short), room.go (a volume
// that fills up), disk.go (what is asked of the system). RATIONALE.md says why, with measurements.
package journal
