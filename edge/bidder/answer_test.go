package bidder

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"curb/edge/ad"
	"curb/edge/catalog"
)

// answerCase is what a bidder says, and what that is. "\x00close" at the end hangs up.
type answerCase struct {
	name, say string
	want      ad.Reason
}

const chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// squeezed gives text in a coding.
func squeezed(text string, coding ad.Compression) string {
	var out bytes.Buffer
	if coding == ad.Gzip {
		w := gzip.NewWriter(&out)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
	} else {
		w, _ := zstd.NewWriter(&out)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
	}
	return out.String()
}

func manyBids(n int, seat string) string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"id":"b%d","impid":"1","price":1,"crid":"summer"}`, i))
	}
	return `{"id":"` + auctionID() + `","seatbid":[{"seat":"` + seat + `","bid":[` + strings.Join(list, ",") + `]}]}`
}

// TestEveryAnswerHasItsReason plays what bidders send, good and bad, over a socket.
func TestEveryAnswerHasItsReason(t *testing.T) {
	for _, c := range slices.Concat(goodAnswers(), badHeads(), badBodies(), badDocuments()) {
		t.Run(c.name, func(t *testing.T) {
			say, hangUp := strings.CutSuffix(c.say, "\x00close")
			accept := func(c *catalog.Contents) { c.Bidders[0].AcceptGzip, c.Bidders[0].AcceptZstd = true, true }
			m := newMarket(t, accept, "http://"+listen(t, nil, func(p *peer) {
				if _, _, _, err := p.request(); err != nil {
					return
				}
				p.say(say)
				if !hangUp {
					_, _, _, _ = p.request() // until our side ends it
				}
			}))
			a := askAll(t, newFanout(t, nil), m, plenty)
			if got := a.Asked[0].Reason; got != c.want {
				t.Errorf("reason %v, want %v", got, c.want)
			}
			if c.want == ad.Undecided && (len(a.Bids) != 1 || a.Bids[0].Reason != ad.Undecided) {
				t.Errorf("bids %+v", a.Bids)
			}
		})
	}
}

func goodAnswers() []answerCase {
	bid := bidFor(0, auctionID(), "1.25")
	return []answerCase{
		{"bid", ok(bid), ad.Undecided},
		{"bid in chunks", chunkedHead + chunk(bid[:10]) + chunk(bid[10:]) + "0\r\n\r\n", ad.Undecided},
		{"bid until the connection ends", "HTTP/1.1 200 OK\r\n\r\n" + bid + "\x00close", ad.Undecided},
		{"bid in HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: " + fmt.Sprint(len(bid)) + "\r\n\r\n" + bid, ad.Undecided},
		{"bid after interim answers", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", ad.InformationalMax) + ok(bid), ad.Undecided},
		{"bid in gzip", ok(squeezed(bid, ad.Gzip), "Content-Encoding: gzip"), ad.Undecided},
		{"bid in zstd", ok(squeezed(bid, ad.Zstd), "Content-Encoding: zstd"), ad.Undecided},
		{"204", "HTTP/1.1 204 No Content\r\n\r\n", ad.NoBid},
		{"204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", ad.NoBid},
		{"empty 200", ok(""), ad.NoBid},
		{"200 with white space", ok(" \r\n\t\n"), ad.NoBid},
		{"200 with white space in gzip", ok(squeezed("\n", ad.Gzip), "Content-Encoding: gzip"), ad.NoBid},
		{"200 with an empty object", ok("{}"), ad.NoBid},
		{"200 with empty seats and no id", ok(`{"seatbid":[]}`), ad.NoBid},
		{"200 without seats and another id", ok(`{"id":"x","nbr":2}`), ad.NoBid},
		{"200 without seats", ok(`{"id":"` + auctionID() + `"}`), ad.NoBid},
		{"200 with empty seats", ok(`{"id":"` + auctionID() + `","seatbid":[]}`), ad.NoBid},
	}
}

func badHeads() []answerCase {
	bid := bidFor(0, auctionID(), "1.25")
	return []answerCase{
		{"302 inward", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", ad.Redirected},
		{"307", "HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n\r\n", ad.Redirected},
		{"500", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nsad", ad.HTTPStatus},
		{"404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", ad.HTTPStatus},
		{"101", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", ad.HTTPStatus},
		{"one interim answer too many", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", ad.InformationalMax+1) + ok(bid), ad.HTTPStatus},
		{"a thousand interim answers", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000), ad.HTTPStatus},
		{"not HTTP", "SSH-2.0-OpenSSH_9.9\r\n\r\n", ad.HeaderInvalid},
		{"a megabyte of header", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20), ad.HeaderTooLarge},
		{"a megabyte of fields", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 200_000), ad.HeaderTooLarge},
		{"hangs up", "\x00close", ad.ConnectionLost},
		{"hangs up in the head", "HTTP/1.1 200 OK\r\nContent-\x00close", ad.ConnectionLost},
		{"hangs up in the body", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + bid + "\x00close", ad.BodyInvalid},
		{"hangs up in a chunk", chunkedHead + "500\r\n" + bid + "\x00close", ad.BodyInvalid},
		{"bad chunk", chunkedHead + "zz\r\n", ad.BodyInvalid},
	}
}

func badBodies() []answerCase {
	bid := bidFor(0, auctionID(), "1.25")
	bomb := strings.Repeat(" ", 4<<20)
	return []answerCase{
		{"length of 257 KiB", "HTTP/1.1 200 OK\r\nContent-Length: 263169\r\n\r\n", ad.ResponseTooLarge},
		{"endless chunks", chunkedHead + strings.Repeat(chunk(strings.Repeat(" ", 1000)), 400), ad.ResponseTooLarge},
		{"endless tiny chunks", chunkedHead + strings.Repeat("1\r\n \r\n", 100_000), ad.ResponseTooLarge},
		{"endless body", "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat(" ", 400_000), ad.ResponseTooLarge},
		{"gzip bomb", ok(squeezed(bomb, ad.Gzip), "Content-Encoding: gzip"), ad.ResponseTooLarge},
		{"zstd bomb", ok(squeezed(bomb, ad.Zstd), "Content-Encoding: zstd"), ad.ResponseTooLarge},
		{"gzip cut short", ok(squeezed(bid, ad.Gzip)[:60], "Content-Encoding: gzip"), ad.BodyInvalid},
		{"zstd cut short", ok(squeezed(bid, ad.Zstd)[:40], "Content-Encoding: zstd"), ad.BodyInvalid},
		{"gzip and more", ok(squeezed(bid, ad.Gzip)+"x", "Content-Encoding: gzip"), ad.BodyInvalid},
		{"zstd and more", ok(squeezed(bid, ad.Zstd)+"x", "Content-Encoding: zstd"), ad.BodyInvalid},
		{"gzip that is none", ok(bid, "Content-Encoding: gzip"), ad.BodyInvalid},
		{"brotli", ok(bid, "Content-Encoding: br"), ad.ContentEncoding},
		{"gzip twice", ok(bid, "Content-Encoding: gzip, gzip"), ad.ContentEncoding},
		{"gzip in two fields", ok(bid, "Content-Encoding: gzip", "Content-Encoding: gzip"), ad.ContentEncoding},
	}
}

func badDocuments() []answerCase {
	bid := bidFor(0, auctionID(), "1.25")
	return []answerCase{
		{"HTML", ok("<html>no</html>"), ad.JSONInvalid},
		{"duplicate names", ok(`{"id":"` + auctionID() + `","id":"x"}`), ad.JSONInvalid},
		{"more behind", ok(bid + "{}"), ad.JSONInvalid},
		{"too deep", ok(strings.Repeat("[", 20)), ad.JSONTooDeep},
		{"a list", ok("[]"), ad.ResponseInvalid},
		{"65 bids", ok(manyBids(ad.BidsMax+1, "201")), ad.ResponseTooLarge},
		{"33 KiB of markup", ok(strings.Replace(bid, `"crid"`, `"adm":"`+strings.Repeat("x", ad.MarkupBytesMax+1)+`","crid"`, 1)), ad.ResponseTooLarge},
		{"1000 seats", ok(`{"id":"` + auctionID() + `","seatbid":[` + strings.Repeat(`{},`, 999) + `{}]}`), ad.ResponseTooLarge},
		{"another request's id", ok(bidFor(0, "0", "1.25")), ad.IDMismatch},
		{"white space that is none in JSON", ok("\v"), ad.JSONInvalid},
		{"infinite price", ok(bidFor(0, auctionID(), "NaN")), ad.JSONInvalid},
	}
}
