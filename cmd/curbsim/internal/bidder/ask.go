package bidder

import (
	"encoding/json"
	"time"

	"curb/edge/ad"
)

// tmaxDefault stands for a request that names no tmax.
const tmaxDefault = ad.TMaxDefault

// ask is what a bidder wants to know of a bid request.
type ask struct {
	id          string
	tmax        time.Duration
	impressions []askedImpression
}

type askedImpression struct {
	id    string
	sizes []ad.Size
	deals []askedDeal
}

type askedDeal struct {
	id    string
	floor ad.CPM
}

type document struct {
	ID   string
	TMax int64
	Imp  []struct {
		ID     string
		Banner *struct {
			W, H   uint16
			Format []struct{ W, H uint16 }
		}
		PMP struct {
			Deals []struct {
				ID       string
				Bidfloor json.Number
			}
		}
	}
}

// read fills the ask from a plain OpenRTB document.
func (a *ask) read(body []byte) error {
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return err
	}
	a.id, a.tmax, a.impressions = d.ID, time.Duration(d.TMax)*time.Millisecond, nil
	if a.tmax <= 0 {
		a.tmax = tmaxDefault
	}
	for _, i := range d.Imp {
		imp := askedImpression{id: i.ID}
		if b := i.Banner; b != nil {
			for _, f := range b.Format {
				imp.sizes = append(imp.sizes, ad.Size{W: f.W, H: f.H})
			}
			if b.W > 0 {
				imp.sizes = append(imp.sizes, ad.Size{W: b.W, H: b.H})
			}
		}
		for _, deal := range i.PMP.Deals {
			floor, _ := ad.ParseCPM([]byte(deal.Bidfloor))
			imp.deals = append(imp.deals, askedDeal{deal.ID, floor})
		}
		a.impressions = append(a.impressions, imp)
	}
	return nil
}
