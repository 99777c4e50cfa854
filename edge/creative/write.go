package creative

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"curb/edge/ad"
)

// Register adds a creative. Of the draft the fields are read that a member may set; Audit says whether it is submitted
// (AuditPending) or not (AuditNone). A draft whose member and code are registered already with the same content gives
// that creative, and created is false: asking twice is safe.
//
// Errors: *InvalidError, *TakenError, *FullError; anything else is the log's: the creative may or may not come to be, and
// asking again tells.
func (r *Registry) Register(ctx context.Context, draft ad.Creative) (x Registered, created bool, err error) {
	if problems := r.check(&draft); len(problems) > 0 {
		return x, false, &InvalidError{problems}
	}
	if err := r.lock(ctx); err != nil {
		return x, false, err
	}
	defer r.unlock()
	if e := r.holder(draft.Member, draft.Code); e != nil {
		if x = e.view(r.o.Now()); same(&x.Creative, &draft) {
			return x, false, nil
		}
		return Registered{}, false, &TakenError{e.id}
	}
	if id := r.ruled(draft.Member, draft.Code); id != 0 {
		return x, false, &TakenError{id}
	}
	if err := r.room(draft.Member, len(draft.Content)); err != nil {
		return x, false, err
	}
	now := r.o.Now()
	x = Registered{Creative: draft, Version: 1, Created: now, Changed: now}
	r.mu.Lock()
	x.ID = r.next
	r.next++
	r.mu.Unlock()
	if err := r.keep(ctx, &x); err != nil {
		return Registered{}, false, err
	}
	return x, true, nil
}

// Update replaces what the member says of a creative. What makes another ad of it sends it back to audit; a new name or
// code does not, nor does switching it on or off. Version is that which the change was made to; 0 takes any. A draft
// that changes nothing writes nothing.
//
// Errors: ErrNotFound, *StaleError, and those of Register.
func (r *Registry) Update(ctx context.Context, id ad.CreativeID, version uint64, draft ad.Creative) (Registered, error) {
	return r.change(ctx, id, version, func(x *Registered) error {
		if draft.Member == 0 {
			draft.Member = x.Member
		}
		problems := r.check(&draft)
		if draft.Member != x.Member {
			problems = append(problems, Problem{"member", "a creative stays with its member", "register it for the other one"})
		}
		if len(problems) > 0 {
			return &InvalidError{problems}
		}
		if other := r.holder(draft.Member, draft.Code); other != nil && other.id != id {
			return &TakenError{other.id}
		}
		if other := r.ruled(draft.Member, draft.Code); other != 0 {
			return &TakenError{other}
		}
		if err := r.room(0, len(draft.Content)-len(x.Content)); err != nil {
			return err
		}
		audit := x.Audit
		switch {
		case draft.Audit == ad.AuditNone:
			audit = ad.AuditNone
		case audit == ad.AuditNone || !sameAd(&x.Creative, &draft):
			audit = ad.AuditPending
		}
		if audit != x.Audit {
			x.Reason = ""
		}
		draft.ID, draft.Audit, draft.Banned = x.ID, audit, x.Banned
		x.Creative = draft
		return nil
	})
}

// Decision is what an auditor or an operator decides of a creative.
type Decision struct {
	ID      ad.CreativeID
	Version uint64 // that was looked at; 0: any
	Reason  string // up to ReasonMax characters; may be empty
}

// ReasonMax bounds the reason of a decision, in characters.
const ReasonMax = 500

// Approve lets a submitted creative serve. Errors: ErrNotFound, ErrNotSubmitted, *StaleError, *InvalidError, the log's.
func (r *Registry) Approve(ctx context.Context, d Decision) (Registered, error) {
	return r.audit(ctx, d, ad.Audited)
}

// Reject keeps a submitted creative from serving. Errors as Approve's.
func (r *Registry) Reject(ctx context.Context, d Decision) (Registered, error) {
	return r.audit(ctx, d, ad.AuditRejected)
}

func (r *Registry) audit(ctx context.Context, d Decision, to ad.AuditStatus) (Registered, error) {
	return r.decide(ctx, d, func(x *Registered) error {
		if x.Audit == ad.AuditNone {
			return ErrNotSubmitted
		}
		if x.Audit != to {
			x.Audit, x.Reason = to, d.Reason
		}
		return nil
	})
}

// Ban keeps a creative from serving anywhere, whatever its audit said. Errors: ErrNotFound, *StaleError, *InvalidError,
// the log's.
func (r *Registry) Ban(ctx context.Context, d Decision) (Registered, error) {
	return r.ban(ctx, d, true)
}

// Unban takes a ban back: the creative stands where it stood with its auditors. Errors as Ban's.
func (r *Registry) Unban(ctx context.Context, d Decision) (Registered, error) {
	return r.ban(ctx, d, false)
}

func (r *Registry) ban(ctx context.Context, d Decision, to bool) (Registered, error) {
	return r.decide(ctx, d, func(x *Registered) error {
		if x.Banned != to {
			x.Banned, x.Reason = to, d.Reason
		}
		return nil
	})
}

// decide changes a creative by a decision that is already what it says: then nothing is written.
func (r *Registry) decide(ctx context.Context, d Decision, how func(*Registered) error) (Registered, error) {
	var c checker
	c.plain("reason", d.Reason, ReasonMax)
	if len(c.problems) > 0 {
		return Registered{}, &InvalidError{c.problems}
	}
	return r.change(ctx, d.ID, d.Version, how)
}

// change lets how change a creative of the version, and keeps it if it did.
func (r *Registry) change(ctx context.Context, id ad.CreativeID, version uint64, how func(*Registered) error) (Registered, error) {
	if err := r.lock(ctx); err != nil {
		return Registered{}, err
	}
	defer r.unlock()
	e := r.entry(id)
	if e == nil {
		return Registered{}, ErrNotFound
	}
	old := *e.state.Load()
	if version != 0 && version != old.Version {
		return Registered{}, &StaleError{old.Version}
	}
	x := old
	if err := how(&x); err != nil {
		return Registered{}, err
	}
	if x.Audit == old.Audit && x.Banned == old.Banned && same(&x.Creative, &old.Creative) {
		return e.view(r.o.Now()), nil
	}
	x.Version, x.Changed = old.Version+1, r.o.Now()
	if err := r.keep(ctx, &x); err != nil {
		return Registered{}, err
	}
	return e.view(r.o.Now()), nil
}

// lock waits for the right to write, no longer than the context, and settles an earlier write that failed.
func (r *Registry) lock(ctx context.Context) error {
	select {
	case r.writing <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for other writes: %w", ctx.Err())
	}
	if r.doubt == nil {
		return nil
	}
	if err := r.keep(ctx, r.doubt); err != nil {
		r.unlock()
		return fmt.Errorf("settle an earlier write: %w", err)
	}
	return nil
}

func (r *Registry) unlock() { <-r.writing }

// keep puts a creative on disk, then into the registry. Where the log fails nobody knows whether the record is on disk, so
// the next write begins with the same record again: then it is there for certain, and nothing built on its absence.
func (r *Registry) keep(ctx context.Context, x *Registered) error {
	record, err := appendRecord(nil, x, 0)
	if err != nil {
		return err
	}
	if err := r.o.Log.Append(ctx, kindCreative, record); err != nil {
		doubt := *x
		r.doubt = &doubt
		return fmt.Errorf("keep the creative: %w", err)
	}
	r.doubt = nil
	r.put(x)
	r.o.Changed()
	return nil
}

// put takes a creative in, in place of what its id had.
func (r *Registry) put(x *Registered) {
	state := *x
	state.Expired, state.Used = false, time.Time{}
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.byID[x.ID]
	if e == nil {
		e = &entry{id: x.ID}
		i, _ := slices.BinarySearchFunc(r.order, x.ID, byEntryID)
		r.order = slices.Insert(r.order, i, e)
		r.byID[x.ID] = e
		r.next = max(r.next, x.ID+1)
	} else {
		old := e.state.Load()
		delete(r.byCode, codeKey{old.Member, old.Code})
		r.count[old.Member]--
		r.bytes -= len(old.Content)
	}
	e.state.Store(&state)
	r.byCode[codeKey{x.Member, x.Code}] = e
	r.count[x.Member]++
	r.bytes += len(x.Content)
}

// holder is the creative that has a code.
func (r *Registry) holder(member ad.MemberID, code string) *entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byCode[codeKey{member, code}]
}

// ruled is the id of the rule set's creative that has a code; 0: none.
func (r *Registry) ruled(member ad.MemberID, code string) ad.CreativeID {
	if r.o.Catalog == nil {
		return 0
	}
	if x := r.o.Catalog().CreativeByCode(member, code); x != nil && x.ID < ad.RegisteredCreativeMin {
		return x.ID
	}
	return 0
}

// room says whether the limits let one more creative in, of a member, or 0 if it is there already, with so many more
// bytes of content.
func (r *Registry) room(member ad.MemberID, more int) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch {
	case member != 0 && r.count[member] >= ad.CreativesPerMemberMax:
		return &FullError{"the member has " + strconv.Itoa(r.count[member]) + " creatives, and may have no more"}
	case member != 0 && len(r.order) >= ad.CreativesMax:
		return &FullError{"the node has " + strconv.Itoa(len(r.order)) + " registered creatives, and may have no more"}
	case more > 0 && r.bytes+more > ad.CreativesBytesMax:
		return &FullError{"the contents of all registered creatives would exceed 256 MiB"}
	}
	return nil
}

// same reports whether two creatives say the same of all that a member sets.
func same(a, b *ad.Creative) bool {
	return a.Member == b.Member && a.Code == b.Code && a.Name == b.Name && a.Active == b.Active && sameAd(a, b)
}

// sameAd reports whether two creatives are the same ad: what a reader may see, what it may do, and what bidders and
// publishers judge it by.
func sameAd(a, b *ad.Creative) bool {
	return a.Content == b.Content && a.ClickURL == b.ClickURL && a.Size == b.Size && a.Media == b.Media && a.Format == b.Format &&
		a.Dynamic == b.Dynamic && a.Secure == b.Secure && a.Language == b.Language &&
		slices.Equal(a.Advertisers, b.Advertisers) && slices.Equal(a.Categories, b.Categories) &&
		slices.Equal(a.Attributes, b.Attributes) && slices.Equal(a.Pixels, b.Pixels)
}
