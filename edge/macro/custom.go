package macro

import (
	"strings"

	"curb/edge/ad"
)

// reserved are names that custom macros may not have beside the system's own: what other exchanges' macros are called, so
// that a creative written for one never shows what a bid made of it. A star stands for any rest.
var reserved = [...]string{
	"ADV_CODE", "ANCOST", "BASE64_UID", "BASE64_UID_ENC", "BIDPRICE", "CND", "CONTENT", "CREATIVE_HEIGHT", "CREATIVE_WIDTH", "FLASH_*",
	"IF_CALLBACK_URL", "IT_CALLBACK_URL", "IO_CODE", "IO_ID", "MATCHED_PROFILE_CODE", "MATCHED_PROFILE_ID", "MEDIA_*", "PMT_RULE_CODE", "POP_*",
	"PRICE_PAID_ENCR", "SEG_CODES_COL", "SITE_CODE", "SSP_DATA", "TAG_HEIGHT", "TAG_WIDTH", "TOP_LEVEL_CATEGORY_ID",
	"SECOND_LEVEL_CATEGORY_ID", "TRACKER_ID", "UID", "VENUE_ID", "URL_ENC",
}

// CustomAllowed reports whether a bid may bring a macro of this name and value: a name of 1 to 32 letters, digits and
// underscores that is neither the system's nor reserved, and a value of ad.MacroBytesMax bytes at most.
func CustomAllowed(m ad.KeyValue) bool {
	if len(m.Value) > ad.MacroBytesMax {
		return false
	}
	if name, rest, ok := cutName(m.Key); !ok || rest != "" || len(name) > nameBytesMax {
		return false
	}
	if _, system := lookUp(m.Key); system {
		return false
	}
	for _, r := range reserved {
		if prefix, any := strings.CutSuffix(r, "*"); m.Key == r || any && strings.HasPrefix(m.Key, prefix) {
			return false
		}
	}
	return true
}

// findCustom looks a spelling up among a bid's macros; of two of one name the first counts.
func findCustom(spelling string, own []ad.KeyValue) (reference, bool) {
	for i := range own[:min(len(own), ad.MacrosMax)] {
		if own[i].Key == spelling && CustomAllowed(own[i]) {
			return reference{name: custom, custom: own[i].Value}, true
		}
	}
	return reference{}, false
}
