package adserver

import (
	"fmt"
	"net/url"
	"slices"

	"curb/cmd/curbsim/internal/control"
	"curb/cmd/curbsim/internal/wire"
)

// decision is which line item serves and why.
type decision struct {
	Accept   bool
	LineItem string
	Reason   string
}

// decide picks between the exchange's line item for the price and the direct campaign. A bucket's line item competes at
// the bucket's lower end, as ad servers that know prices only by key do; a tie goes to the exchange.
func decide(s *Settings, price control.Price, accept string) decision {
	own := decision{LineItem: s.OwnName}
	bucket := -1
	for i, lower := range s.Buckets {
		if lower <= price {
			bucket = i
		}
	}
	switch {
	case accept == "":
		own.Reason = "no accept URL: the exchange has no ad"
		return own
	case s.Choice == "own":
		own.Reason = "set to serve its own ad"
		return own
	case s.Choice == "accept":
		return decision{true, "exchange", "set to accept"}
	case bucket < 0:
		own.Reason = "price below every bucket"
		return own
	case s.Buckets[bucket] < s.OwnPrice:
		own.Reason = fmt.Sprintf("the direct campaign pays %s, the bucket %s", s.OwnPrice, s.Buckets[bucket])
		return own
	}
	return decision{true, "exchange-" + s.Buckets[bucket].String(), "highest bucket at or below the price"}
}

// checkAccept reports why an accept URL may not be called: this server must not lead off the machine.
func checkAccept(raw string, hosts []string) error {
	target, err := url.Parse(raw)
	if err != nil || (target.Scheme != "https" && target.Scheme != "http") || target.Host == "" || target.User != nil {
		return fmt.Errorf("accept is not an absolute http or https URL")
	}
	if !wire.Loopback(target.Hostname()) && !slices.Contains(hosts, target.Hostname()) {
		return fmt.Errorf("accept names %q; only loopback hosts and those given with --accept-host are called", target.Hostname())
	}
	return nil
}
