package transport

import (
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"
)

// workers serve request streams. A goroutine that has served one waits for the next, wherever it comes from: its stack has
// grown already, and growing one takes as long as decoding a header. There are as many as there are streams in flight; of
// those that wait, waitingMax stay.
type workers struct {
	next    chan work
	done    chan struct{}
	waiting atomic.Int64
	wg      sync.WaitGroup
}

// work is one request stream.
type work struct {
	conn *h3conn
	str  *quic.Stream
}

// waitingMax bounds what idle workers hold: some 8 KiB each.
const waitingMax = 256

func newWorkers() *workers {
	return &workers{next: make(chan work), done: make(chan struct{})}
}

// serve hands a stream to a worker that waits, or to a new one. It never blocks.
func (w *workers) serve(job work) {
	select {
	case w.next <- job:
	default:
		w.wg.Go(func() { w.run(job) })
	}
}

func (w *workers) run(job work) {
	for {
		job.conn.serveStream(job.str)
		job.conn.release()
		if w.waiting.Add(1) > waitingMax {
			w.waiting.Add(-1)
			return
		}
		select {
		case job = <-w.next:
			w.waiting.Add(-1)
		case <-w.done:
			return
		}
	}
}

// close lets the workers that wait go, and waits for those that work.
func (w *workers) close() {
	close(w.done)
	w.wg.Wait()
}
