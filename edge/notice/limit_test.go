package notice

import (
	"testing"
	"testing/synctest"
	"time"

	"curb/edge/ad"
)

// TestSpoolIsFull: at its bound the newest won notices are dead letters, and the log hears that they are settled.
func TestSpoolIsFull(t *testing.T) {
	log := &memoryLog{}
	inBubble(t, log, func(t *testing.T, r *room) {
		r.pipes.turn(true)
		r.spool.room = 10
		r.Start()
		for i := range hotMax + 12 {
			r.Notify(notice(ad.NoticeWon, i))
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		s := r.Stats().Total
		dead := r.DeadLetters(10)
		if s.Spooled != 10 || s.Dead != 2 || len(dead) != 2 || dead[0].Auction != auctionID(hotMax+11) || dead[0].Way != "notify_url" {
			t.Errorf("%+v, %+v", s, dead)
		}
	})
	n := empty(t)
	log.replay(t, n, log.length())
	if left := len(n.spool.restored()) + n.spool.stored; left != hotMax+10 {
		t.Errorf("%d left in the log", left)
	}
}

// TestIntakeIsFull: what finds no room in the intake is queued past the log, and counted.
func TestIntakeIsFull(t *testing.T) {
	d := newDesk(t, bidderAt("https://bidder.example"), &memoryLog{})
	for i := range intakeMax {
		d.Notify(notice(ad.NoticeWon, i))
	}
	if s := d.Stats(); s.Unspooled != 0 || s.Total.Queued != 0 {
		t.Errorf("at the limit: %+v", s.Total)
	}
	d.Notify(notice(ad.NoticeWon, intakeMax))
	if s := d.Stats(); s.Unspooled != 1 || s.Total.Queued != 1 {
		t.Errorf("one past it: %d unspooled, %+v", s.Unspooled, s.Total)
	}
}

// TestQueueBytes: bid requests that ride along are bounded, in what may be dropped and in what may not.
func TestQueueBytes(t *testing.T) {
	b := bidderAt("https://bidder.example")
	b.NotifyFull = true
	d := newDesk(t, b, nil)
	full := make([]byte, fullBytesMax)
	for i := range 2 * queueBytesMax / fullBytesMax {
		n := notice(ad.NoticeLost, i)
		n.Full = full
		d.Notify(n)
	}
	l := d.line(7)
	if fit := (queueBytesMax) / (fullBytesMax + eventBytes); l.bytes > queueBytesMax || l.waiting < fit-1 || l.waiting > fit {
		t.Errorf("%d waiting, %d bytes", l.waiting, l.bytes)
	}
	for i := range queueBytesMax/fullBytesMax + 1 {
		n := notice(ad.NoticeWon, i)
		n.Full = full
		d.Notify(n)
	}
	with := 0
	for _, e := range d.intake.events {
		if e.Full != nil {
			with++
		}
	}
	if with != queueBytesMax/fullBytesMax || len(d.intake.events) != with+1 {
		t.Errorf("%d of %d won notices carry a bid request", with, len(d.intake.events))
	}
	for _, e := range d.intake.events {
		l.unload(e)
	}
	if left := l.loaded.Load(); left != 0 {
		t.Errorf("%d bytes are still counted", left)
	}
}

// TestDeadLettersAreBounded: the newest are kept, newest first.
func TestDeadLettersAreBounded(t *testing.T) {
	n := empty(t)
	for i := range deadMax + 1 {
		n.graves.add(Dead{Tries: i})
	}
	all := n.DeadLetters(deadMax + 10)
	if len(all) != deadMax || all[0].Tries != deadMax || all[deadMax-1].Tries != 1 {
		t.Errorf("%d dead letters, from %d to %d", len(all), all[0].Tries, all[len(all)-1].Tries)
	}
	if two := n.DeadLetters(2); len(two) != 2 || two[1].Tries != deadMax-1 || len(n.DeadLetters(-1)) != 0 {
		t.Errorf("the newest two: %+v", two)
	}
}

// TestLogTakesNothing: acknowledgements wait for the log, so that a restart repeats nothing once it is back.
func TestLogTakesNothing(t *testing.T) {
	log := &memoryLog{}
	inBubble(t, log, func(t *testing.T, r *room) {
		r.Start()
		r.ear.answers(failing("/notify"))
		r.Notify(notice(ad.NoticeWon, 1))
		time.Sleep(100 * time.Millisecond)
		log.turn(true)
		r.ear.answers(nil)
		time.Sleep(time.Minute)
		log.turn(false)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		n := empty(t)
		log.replay(t, n, log.length())
		if left := n.spool.restored(); len(left) != 0 || log.length() != 2 {
			t.Errorf("%d left after %d records", len(left), log.length())
		}
	})
}
