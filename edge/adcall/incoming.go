package adcall

import (
	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// Incoming is one ad call as the rim decoded it. Server code passes it to Service.Serve:
//
//	answer := service.Serve(ctx, adcall.Incoming{Call: call, Received: request, Snapshot: snapshot})
//	defer answer.Release()
type Incoming struct {
	Call *ad.Call
	// Received is the OpenRTB request the call came as; nil for tags.
	Received *openrtb.Request
	// Snapshot is the rule set in which the call's placements were found: one call sees one version, from its first look-up on.
	Snapshot *catalog.Snapshot
}
