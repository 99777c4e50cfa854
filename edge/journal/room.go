package journal

import "fmt"

// shareLeast is the part of a volume that has to be free at most, as a divisor: a small volume is not asked for more.
const shareLeast = 10

// short tells whether the volume is nearly full. Once it was, an eighth more than the least has to be free, so that
// readiness does not flap.
func (l *Log) short() error {
	if l.options.Dir == "" {
		return nil
	}
	free, size, err := l.disk.Room(l.options.Dir)
	if err != nil {
		return nil // nobody knows; a disk that is full says so when it is written
	}
	least := min(uint64(l.options.FreeBytes), size/shareLeast)
	mark := least
	if l.low.Load() {
		mark += least / 8
	}
	if l.low.Store(free < mark); free >= mark {
		return nil
	}
	return fmt.Errorf("%w: %d bytes are free where %s is, of %d, and it takes %d to go on safely: make room, or keep less (%d bytes of segments are kept)",
		ErrLow, free, l.options.Dir, size, least+least/8, l.options.RetainBytes)
}
