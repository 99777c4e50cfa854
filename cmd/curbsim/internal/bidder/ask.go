package bidder

import (
	"time"

	"curb/edge/ad"
	"curb/edge/openrtb"
)

// tmaxDefault stands for a request that names no tmax.
const tmaxDefault = ad.TMaxDefault

// tmaxMax bounds what a request may make the failure late wait.
const tmaxMax = 10 * time.Second

// ask is a bid request being answered. It is valid until the next one is read.
type ask struct {
	decoder openrtb.Decoder
	*openrtb.Request
}

// read takes a plain OpenRTB document.
func (a *ask) read(body []byte) (err error) {
	a.Request, err = a.decoder.DecodeRequest(body)
	return err
}

// tmax is how long the exchange waits for the answer.
func (a *ask) tmax() time.Duration {
	if a.TMax <= 0 {
		return tmaxDefault
	}
	return min(time.Duration(a.TMax)*time.Millisecond, tmaxMax)
}
