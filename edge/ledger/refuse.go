package ledger

import (
	"context"
	"fmt"
	"time"

	"curb/edge/ad"
)

// Refuse closes a sale that was passed on, came back, and may not be served after all: its creative was banned since. When
// it returns without an error the end is on disk, what was set aside is given back, and Options.Expired was told why; on an
// error the sale cannot be accepted any more all the same, and Expire closes it. A sale that was billed stays so, and one
// that nobody knows of, or whose time is over, is left alone. Estimates learn nothing from it.
//
// Errors: the context's, or the log's.
func (l *Ledger) Refuse(ctx context.Context, key ad.SaleKey, why ad.Reason, now time.Time) error {
	for {
		d, flight := l.beginRefuse(key, why, now)
		switch {
		case flight != nil:
			if err := await(ctx, flight); err != nil {
				return fmt.Errorf("refuse: wait for the same sale: %w", err)
			}
		case d == nil:
			return nil
		default:
			if err := l.options.Log.Append(ctx, KindClosed, appendClosings(nil, []closing{d.closing})); err != nil {
				l.again([]due{*d})
				return fmt.Errorf("refuse: %w", err)
			}
			l.finish(d)
			return nil
		}
	}
}

// beginRefuse claims an open pending for its end. It gives neither that nor a flight to wait for if there is none.
func (l *Ledger) beginRefuse(key ad.SaleKey, why ad.Reason, now time.Time) (*due, <-chan struct{}) {
	s := l.lock(key)
	defer l.unlock(s)
	c := s.claims[key]
	switch {
	case c != nil && c.flying:
		return nil, c.landing()
	case c == nil || !c.holds() || c.closing != open || s.marks[key] != 0 || c.held.over(now, l.clock.Load()):
		return nil, nil
	}
	c.why = why
	l.end(s, c, withdrawn)
	return c.due(s, key), nil
}
