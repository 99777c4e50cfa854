package creative

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"curb/edge/ad"
)

// Log keeps records (edge/journal).
type Log interface {
	// Append returns once the record is on disk.
	Append(ctx context.Context, kind uint8, record []byte) error
	// Post writes the record with the next commit and does not wait for it.
	Post(kind uint8, record []byte) error
}

// Catalog is what the registry needs to know of the rule set in force. *catalog.Snapshot is one.
type Catalog interface {
	Member(ad.MemberID) *ad.Member
	CreativeByCode(ad.MemberID, string) *ad.Creative
}

// Options are what a registry works with. All but Catalog are required.
type Options struct {
	Log     Log
	Now     func() time.Time
	Changed func() // a catalog built from here on differs; called outside locks, often, and must return at once
	Logger  *slog.Logger
	// Catalog gives the rule set in force: members must be known to it, and its codes are taken. nil: all members are known.
	Catalog func() Catalog
}

// Registered is a creative of the registry. Its slices are shared: they are not written to.
type Registered struct {
	ad.Creative // Expired holds for the moment of the read
	// Version grows by one with every write.
	Version uint64
	// Reason is what was said with the last decision on audit or ban; may be empty.
	Reason           string
	Created, Changed time.Time
	// Used is the UTC day on which it last served or was bid on; zero: never.
	Used time.Time
}

// Registry holds the creatives. Build one with New; its methods are safe for concurrent use.
type Registry struct {
	o Options
	// writing holds one token. Whoever has it may write: check, append, apply. A writer waits no longer than its context.
	writing chan struct{}
	doubt   *Registered // what a failed write left to settle; under writing

	mu     sync.RWMutex // guards the maps and lists; states are swapped whole
	byID   map[ad.CreativeID]*entry
	byCode map[codeKey]*entry
	order  []*entry // by id
	count  map[ad.MemberID]int
	bytes  int // of all contents
	next   ad.CreativeID

	sweeping sync.Mutex // guards entry.swept
}

// entry is one creative: a state that is replaced, and the day that is only raised.
type entry struct {
	id    ad.CreativeID
	state atomic.Pointer[Registered] // its Expired and Used are not kept up to date: see view
	used  atomic.Uint32              // day since 1970, UTC
	swept uint32                     // the day of last use or change whose expiry was told
}

type codeKey struct {
	member ad.MemberID
	code   string
}

// New builds an empty registry. The journal fills it, before anything else uses it.
func New(o Options) *Registry {
	return &Registry{o: o, writing: make(chan struct{}, 1),
		byID: map[ad.CreativeID]*entry{}, byCode: map[codeKey]*entry{}, count: map[ad.MemberID]int{}, next: ad.RegisteredCreativeMin}
}

// Get finds a creative by id.
func (r *Registry) Get(id ad.CreativeID) (Registered, bool) {
	e := r.entry(id)
	if e == nil {
		return Registered{}, false
	}
	return e.view(r.o.Now()), true
}

func (r *Registry) entry(id ad.CreativeID) *entry {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byID[id]
}

// Filter says which creatives a page holds. Zero fields let all pass.
type Filter struct {
	Member ad.MemberID
	Code   string
	Status string        // one of Statuses
	After  ad.CreativeID // only ids above it
	Limit  int           // at least 1
}

// List gives the creatives that pass in order of id, up to the limit; more is true when others follow.
func (r *Registry) List(f Filter) (page []Registered, more bool) {
	now := r.o.Now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	from, found := slices.BinarySearchFunc(r.order, f.After, byEntryID)
	if found {
		from++
	}
	for _, e := range r.order[from:] {
		x := e.view(now)
		if f.Member != 0 && x.Member != f.Member || f.Code != "" && x.Code != f.Code || f.Status != "" && x.Status() != f.Status {
			continue
		}
		if len(page) == f.Limit {
			return page, true
		}
		page = append(page, x)
	}
	return page, false
}

func byEntryID(e *entry, id ad.CreativeID) int { return cmp.Compare(e.id, id) }

// Creatives lists all creatives by id, for the next catalog: also those that may not serve, so that a bid that names one
// is told why. The list is the caller's; the slices within are not.
func (r *Registry) Creatives() []ad.Creative {
	now := r.o.Now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]ad.Creative, len(r.order))
	for i, e := range r.order {
		x := e.view(now)
		all[i] = x.Creative
	}
	return all
}

// view is the state as of now.
func (e *entry) view(now time.Time) Registered {
	x := *e.state.Load()
	day := e.used.Load()
	if day > 0 {
		x.Used = time.Unix(int64(day)*secondsPerDay, 0).UTC()
	}
	x.Expired = expired(max(day, dayOf(x.Changed)), now)
	return x
}
