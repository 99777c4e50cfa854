package bidder

import (
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// collect judges what came and fills answers, in the order of the targets.
func (a *ask) collect(snap *catalog.Snapshot, out *openrtb.Outgoing, answers *ad.Answers) {
	a.terms.Reset()
	a.judge = judge{snap: snap, call: out.Call, request: out.Request, positions: a.positions, urls: a.fanout.options.Guard, terms: &a.terms}
	now := time.Now()
	fair := !a.cancelled && a.cutoff.Sub(a.begun) >= timeoutCountsFrom
	for i := range a.rows {
		r := &a.rows[i]
		t := &out.Targets[i]
		asked := ad.Asked{Bidder: t.Bidder, Reason: r.reason, Live: r.live}
		from := len(answers.Bids)
		if r.admitted {
			ended := now
			if q := r.inquiry; q != nil {
				ended = q.ended
				asked.Reason = q.reason
				if ended.After(out.Deadline) {
					// A busy machine woke us so late that the answer overtook the alarm; the deadline holds all the same.
					asked.Reason = ad.Timeout
				} else if q.reason == ad.Undecided {
					a.judge.whole(t, q.response, answers, &asked)
				}
			}
			asked.Micros = ended.Sub(a.begun).Microseconds()
			asked.Bids = len(answers.Bids) - from
		}
		if !out.Call.Debug {
			r.count(&asked, fair)
		}
		answers.Asked = append(answers.Asked, asked)
	}
}

// count records what became of a target. Of a debug auction nothing is: whoever looks at a broken bidder must not take it
// from the live calls.
func (r *row) count(asked *ad.Asked, fair bool) {
	if r.line == nil {
		return
	}
	record := r.line.record
	if r.inquiry != nil {
		record.settled(r.inquiry)
	}
	if r.admitted {
		record.judged(asked.Reason, fair)
	}
	record.outcomes[asked.Reason].Add(1)
	record.bids.Add(uint64(asked.Bids))
}
