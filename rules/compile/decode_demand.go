package compile

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"curb/edge/ad"
	"curb/rules/schema"
)

func element(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

func (c *compiler) bidder(e *entry) {
	s := e.Spec
	b := ad.Bidder{
		ID: ad.BidderID(e.id), Name: e.Name, Active: s.Field("active").Flag(true),
		Endpoint: s.Field("endpoint").Text(), ReadyURL: s.Field("ready_url").Text(), Domains: texts(s.Field("domains")),
		Members:       referAll[ad.MemberID](c, e, "members", "Member"),
		RequestCoding: ad.Compression(s.Field("request_coding").Word(0)),
		QPSMax:        int(s.Field("qps_max").Whole()), ConnectionsMax: int(s.Field("connections_max").Whole()),
		BidderFee: ad.Share(s.Field("bidder_fee").Parts()), Throttle: s.Field("throttle").Flag(true),
		NotifyURL: s.Field("notify_url").Text(), NotifyLost: s.Field("notify_lost").Flag(false), NotifyPending: s.Field("notify_pending").Flag(false),
		NotifyNoBid: s.Field("notify_no_bid").Flag(false), NotifyFull: s.Field("notify_full_auction").Flag(false),
		Dongle: s.Field("dongle").Text(), PriceKey: c.priceKey(e),
	}
	c.notices(e)
	for _, v := range s.Field("answer_codings").List() {
		b.AcceptGzip = b.AcceptGzip || v.Text() == "gzip"
		b.AcceptZstd = b.AcceptZstd || v.Text() == "zstd"
	}
	for i, v := range s.Field("currencies").List() {
		currency, _ := ad.ParseCurrency(v.Text())
		b.Currencies = append(b.Currencies, currency)
		if !currency.IsUSD() && !c.hasRate(v.Text()) {
			c.problem(e, element("currencies", i), "there is no exchange rate of "+v.Text(), "add it to the ExchangeRates object")
		}
	}
	if u, err := url.Parse(b.Endpoint); err == nil && len(b.Domains) == 0 && b.Endpoint != "" {
		b.Domains = []string{u.Hostname()}
	}
	c.contents.Bidders = append(c.contents.Bidders, b)
	c.from(e)
}

// notices checks that there is somewhere to send the notices that are asked for.
func (c *compiler) notices(e *entry) {
	if e.Broken || e.Spec.Field("notify_url") != nil {
		return
	}
	for _, field := range []string{"notify_lost", "notify_pending", "notify_no_bid", "notify_full_auction"} {
		if e.Spec.Field(field).Flag(false) {
			c.problem(e, field, "there is no notify_url to tell it at", "set notify_url, or remove this")
		}
	}
}

// hasRate says whether the rule set knows what a currency is worth.
func (c *compiler) hasRate(currency string) bool {
	for _, e := range c.byKind["ExchangeRates"] {
		if e.shaky || e.Spec == nil {
			return true // one problem is enough
		}
		keys, _ := e.Spec.Field("rates").Entries()
		for _, k := range keys {
			if k.Text() == currency {
				return true
			}
		}
	}
	return false
}

func (c *compiler) creative(e *entry) {
	s := e.Spec
	x := ad.Creative{
		ID: ad.CreativeID(e.id), Code: s.Field("code").Text(), Name: e.Name, Active: s.Field("active").Flag(true),
		Size: s.Field("size").Size(), Media: 1 << s.Field("media").Word(0), Format: ad.Format(s.Field("format").Word(0)),
		Dynamic: s.Field("dynamic").Flag(false), ClickURL: s.Field("click_url").Text(), Secure: s.Field("secure").Flag(false), Audit: ad.AuditStatus(s.Field("audit").Word(0)),
		Advertisers: texts(s.Field("advertisers")), Categories: texts(s.Field("categories")), Attributes: bytesOf(s.Field("attributes")),
		Language:   s.Field("language").Text(),
		ApprovedBy: referAll[ad.PublisherID](c, e, "approved_by", "Publisher"),
		BannedBy:   referAll[ad.PublisherID](c, e, "banned_by", "Publisher"),
		Banned:     s.Field("banned").Flag(false), Pixels: texts(s.Field("pixels")),
	}
	if x.Code == "" {
		x.Code = e.Name
	}
	if member := c.refer(e, s.Field("member"), "Member", "member"); member != nil {
		x.Member = ad.MemberID(member.id)
	}
	x.Content = c.content(e)
	if !e.Broken {
		c.checkCreative(e, &x)
	}
	c.contents.Creatives = append(c.contents.Creatives, x)
	c.from(e)
}

// content is the creative's content, from the object or from the file beside it.
func (c *compiler) content(e *entry) string {
	inline, file := e.Spec.Field("content"), e.Spec.Field("content_file")
	switch {
	case e.Broken:
		return inline.Text()
	case (inline == nil) == (file == nil):
		c.problem(e, "", "exactly one of content and content_file is needed", "write the ad into content, or name its file in content_file")
		return ""
	case inline != nil:
		return inline.Text()
	}
	name := path.Join(path.Dir(e.At.File()), file.Text())
	text, err := c.read(name, ad.MarkupBytesMax)
	if err != nil {
		c.problem(e, "content_file", fmt.Sprintf("%s cannot be read: %s", name, reason(err)), "name a file beside this one")
		return ""
	}
	e.extra = text
	return c.markup(e, string(text))
}

// markup judges the content of a file like that of a field.
func (c *compiler) markup(e *entry, text string) string {
	if detail, remedy := schema.CheckMarkup(text); detail != "" {
		c.problem(e, "content_file", detail, remedy)
	}
	return strings.TrimSuffix(text, "\n")
}

// formats are the formats that a kind of ad may have.
var formats = map[ad.MediaType][]ad.Format{
	ad.Banner: {ad.FormatImage, ad.FormatHTML, ad.FormatScript}, ad.Video: {ad.FormatVAST}, ad.Audio: {ad.FormatVAST}, ad.Native: {ad.FormatNative},
}

func (c *compiler) checkCreative(e *entry, x *ad.Creative) {
	fits := false
	for _, f := range formats[x.Media] {
		fits = fits || f == x.Format
	}
	if !fits {
		c.problem(e, "format", fmt.Sprintf("%s is no format of a %s", e.Spec.Field("format").Text(), x.Media),
			"banner: image, html or script; video and audio: vast; native: native")
	}
	if x.Media == ad.Banner && x.Size == (ad.Size{}) {
		c.problem(e, "", "size is missing", "banners need one: add size: 300x250")
	}
	if x.Format != ad.FormatImage && x.Format != ad.FormatScript || x.Content == "" {
		return
	}
	field := "content"
	if e.Spec.Field(field) == nil {
		field = "content_file"
	}
	if detail, remedy := schema.CheckLink(x.Content); detail != "" {
		c.problem(e, field, detail, remedy)
	} else if x.Secure && !strings.HasPrefix(x.Content, "https://") && !(c.options.Lab && schema.LoopbackLink(x.Content)) {
		c.problem(e, field, "a secure creative is loaded over http", "write https://, or secure: false")
	}
}

func (c *compiler) lineItem(e *entry) {
	s := e.Spec
	l := ad.LineItem{
		ID: ad.LineItemID(e.id), Name: e.Name, Active: s.Field("active").Flag(true), Priority: uint8(s.Field("priority").Whole()),
		Price: s.Field("price").Money(), Goal: ad.Goal{Kind: ad.GoalKind(s.Field("paid_for").Word(0)), Chance: ad.Chance(s.Field("chance").Parts())},
		Creatives:  referAll[ad.CreativeID](c, e, "creatives", "Creative"),
		Publishers: referAll[ad.PublisherID](c, e, "publishers", "Publisher"),
		Placements: referAll[ad.PlacementID](c, e, "placements", "Placement"),
		Start:      s.Field("start").Time(), End: s.Field("end").Time(),
		Budget: c.budget(e), Caps: c.caps(e),
	}
	if member := c.refer(e, s.Field("member"), "Member", "member"); member != nil {
		l.Member = ad.MemberID(member.id)
	}
	switch plain := l.Goal.Kind == ad.PerMille; {
	case e.Broken:
	case !plain && l.Goal.Chance == 0:
		c.problem(e, "paid_for", "chance is missing", "say how many "+l.Goal.Kind.String()+" events an impression is expected to bring, e.g. chance: 0.15%")
	case plain && l.Goal.Chance != 0:
		c.problem(e, "chance", "it means nothing for a price per thousand impressions", "remove it, or set paid_for")
	}
	c.contents.LineItems = append(c.contents.LineItems, l)
	c.from(e)
}

func (c *compiler) deal(e *entry) {
	s := e.Spec
	d := ad.Deal{
		ID: s.Field("id").Text(), Name: e.Name, HasAsk: s.Field("ask") != nil, Ask: s.Field("ask").Money(), Fixed: s.Field("fixed").Flag(false),
		Type: ad.DealType(s.Field("type").Word(0)), Priority: uint8(s.Field("priority").Whole()), Active: s.Field("active").Flag(true),
		Members:    referAll[ad.MemberID](c, e, "members", "Member"),
		Publishers: referAll[ad.PublisherID](c, e, "publishers", "Publisher"),
		Placements: referAll[ad.PlacementID](c, e, "placements", "Placement"),
		Start:      s.Field("start").Time(), End: s.Field("end").Time(),
	}
	if d.ID == "" {
		d.ID = e.Name
	}
	c.contents.Deals = append(c.contents.Deals, d)
	c.from(e)
}

func (c *compiler) dataProvider(e *entry) {
	s := e.Spec
	c.contents.DataProviders = append(c.contents.DataProviders, ad.DataProvider{
		Name: e.Name, Endpoint: s.Field("endpoint").Text(), Active: s.Field("active").Flag(true),
		Bidders:  referAll[ad.BidderID](c, e, "bidders", "Bidder"),
		ReadyURL: s.Field("ready_url").Text(), Contextual: s.Field("contextual").Flag(false), Throttle: s.Field("throttle").Flag(true),
	})
	c.from(e)
}
