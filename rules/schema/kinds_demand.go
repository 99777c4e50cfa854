package schema

import (
	"time"

	"curb/edge/ad"
)

func bidderKind() *Kind {
	return &Kind{Name: "Bidder",
		Doc: "An OpenRTB endpoint that bids for one or more members.",
		Spec: record(id(), active(),
			Field{Name: "endpoint", Type: form(FormEndpoint), Required: true, Doc: "URL that bid requests are POSTed to: https, or in lab mode http to loopback.", Aka: []string{"url", "bid_uri", "uri"}},
			Field{Name: "ready_url", Type: form(FormEndpoint), Default: "always ready", Doc: "URL asked now and then; the bidder is asked for bids only while the answer holds a 1.", Aka: []string{"ready_uri"}},
			Field{Name: "domains", Type: list(form(FormPeer), 0, 100), Default: "the endpoint's host", Doc: "Domains its notice URLs may name, with their subdomains."},
			Field{Name: "members", Type: refs("Member", 1), Required: true, Doc: "Seats it may bid for.", Aka: []string{"member", "seats", "seat"}},
			Field{Name: "currencies", Type: list(form(FormCurrency), 0, 200), Default: "[USD]", Doc: "Currencies it may bid in; each needs an exchange rate.", Aka: []string{"currency", "cur"}},
			Field{Name: "request_coding", Type: word("plain", "gzip", "zstd"), Default: "plain", Doc: "How bid requests are compressed.", Aka: []string{"compression"}},
			Field{Name: "answer_codings", Type: list(word("gzip", "zstd"), 0, 2), Default: "none", Doc: "Codings offered for its answers, beside plain."},
			Field{Name: "qps_max", Type: whole(1, 10_000_000), Default: "no cap", Doc: "Bid requests per second of one node.", Aka: []string{"qps", "qps_limit"}},
			Field{Name: "connections_max", Type: whole(1, 65_535), Default: "the node's", Doc: "Connections of one node."},
			Field{Name: "bidder_fee", Type: share(), Default: "0%", Doc: "Comes off its bids first."},
			Field{Name: "throttle", Type: truth(), Default: "true", Doc: "Whether fewer requests are sent while it times out."},
			Field{Name: "notify_url", Type: form(FormEndpoint), Default: "no notices", Doc: "URL that notices are POSTed to, within its domains: what it won, and errors.", Aka: []string{"notify_uri"}},
			Field{Name: "notify_lost", Type: truth(), Default: "false", Doc: "Whether it is told of lost bids too, with the reason."},
			Field{Name: "notify_pending", Type: truth(), Default: "false", Doc: "Whether it is told when a price was passed on to the publisher's ad server."},
			Field{Name: "notify_no_bid", Type: truth(), Default: "false", Doc: "Whether it is told of requests that it did not bid on."},
			Field{Name: "notify_full_auction", Type: truth(), Default: "false", Doc: "Whether notices carry the bid request."},
			dongle("Opens the bidder's own account of debug auctions to whoever knows it."),
			priceKey("Seals the prices in its notice URLs."),
		)}
}

func creativeKind() *Kind {
	return &Kind{Name: "Creative",
		Doc: "A registered advertisement. Only registered, active and audited creatives serve.",
		Spec: record(
			Field{Name: "id", Type: whole(1, int64(ad.RegisteredCreativeMin)-1), Required: true,
				Doc: "Number that tags, requests and reports use. Unique within the kind, never reused. Those from 1000000000 on belong to creatives that are registered with the node."},
			Field{Name: "member", Type: ref("Member"), Required: true, Doc: "Whose it is."},
			Field{Name: "code", Type: text(100), Default: "metadata.name", Doc: "The member's own key, bid.crid. Unique within the member.", Aka: []string{"crid"}},
			active(),
			Field{Name: "size", Type: form(FormSize), Default: "any", Doc: "Size of the ad; banners need one."},
			Field{Name: "media", Type: word("banner", "video", "audio", "native"), Default: "banner", Doc: "Kind of ad.", Aka: []string{"media_type", "type"}},
			Field{Name: "format", Type: word("image", "html", "script", "vast", "native"), Required: true,
				Doc: "What content is: the URL of a picture, markup, the URL of a script, VAST XML or its URL, a native 1.2 response.", Aka: []string{"template"}},
			Field{Name: "content", Type: markup(ad.MarkupBytesMax), Doc: "The ad itself, or its URL. Exactly one of content and content_file is given.", Aka: []string{"media_url", "adm", "markup"}},
			Field{Name: "content_file", Type: form(FormPath), Doc: "A file in the rule file's directory, or below it, that holds the content."},
			Field{Name: "dynamic", Type: truth(), Default: "false", Doc: "Whether a bid may bring markup of its own (adm) in place of the content. Otherwise what was audited is what serves."},
			Field{Name: "click_url", Type: form(FormLink), Doc: "Where a picture leads.", Aka: []string{"click_target"}},
			Field{Name: "secure", Type: truth(), Default: "false", Doc: "Whether it may serve on https pages."},
			Field{Name: "audit", Type: word("none", "pending", "rejected", "audited"), Default: "none", Doc: "Where it stands with the platform's auditors.", Aka: []string{"audit_status"}},
			Field{Name: "advertisers", Type: list(form(FormDomain), 0, 10), Default: "none", Doc: "Domains it is for.", Aka: []string{"adomain", "advertiser", "brand"}},
			Field{Name: "categories", Type: list(code(20), 0, 20), Default: "none", Doc: "Content categories.", Aka: []string{"cat"}},
			Field{Name: "attributes", Type: list(whole(1, 255), 0, 32), Default: "none", Doc: "OpenRTB creative attributes.", Aka: []string{"attr"}},
			Field{Name: "language", Type: form(FormLanguage), Default: "unknown", Doc: "Language of the ad."},
			Field{Name: "approved_by", Type: refs("Publisher", 0), Default: "all", Doc: "Publishers it may serve on."},
			Field{Name: "banned_by", Type: refs("Publisher", 0), Default: "none", Doc: "Publishers it may not serve on; beats approved_by."},
			Field{Name: "banned", Type: truth(), Default: "false", Doc: "Whether it serves nowhere, whatever was approved."},
			Field{Name: "pixels", Type: list(form(FormEndpoint), 0, ad.PixelsMax), Default: "none", Doc: "The advertiser's impression trackers, called when the ad shows; with macros.", Aka: []string{"pixel", "trackers", "impression_trackers"}},
		)}
}

func lineItemKind() *Kind {
	fields := []Field{id(),
		{Name: "member", Type: ref("Member"), Required: true, Doc: "Whose demand it is; it serves on this member's own inventory."},
		active(),
		{Name: "priority", Type: whole(1, ad.PriorityMax), Default: "5", Doc: "1 to 20, 20 first."},
		{Name: "price", Type: &Type{Form: FormMoney, Min: 1, Max: int64(priceMax)}, Required: true, Doc: "What it pays, per thousand impressions, or per what paid_for says.", Aka: []string{"cpm", "bid"}},
		{Name: "paid_for", Type: word("cpm", "cpc", "cpa"), Default: "cpm", Doc: "What price is paid for: a thousand impressions, a click, an action.", Aka: []string{"goal"}},
		{Name: "chance", Type: &Type{Form: FormShare, Min: 1, Max: int64(ad.ChanceOne), Unit: int64(ad.ChanceOne)}, Doc: "Expected clicks or actions per impression, e.g. 0.15%; needed with cpc and cpa.", Aka: []string{"ctr", "rate"}},
		{Name: "creatives", Type: refs("Creative", 1), Required: true, Doc: "Ads that rotate.", Aka: []string{"creative"}},
		{Name: "budget", Type: budget(), Default: "none", Doc: "What it may spend. Spent, it is not there."},
		{Name: "caps", Type: caps(), Default: "none", Doc: "How often one user sees it.", Aka: []string{"frequency", "frequency_cap"}},
		{Name: "publishers", Type: refs("Publisher", 0), Default: "with placements empty: all of the member's", Doc: "Where it serves.", Aka: []string{"publisher"}},
		{Name: "placements", Type: refs("Placement", 0), Default: "with publishers empty: all of the member's", Doc: "Where it serves.", Aka: []string{"placement"}},
	}
	return &Kind{Name: "LineItem", Doc: "Managed demand of a member on its own inventory.", Spec: record(append(fields, dates()...)...)}
}

// Bounds of budgets: a billion dollars, a trillion impressions.
const (
	budgetMax      = 1_000_000_000 * int64(ad.Dollar)
	budgetCountMax = 1_000_000_000_000
)

// budget bounds what a line item spends.
func budget() *Type {
	amount := &Type{Form: FormMoney, Min: 1, Max: budgetMax}
	return record(
		Field{Name: "lifetime", Type: amount, Default: "no bound", Doc: "Money in all, as the buyer pays it."},
		Field{Name: "daily", Type: amount, Default: "no bound", Doc: "Money per day, UTC."},
		Field{Name: "lifetime_impressions", Type: whole(1, budgetCountMax), Default: "no bound", Doc: "Impressions in all."},
		Field{Name: "daily_impressions", Type: whole(1, budgetCountMax), Default: "no bound", Doc: "Impressions per day, UTC."},
	)
}

// recencyMax bounds recency: users are not remembered much longer.
const recencyMax = 30 * 24 * time.Hour

// caps bound how often one user sees a line item.
func caps() *Type {
	count := func(name, doc string) Field {
		return Field{Name: name, Type: whole(1, 255), Default: "no bound", Doc: doc, Aka: []string{"max_" + name + "_imps"}}
	}
	return record(
		count("hour", "Impressions in a clock hour, UTC."),
		count("day", "Impressions in a calendar day, UTC."),
		count("week", "Impressions in a week from Sunday, UTC."),
		count("month", "Impressions in a calendar month, UTC."),
		count("lifetime", "Impressions ever."),
		Field{Name: "recency", Type: &Type{Form: FormDuration, Min: int64(time.Minute), Max: int64(recencyMax), Unit: int64(time.Minute)}, Default: "no bound",
			Doc: "Least time between two impressions, rolling.", Aka: []string{"min_minutes_per_imp"}},
		Field{Name: "require_user", Type: truth(), Default: "false", Doc: "Whether users that nobody knows never see it; otherwise caps do not apply to them.", Aka: []string{"require_cookie_for_freq_cap"}},
	)
}

// priceMax bounds the price of a line item: an action may be worth more than a thousand impressions.
const priceMax = 100_000 * ad.Dollar

func dealKind() *Kind {
	fields := []Field{
		{Name: "id", Type: text(100), Default: "metadata.name", Doc: "What pmp.deals.id and bid.dealid say.", Aka: []string{"deal_id"}},
		active(),
		{Name: "type", Type: word("open", "private"), Default: "open", Doc: "Competes with everybody, or before the open auction is held."},
		{Name: "ask", Type: money(), Default: "none: the usual floors stand", Doc: "Price of the deal. 0 is a floor of 0 that beats every other.", Aka: []string{"ask_price", "floor", "bidfloor", "floor_price", "price"}},
		{Name: "fixed", Type: truth(), Default: "false", Doc: "Whether bids rank and pay at the ask."},
		{Name: "priority", Type: whole(1, ad.PriorityMax), Default: "5", Doc: "1 to 20, 20 first; private deals only."},
		{Name: "members", Type: refs("Member", 0), Default: "all", Doc: "Seats that may use it.", Aka: []string{"member", "wseat", "buyers"}},
		{Name: "publishers", Type: refs("Publisher", 0), Default: "with placements empty: everywhere", Doc: "Where it is valid.", Aka: []string{"publisher"}},
		{Name: "placements", Type: refs("Placement", 0), Default: "with publishers empty: everywhere", Doc: "Where it is valid.", Aka: []string{"placement"}},
	}
	return &Kind{Name: "Deal", Doc: "An agreement between a seller and buyers on price and access.", Spec: record(append(fields, dates()...)...)}
}

func dataProviderKind() *Kind {
	return &Kind{Name: "DataProvider",
		Doc: "Answers with segments within 10 ms.",
		Spec: record(
			active(),
			Field{Name: "endpoint", Type: form(FormEndpoint), Required: true, Doc: "URL that is asked, with macros.", Aka: []string{"url", "bid_uri", "uri"}},
			Field{Name: "ready_url", Type: form(FormEndpoint), Default: "always ready", Doc: "URL asked now and then; the provider is asked only while the answer holds a 1.", Aka: []string{"ready_uri"}},
			Field{Name: "contextual", Type: truth(), Default: "false", Doc: "Whether it judges the page alone: then it is told nothing about the user, and asked also where the law lets nothing about the user out."},
			Field{Name: "throttle", Type: truth(), Default: "true", Doc: "Whether it is asked less often while it times out."},
			Field{Name: "bidders", Type: refs("Bidder", 0), Default: "none", Doc: "Bidders under contract: only they see its segments.", Aka: []string{"bidder"}},
		)}
}
