package bidder

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"curb/edge/ad"
	"curb/edge/catalog"
	"curb/edge/openrtb"
)

// courtroom is a market around one bid, for the rules of judge.go and what it calls: a test changes catalog, call or bid.
type courtroom struct {
	contents catalog.Contents
	secure   bool
	sizes    []ad.Size
	media    ad.MediaType
	request  openrtb.Request // beside id and imp; its block lists are the caller's
	deals    []string        // offered on the impression
	response openrtb.Response

	seats, seatsBlocked []ad.MemberID
	received            time.Time // of the call; zero: now
}

// block joins the publisher's lists with the caller's, as the flow does before it asks.
func (c *courtroom) block(call *ad.Call) {
	p := call.Publisher
	call.Blocks = ad.Blocks{
		Categories: append(p.BlockedCategories, c.request.BCat...), Advertisers: append(p.BlockedAdvertisers, c.request.BAdv...),
		Apps: c.request.BApp, Languages: c.request.WLang,
	}
	imp := &call.Impressions[1]
	for _, attribute := range p.BlockedAttributes {
		imp.BlockedAttributes = append(imp.BlockedAttributes, int(attribute))
	}
	if len(c.request.Imp) > 0 && c.request.Imp[0].Banner != nil {
		imp.BlockedAttributes = append(imp.BlockedAttributes, c.request.Imp[0].Banner.BAttr...)
	}
}

// bid is the one bid of the response.
func (c *courtroom) bid() *openrtb.Bid { return &c.response.SeatBid[0].Bid[0] }

// creative is the one that the bid names, by its code.
func (c *courtroom) creative() *ad.Creative { return &c.contents.Creatives[0] }

func (c *courtroom) publisher() *ad.Publisher { return &c.contents.Publishers[0] }

func newCourtroom() *courtroom {
	c := &courtroom{contents: contents("https://bidder.example/bid"), secure: true, media: ad.Banner}
	c.sizes = c.contents.Placements[0].Sizes
	c.contents.Members = append(c.contents.Members, ad.Member{ID: 301, Active: true}, ad.Member{ID: 302, PlatformFee: 1})
	c.contents.Bidders[0].Members = append(c.contents.Bidders[0].Members, 302)
	c.contents.Creatives = append(c.contents.Creatives, ad.Creative{ID: 601, Code: "theirs", Member: 301, Active: true, Audit: ad.Audited, Size: ad.Size{W: 300, H: 250}, Media: ad.Banner, Format: ad.FormatHTML, Content: "x", Secure: true})
	c.contents.Deals = []ad.Deal{{ID: "D1", Active: true}, {ID: "D2", Active: true, Members: []ad.MemberID{301}}, {ID: "D3", Active: true, Members: []ad.MemberID{firstMember}}}
	c.response = openrtb.Response{ID: auctionID(), SeatBid: []openrtb.SeatBid{{Seat: "201", Bid: []openrtb.Bid{{
		ID: "b1", ImpID: "1", Price: 1_250_000, CrID: "summer", ADomain: []string{"buyer.example"}, NURL: "https://win.bidder.example/n?p=${AUCTION_PRICE}",
	}}}}}
	return c
}

func (c *courtroom) judge(t *testing.T) ([]ad.Bid, ad.Reason) {
	t.Helper()
	snap := snapshot(t, c.contents)
	call := &ad.Call{ID: ad.AuctionID{1, 2, 3}, Received: cmp.Or(c.received, time.Now()), Publisher: snap.Publisher(10), Site: snap.Site(20), Secure: c.secure,
		Impressions: []ad.Impression{{ID: "closed", Placement: snap.Placement(1001)}, {ID: "1", Placement: snap.Placement(1001), Sizes: c.sizes, Media: c.media}}}
	call.Impressions[1].PrivateSizes = snap.Placement(1001).PrivateSizes
	c.block(call)
	call.Seats, call.SeatsBlocked = c.seats, c.seatsBlocked
	request := c.request
	request.ID = call.ID.String()
	imp := openrtb.Imp{ID: "1"}
	if len(request.Imp) > 0 {
		imp = request.Imp[0]
		imp.ID = "1"
	}
	request.Imp = []openrtb.Imp{imp}
	out := &openrtb.Outgoing{Call: call, Request: &request}
	target := ad.Target{Bidder: snap.Bidder(firstBidder)}
	if c.deals != nil {
		target.Deals = make([][]*ad.Deal, 2)
		for _, id := range c.deals {
			target.Deals[1] = append(target.Deals[1], snap.Deal(id))
		}
	}
	j := judge{snap: snap, call: call, request: &request, positions: positions(nil, out), urls: labGuard(t), terms: new(openrtb.Terms)}
	return j.judge(&target, &c.response, nil)
}

// private is a size that the placement keeps for deals.
var private = ad.Size{W: 970, H: 250}

// blockType makes the creative this, and has the caller block types of banners.
func blockType(content string, format ad.Format, types ...int) func(*courtroom) {
	return func(c *courtroom) {
		c.creative().Content, c.creative().Format = content, format
		c.request.Imp = []openrtb.Imp{{Banner: &openrtb.Banner{BType: types}}}
	}
}

// judgeCases are the rules, one or more cases each.
var judgeCases = []struct {
	name   string
	change func(*courtroom)
	want   ad.Reason
}{
	{"good", func(*courtroom) {}, ad.Undecided},

	{"no id", func(c *courtroom) { c.bid().ID = "" }, ad.ResponseInvalid},
	{"impression that was not offered", func(c *courtroom) { c.bid().ImpID = "2" }, ad.ImpUnknown},
	{"impression that is closed", func(c *courtroom) { c.bid().ImpID = "closed" }, ad.ImpUnknown},
	{"no impression", func(c *courtroom) { c.bid().ImpID = "" }, ad.ImpUnknown},

	{"no seat", func(c *courtroom) { c.response.SeatBid[0].Seat = "" }, ad.SeatMissing},
	{"seat of another member", func(c *courtroom) { c.response.SeatBid[0].Seat = "301" }, ad.SeatForbidden},
	{"seat that nobody is", func(c *courtroom) { c.response.SeatBid[0].Seat = "999" }, ad.SeatForbidden},
	{"seat with a zero", func(c *courtroom) { c.response.SeatBid[0].Seat = "0201" }, ad.SeatForbidden},
	{"seat with a sign", func(c *courtroom) { c.response.SeatBid[0].Seat = "+201" }, ad.SeatForbidden},
	{"seat that wraps round", func(c *courtroom) { c.response.SeatBid[0].Seat = "4294967497" }, ad.SeatForbidden},
	{"seat by name", func(c *courtroom) { c.response.SeatBid[0].Seat = "acme" }, ad.SeatForbidden},
	{"inactive member", func(c *courtroom) { c.response.SeatBid[0].Seat = "302" }, ad.SeatInactive},

	{"seat the caller names", func(c *courtroom) { c.seats = []ad.MemberID{100, firstMember} }, ad.Undecided},
	{"seat the caller does not name", func(c *courtroom) { c.seats = []ad.MemberID{100, 301} }, ad.SeatForbidden},
	{"seat the caller blocks", func(c *courtroom) { c.seatsBlocked = []ad.MemberID{firstMember} }, ad.SeatForbidden},
	{"another seat is blocked", func(c *courtroom) { c.seatsBlocked = []ad.MemberID{301} }, ad.Undecided},

	{"no price", func(c *courtroom) { c.bid().Price, c.bid().PriceReason = 0, ad.PriceMissing }, ad.PriceMissing},
	{"price that is no number", func(c *courtroom) { c.bid().Price, c.bid().PriceReason = 0, ad.PriceInvalid }, ad.PriceInvalid},
	{"price of zero", func(c *courtroom) { c.bid().Price = 0 }, ad.PriceInvalid},
	{"price of a micro", func(c *courtroom) { c.bid().Price = 1 }, ad.Undecided},

	{"US dollars by name", func(c *courtroom) { c.response.Cur = "USD" }, ad.Undecided},
	{"currency in lower case", func(c *courtroom) { c.response.Cur = "usd" }, ad.CurrencyInvalid},
	{"currency without a rate", func(c *courtroom) { c.response.Cur = "XXX" }, ad.CurrencyInvalid},
	{"currency that is none", func(c *courtroom) { c.response.Cur = "US DOLLAR" }, ad.CurrencyInvalid},
	{"currency not agreed on", func(c *courtroom) { c.response.Cur = "EUR" }, ad.CurrencyNotAllowed},
	{"currency agreed on", func(c *courtroom) {
		c.response.Cur, c.contents.Bidders[0].Currencies = "EUR", []ad.Currency{{'E', 'U', 'R'}}
	}, ad.Undecided},
	{"list of currencies", func(c *courtroom) { c.response.CurReason = ad.CurrencyInvalid }, ad.CurrencyInvalid},
	{"dollars not agreed on", func(c *courtroom) { c.contents.Bidders[0].Currencies = []ad.Currency{{'E', 'U', 'R'}} }, ad.CurrencyNotAllowed},

	{"no creative", func(c *courtroom) { c.bid().CrID = "" }, ad.CreativeMissing},
	{"creative nobody registered", func(c *courtroom) { c.bid().CrID = "winter" }, ad.CreativeInvalid},
	{"another member's code", func(c *courtroom) { c.bid().CrID = "theirs" }, ad.CreativeInvalid},
	{"by our id", func(c *courtroom) { c.bid().CrID, c.bid().AdID = "", "501" }, ad.Undecided},
	{"our id wins over the code", func(c *courtroom) { c.bid().AdID = "502" }, ad.CreativeInvalid},
	{"our id wins over a wrong code", func(c *courtroom) { c.bid().AdID, c.bid().CrID = "501", "winter" }, ad.Undecided},
	{"another member's id", func(c *courtroom) { c.bid().AdID = "601" }, ad.CreativeInvalid},
	{"our id, not a number", func(c *courtroom) { c.bid().AdID = "summer" }, ad.CreativeInvalid},
	{"not audited", func(c *courtroom) { c.creative().Audit = ad.AuditPending }, ad.CreativeUnapproved},
	{"approved elsewhere", func(c *courtroom) { c.creative().ApprovedBy = []ad.PublisherID{11}; c.second() }, ad.CreativeUnapproved},
	{"approved here", func(c *courtroom) { c.creative().ApprovedBy = []ad.PublisherID{10} }, ad.Undecided},
	{"banned here", func(c *courtroom) { c.creative().BannedBy = []ad.PublisherID{10} }, ad.CreativeBlocked},
	{"expired", func(c *courtroom) { c.creative().Active = false }, ad.CreativeExpired},

	{"size not on the slot", func(c *courtroom) { c.creative().Size = ad.Size{W: 728, H: 90} }, ad.CreativeSize},
	{"size said rightly", func(c *courtroom) { c.bid().W, c.bid().H = 300, 250 }, ad.Undecided},
	{"size said wrongly", func(c *courtroom) { c.bid().W, c.bid().H = 728, 90 }, ad.CreativeSize},
	{"width said rightly", func(c *courtroom) { c.bid().W = 300 }, ad.Undecided},
	{"height said rightly", func(c *courtroom) { c.bid().H = 250 }, ad.Undecided},
	{"width said wrongly", func(c *courtroom) { c.bid().W = 728 }, ad.CreativeSize},
	{"height said wrongly", func(c *courtroom) { c.bid().H = 90 }, ad.CreativeSize},
	{"half a size for a creative of any", func(c *courtroom) { c.creative().Size, c.bid().W = ad.Size{}, 300 }, ad.CreativeSize},
	{"size for a creative of any", func(c *courtroom) { c.creative().Size, c.bid().W, c.bid().H = ad.Size{}, 300, 250 }, ad.Undecided},
	{"size beyond measure", func(c *courtroom) { c.bid().W, c.bid().H = 300+1<<16, 250+1<<16 }, ad.CreativeSize},
	{"second size of the slot", func(c *courtroom) { c.sizes = []ad.Size{{W: 1, H: 1}, {W: 300, H: 250}} }, ad.Undecided},
	{"slot of any size", func(c *courtroom) { c.sizes = nil }, ad.Undecided},
	{"private size without a deal", func(c *courtroom) {
		c.creative().Size = private
		c.contents.Placements[0].PrivateSizes = []ad.Size{private}
	}, ad.CreativeSize},
	{"private size with a deal", func(c *courtroom) {
		c.creative().Size, c.deals, c.bid().DealID = private, []string{"D1"}, "D1"
		c.contents.Placements[0].PrivateSizes = []ad.Size{private}
	}, ad.Undecided},

	{"video for a banner", func(c *courtroom) { c.creative().Media, c.creative().Format = ad.Video, ad.FormatVAST }, ad.CreativeFormat},
	{"banner for a video", func(c *courtroom) { c.media = ad.Video }, ad.CreativeFormat},
	{"video of any size for a video", func(c *courtroom) {
		c.media, c.creative().Media, c.creative().Format, c.creative().Size = ad.Video|ad.Banner, ad.Video, ad.FormatVAST, ad.Size{W: 1280, H: 720}
	}, ad.Undecided},
	{"markup type that the creative is not", func(c *courtroom) { c.bid().MType = 2 }, ad.CreativeFormat},
	{"markup type that it is", func(c *courtroom) { c.bid().MType = 1 }, ad.Undecided},
	{"markup type that nobody knows", func(c *courtroom) { c.bid().MType = 9 }, ad.CreativeFormat},
	{"impression that names no type", func(c *courtroom) { c.media = 0 }, ad.Undecided},

	{"insecure on a secure page", func(c *courtroom) { c.creative().Secure = false }, ad.CreativeInsecure},
	{"insecure on a plain page", func(c *courtroom) { c.creative().Secure, c.secure = false, false }, ad.Undecided},

	{"advertiser blocked", func(c *courtroom) { c.publisher().BlockedAdvertisers = []string{"buyer.example"} }, ad.AdomainBlocked},
	{"advertiser blocked, subdomain", func(c *courtroom) {
		c.publisher().BlockedAdvertisers = []string{"buyer.example"}
		c.bid().ADomain = []string{"www.shop.buyer.example"}
	}, ad.AdomainBlocked},
	{"advertiser blocked, in capitals", func(c *courtroom) {
		c.publisher().BlockedAdvertisers = []string{"buyer.example"}
		c.bid().ADomain = []string{"BUYER.Example"}
	}, ad.AdomainBlocked},
	{"advertiser blocked, trailing dot", func(c *courtroom) {
		c.publisher().BlockedAdvertisers = []string{"buyer.example"}
		c.bid().ADomain = []string{"buyer.example."}
	}, ad.AdomainBlocked},
	{"advertiser blocked, A-label", func(c *courtroom) {
		c.publisher().BlockedAdvertisers = []string{"xn--bcher-kva.example"}
		c.bid().ADomain = []string{"xn--BCHER-kva.example"}
	}, ad.AdomainBlocked},
	{"advertiser blocked, U-label", func(c *courtroom) {
		c.publisher().BlockedAdvertisers = []string{"xn--bcher-kva.example"}
		c.bid().ADomain = []string{"www.BÜCHER.example"}
	}, ad.AdomainBlocked},
	{"advertiser blocked, full-width", func(c *courtroom) {
		c.publisher().BlockedAdvertisers = []string{"buyer.example"}
		c.bid().ADomain = []string{"ｂｕｙｅｒ．example"}
	}, ad.AdomainBlocked},
	{"advertiser blocked, soft hyphen", func(c *courtroom) {
		c.publisher().BlockedAdvertisers = []string{"buyer.example"}
		c.bid().ADomain = []string{"www.buy\u00ader.example"}
	}, ad.AdomainBlocked},
	{"second advertiser blocked", func(c *courtroom) {
		c.publisher().BlockedAdvertisers = []string{"b.example"}
		c.bid().ADomain = []string{"a.example", "b.example"}
	}, ad.AdomainBlocked},
	{"registered advertiser blocked", func(c *courtroom) {
		c.publisher().BlockedAdvertisers = []string{"b.example"}
		c.creative().Advertisers = []string{"b.example"}
	}, ad.AdomainBlocked},
	{"blocked by the request", func(c *courtroom) { c.request.BAdv = []string{"Buyer.example."} }, ad.AdomainBlocked},
	{"end of a blocked name is another's", func(c *courtroom) { c.publisher().BlockedAdvertisers = []string{"yer.example"} }, ad.Undecided},
	{"parent of a blocked name", func(c *courtroom) { c.publisher().BlockedAdvertisers = []string{"www.buyer.example"} }, ad.Undecided},
	{"no advertiser", func(c *courtroom) {
		c.bid().ADomain = nil
		c.publisher().BlockedAdvertisers = []string{"buyer.example"}
	}, ad.Undecided},
	{"advertiser that is a URL", func(c *courtroom) { c.bid().ADomain = []string{"https://buyer.example/"} }, ad.AdomainInvalid},
	{"advertiser that is a word", func(c *courtroom) { c.bid().ADomain = []string{"buyer"} }, ad.AdomainInvalid},
	{"empty advertiser", func(c *courtroom) { c.bid().ADomain = []string{""} }, ad.AdomainInvalid},

	{"category blocked", func(c *courtroom) {
		c.publisher().BlockedCategories = []string{"IAB25"}
		c.bid().Cat = []string{"IAB25"}
	}, ad.CategoryBlocked},
	{"subcategory blocked", func(c *courtroom) {
		c.publisher().BlockedCategories = []string{"IAB25"}
		c.bid().Cat = []string{"IAB2", "iab25-3"}
	}, ad.CategoryBlocked},
	{"registered category blocked", func(c *courtroom) {
		c.publisher().BlockedCategories = []string{"IAB25-3"}
		c.creative().Categories = []string{"IAB25-3"}
	}, ad.CategoryBlocked},
	{"category blocked by the request", func(c *courtroom) { c.request.BCat = []string{"IAB7"}; c.bid().Cat = []string{"IAB7"} }, ad.CategoryBlocked},
	{"category with the same beginning", func(c *courtroom) {
		c.publisher().BlockedCategories = []string{"IAB2"}
		c.bid().Cat = []string{"IAB25"}
	}, ad.Undecided},

	{"attribute blocked", func(c *courtroom) { c.publisher().BlockedAttributes = []uint8{6}; c.bid().Attr = []int{1, 6} }, ad.AttributeBlocked},
	{"registered attribute blocked", func(c *courtroom) { c.publisher().BlockedAttributes = []uint8{6}; c.creative().Attributes = []uint8{6} }, ad.AttributeBlocked},
	{"attribute blocked on the slot", func(c *courtroom) {
		c.request.Imp = []openrtb.Imp{{Banner: &openrtb.Banner{BAttr: []int{8}}}}
		c.bid().Attr = []int{8}
	}, ad.AttributeBlocked},
	{"attribute that would wrap round", func(c *courtroom) { c.publisher().BlockedAttributes = []uint8{6}; c.bid().Attr = []int{262} }, ad.Undecided},

	{"text blocked", blockType("<b>ad</b>", ad.FormatHTML, textBanner), ad.CreativeFormat},
	{"text where banners are blocked", blockType("<b>ad</b>", ad.FormatHTML, htmlBanner, scriptBanner, frameBanner), ad.Undecided},
	{"picture in markup blocked", blockType(`<A href="x"><IMG src="y"></A>`, ad.FormatHTML, htmlBanner), ad.CreativeFormat},
	{"picture blocked", blockType("https://cdn.example/x.png", ad.FormatImage, htmlBanner), ad.CreativeFormat},
	{"picture where scripts are blocked", blockType("https://cdn.example/x.png", ad.FormatImage, textBanner, scriptBanner, frameBanner), ad.Undecided},
	{"script blocked", blockType("https://cdn.example/x.js", ad.FormatScript, 9, scriptBanner), ad.CreativeFormat},
	{"script in markup blocked", blockType("<img><SCRIPT src=x></SCRIPT>", ad.FormatHTML, scriptBanner), ad.CreativeFormat},
	{"script in markup where banners are blocked", blockType("<img><script src=x></script>", ad.FormatHTML, htmlBanner, textBanner), ad.Undecided},
	{"frame in markup blocked", blockType("<script></script><IFrame src=x>", ad.FormatHTML, frameBanner), ad.CreativeFormat},
	{"script in the bid's markup blocked", func(c *courtroom) {
		blockType("<b>ad</b>", ad.FormatHTML, scriptBanner)(c)
		c.bid().AdM = "<script>1</script>"
	}, ad.CreativeFormat},
	{"video where all banners are blocked", func(c *courtroom) {
		blockType("<VAST/>", ad.FormatVAST, 1, 2, 3, 4)(c)
		c.media, c.creative().Media = ad.Video|ad.Banner, ad.Video
	}, ad.Undecided},

	{"language asked for", func(c *courtroom) { c.request.WLang, c.creative().Language = []string{"en", "de"}, "de" }, ad.Undecided},
	{"language not asked for", func(c *courtroom) { c.request.WLang, c.bid().Language = []string{"en"}, "de" }, ad.LanguageBlocked},
	{"language of the creative not asked for", func(c *courtroom) {
		c.request.WLang, c.creative().Language, c.bid().Language = []string{"en"}, "de", "en"
	}, ad.LanguageBlocked},
	{"language not said", func(c *courtroom) { c.request.WLang = []string{"en"} }, ad.Undecided},
	{"app blocked", func(c *courtroom) { c.request.BApp, c.bid().Bundle = []string{"com.evil"}, "com.evil" }, ad.Excluded},

	{"notice to another's host", func(c *courtroom) { c.bid().NURL = "https://evilbidder.example/" }, ad.NoticeURLDenied},
	{"notice to loopback", func(c *courtroom) { c.bid().BURL = "http://127.0.0.1/" }, ad.NoticeURLDenied},
	{"notice to a strange port", func(c *courtroom) { c.bid().LURL = "https://bidder.example:6379/" }, ad.NoticeURLDenied},
	{"notice without end", func(c *courtroom) { c.bid().LURL = "https://bidder.example/" + strings.Repeat("x", 2000) }, ad.NoticeURLDenied},
	{"all notices at home", func(c *courtroom) {
		c.bid().BURL, c.bid().LURL = "https://bidder.example/b", "https://l.bidder.example:443/"
	}, ad.Undecided},

	{"deal nobody made", func(c *courtroom) { c.bid().DealID = "D9" }, ad.DealUnknown},
	{"deal not offered", func(c *courtroom) { c.bid().DealID = "D1" }, ad.DealForbidden},
	{"another deal offered", func(c *courtroom) { c.bid().DealID, c.deals = "D1", []string{"D3"} }, ad.DealForbidden},
	{"deal of another seat", func(c *courtroom) { c.bid().DealID, c.deals = "D2", []string{"D2"} }, ad.DealForbidden},
	{"deal of this seat", func(c *courtroom) { c.bid().DealID, c.deals = "D3", []string{"D1", "D3"} }, ad.Undecided},
	{"deal of all seats", func(c *courtroom) { c.bid().DealID, c.deals = "D1", []string{"D1"} }, ad.Undecided},
}

func TestJudge(t *testing.T) {
	for _, c := range judgeCases {
		t.Run(c.name, func(t *testing.T) {
			room := newCourtroom()
			c.change(room)
			bids, reason := room.judge(t)
			if reason != ad.Undecided || len(bids) != 1 {
				t.Fatalf("%v, %d bids", reason, len(bids))
			}
			if got := bids[0].Reason; got != c.want {
				t.Errorf("reason %v, want %v", got, c.want)
			}
			if b := &bids[0]; b.Reason == ad.Undecided && (b.Creative == nil || b.Impression != 1 || (b.Kind == ad.DealBid) != (b.Deal != nil)) {
				t.Errorf("bid %+v", b)
			}
		})
	}
}

// second adds another publisher, so that a creative can be approved elsewhere.
func (c *courtroom) second() {
	c.contents.Publishers = append(c.contents.Publishers, ad.Publisher{ID: 11, Member: 301, Active: true})
}

// TestJudgeManyBids: the first of two with one id counts; past 15 bids are not looked at.
func TestJudgeManyBids(t *testing.T) {
	room := newCourtroom()
	list := &room.response.SeatBid[0].Bid
	for i := range ad.BidsConsidered {
		b := (*list)[0]
		b.ID = fmt.Sprintf("b%d", i+1) // the first of these is the second with this id
		*list = append(*list, b)
	}
	bids, _ := room.judge(t)
	for i := range bids {
		want := ad.Undecided
		switch {
		case i == 1:
			want = ad.BidDuplicate
		case i >= ad.BidsConsidered:
			want = ad.TooManyBids
		}
		if bids[i].Reason != want || bids[i].Impression != 1 {
			t.Errorf("bid %d: %v for impression %d, want %v", i, bids[i].Reason, bids[i].Impression, want)
		}
	}
	if len(bids) != ad.BidsConsidered+1 {
		t.Errorf("%d bids", len(bids))
	}
}

// TestRefusedBidsKeepTheirPlace: whoever reads the answer finds a refused bid where it was meant for, unless nobody knows where.
func TestRefusedBidsKeepTheirPlace(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*courtroom)
		want   int
	}{
		"no id":              {func(c *courtroom) { c.bid().ID = "" }, 1},
		"no seat":            {func(c *courtroom) { c.response.SeatBid[0].Seat = "" }, 1},
		"unknown impression": {func(c *courtroom) { c.bid().ImpID = "7" }, -1},
	} {
		room := newCourtroom()
		c.change(room)
		if bids, _ := room.judge(t); bids[0].Impression != c.want || bids[0].Reason == ad.Undecided {
			t.Errorf("%s: impression %d, %v", name, bids[0].Impression, bids[0].Reason)
		}
	}
}

func TestJudgeFills(t *testing.T) {
	room := newCourtroom()
	room.response.Cur = "EUR"
	room.contents.Bidders[0].Currencies = []ad.Currency{{'E', 'U', 'R'}}
	room.contents.Bidders[0].BidderFee = 20_000
	room.contents.Members[1].PlatformFee = 50_000
	room.bid().AdM, room.bid().BURL, room.bid().LURL = "<i>x</i>", "https://bidder.example/b", "https://bidder.example/l"
	bids, _ := room.judge(t)
	b := bids[0]
	if b.Currency.String() != "EUR" || b.Rate != 1_100_000_000_000 || b.BidderFee != 20_000 || b.PlatformFee != 50_000 || b.Markup != "<i>x</i>" ||
		b.NURL == "" || b.BURL == "" || b.LURL == "" || b.ID != "b1" || b.Member != 201 || b.Price != 1_250_000 {
		t.Errorf("bid %+v", b)
	}
}

func TestJudgeWholeAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*openrtb.Response)
		want   ad.Reason
	}{
		"other id":             {func(r *openrtb.Response) { r.ID = "x" }, ad.IDMismatch},
		"no id":                {func(r *openrtb.Response) { r.ID = "" }, ad.IDMismatch},
		"no seats and no id":   {func(r *openrtb.Response) { *r = openrtb.Response{} }, ad.NoBid},
		"empty seat, other id": {func(r *openrtb.Response) { r.ID, r.SeatBid[0].Bid = "x", nil }, ad.NoBid},
		"no seats":             {func(r *openrtb.Response) { r.SeatBid = nil }, ad.NoBid},
		"empty seat":           {func(r *openrtb.Response) { r.SeatBid[0].Bid = nil }, ad.NoBid},
	} {
		room := newCourtroom()
		c.change(&room.response)
		if bids, reason := room.judge(t); reason != c.want || len(bids) != 0 {
			t.Errorf("%s: %v, %d bids", name, reason, len(bids))
		}
	}
}

func TestASCIIDomain(t *testing.T) {
	for text, want := range map[string]string{
		"buyer.example": "buyer.example", "Buyer.Example.": "Buyer.Example", "bücher.example": "xn--bcher-kva.example", "BÜCHER.example": "xn--bcher-kva.example",
		"münchen.de": "xn--mnchen-3ya.de", "例え.テスト": "xn--r8jz45g.xn--zckzah", "食狮.中国": "xn--85x722f.xn--fiqs8s", "правда.рф": "xn--80aafi6cg.xn--p1ai",
		"bücher。example": "xn--bcher-kva.example", "ｂｕｙｅｒ.ｅｘａｍｐｌｅ": "buyer.example", "buy\u00ader.example": "buyer.example", "buyer．example。": "buyer.example",
		"ＢＵＹＥＲ。example.": "buyer.example", "bu\u0308cher.example": "xn--bcher-kva.example", "faß.example": "xn--fa-hia.example", "buyer\u200b.example": "buyer.example", "\u212aaufen.example": "kaufen.example",
		"xn--bcher-kva.bücher": "xn--bcher-kva.xn--bcher-kva", "ü\u00ad": "", "\u00ad.example": "", "a\u202eb.example": "", "ü_b.example": "",
		strings.Repeat("\u00ad", 499) + "buyer.example": "buyer.example", strings.Repeat("\u00ad", 500) + "buyer.example": "", "a_b.example": "a_b.example",
		"": "", ".": "", "..": "", "buyer": "", "buyer..example": "", ".buyer.example": "", "-a.example": "", "a-.example": "", "buyer.example..": "",
		"buyer.example/": "", "buyer.example:443": "", "*.buyer.example": "", "a b.example": "", "\xff.example": "", "é": "",
		strings.Repeat("a", 64) + ".example": "", strings.Repeat("a.", 127) + "aa": "", strings.Repeat("éü", 100) + ".example": "",
	} {
		got, ok := asciiDomain(text)
		if ok != (want != "") || (ok && got != want) {
			t.Errorf("%q: %q, %v, want %q", text, got, ok, want)
		}
	}
}

// TestJudgingAllocatesNothing holds the hot path of a good answer, once the list of bids has its room.
func TestJudgingAllocatesNothing(t *testing.T) {
	room := newCourtroom()
	snap := snapshot(t, room.contents)
	call := &ad.Call{Publisher: snap.Publisher(10), Secure: true, Impressions: []ad.Impression{{ID: "1", Placement: snap.Placement(1001), Sizes: room.sizes, Media: ad.Banner, BlockedAttributes: []int{6}}},
		Blocks: ad.Blocks{Advertisers: []string{"blocked.example"}, Categories: []string{"IAB25"}, Languages: []string{"en"}}}
	request := &openrtb.Request{ID: auctionID(), Imp: []openrtb.Imp{{ID: "1"}}}
	j := judge{snap: snap, call: call, request: request, positions: []int{0}, urls: labGuard(t), terms: new(openrtb.Terms)}
	target := &ad.Target{Bidder: snap.Bidder(firstBidder)}
	bids := make([]ad.Bid, 0, 8)
	if n := testing.AllocsPerRun(100, func() {
		got, _ := j.judge(target, &room.response, bids)
		if len(got) != 1 || got[0].Reason != ad.Undecided {
			t.Fatalf("%+v", got)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
