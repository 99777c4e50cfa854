package macro

import (
	"strings"

	"curb/edge/ad"
)

// Name is a macro that can be filled.
type Name uint8

// Names of macros. Those that differ in encoding only (CLICK_URL_ENC) share the name of the plain one.
const (
	none           Name = iota
	ClickURL            // the click trackers before the landing page; empty: none
	Cachebuster         // the tag's cb, or fresh digits
	AuctionID           // 32 hex digits
	TagID               // placement
	CreativeID          // ours; 0 for markup without a registered creative
	CreativeCode        // the member's
	DealID              // 0 if none
	SellerMemberID      // owner of the inventory
	PublisherID
	PublisherCode // the publisher's name in the rule set
	SiteID
	TagCode1     // placement's code
	TagCode2     // a second code, which placements here have not: empty
	ExtAppID     // bundle of an app
	PricePaid    // after reductions, in the bid's currency
	BidPrice     // before
	SecondPrice  // USD; where the price rule is second price, else empty
	ReservePrice // that stood, USD
	ECP          // estimated clear price, USD
	Age          // 0 unknown
	Gender       // f, m, o or u
	UserID       // 0: none is told
	UserIP       // the network, never the whole address
	UserAgent
	UserCity
	UserState
	UserCountry // ISO 3166-1 alpha-2
	SessionFreq // impressions of the user's session; empty while no users are stored
	ExtendedIDs // source,id|source,id
	SegIDs      // segments of the user, newest first
	SegCodes
	GeoLat     // degrees north
	GeoLon     // degrees east
	SupplyType // 0 web, 1 mobile web, 2 app
	Datacenter // name of the node; 0 for none
	IsPreview  // 1 in auctions that count for nothing
	RefererURL
	Timestamp    // seconds since 1970
	CreativeSize // WxH
	Width
	Height
	GDPR // 0, 1 or empty
	GDPRConsent
	GPPString
	GPPSID
	USPrivacy
	PT1
	PT2
	PT3
	PT4
	PT5
	PT6
	PT7
	PT8
	PT9
	BidID       // OpenRTB bid.id
	ImpID       // OpenRTB imp.id
	SeatID      // OpenRTB seatbid.seat
	AdID        // OpenRTB bid.adid
	BidCurrency // OpenRTB bid currency
	Undisclosed // names that are known and always empty here
	nameCount
	custom // of a bid
)

// reference is one ${…} as written: which value, and how it is encoded before the context's own escaping.
type reference struct {
	name   Name
	custom string // the value, if name is custom
	encode uint8  // times percent-encoded, 0 to 3
	base64 bool
}

// encodeMax is how many times URL_ENC may encode.
const encodeMax = 3

// named lists every spelling. Sources: the classic exchanges' creative macros, OpenRTB 2.6 §4.4, IAB TCF and GPP URL macros.
var named = map[string]reference{
	"CLICK_URL":        {name: ClickURL},
	"CLICK_URL_ENC":    {name: ClickURL, encode: 1},
	"CACHEBUSTER":      {name: Cachebuster},
	"AUCTION_ID":       {name: AuctionID},
	"TAG_ID":           {name: TagID},
	"CREATIVE_ID":      {name: CreativeID},
	"CREATIVE_CODE":    {name: CreativeCode},
	"DEAL_ID":          {name: DealID},
	"SELLER_MEMBER_ID": {name: SellerMemberID},
	"PUBLISHER_ID":     {name: PublisherID},
	"PUBLISHER_CODE":   {name: PublisherCode},
	"SITE_ID":          {name: SiteID},
	"TAG_CODE1":        {name: TagCode1},
	"TAG_CODE2":        {name: TagCode2},
	"EXT_APP_ID":       {name: ExtAppID},
	"PRICE_PAID":       {name: PricePaid},
	"BID_PRICE":        {name: BidPrice},
	"SECOND_PRICE":     {name: SecondPrice},
	"RESERVE_PRICE":    {name: ReservePrice},
	"ECP":              {name: ECP},
	"AGE":              {name: Age},
	"GENDER":           {name: Gender},
	"USER_ID":          {name: UserID},
	"USER_IP":          {name: UserIP},
	"USER_AGENT":       {name: UserAgent},
	"USER_AGENT_ENC":   {name: UserAgent, encode: 1},
	"USER_CITY":        {name: UserCity},
	"USER_STATE":       {name: UserState},
	"USER_COUNTRY":     {name: UserCountry},
	"SESSION_FREQ":     {name: SessionFreq},
	"EXTENDED_IDS":     {name: ExtendedIDs},
	"SEG_IDS":          {name: SegIDs},
	"SEG_CODES":        {name: SegCodes},
	"GEO_LAT":          {name: GeoLat},
	"GEO_LON":          {name: GeoLon},
	"REFERER_URL":      {name: RefererURL},
	"REFERER_URL_ENC":  {name: RefererURL, encode: 1},
	"SUPPLY_TYPE":      {name: SupplyType},
	"DATACENTER":       {name: Datacenter},
	"IS_PREVIEW":       {name: IsPreview},
	"TIMESTAMP":        {name: Timestamp},
	"CREATIVE_SIZE":    {name: CreativeSize},
	"WIDTH":            {name: Width},
	"HEIGHT":           {name: Height},

	"DEVICE_MD5": {name: Undisclosed}, "DEVICE_SHA1": {name: Undisclosed}, "DEVICE_OPENUDID": {name: Undisclosed},
	"DEVICE_ODIN": {name: Undisclosed}, "DEVICE_AAID": {name: Undisclosed}, "DEVICE_APPLE_IDA": {name: Undisclosed},
	"DEVICE_WIN_ID": {name: Undisclosed}, "DEVICE_MAKE_ID": {name: Undisclosed}, "DEVICE_MODEL_ID": {name: Undisclosed},
	"CARRIER_ID": {name: Undisclosed},

	"GDPR":                {name: GDPR},
	"GDPR_APPLIES":        {name: GDPR},
	"GDPR_CONSENT":        {name: GDPRConsent},
	"GDPR_CONSENT_STRING": {name: GDPRConsent},
	"GPP_STRING":          {name: GPPString},
	"GPP_SID":             {name: GPPSID},
	"US_PRIVACY":          {name: USPrivacy},

	"PT1": {name: PT1}, "PT2": {name: PT2}, "PT3": {name: PT3},
	"PT4": {name: PT4}, "PT5": {name: PT5}, "PT6": {name: PT6},
	"PT7": {name: PT7}, "PT8": {name: PT8}, "PT9": {name: PT9},

	"AUCTION_BID_ID":     {name: BidID},
	"AUCTION_IMP_ID":     {name: ImpID},
	"AUCTION_SEAT_ID":    {name: SeatID},
	"AUCTION_AD_ID":      {name: AdID},
	"AUCTION_PRICE":      {name: PricePaid},
	"AUCTION_CURRENCY":   {name: BidCurrency},
	"AUCTION_LOSS":       {name: Undisclosed},
	"AUCTION_MBR":        {name: Undisclosed},
	"AUCTION_MIN_TO_WIN": {name: Undisclosed},
	"AUCTION_MULTIPLIER": {name: Undisclosed},
	"AUCTION_IMP_TS":     {name: Undisclosed},
}

// nameBytesMax is longer than every name with its vendor number.
const nameBytesMax = 32

// numbered are names that carry a vendor or section number of their own: ${GDPR_CONSENT_755}.
var numbered = [...]struct {
	prefix string
	name   Name
}{{"GDPR_CONSENT_", GDPRConsent}, {"GPP_STRING_", GPPString}}

// lookUp finds a spelling; ok is false for an unknown one.
func lookUp(spelling string) (reference, bool) {
	if len(spelling) > nameBytesMax {
		return reference{}, false
	}
	if r, ok := named[spelling]; ok {
		return r, true
	}
	for _, n := range numbered {
		if number, ok := strings.CutPrefix(spelling, n.prefix); ok && allDigits(number) {
			return reference{name: n.name}, true
		}
	}
	return reference{}, false
}

func allDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// cutReference reads the reference that starts at source[0:2] == "${" and gives what follows it. own are custom macros.
func cutReference(source string, own []ad.KeyValue) (r reference, rest string, ok bool) {
	body := source[2:]
	if inner, found := strings.CutPrefix(body, "URL_ENC(${"); found {
		return cutEncoded(inner, own)
	}
	spelling, rest, ok := cutName(body)
	if !ok {
		return r, "", false
	}
	base64 := false
	if after, found := strings.CutPrefix(rest, ":B64"); found {
		base64, rest = true, after
	}
	if rest == "" || rest[0] != '}' {
		return r, "", false
	}
	r, ok = find(spelling, own)
	r.base64 = base64
	return r, rest[1:], ok
}

// cutEncoded reads the rest of ${URL_ENC(${NAME},n)} after the inner brace.
func cutEncoded(inner string, own []ad.KeyValue) (r reference, rest string, ok bool) {
	spelling, rest, ok := cutName(inner)
	if !ok || len(rest) < 5 || rest[:2] != "}," || rest[3:5] != ")}" {
		return r, "", false
	}
	times := rest[2] - '0'
	if times < 1 || times > encodeMax {
		return r, "", false
	}
	r, ok = find(spelling, own)
	r.encode = min(r.encode+times, encodeMax)
	return r, rest[5:], ok
}

// find looks a spelling up among the system's names, then among custom ones.
func find(spelling string, own []ad.KeyValue) (reference, bool) {
	if r, ok := lookUp(spelling); ok || len(own) == 0 {
		return r, ok
	}
	return findCustom(spelling, own)
}

func cutName(text string) (spelling, rest string, ok bool) {
	i := 0
	for i < len(text) && i <= nameBytesMax && nameByte(text[i]) {
		i++
	}
	return text[:i], text[i:], i > 0
}

func nameByte(b byte) bool { return alphanumeric(b) || b == '_' }
