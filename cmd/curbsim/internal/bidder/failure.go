package bidder

import (
	"net/http"
	"strings"
	"time"

	"curb/cmd/curbsim/internal/wire"
	"curb/edge/ad"
)

// failure is one way of answering badly: a twist changes what the answer says, an act how it is sent. Neither: honest.
type failure struct {
	name  string
	about string
	twist twist
	act   func(*play)
}

// twist is what an answer says instead of the truth; empty fields change nothing.
type twist struct {
	id, impression, seat, creative, currency, deal, notice string
	size                                                   ad.Size
	priceText, noCreative, duplicate                       bool
	pad                                                    int // spaces after the document
}

// play is one request being answered by an act.
type play struct {
	x    *wire.Exchange
	b    *Bidder
	plan *plan
	ask  *ask
	body []byte // the answer as it would be sent
}

// silenceMax bounds a silent connection, in case the peer never leaves.
const silenceMax = time.Minute

// failures is the closed list. Names are a contract with tests and scripts.
var failures = []failure{
	{name: "none", about: "bids"},
	{name: "no_bid", about: "204", act: func(p *play) { p.x.Reply(http.StatusNoContent, "", nil) }},
	{name: "empty", about: "200 without a body", act: func(p *play) { p.x.Reply(http.StatusOK, jsonFields, nil) }},
	{name: "no_seats", about: "200 with an empty seatbid", act: func(p *play) { p.noSeats() }},
	{name: "silent", about: "reads the request and never answers", act: func(p *play) { p.x.Silence(silenceMax) }},
	{name: "late", about: "answers 50 ms after the request's tmax", act: func(p *play) { p.late() }},
	{name: "slow_body", about: "sends its header at once and the body over two seconds", act: func(p *play) { p.slowBody() }},
	{name: "cut_body", about: "closes the connection within the body", act: func(p *play) { p.cutBody() }},
	{name: "close", about: "closes the connection without an answer", act: func(p *play) { p.x.HangUp() }},
	{name: "error_500", about: "500", act: func(p *play) { p.x.Reply(http.StatusInternalServerError, jsonFields, []byte("{}")) }},
	{name: "redirect", about: "302 to itself; the counter redirects_followed shows who follows", act: func(p *play) { p.redirect() }},
	{name: "informational", about: "a thousand 103 answers first", act: func(p *play) { p.informational() }},
	{name: "big_header", about: "a header of 64 KiB", act: func(p *play) { p.bigHeader() }},
	{name: "invalid_json", about: "a document that breaks off", act: func(p *play) { p.send(p.body[:len(p.body)*2/3]) }},
	{name: "deep_json", about: "brackets a thousand deep", act: func(p *play) { p.send([]byte(strings.Repeat("[", 1000))) }},
	{name: "gzip_bomb", about: "32 MiB behind a small gzip body", act: func(p *play) { p.bomb() }},
	{name: "bad_encoding", about: "a body that is not in the coding its header names", act: func(p *play) { p.badEncoding() }},
	{name: "raw", about: "the setting raw, verbatim", act: func(p *play) { p.raw() }},
	{name: "huge", about: "a valid answer padded to 1 MiB", twist: twist{pad: 1 << 20}},
	{name: "wrong_id", about: "the id of another request", twist: twist{id: "some-other-request"}},
	{name: "wrong_imp", about: "an impression that was not offered", twist: twist{impression: "no-such-imp"}},
	{name: "wrong_seat", about: "a seat it may not bid for", twist: twist{seat: "999"}},
	{name: "wrong_size", about: "a size that was not offered", twist: twist{size: ad.Size{W: 468, H: 60}}},
	{name: "bad_price", about: "the setting price_text as the price", twist: twist{priceText: true}},
	{name: "bad_currency", about: "currency XXX", twist: twist{currency: "XXX"}},
	{name: "bad_notice", about: "a nurl inside the network", twist: twist{notice: "http://169.254.169.254/latest"}},
	{name: "unknown_creative", about: "a creative that is not registered", twist: twist{creative: "no-such-creative"}},
	{name: "no_creative", about: "neither crid nor adid", twist: twist{noCreative: true}},
	{name: "unknown_deal", about: "a deal that was not offered", twist: twist{deal: "no-such-deal"}},
	{name: "duplicate", about: "the same bid twice", twist: twist{duplicate: true}},
}

// Failures lists the names.
func Failures() []string {
	names := make([]string, len(failures))
	for i := range failures {
		names[i] = failures[i].name
	}
	return names
}

// FailureHelp lists names and meanings, a line each.
func FailureHelp() string {
	var text strings.Builder
	for _, f := range failures {
		text.WriteString("  " + f.name + strings.Repeat(" ", 18-len(f.name)) + f.about + "\n")
	}
	return text.String()
}

func failureNamed(name string) *failure {
	for i := range failures {
		if failures[i].name == name {
			return &failures[i]
		}
	}
	return nil
}

func (p *play) send(body []byte) { p.x.Reply(http.StatusOK, jsonFields, body) }

func (p *play) noSeats() {
	body := append([]byte(`{"id":`), appendString(nil, p.ask.ID)...)
	p.send(append(body, `,"seatbid":[],"nbr":2}`...))
}

func (p *play) late() {
	if p.x.Wait(p.ask.tmax() + 50*time.Millisecond) {
		p.send(p.body)
	}
}

// header is the head of an answer sent by hand.
func (p *play) header(extra string) []byte {
	head := append(wire.AppendStatus(nil, http.StatusOK), jsonFields+extra+"Content-Length: "...)
	return append(appendInt(head, len(p.body)), "\r\n\r\n"...)
}

func (p *play) slowBody() {
	const pieces = 20
	if !p.x.Write(p.header("")) {
		return
	}
	for i := range pieces {
		from, to := len(p.body)*i/pieces, len(p.body)*(i+1)/pieces
		if !p.x.Wait(100*time.Millisecond) || !p.x.Write(p.body[from:to]) {
			p.x.HangUp()
			return
		}
	}
}

func (p *play) cutBody() {
	p.x.Write(append(p.header(""), p.body[:len(p.body)/2]...))
	p.x.HangUp()
}

func (p *play) redirect() {
	p.x.Reply(http.StatusFound, "Location: "+p.b.base+"/redirected\r\n", nil)
}

func (p *play) informational() {
	const early = "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
	if p.x.Write([]byte(strings.Repeat(early, 1000))) {
		p.send(p.body)
	}
}

func (p *play) bigHeader() {
	p.x.Write(append(p.header("X-Padding: "+strings.Repeat("x", 64<<10)+"\r\n"), p.body...))
}

func (p *play) bomb() {
	p.x.Reply(http.StatusOK, jsonFields+"Content-Encoding: gzip\r\n", p.plan.bomb)
}

func (p *play) badEncoding() {
	p.x.Reply(http.StatusOK, jsonFields+"Content-Encoding: gzip\r\n", p.body)
}

func (p *play) raw() {
	p.x.Reply(p.plan.raw.Status, p.plan.rawFields, []byte(p.plan.raw.Body))
}
