package node

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"curb/edge/journal"
	"curb/edge/token"
)

// kindEvent is the journal's kind of impressions and clicks: they are written down and not read back.
const kindEvent = 30

// events writes down that ads were shown and clicked.
type events struct {
	log                         *journal.Log
	impressions, clicks, missed atomic.Uint64
}

// Impression notes that an ad was shown.
func (e *events) Impression(c *token.Claims, now time.Time) {
	e.impressions.Add(1)
	e.note('i', c, now)
}

// Click notes that it was clicked.
func (e *events) Click(c *token.Claims, now time.Time) {
	e.clicks.Add(1)
	e.note('c', c, now)
}

// note posts a record: version, what happened, auction, impression, placement, creative, line item, second.
func (e *events) note(what byte, c *token.Claims, now time.Time) {
	record := append(make([]byte, 0, 40), 1, what)
	record = append(record, c.Auction[:]...)
	record = append(record, c.Impression)
	for _, id := range []uint32{uint32(c.Placement), uint32(c.Creative), uint32(c.LineItem), uint32(now.Unix())} {
		record = binary.BigEndian.AppendUint32(record, id)
	}
	if err := e.log.Post(kindEvent, record); err != nil {
		e.missed.Add(1)
	}
}

// Kinds, Apply, AppendSnapshot and RestoreSnapshot make events part of what the journal restores: there is nothing to.
func (*events) Kinds() []uint8 { return []uint8{kindEvent} }

// Apply passes over a record.
func (*events) Apply(uint8, []byte) error { return nil }

// AppendSnapshot appends nothing.
func (*events) AppendSnapshot(dst []byte) []byte { return dst }

// RestoreSnapshot takes nothing.
func (*events) RestoreSnapshot([]byte) error { return nil }
