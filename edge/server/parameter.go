package server

import (
	"strings"
	"unicode/utf8"

	"curb/edge/ad"
)

// field is a parameter that means something here.
type field uint8

// Parameters of tags.
const (
	fieldID field = iota
	fieldMember
	fieldCode
	fieldDefaultTag
	fieldSize
	fieldPromoSizes
	fieldPrivateSizes
	fieldReserve
	fieldReferrer
	fieldCB
	fieldAge
	fieldGender
	fieldPosition
	fieldLoc
	fieldPubClick
	fieldPubClickEnc
	fieldPSA
	fieldPT1
	fieldPT9 = fieldPT1 + ad.PassThroughCount - 1
)

// Parameters of tags, continued.
const (
	fieldExtInvCode = fieldPT9 + 1 + iota
	fieldTrafficSource
	fieldExternalUID
	fieldUseCookies
	fieldTruncateIP
	fieldPreventRTB
	fieldPreventDeals
	fieldWithinIframe
	fieldGDPR
	fieldGDPRConsent
	fieldGPP
	fieldGPPSID
	fieldUSPrivacy
	fieldCOPPA
	fieldTest
	fieldTarget
	fieldRedir
	fieldCallback
	fieldCallbackUID
	fieldLegacy
	fieldDebug
	fieldDebugJSON
	fieldDebugTimeout
	fieldDongle
	fieldIgnored // known, without effect here
	fieldCount
)

var fields = map[string]field{
	"id": fieldID, "member": fieldMember, "inv_code": fieldCode, "default_tag_id": fieldDefaultTag,
	"size": fieldSize, "promo_sizes": fieldPromoSizes, "private_sizes": fieldPrivateSizes, "reserve": fieldReserve,
	"referrer": fieldReferrer, "cb": fieldCB, "age": fieldAge, "gender": fieldGender, "position": fieldPosition, "loc": fieldLoc,
	"pubclick": fieldPubClick, "pubclickenc": fieldPubClickEnc, "psa": fieldPSA,
	"pt1": fieldPT1, "pt2": fieldPT1 + 1, "pt3": fieldPT1 + 2, "pt4": fieldPT1 + 3, "pt5": fieldPT1 + 4,
	"pt6": fieldPT1 + 5, "pt7": fieldPT1 + 6, "pt8": fieldPT1 + 7, "pt9": fieldPT9,
	"ext_inv_code": fieldExtInvCode, "traffic_source_code": fieldTrafficSource, "external_uid": fieldExternalUID,
	"use_cookies": fieldUseCookies, "truncate_ip": fieldTruncateIP, "prevent_rtb": fieldPreventRTB,
	"prevent_deals": fieldPreventDeals, "within_iframe": fieldWithinIframe, "gdpr": fieldGDPR, "gdpr_consent": fieldGDPRConsent,
	"gpp": fieldGPP, "gpp_sid": fieldGPPSID, "us_privacy": fieldUSPrivacy, "coppa": fieldCOPPA, "test": fieldTest, "target": fieldTarget,
	"redir": fieldRedir, "callback": fieldCallback, "callback_uid": fieldCallbackUID, "legacy": fieldLegacy,
	"debug": fieldDebug, "debug_json": fieldDebugJSON, "debug_timeout": fieldDebugTimeout, "dongle": fieldDongle,
	// Parameters of other exchanges' tags that a pasted tag may still carry. They are no key values of the publisher's.
	"promo_alignment": fieldIgnored, "qsdata": fieldIgnored, "custom_pub_data": fieldIgnored, "flash": fieldIgnored,
	"debug_member": fieldIgnored, "debug_node": fieldIgnored, "bidder": fieldIgnored,
}

// parameters are a tag's query, taken apart but not yet read: values are percent-encoded unless said otherwise.
type parameters struct {
	raw    [fieldCount]string
	seen   uint64
	pairs  int
	key    []ad.KeyValue // kw_ pairs, decoded
	custom []ad.KeyValue // unknown pairs, decoded
}

func (p *parameters) reset() {
	clear(p.key)
	clear(p.custom)
	*p = parameters{key: p.key[:0], custom: p.custom[:0]}
}

func (p *parameters) has(f field) bool { return p.seen&(1<<f) != 0 && p.raw[f] != "" }

// parse takes the query apart. A known parameter may come once, kw_ and unknown ones any number of times.
func (p *parameters) parse(raw string) *problem {
	q := query{rest: raw}
	for {
		key, value, ok := q.next()
		if !ok {
			return nil
		}
		if p.pairs++; p.pairs > ad.QueryParamsMax {
			return &paramTooMany
		}
		f, known := fields[key]
		switch {
		case known && f == fieldIgnored:
		case known:
			if p.seen&(1<<f) != 0 {
				return &paramDuplicate
			}
			if f == fieldRedir && bare(value) && strings.Contains(value, "&redir=") {
				return &paramDuplicate // two addresses that two readers would take differently
			}
			p.seen |= 1 << f
			p.raw[f] = value
		default:
			p.free(key, value)
		}
	}
}

// free keeps a pair that is the publisher's own. One that is too long, badly encoded or past the limit has no effect.
func (p *parameters) free(key, value string) {
	list := &p.custom
	if rest, found := strings.CutPrefix(key, "kw_"); found {
		list, key = &p.key, rest
	}
	if len(*list) == ad.KeyValuesMax {
		return
	}
	key, keyOK := unescape(key)
	value, valueOK := unescape(value)
	if !keyOK || !valueOK || key == "" || len(key) > ad.KeyValueBytesMax || len(value) > ad.KeyValueBytesMax ||
		!printable(key) || !printable(value) {
		return
	}
	if list == &p.custom {
		key = strings.ToLower(key)
	}
	*list = append(*list, ad.KeyValue{Key: key, Value: value})
}

// printable reports whether text is UTF-8 without control characters.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] == 0x7f {
			return false
		}
	}
	return utf8.ValidString(text)
}
