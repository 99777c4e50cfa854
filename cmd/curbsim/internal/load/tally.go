package load

import (
	"sync"
	"time"

	"curb/cmd/curbsim/internal/histogram"
)

// namesMax bounds the distinct values of the outcome header that are told apart; further ones count as "other".
const namesMax = 32

// tally is what the streams of one or a few connections count. Its lock is theirs, and the progress report's once a second.
type tally struct {
	mu       sync.Mutex
	latency  histogram.Histogram // from due to the last byte
	service  histogram.Histogram // from sending to the last byte
	connect  histogram.Histogram
	status   map[int]uint64
	outcomes map[string]uint64
	versions map[string]uint64
	errors   map[string]uint64
	examples map[string]string // of errors, one per kind
	bytes    uint64
	sales    sales
}

func newTally() *tally {
	return &tally{sales: newSales(), status: map[int]uint64{}, outcomes: map[string]uint64{}, versions: map[string]uint64{}, errors: map[string]uint64{}, examples: map[string]string{}}
}

// reply is one answered request.
type reply struct {
	due, sent, done time.Time
	status          int
	outcome         string
	version         string
	bytes           int64
}

func (t *tally) answered(r *reply) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.latency.Record(r.done.Sub(r.due))
	t.service.Record(r.done.Sub(r.sent))
	t.status[r.status]++
	t.versions[r.version]++
	t.bytes += uint64(r.bytes)
	if r.outcome == "" {
		return
	}
	if _, known := t.outcomes[r.outcome]; !known && len(t.outcomes) >= namesMax {
		r.outcome = "other"
	}
	t.outcomes[r.outcome]++
}

func (t *tally) failed(err error) {
	kind := kindOf(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errors[kind]++
	if t.examples[kind] == "" {
		t.examples[kind] = err.Error()
	}
}

func (t *tally) connected(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connect.Record(took)
}

// merge adds another tally, which may be in use.
func (t *tally) merge(other *tally) {
	other.mu.Lock()
	defer other.mu.Unlock()
	t.latency.Merge(&other.latency)
	t.service.Merge(&other.service)
	t.connect.Merge(&other.connect)
	t.sales.merge(&other.sales)
	t.bytes += other.bytes
	for k, n := range other.status {
		t.status[k] += n
	}
	for k, n := range other.outcomes {
		t.outcomes[k] += n
	}
	for k, n := range other.versions {
		t.versions[k] += n
	}
	for k, n := range other.errors {
		t.errors[k] += n
	}
	for k, text := range other.examples {
		t.examples[k] = text
	}
}
