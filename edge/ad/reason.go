package ad

// Reason says what became of a bid, a bidder or a call: exactly one per bid. The texts are a contract: they stand in
// records, metrics, notices and rule tests.
type Reason uint8

// The closed list of reasons. Order is not part of the contract, texts are.
const (
	// Undecided is the zero value: no step has judged the bid yet. It never leaves an auction.
	Undecided Reason = iota
	// Won: the bid bought the impression.
	Won

	// Outcomes of asking a bidder: no bid came back at all.
	NoBid
	NotAsked
	Timeout
	Late
	// Cancelled: the caller left before the bidder's time was up.
	Cancelled
	Throttled
	QPSLimited
	BreakerOpen
	NotReady
	ConnectFailed
	TLSFailed
	ConnectionLost
	EgressDenied
	HTTPStatus
	Redirected
	HeaderInvalid
	HeaderTooLarge
	ResponseTooLarge
	ContentEncoding
	BodyInvalid
	JSONInvalid
	JSONTooDeep
	ResponseInvalid
	IDMismatch
	InternalError

	// Bids refused before they compete.
	TooManyBids
	ImpUnknown
	BidDuplicate
	PriceMissing
	PriceInvalid
	CurrencyInvalid
	CurrencyNotAllowed
	SeatMissing
	SeatForbidden
	SeatInactive
	CreativeMissing
	CreativeInvalid
	CreativeUnapproved
	// CreativeExpired: the creative is over, because its time is or because it was switched off.
	CreativeExpired
	CreativeSize
	CreativeFormat
	CreativeInsecure
	CreativeBlocked
	MarkupMissing
	AdomainInvalid
	AdomainBlocked
	CategoryBlocked
	AttributeBlocked
	LanguageBlocked
	NoticeURLDenied
	DealUnknown
	DealForbidden
	Excluded
	NotResellable
	FrequencyCapped
	RecencyCapped
	PageCapped
	BudgetExhausted
	PacedOut
	BelowFloor
	BelowDealFloor

	// Bids that were eligible and lost.
	LowerPriority
	ResaleClosed
	PrivateClosed
	DealPriority
	Outbid
	TieLost
	// Declined: the price was passed on, and the publisher's ad server chose something else.
	Declined
	// Unbillable: it won, and the bill could not be written in time, so it was not served.
	Unbillable

	reasonCount
)

// reasonInfo is one row of the table: our text, OpenRTB's loss reason (2.6 List: Loss Reason Codes), the notify error
// code of the classic exchanges (0: none fits), and Prebid's seatnonbid status.
type reasonInfo struct {
	text   string
	loss   uint8
	notify uint16
	nonbid uint16
}

var reasons = [reasonCount]reasonInfo{
	Undecided:          {"undecided", 1, 0, 100},
	Won:                {"won", 0, 0, 0},
	NoBid:              {"no_bid", 1, 0, 0},
	NotAsked:           {"not_asked", 1, 0, 203},
	Timeout:            {"timeout", 2, 10, 101},
	Late:               {"late", 2, 10, 101},
	Cancelled:          {"cancelled", 1, 0, 100},
	Throttled:          {"throttled", 1, 11, 203},
	QPSLimited:         {"qps_limited", 1, 11, 203},
	BreakerOpen:        {"breaker_open", 1, 1001, 103},
	NotReady:           {"not_ready", 1, 1001, 103},
	ConnectFailed:      {"connect_failed", 1, 12, 103},
	TLSFailed:          {"tls", 1, 12, 103},
	ConnectionLost:     {"connection_lost", 1, 12, 103},
	EgressDenied:       {"egress_denied", 1, 12, 103},
	HTTPStatus:         {"http_status", 3, 13, 100},
	Redirected:         {"redirect", 3, 13, 100},
	HeaderInvalid:      {"header_invalid", 3, 13, 102},
	HeaderTooLarge:     {"header_too_large", 3, 60, 102},
	ResponseTooLarge:   {"response_too_large", 3, 60, 102},
	ContentEncoding:    {"content_encoding", 3, 16, 102},
	BodyInvalid:        {"body_invalid", 3, 16, 102},
	JSONInvalid:        {"json_invalid", 3, 14, 102},
	JSONTooDeep:        {"json_too_deep", 3, 14, 102},
	ResponseInvalid:    {"response_invalid", 3, 16, 102},
	IDMismatch:         {"id_mismatch", 5, 201, 102},
	InternalError:      {"internal_error", 1, 0, 100},
	TooManyBids:        {"too_many_bids", 3, 16, 300},
	ImpUnknown:         {"imp_unknown", 3, 201, 300},
	BidDuplicate:       {"bid_duplicate", 3, 16, 300},
	PriceMissing:       {"price_missing", 9, 61, 300},
	PriceInvalid:       {"price_invalid", 9, 304, 300},
	CurrencyInvalid:    {"currency_invalid", 3, 302, 205},
	CurrencyNotAllowed: {"currency_not_allowed", 3, 302, 205},
	SeatMissing:        {"seat_missing", 104, 202, 300},
	SeatForbidden:      {"seat_forbidden", 104, 208, 300},
	SeatInactive:       {"seat_inactive", 104, 203, 300},
	CreativeMissing:    {"creative_missing", 8, 62, 350},
	CreativeInvalid:    {"creative_invalid", 200, 102, 350},
	CreativeUnapproved: {"creative_invalid_unapproved", 201, 122, 350},
	CreativeExpired:    {"creative_invalid_expired", 200, 137, 350},
	CreativeSize:       {"creative_invalid_size", 203, 106, 351},
	CreativeFormat:     {"creative_format", 204, 111, 350},
	CreativeInsecure:   {"creative_insecure", 207, 104, 352},
	CreativeBlocked:    {"creative_blocked", 202, 117, 350},
	MarkupMissing:      {"markup_missing", 7, 136, 350},
	AdomainInvalid:     {"adomain_invalid", 6, 408, 350},
	AdomainBlocked:     {"adomain_blocked", 205, 408, 356},
	CategoryBlocked:    {"category_blocked", 209, 407, 303},
	AttributeBlocked:   {"attribute_blocked", 210, 406, 350},
	LanguageBlocked:    {"language_blocked", 208, 409, 350},
	NoticeURLDenied:    {"notify_url_denied", 3, 64, 350},
	DealUnknown:        {"deal_unknown", 4, 308, 300},
	DealForbidden:      {"deal_forbidden", 4, 309, 300},
	Excluded:           {"excluded", 200, 403, 356},
	NotResellable:      {"not_resellable", 200, 210, 300},
	FrequencyCapped:    {"frequency_capped", 200, 0, 300},
	RecencyCapped:      {"recency_capped", 200, 0, 300},
	PageCapped:         {"page_capped", 200, 421, 300},
	BudgetExhausted:    {"budget", 200, 205, 300},
	PacedOut:           {"paced_out", 200, 0, 300},
	BelowFloor:         {"below_floor", 100, 306, 301},
	BelowDealFloor:     {"below_deal_floor", 101, 310, 304},
	LowerPriority:      {"lower_priority", 102, 0, 300},
	ResaleClosed:       {"resale_closed", 102, 0, 300},
	PrivateClosed:      {"private_closed", 103, 0, 300},
	DealPriority:       {"deal_priority", 103, 0, 300},
	Outbid:             {"outbid", 102, 0, 300},
	TieLost:            {"tie_lost", 102, 0, 300},
	Declined:           {"declined", 102, 0, 300},
	Unbillable:         {"unbillable", 1, 0, 100},
}

// String is the reason's text in records, metrics and notices.
func (r Reason) String() string {
	if r >= reasonCount {
		return "unknown"
	}
	return reasons[r].text
}

// LossCode is OpenRTB's loss reason (2.6, List: Loss Reason Codes), for ${AUCTION_LOSS}. 0 means won.
func (r Reason) LossCode() int { return int(reasons[min(r, reasonCount-1)].loss) }

// NotifyCode is the notify error code of the classic exchanges; 0 where that list has no word for it.
func (r Reason) NotifyCode() int { return int(reasons[min(r, reasonCount-1)].notify) }

// NonBidCode is Prebid's seatnonbid status code.
func (r Reason) NonBidCode() int { return int(reasons[min(r, reasonCount-1)].nonbid) }

// Reasons lists every reason in the order of the table, for metrics and documentation.
func Reasons() []Reason {
	all := make([]Reason, reasonCount)
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

// ParseReason finds a reason by its text.
func ParseReason(text string) (Reason, bool) {
	for i, info := range reasons {
		if info.text == text {
			return Reason(i), true
		}
	}
	return Undecided, false
}
