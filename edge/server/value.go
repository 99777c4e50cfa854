package server

import (
	"strconv"
	"strings"
	"time"

	"curb/edge/ad"
)

// reader reads parameters and remembers whether one had a value it cannot have. A parameter that is absent or empty
// reads as its zero value: ad servers leave empty what they cannot fill.
type reader struct {
	params *parameters
	bad    bool
}

func (r *reader) fail() { r.bad = true }

// text decodes a value of at most limit bytes without control characters.
func (r *reader) text(f field, limit int) string {
	if !r.params.has(f) {
		return ""
	}
	text, ok := unescape(r.params.raw[f])
	if !ok || len(text) > limit || !printable(text) {
		r.fail()
		return ""
	}
	return text
}

// number reads a decimal of 1 to 4294967295.
func (r *reader) number(f field) uint32 {
	text := r.text(f, 10)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil || n == 0 {
		r.fail()
	}
	return uint32(n)
}

// bool reads 0, 1, true or false; absent is standard.
func (r *reader) bool(f field, standard bool) bool {
	switch r.text(f, 5) {
	case "":
		return standard
	case "1", "true":
		return true
	case "0", "false":
		return false
	}
	r.fail()
	return standard
}

// charset reads a value made of letters, digits and the extra bytes.
func (r *reader) charset(f field, limit int, extra string) string {
	text := r.text(f, limit)
	for i := range len(text) {
		if b := text[i]; !isAlphanumeric(b) && strings.IndexByte(extra, b) < 0 {
			r.fail()
			return ""
		}
	}
	return text
}

func isAlphanumeric(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z'
}

// sizes reads WxH,WxH,… onto dst.
func (r *reader) sizes(dst []ad.Size, f field) []ad.Size {
	text := r.text(f, ad.SizesMax*len("9999x9999,"))
	for text != "" {
		var one string
		one, text, _ = strings.Cut(text, ",")
		size, ok := ad.ParseSize(one)
		if !ok || len(dst) == ad.SizesMax {
			r.fail()
			return dst
		}
		dst = append(dst, size)
	}
	return dst
}

// reserve reads a net CPM in USD, up to the price cap.
func (r *reader) reserve() ad.CPM {
	text := r.text(fieldReserve, 32)
	if text == "" {
		return 0
	}
	price, err := ad.ParseCPM([]byte(text))
	if err != nil || price > ad.CPMMax {
		r.fail()
		return 0
	}
	return price
}

// Bounds of what publishers say of a user's age.
const (
	ageMax       = 120
	birthYearMin = 1900
)

// birthYear reads an age, a year of birth, or a range of ages, whose middle counts.
func (r *reader) birthYear(now time.Time) uint16 {
	text := r.text(fieldAge, 7)
	if text == "" || text == "0" {
		return 0
	}
	this := now.UTC().Year()
	if low, high, found := strings.Cut(text, "-"); found {
		from, fromOK := age(low)
		to, toOK := age(high)
		if !fromOK || !toOK || from > to {
			r.fail()
			return 0
		}
		return uint16(this - (from+to)/2)
	}
	if len(text) == 4 {
		if year, err := strconv.Atoi(text); err == nil && year >= birthYearMin && year <= this {
			return uint16(year)
		}
		r.fail()
		return 0
	}
	years, ok := age(text)
	if !ok {
		r.fail()
		return 0
	}
	return uint16(this - years)
}

func age(text string) (years int, ok bool) {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	years, err := strconv.Atoi(text)
	return years, err == nil && years <= ageMax && len(text) <= 3
}

func (r *reader) gender() byte {
	switch r.text(fieldGender, 1) {
	case "m", "M":
		return 'M'
	case "f", "F":
		return 'F'
	case "o", "O":
		return 'O'
	case "", "u", "U":
		return 0
	}
	r.fail()
	return 0
}

// position gives OpenRTB's banner.pos.
func (r *reader) position() uint8 {
	switch r.text(fieldPosition, 5) {
	case "":
		return 0
	case "above":
		return 1
	case "below":
		return 3
	}
	r.fail()
	return 0
}

// location reads LAT,LONG in degrees with up to 13 decimals, and keeps five.
func (r *reader) location() ad.Location {
	text := r.text(fieldLoc, 40)
	if text == "" {
		return ad.Location{}
	}
	lat, long, found := strings.Cut(text, ",")
	north, latOK := degrees(lat, 90)
	east, longOK := degrees(long, 180)
	if !found || !latOK || !longOK {
		r.fail()
		return ad.Location{}
	}
	return ad.Location{Known: true, Lat: north, Lon: east}
}

const (
	degree          = 100_000 // of ad.Location's units
	degreeDigitsMax = 13      // after the point
)

// degrees reads [-]D[.D…], rounding towards zero.
func degrees(text string, limit int32) (units int32, ok bool) {
	negative := strings.HasPrefix(text, "-")
	if negative {
		text = text[1:]
	}
	whole, decimals, point := strings.Cut(text, ".")
	if whole == "" || len(whole) > 3 || len(decimals) > degreeDigitsMax || point && decimals == "" {
		return 0, false
	}
	scale := int32(degree)
	for i := range len(whole) + len(decimals) {
		b := digitOf(whole, decimals, i)
		if b > 9 {
			return 0, false
		}
		if i < len(whole) {
			units = units*10 + int32(b)*degree
			continue
		}
		scale /= 10
		units += int32(b) * scale
	}
	if units > limit*degree {
		return 0, false
	}
	if negative {
		units = -units
	}
	return units, true
}

func digitOf(whole, decimals string, i int) byte {
	if i < len(whole) {
		return whole[i] - '0'
	}
	return decimals[i-len(whole)] - '0'
}

// framed reads within_iframe: 1 yes, -1 no, 0 not said.
func (r *reader) framed() int8 {
	switch {
	case !r.params.has(fieldWithinIframe):
		return 0
	case r.bool(fieldWithinIframe, false):
		return 1
	}
	return -1
}

// gdpr reads 0 or 1; absent is -1, unknown.
func (r *reader) gdpr() int8 {
	switch r.text(fieldGDPR, 1) {
	case "":
		return -1
	case "0":
		return 0
	case "1":
		return 1
	}
	r.fail()
	return -1
}

// sectionsMax bounds the sections of a GPP string.
const sectionsMax = 32

// sections reads gpp_sid: numbers with commas, some senders write underscores.
func (r *reader) sections(dst []int) []int {
	text := r.text(fieldGPPSID, 4*sectionsMax)
	for text != "" {
		one := text
		if i := strings.IndexAny(text, ",_"); i >= 0 {
			one, text = text[:i], text[i+1:]
		} else {
			text = ""
		}
		id, err := strconv.ParseInt(one, 10, 16)
		if err != nil || id < -1 || len(dst) == sectionsMax {
			r.fail()
			return dst
		}
		dst = append(dst, int(id))
	}
	return dst
}

// usPrivacy reads the four characters of the US privacy string.
func (r *reader) usPrivacy() string {
	text := r.charset(fieldUSPrivacy, 4, "-")
	if text != "" && len(text) != 4 {
		r.fail()
		return ""
	}
	return text
}
