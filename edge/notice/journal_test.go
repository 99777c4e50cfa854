package notice

import (
	"testing"

	"curb/edge/ad"
	"curb/edge/journal"
)

var _ journal.State = (*Notices)(nil)

// TestRestartWithTheJournal runs the real log: two ways of a won notice arrive, the process ends, and the next one sends
// the third.
func TestRestartWithTheJournal(t *testing.T) {
	dir := t.TempDir()
	e := newEar(t)
	e.answers(failing("/bill"))
	for run := range 3 {
		log, err := journal.Open(journal.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		d := newDesk(t, bidderAt(e.URL), log)
		if err := log.Restore(d.Notices); err != nil {
			t.Fatal(err)
		}
		if run == 0 {
			d.Notify(wonNotice(1, e.URL))
		} else {
			d.Recover(billOf(wonNotice(1, e.URL), calledAt))
		}
		if run == 1 {
			e.answers(nil)
		}
		d.Start()
		want := min(run+2, 3)
		until(t, "what can arrive", func() bool {
			n, calls := e.heard()
			// What was heard and not yet counted would be told again after the restart, as it should.
			return len(n)+len(calls) == want && d.Stats().Total.Sent[ad.NoticeWon] == uint64(2-run) || run == 2
		})
		until(t, "nothing else to do", func() bool { return run == 0 || d.Stats().Total.Queued == 0 })
		d.leave(t)
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		if n, calls := e.heard(); len(n) != 1 || len(calls) != want-1 {
			t.Errorf("run %d: %d notices and %q", run, len(n), calls)
		}
	}
}
