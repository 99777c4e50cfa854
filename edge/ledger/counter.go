package ledger

import (
	"encoding/binary"
	"math"
	"sync"
	"time"

	"curb/edge/ad"
)

// period is a calendar window that impressions are counted in.
type period uint8

// Periods, shortest first. Lifetime never ends.
const (
	perHour period = iota
	perDay
	perWeek
	perMonth
	perLifetime
	periods
)

// window numbers the window of a period that a moment lies in, UTC. Weeks begin on Sunday.
func (p period) window(seconds uint32) uint32 {
	switch p {
	case perHour:
		return seconds / 3600
	case perDay:
		return seconds / 86400
	case perWeek:
		return (seconds/86400 + 4) / 7 // 1970 began on a Thursday, the fourth day after Sunday
	case perMonth:
		year, month, _ := time.Unix(int64(seconds), 0).UTC().Date()
		return uint32(year)*12 + uint32(month)
	}
	return 0
}

// instant is a moment as counters keep it: whole seconds of Unix time, clipped to what 32 bits hold.
func instant(t time.Time) uint32 { return uint32(max(0, min(t.Unix(), math.MaxUint32))) }

// subject is who is counted for what.
type subject struct {
	user ad.UserKey
	line ad.LineItemID
}

// counter is how often one user saw one line item, in the windows of the latest impression. Time never goes back for a
// counter: an impression or a question from before the latest impression counts as of that moment.
type counter struct {
	subject
	last   uint32 // the latest impression
	before uint32 // the one before it
	counts [periods]uint8

	older, newer int32 // neighbours by the order of impressions; -1: none
}

// counters are split by user; each part forgets by itself.
type counters struct{ shards [shardCount]counterShard }

type counterShard struct {
	mu       sync.Mutex
	most     int
	index    map[subject]int32
	list     []counter
	oldest   int32
	newest   int32
	reserved map[subject]uint32 // impressions set aside

	cut   uint64
	image []byte
}

func (c *counters) init(most int) {
	for i := range c.shards {
		s := &c.shards[i]
		s.most = (most + shardCount - 1) / shardCount
		s.index = make(map[subject]int32)
		s.reserved = make(map[subject]uint32)
		s.oldest, s.newest = -1, -1
	}
}

func (c *counters) shard(k subject) *counterShard {
	h := (binary.LittleEndian.Uint64(k.user[:8]) ^ binary.LittleEndian.Uint64(k.user[8:]) ^ uint64(k.line)) * 0x9E3779B97F4A7C15
	return &c.shards[h>>58]
}

// judge tells whether one more impression would break a cap.
func (c *counters) judge(k subject, caps *ad.Caps, now time.Time) ad.Reason {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.judge(k, caps, instant(now))
}

// reserve counts one impression in advance, unless it would break a cap.
func (c *counters) reserve(k subject, caps *ad.Caps, now time.Time) ad.Reason {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason := s.judge(k, caps, instant(now)); reason != ad.Undecided {
		return reason
	}
	s.reserved[k]++
	return ad.Undecided
}

// restoreReservation counts one in advance that was judged before a restart.
func (c *counters) restoreReservation(k subject) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reserved[k]++
}

// release takes back what reserve counted.
func (c *counters) release(k subject) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reserved[k] <= 1 {
		delete(s.reserved, k)
		return
	}
	s.reserved[k]--
}

func (s *counterShard) judge(k subject, caps *ad.Caps, now uint32) ad.Reason {
	reserved := int(s.reserved[k])
	var seen *counter
	if i, ok := s.index[k]; ok {
		seen = &s.list[i]
		now = max(now, seen.last)
	}
	for p, most := range [periods]uint8{caps.Hour, caps.Day, caps.Week, caps.Month, caps.Lifetime} {
		if most == 0 {
			continue
		}
		if reserved >= int(most) || seen != nil && reserved+int(seen.counts[p]) >= int(most) &&
			period(p).window(now) == period(p).window(seen.last) { // the calendar last: it costs most
			return ad.FrequencyCapped
		}
	}
	if caps.Recency > 0 && (reserved > 0 || seen != nil && uint64(now-seen.last) < uint64(caps.Recency)*60) {
		return ad.RecencyCapped
	}
	return ad.Undecided
}

// count adds an impression that was billed.
func (c *counters) count(k subject, at time.Time, cut uint64) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveImage(cut)
	now := instant(at)
	i, ok := s.index[k]
	if !ok {
		i = s.insert(counter{subject: k})
	} else {
		s.unlink(i)
		s.link(i)
	}
	seen := &s.list[i]
	now = max(now, seen.last)
	for p := range periods {
		if p.window(now) != p.window(seen.last) {
			seen.counts[p] = 0
		}
		if seen.counts[p] < math.MaxUint8 {
			seen.counts[p]++
		}
	}
	seen.before, seen.last = seen.last, now
}

// uncount takes an impression back that turned out not to have been billed.
func (c *counters) uncount(k subject, at time.Time) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[k]
	if !ok {
		return
	}
	seen, now := &s.list[i], instant(at)
	for p := range periods {
		if seen.counts[p] > 0 && p.window(now) == p.window(seen.last) {
			seen.counts[p]--
		}
	}
	if seen.last == now {
		seen.last = seen.before
	}
}

// insert takes a new counter in as the newest, in the place of the oldest if there are too many.
func (s *counterShard) insert(c counter) int32 {
	var i int32
	if len(s.list) < s.most {
		i = int32(len(s.list))
		s.list = append(s.list, c)
	} else {
		i = s.oldest
		s.unlink(i)
		delete(s.index, s.list[i].subject)
		s.list[i] = c
	}
	s.index[c.subject] = i
	s.link(i)
	return i
}

func (s *counterShard) link(i int32) {
	c := &s.list[i]
	c.older, c.newer = s.newest, -1
	if s.newest >= 0 {
		s.list[s.newest].newer = i
	} else {
		s.oldest = i
	}
	s.newest = i
}

func (s *counterShard) unlink(i int32) {
	c := &s.list[i]
	if c.older >= 0 {
		s.list[c.older].newer = c.newer
	} else {
		s.oldest = c.newer
	}
	if c.newer >= 0 {
		s.list[c.newer].older = c.older
	} else {
		s.newest = c.older
	}
}
