package notice

import (
	"net/url"
	"strings"
	"testing"

	"curb/edge/ad"
)

func expand(e *event, b *ad.Bidder, template string) (string, error) {
	x := expansion{event: e, bidder: b, seal: func(dst []byte, key *ad.PriceKey, partner uint32, auction ad.AuctionID, price ad.CPM) []byte {
		dst = append(dst, "sealed/"...)
		dst = price.Append(dst)
		return append(dst, byte('0'+partner), key.Encryption[0])
	}}
	out, err := x.appendURL(nil, template)
	return string(out), err
}

func TestMacros(t *testing.T) {
	b := &ad.Bidder{ID: 7, PriceKey: ad.PriceKey{Scheme: ad.PriceAEAD, Encryption: [32]byte{'k'}}}
	won := newEvent(wonNotice(1, "x"), byNURL, calledAt)
	lost := newEvent(wonNotice(1, "x"), byLURL, calledAt)
	lost.Kind, lost.Reason, lost.Price = ad.NoticeLost, ad.BelowFloor, 0
	bare := &event{Notice: ad.Notice{Kind: ad.NoticeWon}}
	id := auctionID(1).String()
	for _, c := range []struct {
		event          *event
		template, want string
	}{
		{won, "https://b.example/w?${AUCTION_ID}|", "https://b.example/w?" + id + "|"},
		{won, "${AUCTION_BID_ID}", "b%201%2F%C3%BC"},
		{won, "${AUCTION_IMP_ID}-${AUCTION_SEAT_ID}-${AUCTION_AD_ID}", "1-201-5001"},
		{won, "${AUCTION_PRICE}${AUCTION_CURRENCY}", "1.230001EUR"},
		{won, "${AUCTION_LOSS}", "0"},
		{lost, "${AUCTION_LOSS}:${AUCTION_PRICE}:${SEALED_PRICE}", "100::"},
		{won, "${AUCTION_MIN_TO_WIN}.", "."},
		{won, "${CREATIVE_CODE}", "cr%265"},
		{won, "${SEALED_PRICE}", "sealed%2F1.2300017k"},
		{bare, "${AUCTION_SEAT_ID}${AUCTION_AD_ID}${AUCTION_BID_ID}${AUCTION_IMP_ID}${CREATIVE_CODE}", ""},
		{bare, "${AUCTION_PRICE}${AUCTION_CURRENCY}", "0USD"},
		// What is no macro stays, with its braces encoded.
		{won, "a${b}c{d}", "a$%7Bb%7Dc%7Bd%7D"},
		{won, "${", "$%7B"},
		{won, "${${AUCTION_ID}}", "$%7B" + id + "%7D"},
		{won, "${auction_id}", "$%7Bauction_id%7D"},
		{won, "${AUCTION_ID", "$%7BAUCTION_ID"},
		{won, "$AUCTION_ID", "$AUCTION_ID"},
	} {
		if got, err := expand(c.event, b, c.template); err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.template, got, err, c.want)
		}
	}
	if got, _ := expand(won, &ad.Bidder{}, "${SEALED_PRICE}"); got != "" {
		t.Errorf("without a key the sealed price is %q", got)
	}
}

// TestMacrosOnce: a value that looks like a macro is text.
func TestMacrosOnce(t *testing.T) {
	n := wonNotice(1, "x")
	n.Terms.BidID = "${AUCTION_PRICE}&x=1#\r\n"
	got, err := expand(newEvent(n, byNURL, calledAt), &ad.Bidder{}, "https://b.example/?b=${AUCTION_BID_ID}")
	if want := "https://b.example/?b=%24%7BAUCTION_PRICE%7D%26x%3D1%23%0D%0A"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
}

func TestURLBytes(t *testing.T) {
	n := wonNotice(1, "x")
	for length, ok := range map[int]bool{urlBytesMax: true, urlBytesMax + 1: false} {
		n.Terms.BidID = strings.Repeat("x", length-1)
		if _, err := expand(newEvent(n, byNURL, calledAt), &ad.Bidder{}, "/${AUCTION_BID_ID}"); (err == nil) != ok {
			t.Errorf("%d bytes: %v", length, err)
		}
	}
}

// FuzzURL: whatever the template and the values are, what the guard has passed keeps its scheme, host and port, and holds
// no byte that has no place in a request line.
func FuzzURL(f *testing.F) {
	f.Add("https://ads.bidder.example/w?p=${AUCTION_PRICE}", "bid", "imp")
	f.Add("https://bidder.example/${AUCTION_BID_ID}/${${X}}", "${AUCTION_ID}\r\n", "//evil")
	f.Add("https://bidder.example?${AUCTION_IMP_ID}", "@", "\\")
	guard := labGuard(f)
	f.Fuzz(func(t *testing.T, template, bid, imp string) {
		if guard.CheckURL(template, []string{"bidder.example"}) != nil {
			return
		}
		n := wonNotice(1, "x")
		n.Terms.BidID, n.Terms.ImpressionID, n.Terms.CreativeCode = bid, imp, bid
		got, err := expand(newEvent(n, byNURL, calledAt), &ad.Bidder{}, template)
		if err != nil {
			return
		}
		for i := range len(got) {
			if got[i] <= ' ' || got[i] >= 0x7f || strings.IndexByte("#{}\\\"<>", got[i]) >= 0 {
				t.Fatalf("byte %q in %q", got[i], got)
			}
		}
		before, err := url.Parse(strings.Split(template, "${")[0])
		if err != nil {
			return
		}
		after, err := url.Parse(got)
		if err != nil {
			return // counts as denied
		}
		if before.Scheme != after.Scheme || before.Host != after.Host || after.User != nil || after.Fragment != "" {
			t.Fatalf("%q became %q", template, got)
		}
	})
}

func TestHostOf(t *testing.T) {
	for url, want := range map[string]string{
		"https://A.example/x": "a.example", "https://a.example:443?x=/": "a.example:443", "http://127.0.0.1:1": "127.0.0.1:1", "x": "x",
	} {
		if got := hostOf(url); got != want {
			t.Errorf("%s: %q", url, got)
		}
	}
}
