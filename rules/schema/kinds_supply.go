package schema

import "curb/edge/ad"

func memberKind() *Kind {
	return &Kind{Name: "Member",
		Doc: "A buying or selling seat. Its id is the seat of OpenRTB bids.",
		Spec: record(id(), active(),
			Field{Name: "reselling_priority", Type: whole(1, ad.PriorityMax), Default: "none",
				Doc: "Managed demand of this member at or above it closes the member's own inventory to RTB."},
			Field{Name: "platform_fee", Type: share(), Default: "0%", Doc: "Taken off this buyer's bids before they are ranked."},
			Field{Name: "bidder", Type: ref("Bidder"), Default: "none",
				Doc: "The member's own bidder, one that bids for the member: on the member's inventory it is asked first and alone, and may take the impression, set a reserve or a default creative."},
			dongle("Opens debug and test auctions on the member's inventory to whoever knows it."),
		)}
}

func publisherKind() *Kind {
	return &Kind{Name: "Publisher",
		Doc: "Sells inventory on behalf of a member.",
		Spec: record(id(),
			Field{Name: "member", Type: ref("Member"), Required: true, Doc: "Owner of the inventory."},
			active(),
			Field{Name: "domain", Type: form(FormDomain), Doc: "The publisher's own domain, sent to bidders."},
			Field{Name: "hosts", Type: list(form(FormDomain), 0, 100), Default: "none", Doc: "Hosts of the publisher that point at the nodes by CNAME. Each has a certificate of its own and belongs to one publisher.", Aka: []string{"host", "cname"}},
			Field{Name: "timeout", Type: timeout(), Default: "the node's", Doc: "Deadline of auctions.", Aka: []string{"tmax", "deadline"}},
			Field{Name: "price_rule", Type: word("first", "second"), Default: "the node's", Doc: "What winners pay: their own bid, or the runner-up plus 0.01.", Aka: []string{"auction_type"}},
			Field{Name: "below_threshold", Type: word("tier", "price"), Default: "the node's", Doc: "How managed demand below the reselling priority meets RTB: only its highest tier, or all of it."},
			Field{Name: "blocked_categories", Type: list(code(20), 0, 1000), Default: "none", Doc: "Content categories no ad may have.", Aka: []string{"bcat"}},
			Field{Name: "blocked_advertisers", Type: list(form(FormDomain), 0, 10_000), Default: "none", Doc: "Domains no ad may be for; a domain blocks its subdomains too.", Aka: []string{"badv"}},
			Field{Name: "blocked_attributes", Type: list(whole(1, 255), 0, 255), Default: "none", Doc: "OpenRTB creative attributes no ad may have.", Aka: []string{"battr"}},
			priceBuckets(),
			priceKey("Seals the prices that its ad servers are told as {SEALED_PRICE}."),
		)}
}

// priceBuckets is how prices are rounded for a publisher's ad servers.
func priceBuckets() Field {
	return Field{Name: "price_buckets", Default: "medium", Aka: []string{"price_granularity", "buckets"},
		Doc: "How prices are rounded down for the line items of its ad servers: a granularity as Prebid knows it, or ranges of its own.",
		Type: named([]string{"low", "medium", "high", "auto", "dense"},
			Field{Name: "precision", Type: whole(0, 6), Default: "2", Doc: "Decimals that are written."},
			Field{Name: "ranges", Required: true, Doc: "Where one range ends the next begins; a price above the last counts as its max.", Aka: []string{"buckets"},
				Type: list(record(
					Field{Name: "max", Type: &Type{Form: FormMoney, Min: 1, Max: int64(ad.CPMMax)}, Required: true, Doc: "Highest price of the range.", Aka: []string{"up_to"}},
					Field{Name: "increment", Type: &Type{Form: FormMoney, Min: 1, Max: int64(ad.CPMMax)}, Required: true, Doc: "Distance of its line items.", Aka: []string{"step"}},
				), 1, ad.BucketRangesMax)},
		)}
}

func siteKind() *Kind {
	return &Kind{Name: "Site",
		Doc: "A group of placements: a web site, an app or a network of screens.",
		Spec: record(id(),
			Field{Name: "publisher", Type: ref("Publisher"), Required: true, Doc: "Who sells it."},
			Field{Name: "supply", Type: word("web", "app", "dooh"), Default: "web", Doc: "Which of OpenRTB's site, app and dooh it is sent as.", Aka: []string{"kind", "type", "supply_type"}},
			Field{Name: "domain", Type: form(FormDomain), Doc: "Domain of a web site."},
			Field{Name: "page", Type: form(FormLink), Doc: "Page sent to bidders when a tag names none.", Aka: []string{"default_referrer_url", "url"}},
			Field{Name: "bundle", Type: text(200), Doc: "Bundle of an app."},
			Field{Name: "store_url", Type: form(FormLink), Doc: "Where the app is to be had."},
			Field{Name: "categories", Type: list(code(20), 0, 20), Default: "none", Doc: "Content categories.", Aka: []string{"cat"}},
		)}
}

func placementKind() *Kind {
	price := func(name, doc string, aka ...string) Field {
		return Field{Name: name, Type: money(), Default: "0", Doc: doc, Aka: aka}
	}
	size := Field{Name: "size", Type: form(FormSize), Default: "every size without an entry of its own", Doc: "Size the entry is for."}
	fields := []Field{id(),
		{Name: "site", Type: ref("Site"), Required: true, Doc: "Where it stands. Publisher and owner follow from the site."},
		active(),
		{Name: "code", Type: code(100), Doc: "The publisher's own name for it, inv_code of tags. Unique within the owner.", Aka: []string{"inv_code"}},
		{Name: "sizes", Type: list(form(FormSize), 0, ad.SizesMax), Default: "as the tag says", Doc: "Sizes it takes, the primary first.", Aka: []string{"size"}},
		{Name: "private_sizes", Type: list(form(FormSize), 0, ad.SizesMax), Default: "none", Doc: "Sizes only deals may use."},
		{Name: "media_types", Type: list(word("banner", "video", "audio", "native"), 1, 4), Default: "[banner]", Doc: "Media it takes.", Aka: []string{"media", "supported_media_types"}},
		price("reserve", "Lowest price the owner sells at, after fees.", "floor", "bidfloor", "reserve_price"),
		price("soft_floor", "Second price only: bids below it pay what they bid."),
		{Name: "defaults", Default: "none", Doc: "What serves when nothing clears; one entry per size.", Aka: []string{"default_creatives"},
			Type: list(record(size,
				Field{Name: "creative", Type: ref("Creative"), Required: true, Doc: "A creative of the owner."},
				price("price", "A reserve that a winner must reach; it beats the placement's."),
			), 0, ad.SizesMax)},
		{Name: "estimates", Default: "none", Doc: "What historically clears; one entry per size.", Aka: []string{"estimated_clear_prices"},
			Type: list(record(size,
				Field{Name: "clear", Type: money(), Required: true, Doc: "Price that won nearly always.", Aka: []string{"clear_price"}},
				price("average", "Mean of the bids.", "average_price"),
				Field{Name: "verified", Type: truth(), Default: "false", Doc: "Whether the estimate comes from measured auctions."},
			), 0, ad.SizesMax)},
		{Name: "daisy_chain", Type: form(FormEndpoint), Default: "none", Doc: "URL that takes over when nothing clears and no default fits; macros `${CACHEBUSTER}`, `${WIDTH}`, `${HEIGHT}`.", Aka: []string{"passback"}},
		{Name: "ad_servers", Default: "none: it has no preemptive tags", Doc: "The publisher's ad servers that preemptive tags may call; a tag without redir calls the first.", Aka: []string{"ad_server", "redir"},
			Type: list(record(
				Field{Name: "name", Type: code(60), Required: true, Doc: "What a tag's redir may say instead of a URL: letters, digits, - and _. Unique within the placement."},
				Field{Name: "url", Type: &Type{Form: FormTemplate, Words: adServerMacros}, Required: true, Doc: "Where browsers are sent with the outcome of the auction."},
				Field{Name: "second_price", Type: truth(), Default: "false", Doc: "Whether its own auction is second price: then prices are passed on unreduced."},
			), 0, ad.AdServersMax)},
		{Name: "resale", Type: truth(), Default: "true", Doc: "Whether bidders are asked; false leaves owner's demand and deals.", Aka: []string{"no_resale", "rtb", "exclusive"}},
		{Name: "psa", Type: truth(), Default: "true", Doc: "Whether a public service ad may serve when there is nothing else; false answers an empty 200.", Aka: []string{"no_psa"}},
		{Name: "timeout", Type: timeout(), Default: "the publisher's", Doc: "Deadline of auctions.", Aka: []string{"tmax", "deadline"}},
		{Name: "position", Type: word("unknown", "above", "below"), Default: "unknown", Doc: "Above or below the fold."},
	}
	return &Kind{Name: "Placement", Doc: "The unit of inventory that a tag names.", Spec: record(fields...)}
}
