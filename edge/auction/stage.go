package auction

import "curb/edge/ad"

// Stage is where an auction was decided.
type Stage uint8

// Stages, in the order in which they are tried. Exactly one is held, or none.
const (
	NoStage Stage = iota // no bid was eligible
	Gate                 // managed demand at or above the reselling priority, alone
	Private              // private deals and managed demand
	Open                 // everybody
)

var stages = [...]string{"none", "gate", "private", "open"}

// String is the stage's word in records and vectors.
func (s Stage) String() string { return stages[min(int(s), len(stages)-1)] }

// field is what the eligible bids are like together: all that decides which stage is held.
type field struct {
	eligible int
	tier     uint8 // highest priority of managed bids; 0: there are none
	private  uint8 // highest priority of private deals; 0: there are none
}

func (f *field) add(e *entry) {
	f.eligible++
	switch e.class {
	case managed:
		f.tier = max(f.tier, e.priority)
	case privateDeal:
		f.private = max(f.private, e.priority)
	}
}

func (f *field) stage(s *Setting) Stage {
	switch {
	case f.closes(s):
		return Gate
	case f.private > 0:
		return Private
	case f.eligible > 0:
		return Open
	}
	return NoStage
}

// closes reports whether managed demand shuts everybody else out. The threshold is inclusive.
func (f *field) closes(s *Setting) bool {
	return s.ResellingPriority > 0 && f.tier >= s.ResellingPriority
}

// GateClosed tells before anybody is asked whether the managed bids alone close the gate, so that no bid request need be
// sent. It judges as Run does, which on the same bids and whatever else came would hold the stage Gate. Bids with a
// reason close nothing; bids are not changed, except for Capped.
func GateClosed(setting *Setting, bids []ad.Bid) bool {
	if setting.ResellingPriority == 0 {
		return false
	}
	var f field
	for i := range bids[:min(len(bids), ad.AuctionBidsMax)] {
		var e entry
		b := &bids[i]
		if b.Kind == ad.Managed && b.Reason == ad.Undecided && judge(setting, b, &e) == ad.Undecided {
			f.add(&e)
		}
	}
	return f.closes(setting)
}

// admit says whether an eligible bid may compete in the stage: Undecided, or the reason it is kept out with.
func (f *field) admit(s *Setting, stage Stage, e *entry) ad.Reason {
	if e.class == managed {
		if e.priority < f.tier && (stage == Gate || s.BelowThreshold == ad.ByTier) {
			return ad.LowerPriority
		}
		return ad.Undecided
	}
	switch stage {
	case Gate:
		return ad.ResaleClosed
	case Private:
		if e.class != privateDeal {
			return ad.PrivateClosed
		}
		if e.priority < f.private {
			return ad.DealPriority
		}
	}
	return ad.Undecided
}
