package bidder

// remembered bounds what is kept of auctions, bids and messages, so that later messages about them count as duplicates.
const remembered = 100_000

// memory is a map that forgets the oldest key past its bound.
type memory[V any] struct {
	held  map[string]V
	order []string // ring of the keys, oldest at next
	next  int
}

// get gives the value of a key, or the zero value.
func (m *memory[V]) get(key string) V { return m.held[key] }

// set keeps a value.
func (m *memory[V]) set(key string, value V) {
	if m.held == nil {
		m.held = map[string]V{}
	}
	if _, known := m.held[key]; !known {
		if len(m.order) < remembered {
			m.order = append(m.order, key)
		} else {
			delete(m.held, m.order[m.next])
			m.order[m.next] = key
			m.next = (m.next + 1) % remembered
		}
	}
	m.held[key] = value
}
