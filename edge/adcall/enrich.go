package adcall

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// enrich settles what may be said of the user, what may not appear, and until when the call can wait.
func (s *Service) enrich(a *Answer) {
	a.state.personal = identifiable(a.Call)
	a.Call.User = s.user(a)
	a.state.deadline = a.Call.Received.Add(a.timeout())
	a.block()
}

// block joins what the publisher keeps out with what the caller does.
func (a *Answer) block() {
	p, in, b := a.Call.Publisher, a.state.received, &a.Call.Blocks
	*b = ad.Blocks{Categories: p.BlockedCategories, Advertisers: p.BlockedAdvertisers}
	if in != nil {
		b.Categories, b.Advertisers = joined(b.Categories, in.BCat), joined(b.Advertisers, in.BAdv)
		b.Apps, b.Languages = in.BApp, in.WLang
	}
	own := a.state.attributes[:0]
	for _, attribute := range p.BlockedAttributes {
		own = append(own, int(attribute))
	}
	a.state.attributes = own
	for i := range a.Call.Impressions {
		blocked := own[:len(own):len(own)]
		if in != nil && i < len(in.Imp) {
			blocked = append(blocked, attributesOf(&in.Imp[i])...)
		}
		a.Call.Impressions[i].BlockedAttributes = blocked
	}
}

// attributesOf are the creative attributes that a caller's impression blocks, whatever the medium it says it for.
func attributesOf(imp *openrtb.Imp) []int {
	var all []int
	if imp.Banner != nil {
		all = append(all, imp.Banner.BAttr...)
	}
	if imp.Video != nil {
		all = append(all, imp.Video.BAttr...)
	}
	if imp.Audio != nil {
		all = append(all, imp.Audio.BAttr...)
	}
	if imp.Native != nil {
		all = append(all, imp.Native.BAttr...)
	}
	return all
}

// joined is both lists; it copies only if both hold something.
func joined(a, b []string) []string {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	return append(append(make([]string, 0, len(a)+len(b)), a...), b...)
}

// timeout is the shortest deadline among the call's placements, and no longer than the caller asked for: its answer
// must be there by then, with every promise in it on disk.
func (a *Answer) timeout() time.Duration {
	if a.Call.Debug {
		if a.Call.DebugTimeout > 0 {
			return min(a.Call.DebugTimeout, ad.DebugTimeoutMax)
		}
		return ad.DebugTimeoutDefault
	}
	timeout := ad.TMaxConfigMax
	for i := range a.Call.Impressions {
		timeout = min(timeout, a.state.snapshot.Timeout(a.Call.Impressions[i].Placement))
	}
	if a.Call.TMax > 0 {
		timeout = min(timeout, a.Call.TMax-ad.PromiseTime)
	}
	return timeout
}

// user derives the key of caps from the publisher's own id of the user. Nobody is known where the law lets nobody be, or
// where the tag says so.
func (s *Service) user(a *Answer) ad.UserKey {
	id := a.Call.ExternalUID
	if in := a.state.received; id == "" && in != nil && in.User != nil {
		id = in.User.ID
	}
	if id == "" || !a.state.personal || a.Call.NoUser {
		return ad.UserKey{}
	}
	mac := hmac.New(sha256.New, s.salt[:])
	mac.Write(binary.LittleEndian.AppendUint32(nil, uint32(a.Call.Publisher.ID)))
	mac.Write([]byte(id))
	return ad.UserKey(mac.Sum(nil)[:16])
}

// identifiable reports whether nothing in the call speaks against passing on what identifies or describes the user. The
// most restrictive signal wins: COPPA, GPC, a tracking opt-out, GDPR, any section of the GPP that applies, a US privacy
// opt-out of sale or a US privacy string that is none. Consent strings are passed on and not read: a string that nobody
// has read is no consent.
func identifiable(c *ad.Call) bool {
	if c.COPPA || c.GPC || c.DoNotTrack || c.GDPR == 1 {
		return false
	}
	for _, section := range c.GPPSID {
		if section > 0 { // -1 and 0 say that none applies
			return false
		}
	}
	return c.USPrivacy == "" || (len(c.USPrivacy) == 4 && c.USPrivacy[0] == '1' && (c.USPrivacy[2] == 'N' || c.USPrivacy[2] == '-'))
}
