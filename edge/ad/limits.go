package ad

import "time"

// Every hard limit of the product. A limit that something outside can meet has a test at the limit and one past it.
// edge/RATIONALE.md says where the numbers come from.
const (
	// TargetBytesMax bounds path and query of a request; past it 414.
	TargetBytesMax = 8 << 10
	// HeaderBytesMax bounds all header fields of a request together; past it 431.
	HeaderBytesMax = 16 << 10
	// HeaderFieldsMax bounds the number of header fields; past it 431.
	HeaderFieldsMax = 64
	// CookieBytesMax bounds all cookies of a request; past it 431.
	CookieBytesMax = 8 << 10
	// QueryParamsMax bounds the query parameters of a tag; past it 400.
	QueryParamsMax = 64
	// BodyBytesMax bounds an OpenRTB body as sent; past it 413.
	BodyBytesMax = 128 << 10
	// BodyDecodedBytesMax bounds it after decompression; past it 413.
	BodyDecodedBytesMax = 512 << 10
	// BodyRatioMax bounds decoded over sent size, so that a small bomb is cut early.
	BodyRatioMax = 50

	// JSONDepthMax bounds nesting of any JSON read from outside.
	JSONDepthMax = 12
	// JSONTokensMax bounds values and names of one document.
	JSONTokensMax = 20_000
	// JSONStringBytesMax bounds one string of a request; a creative's markup is bounded by MarkupBytesMax.
	JSONStringBytesMax = 64 << 10
	// ImpressionsMax bounds the impressions of one call.
	ImpressionsMax = 16
	// CompanionsMax bounds companionad of one video or audio impression: the largest object that a few bytes can ask for.
	CompanionsMax = 16

	// BidsConsidered is how many bids of one answer compete.
	BidsConsidered = 15
	// BidsMax is how many bids an answer may hold; those past BidsConsidered lose as too_many_bids, and an answer with
	// more than BidsMax is refused as response_too_large.
	BidsMax = 64
	// SeatsMax bounds seatbid of one answer.
	SeatsMax = 64
	// MarkupBytesMax bounds adm of one bid.
	MarkupBytesMax = 32 << 10
	// ResponseBytesMax bounds the body of one bidder's answer, decoded.
	ResponseBytesMax = 256 << 10
	// ResponseHeaderBytesMax bounds its header.
	ResponseHeaderBytesMax = 16 << 10
	// InformationalMax bounds the 1xx answers before it.
	InformationalMax = 5
	// AuctionBidsMax bounds the bids of one impression's auction, all bidders and line items together.
	AuctionBidsMax = 1024
	// BiddersMax bounds the bidders asked for one call.
	BiddersMax = 64
	// NoticeURLBytesMax bounds nurl, burl and lurl.
	NoticeURLBytesMax = 2000
	// SizesMax bounds the sizes of one impression.
	SizesMax = 32

	// PassThroughCount is how many pt parameters a tag has.
	PassThroughCount = 9
	// KeyValuesMax is how many kw_ pairs, and how many custom ones, of a tag count; KeyValueBytesMax bounds key and value
	// of each. More, and longer ones, are dropped.
	KeyValuesMax     = 40
	KeyValueBytesMax = 60
	// ConsentBytesMax bounds a consent string of a tag.
	ConsentBytesMax = 4096
	// LabelBytesMax bounds ext_inv_code, traffic_source_code, external_uid and each pt of a tag.
	LabelBytesMax = 100

	// TMaxDefault is how long an auction waits for bids, from the last byte of the ad call.
	TMaxDefault = 150 * time.Millisecond
	// TMaxMin and TMaxMax bound what a publisher's request may ask for.
	TMaxMin = 20 * time.Millisecond
	TMaxMax = 150 * time.Millisecond
	// TMaxConfigMax bounds what an operator may configure.
	TMaxConfigMax = 450 * time.Millisecond

	// AcceptWindowBanner and AcceptWindowLong are how long a sale that was passed on may be accepted; ClickWindow is how long
	// after the impression a click counts, and ClockSkewMax what clocks may differ.
	AcceptWindowBanner = 5 * time.Minute
	AcceptWindowLong   = 6 * time.Hour
	ClickWindow        = 2 * time.Hour
	ClockSkewMax       = 120 * time.Second
	// BillTimeout is how long an answer waits for its bill to be on disk; past it nothing is sold. A commit takes two
	// milliseconds; a disk that takes a hundred times as long is not worth an empty slot, one that takes longer is.
	BillTimeout = 250 * time.Millisecond
	// PromiseTime is what a caller's own deadline keeps back from bidders, so that what they sell it can be promised within
	// it: a commit and some.
	PromiseTime = 5 * time.Millisecond
	// ProviderTimeout is how long data providers have, from the call-out to the last byte.
	ProviderTimeout = 10 * time.Millisecond
	// ProvidersMax bounds the data providers asked for one call, SegmentsMax the segments of one answer, SegmentBytesMax a
	// segment's code, ProviderBytesMax an answer's body.
	ProvidersMax     = 32
	SegmentsMax      = 128
	SegmentBytesMax  = 64
	ProviderBytesMax = 16 << 10
	// RedirectBytesMax bounds the URL of a redirect.
	RedirectBytesMax = 4 << 10
	// TokenBytesMax bounds a token as text; past it a token is refused unread.
	TokenBytesMax = 3 << 10
	// BucketRangesMax bounds the ranges of custom price buckets.
	BucketRangesMax = 10
	// BucketLinesMax bounds the buckets they make, each a line item of somebody's ad server.
	BucketLinesMax = 100_000
	// AdServersMax bounds the ad servers of one placement.
	AdServersMax = 16
	// MacrosMax bounds the custom macros of one bid, MacroBytesMax the value of each; NotifyDataBytesMax its notify data.
	MacrosMax          = 16
	MacroBytesMax      = 550
	NotifyDataBytesMax = 1000
	// DebugTextBytesMax bounds what a bidder explains in a debug auction; the rest is cut off.
	DebugTextBytesMax = 4 << 10
	// CreativesPerMemberMax bounds what one member registers; CreativeBytesMax the content of one.
	CreativesPerMemberMax = 16_000
	CreativeBytesMax      = 64 << 10
	// CreativesMax bounds what all members register on one node, CreativesBytesMax the contents of all of them together.
	CreativesMax      = 200_000
	CreativesBytesMax = 256 << 20
	// RegisteredCreativeMin is where the ids of creatives begin that are registered with a node; those below belong to rule sets.
	RegisteredCreativeMin CreativeID = 1_000_000_000
	// PixelsMax bounds the impression trackers of one creative.
	PixelsMax = 16
	// CreativeExpiry is how long a creative may go unserved and unchanged before it expires.
	CreativeExpiry = 15 * 24 * time.Hour
	// RateMin and RateMax bound an exchange rate: a billionth of a dollar, a million dollars.
	RateMin = RateOne / 1_000_000_000
	RateMax = RateOne * 1_000_000
	// RatesAheadMax is how far after now the day of a table of exchange rates may lie: clocks and time zones differ.
	RatesAheadMax = 24 * time.Hour
	// RatesAgeMax is how old a table of exchange rates may be; past it only USD is bought and sold.
	RatesAgeMax = 5 * 24 * time.Hour
	// RateJumpMax is how far a rate may move from one table to the next, in either direction; past it an operator has to say so.
	RateJumpMax Share = 200_000
	// DebugTimeoutDefault is the deadline of a debug auction, DebugTimeoutMax the longest that may be asked for.
	DebugTimeoutDefault = 2 * time.Second
	DebugTimeoutMax     = 10 * time.Second
	// DebugsPerSecond is how many debug auctions a node holds in the long run, DebugsAtOnce how many after a pause: a page of
	// slots, twice over. Past them 429.
	DebugsPerSecond = 10
	DebugsAtOnce    = 50

	// VectorFileBytesMax bounds a file of auction vectors; VectorCasesMax bounds its cases.
	VectorFileBytesMax = 16 << 20
	VectorCasesMax     = 10_000

	// ResponseTailBytesMax bounds the document of a tag; a script carries it escaped, at most four times as long.
	ResponseTailBytesMax = 64 << 10

	// RuleFileBytesMax bounds one file of a rule set; a larger one is split.
	RuleFileBytesMax = 4 << 20
	// RuleDocumentBytesMax bounds one object of it, so that no object costs more memory than a moment's.
	RuleDocumentBytesMax = 256 << 10
	// RuleDepthMax bounds nesting of rule files.
	RuleDepthMax = 32
	// RuleFilesMax bounds the files of one rule set, RuleSetBytesMax their bytes together, RuleObjectsMax its objects.
	RuleFilesMax    = 10_000
	RuleSetBytesMax = 256 << 20
	RuleObjectsMax  = 200_000
	// RuleProblemsMax bounds the problems reported of one rule set; how many more there were is said.
	RuleProblemsMax = 1000
)
