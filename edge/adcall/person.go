package adcall

import (
	"strconv"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// device says what the ad will be shown on. The address is truncated; identifiers of the device go only where nothing
// speaks against it.
func (a *Answer) device() {
	p, call := &a.state.request, a.Call
	d := &p.device
	if in := a.state.received; in != nil && in.Device != nil {
		*d = *in.Device
		d.Ext = nil
		if !a.state.personal {
			d.IFA, d.DIDSHA1, d.DIDMD5, d.DPIDSHA1, d.DPIDMD5, d.MACSHA1, d.MACMD5 = "", "", "", "", "", "", ""
		}
		d.Geo = a.place(in.Device.Geo)
	} else {
		d.Geo = a.place(nil)
	}
	d.IP, d.IPv6 = "", ""
	if ip := ad.Network(call.Device.IP); ip.Is4() {
		d.IP = ip.String()
	} else if ip.IsValid() {
		d.IPv6 = ip.String()
	}
	if d.UA == "" {
		d.UA = call.Device.UserAgent
	}
	if d.Language == "" {
		d.Language = call.Device.Language
	}
	if call.DoNotTrack {
		d.DNT = openrtb.Yes
	}
	if d.SUA == nil {
		d.SUA = p.hints(&call.Device.SUA)
	}
	p.request.Device = d
}

// place is the caller's word on where the device is, else the catalog's. Coordinates go only where identifiers may.
func (a *Answer) place(in *openrtb.Geo) *openrtb.Geo {
	g := &a.state.request.geo
	if in != nil {
		*g = *in
		g.Ext = nil
		if !a.state.personal {
			g.Lat, g.Lon, g.Accuracy = "", "", 0
		}
		return g
	}
	*g = openrtb.Geo{}
	if found := a.state.snapshot.Geo(a.Call.Device.IP); found != nil {
		*g = openrtb.Geo{Country: ad.CountryAlpha3(found.Country), Region: found.Region, City: found.City, ZIP: found.Postal, Type: locatedByIP}
	}
	if at := a.Call.Location; at.Known && a.state.personal {
		g.Lat, g.Lon, g.Type = degrees(at.Lat), degrees(at.Lon), locatedByDevice
	}
	if g.Type == 0 {
		return nil
	}
	return g
}

// Location types (AdCOM 1.0, List: Location Types).
const (
	locatedByDevice = 1
	locatedByIP     = 2
)

// degrees writes hundred-thousandths of a degree as a decimal number.
func degrees(n int32) openrtb.Number {
	return openrtb.Number(strconv.FormatFloat(float64(n)/1e5, 'f', -1, 64))
}

// person says what is known of the user, and under which rules.
func (a *Answer) person() {
	p, call := &a.state.request, a.Call
	u := &p.user
	if in := a.state.received; in != nil && in.User != nil && a.state.personal {
		u.EIDs, u.Data, u.Keywords, u.KwArray = in.User.EIDs, in.User.Data, in.User.Keywords, in.User.KwArray
	}
	if call.ExternalUID != "" && a.state.personal && len(u.EIDs) == 0 && call.Publisher.Domain != "" {
		p.uid[0] = openrtb.UID{ID: call.ExternalUID, AType: 3}
		p.eid[0] = openrtb.EID{Source: call.Publisher.Domain, UIDs: p.uid[:]}
		u.EIDs = p.eid[:]
	}
	if a.state.personal {
		u.Yob = int(call.YearOfBirth)
		if call.Gender != 0 {
			u.Gender = gender(call.Gender)
		}
	}
	u.Consent = call.TCF
	p.request.User = u
	p.regs = openrtb.Regs{COPPA: flag(call.COPPA), USPrivacy: call.USPrivacy, GPP: call.GPP, GPPSID: call.GPPSID}
	switch call.GDPR {
	case 0:
		p.regs.GDPR = openrtb.No
	case 1:
		p.regs.GDPR = openrtb.Yes
	}
	if call.GPC {
		p.regs.Ext = gpc
	}
	p.request.Regs = &p.regs
}

// gpc is how a Global Privacy Control signal travels in OpenRTB (community extension regs.ext.gpc).
var gpc = []byte(`{"gpc":"1"}`)

// gender is OpenRTB's word (2.6 §3.2.20).
func gender(g byte) string {
	switch g {
	case 'M':
		return "M"
	case 'F':
		return "F"
	}
	return "O"
}

// chain adds this exchange to the supply chain (OpenRTB 2.6 §3.2.25). A chain that came in incomplete stays so, and one
// that does not fit any more is passed on as incomplete.
func (s *Service) chain(a *Answer) {
	p := &a.state.request
	in := a.state.received
	complete := openrtb.Yes
	if in != nil && in.Source != nil {
		p.source.TID, p.source.FD, p.source.PChain = in.Source.TID, in.Source.FD, in.Source.PChain
		if c := in.Source.SChain; c != nil {
			p.nodes = append(p.nodes, c.Nodes...)
			complete = c.Complete
		}
	}
	if s.seller == "" {
		complete = openrtb.No
	} else {
		p.nodes = append(p.nodes, openrtb.Node{ASI: s.seller, SID: p.publisher.ID, RID: p.request.ID, HP: openrtb.Yes})
	}
	if len(p.nodes) > 0 {
		p.schain = openrtb.SChain{Ver: "1.0", Complete: complete, Nodes: p.nodes}
		p.source.SChain = &p.schain
	}
	p.request.Source = &p.source
}

// flag is OpenRTB's 1 for true; false is absent, which every reader takes for 0.
func flag(b bool) openrtb.Flag {
	if b {
		return openrtb.Yes
	}
	return openrtb.Unset
}
