package notice

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
)

// pipes is a listener of connections in memory, for bubbles of time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once

	mu    sync.Mutex
	down  bool
	dials int // since the beginning
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.once.Do(func() { close(p.done) }); return nil }

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9701} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.mu.Lock()
	p.dials++
	down := p.down
	p.mu.Unlock()
	if down {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.done:
		return nil, errors.New("closed")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) turn(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func (p *pipes) dialled() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dials
}

const bubbleURL = "http://127.0.0.1:9701"

// room is a bubble's desk and ear, joined by pipes.
type room struct {
	*desk
	ear   *ear
	pipes *pipes
}

// inBubble runs a test where time passes only when everybody waits.
func inBubble(t *testing.T, log Log, play func(t *testing.T, r *room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &room{desk: &desk{bidder: bidderAt(bubbleURL)}, ear: newEarAlone(), pipes: &pipes{conns: make(chan net.Conn), done: make(chan struct{})}}
		server := &http.Server{Handler: http.HandlerFunc(r.ear.serve)}
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.Serve(r.pipes) })
		n, err := build(Options{Guard: labGuard(t), Bidders: r.find, Lab: true, Log: log}, r.pipes.dial)
		if err != nil {
			t.Fatal(err)
		}
		r.Notices = n
		play(t, r)
		r.leave(t)
		_ = server.Close()
		serving.Wait()
	})
}

// change changes the bidder.
func (d *desk) change(f func(*ad.Bidder)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.bidder)
}

// byKind counts distinct events that were heard.
func byKind(all []told) map[string]int {
	seen := map[string]bool{}
	count := map[string]int{}
	for _, n := range all {
		if !seen[n.EventID] {
			seen[n.EventID] = true
			count[n.Type]++
		}
	}
	return count
}

func notice(kind ad.NoticeKind, i int) *ad.Notice {
	n := wonNotice(i, "")
	n.Kind = kind
	if kind == ad.NoticeLost || kind == ad.NoticeError {
		n.Reason = ad.Outbid
	}
	if kind != ad.NoticeWon && kind != ad.NoticePending {
		n.Price = 0
	}
	return n
}

// TestDownForTenMinutes: all won arrive once the server is back, lost are bounded, and it was probed seldom.
func TestDownForTenMinutes(t *testing.T) {
	const each = 30_000
	inBubble(t, nil, func(t *testing.T, r *room) {
		r.pipes.turn(true)
		r.Start()
		for i := range each {
			r.Notify(notice(ad.NoticeWon, i))
			r.Notify(notice(ad.NoticeLost, each+i))
			if i%1000 == 0 {
				time.Sleep(20 * time.Second)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		s := r.Stats()
		if s.Total.Sent[ad.NoticeWon] != 0 || s.Total.Dropped[ad.NoticeWon] != 0 || s.Total.Spooled < each-hotMax-1000 {
			t.Errorf("while down: %+v", s.Total)
		}
		if s.Total.Down != 1 || s.Total.Queued > hotMax+queueMax {
			t.Errorf("while down: %d servers down, %d queued", s.Total.Down, s.Total.Queued)
		}
		if dials := r.pipes.dialled(); dials > 40 {
			t.Errorf("%d dials in ten minutes, want a probe now and then", dials)
		}
		r.pipes.turn(false)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		heard, _ := r.ear.heard()
		got := byKind(heard)
		if got["won"] != each {
			t.Errorf("%d of %d won arrived", got["won"], each)
		}
		s = r.Stats()
		if lost := got["lost"]; lost < queueMax-1000 || lost > queueMax || s.Total.Dropped[ad.NoticeLost]+s.Total.Dead+uint64(lost) != each {
			t.Errorf("%d lost arrived, %d dropped, %d dead", lost, s.Total.Dropped[ad.NoticeLost], s.Total.Dead)
		}
		if s.Total.Queued != 0 || s.Total.Spooled != 0 || s.Total.Down != 0 {
			t.Errorf("afterwards: %+v", s.Total)
		}
	})
}
