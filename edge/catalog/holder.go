package catalog

import "sync/atomic"

// Holder is where the snapshot in force stands. The zero value holds none. It is safe for concurrent use.
type Holder struct{ current atomic.Pointer[Snapshot] }

// NewHolder gives a holder with s in force.
func NewHolder(s *Snapshot) *Holder {
	h := new(Holder)
	h.Store(s)
	return h
}

// Load gives the snapshot in force, nil before the first Store. A call loads once and keeps what it got.
func (h *Holder) Load() *Snapshot { return h.current.Load() }

// Store puts s in force for every Load from now on. Calls under way keep the snapshot they loaded.
func (h *Holder) Store(s *Snapshot) { h.current.Store(s) }
