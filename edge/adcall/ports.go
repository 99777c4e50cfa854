package adcall

import (
	"context"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// Asker sends bid requests and collects what comes back until out.Deadline, and never waits longer.
// It appends to answers.Asked one row per target, in their order, and to answers.Bids every bid, refused ones included.
type Asker interface {
	Ask(ctx context.Context, snap *catalog.Snapshot, out *openrtb.Outgoing, answers *ad.Answers)
}

// Recorder is told of every answered call, before it is released. It must copy what it keeps and must not block.
type Recorder interface {
	Record(*Answer)
}
