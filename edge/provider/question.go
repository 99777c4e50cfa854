package provider

import (
	"strconv"
	"strings"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// question is a provider's URL, taken apart once: texts, and the macros between them.
type question struct {
	texts  []string // one more than names
	names  []string
	source string
}

// parseQuestion finds the ${NAME} macros of a URL.
func parseQuestion(url string) question {
	q := question{source: url}
	for {
		before, rest, found := strings.Cut(url, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			q.texts = append(q.texts, url)
			return q
		}
		q.texts, q.names = append(q.texts, before), append(q.names, name)
		url = after
	}
}

// bare is the URL with every macro empty, for checking where it leads.
func (q *question) bare() string { return strings.Join(q.texts, "") }

// asked is what macros are filled from.
type asked struct {
	call     *ad.Call
	page     string
	place    *catalog.GeoRange
	personal bool
}

// fill writes the URL of one call. Values are percent-encoded wherever they stand, whether their name ends in _ENC or
// not; a macro without a value is empty, and so is one that nobody knows.
func (q *question) fill(dst []byte, a *asked) []byte {
	for i, name := range q.names {
		dst = append(dst, q.texts[i]...)
		dst = appendEscaped(dst, a.value(name))
	}
	return append(dst, q.texts[len(q.texts)-1]...)
}

// value is the raw value of a macro. What is about the user stays empty unless it may leave the node.
func (a *asked) value(name string) string {
	c := a.call
	switch strings.TrimSuffix(name, "_ENC") {
	case "REFERER_URL":
		return a.page
	case "AUCTION_ID":
		return c.ID.String()
	case "SELLER_MEMBER_ID":
		return strconv.FormatUint(uint64(c.Publisher.Member), 10)
	case "PUBLISHER_ID":
		return strconv.FormatUint(uint64(c.Publisher.ID), 10)
	case "SITE_ID":
		return strconv.FormatUint(uint64(c.Site.ID), 10)
	case "TAG_ID":
		return strconv.FormatUint(uint64(c.Impressions[0].Placement.ID), 10)
	case "GDPR_APPLIES", "GDPR":
		if c.GDPR >= 0 {
			return strconv.Itoa(int(c.GDPR))
		}
		return ""
	case "GDPR_CONSENT", "GDPR_CONSENT_STRING":
		return c.TCF
	case "GPP_STRING":
		return c.GPP
	case "US_PRIVACY":
		return c.USPrivacy
	}
	return a.person(strings.TrimSuffix(name, "_ENC"))
}

// person is the raw value of a macro about the user. The node stores no users, so USER_ID is 0: nobody.
func (a *asked) person(name string) string {
	if name == "USER_ID" {
		return "0"
	}
	if !a.personal {
		return ""
	}
	c := a.call
	switch name {
	case "EXTERNAL_UID":
		return c.ExternalUID
	case "USER_AGENT":
		return c.Device.UserAgent
	case "USER_IP":
		if ip := ad.Network(c.Device.IP); ip.IsValid() {
			return ip.String()
		}
		return ""
	case "AGE":
		if c.YearOfBirth > 0 {
			return strconv.Itoa(c.Received.UTC().Year() - int(c.YearOfBirth))
		}
		return ""
	case "GEO_LAT", "GEO_LON":
		if !c.Location.Known {
			return ""
		}
		at := c.Location.Lat
		if name == "GEO_LON" {
			at = c.Location.Lon
		}
		return strconv.FormatFloat(float64(at)/1e5, 'f', -1, 64)
	}
	if a.place == nil {
		return ""
	}
	switch name {
	case "USER_COUNTRY":
		return a.place.Country
	case "USER_STATE":
		return a.place.Region
	case "USER_CITY":
		return a.place.City
	case "POSTAL_CODE":
		return a.place.Postal
	case "USER_DMA":
		if a.place.DMA > 0 {
			return strconv.Itoa(int(a.place.DMA))
		}
	}
	return ""
}

const hexDigits = "0123456789ABCDEF"

// appendEscaped percent-encodes everything but unreserved characters (RFC 3986 §2.3).
func appendEscaped(dst []byte, text string) []byte {
	for i := range len(text) {
		b := text[i]
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '_' || b == '.' || b == '~' {
			dst = append(dst, b)
			continue
		}
		dst = append(dst, '%', hexDigits[b>>4], hexDigits[b&15])
	}
	return dst
}
