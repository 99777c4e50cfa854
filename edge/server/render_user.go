package server

import (
	"strconv"

	"curb/edge/ad"
	"curb/edge/macro"
)

// appendUser appends what concerns the user. What identifies or describes one is told only where the law and the page let
// it out; an address is the network's, as in bid requests.
func (v *values) appendUser(dst []byte, name macro.Name) []byte {
	switch name {
	case macro.UserID:
		return append(dst, '0') // every bidder knows users by names of its own, and a creative may be anybody's
	case macro.UserIP:
		return v.appendNetwork(dst)
	case macro.UserAgent:
		return append(dst, v.call.Device.UserAgent...)
	case macro.Age:
		if v.call.YearOfBirth == 0 || !v.personal {
			return append(dst, '0')
		}
		return strconv.AppendInt(dst, int64(v.call.Received.UTC().Year()-int(v.call.YearOfBirth)), 10)
	case macro.Gender:
		return append(dst, v.gender())
	case macro.GeoLat:
		return v.appendDegrees(dst, v.call.Location.Lat)
	case macro.GeoLon:
		return v.appendDegrees(dst, v.call.Location.Lon)
	case macro.UserCity, macro.UserState, macro.UserCountry:
		return v.appendPlace(dst, name)
	}
	return v.appendConsent(dst, name)
}

func (v *values) gender() byte {
	if v.personal {
		switch v.call.Gender {
		case 'M':
			return 'm'
		case 'F':
			return 'f'
		case 'O':
			return 'o'
		}
	}
	return 'u'
}

// appendNetwork appends the network that the call came from.
func (v *values) appendNetwork(dst []byte) []byte {
	if network := ad.Network(v.call.Device.IP); network.IsValid() {
		return network.AppendTo(dst)
	}
	return dst
}

// appendDegrees writes hundred-thousandths of a degree as a decimal number.
func (v *values) appendDegrees(dst []byte, n int32) []byte {
	if !v.personal || !v.call.Location.Known {
		return dst
	}
	return strconv.AppendFloat(dst, float64(n)/1e5, 'f', -1, 64)
}

// appendPlace appends where the network is.
func (v *values) appendPlace(dst []byte, name macro.Name) []byte {
	if v.snap == nil {
		return dst
	}
	found := v.snap.Geo(v.call.Device.IP)
	if found == nil {
		return dst
	}
	switch name {
	case macro.UserCity:
		return append(dst, found.City...)
	case macro.UserState:
		return append(dst, found.Region...)
	}
	return append(dst, found.Country...)
}

// appendConsent appends what was said about the law.
func (v *values) appendConsent(dst []byte, name macro.Name) []byte {
	switch name {
	case macro.GDPR:
		if v.call.GDPR >= 0 {
			return strconv.AppendInt(dst, int64(v.call.GDPR), 10)
		}
		return dst
	case macro.GDPRConsent:
		return append(dst, v.call.TCF...)
	case macro.GPPString:
		return append(dst, v.call.GPP...)
	case macro.GPPSID:
		for i, id := range v.call.GPPSID {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendInt(dst, int64(id), 10)
		}
		return dst
	case macro.USPrivacy:
		return append(dst, v.call.USPrivacy...)
	}
	return v.appendBid(dst, name)
}
