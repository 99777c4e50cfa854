package bidder

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"curb/edge/ad"
)

// read feeds a whole answer to the framing in pieces of the given size and reports what came of it; ended says that the
// connection was closed behind it.
func read(text string, piece int) (f framing, body string, reason ad.Reason) {
	var buffer []byte
	for len(buffer) < len(text) && f.stage != complete {
		buffer = append(buffer, text[len(buffer):min(len(buffer)+piece, len(text))]...)
		if reason = f.advance(buffer); reason != ad.Undecided {
			return f, "", reason
		}
	}
	if f.stage == complete || f.stage == untilClose {
		body = string(f.body(buffer))
	}
	return f, body, ad.Undecided
}

func TestHostileHeads(t *testing.T) {
	const status = "HTTP/1.1 200 OK\r\n"
	good := map[string]head{
		status + "\r\n": {status: 200, length: -1, last: true},
		"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n":                                 {status: 200},
		"HTTP/1.1 200 \r\ncontent-length:\t0 \r\n\r\n":                              {status: 200},
		"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n":                              {status: 200, old: true, last: true},
		status + "Content-Length: 0\r\nConnection: close\r\n\r\n":                   {status: 200, last: true},
		status + "Content-Length: 0\r\nConnection: x, CLOSE\r\n\r\n":                {status: 200, last: true},
		status + "Content-Length: 0\r\nConnection: closed\r\n\r\n":                  {status: 200},
		status + "Content-Length: 0\r\nX-Empty:\r\n\r\n":                            {status: 200},
		status + "Content-Length: 000\r\n\r\n":                                      {status: 200},
		status + "Content-Length: 0\r\nContent-Encoding: GZIP\r\n\r\n":              {status: 200, coding: ad.Gzip},
		status + "Content-Length: 0\r\nContent-Encoding: x-gzip\r\n\r\n":            {status: 200, coding: ad.Gzip},
		status + "Content-Length: 0\r\nContent-Encoding: zstd\r\n\r\n":              {status: 200, coding: ad.Zstd},
		status + "Content-Length: 0\r\nContent-Encoding: identity\r\n\r\n":          {status: 200},
		status + "Content-Length: 0\r\nContent-Encoding: deflate\r\n\r\n":           {status: 200, unknownCoding: true},
		status + "Content-Length: 0\r\nContent-Encoding: gzip, zstd\r\n\r\n":        {status: 200, unknownCoding: true},
		"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n":             {status: 204, length: -1, chunked: true, last: true},
		"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n":                      {status: 204, length: 5, last: true},
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n": {status: 200},
	}
	for text, want := range good {
		if f, _, reason := read(text, len(text)); reason != ad.Undecided || f.head != want {
			t.Errorf("%q: %v, head %+v, want %+v", text, reason, f.head, want)
		}
	}
	bad := []string{
		"\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.2 200 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 600 OK\r\n\r\n", "HTTP/1.1 200\tOK\r\n\r\n",
		"HTTP/1.1 200 \x00\r\n\r\n", " HTTP/1.1 200 OK\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\n\r\n\r\n", status + "A: b\nC: d\r\n\r\n", status + "A: b\rC: d\r\n\r\n", status + "A: b\r\r\n\r\n",
		status + "A\r\n\r\n", status + ": b\r\n\r\n", status + "A : b\r\n\r\n", status + " A: b\r\n\r\n", status + "A: b\r\n c\r\n\r\n", status + "A: b\r\n\tc\r\n\r\n",
		status + "A\x00: b\r\n\r\n", status + "A: \x00\r\n\r\n", status + "A: \x7f\r\n\r\n", status + "Ä: b\r\n\r\n", status + "A(: b\r\n\r\n",
		status + "Content-Length:\r\n\r\n", status + "Content-Length: -1\r\n\r\n", status + "Content-Length: +1\r\n\r\n", status + "Content-Length: 0x1\r\n\r\n",
		status + "Content-Length: 1 1\r\n\r\n", status + "Content-Length: 1,1\r\n\r\n", status + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
		status + "Content-Length: 1\r\ncontent-length: 2\r\n\r\n", status + "Content-Length: 10000000000\r\n\r\n", status + "Content-Length: 18446744073709551617\r\n\r\n",
		status + "Transfer-Encoding: gzip\r\n\r\n", status + "Transfer-Encoding: gzip, chunked\r\n\r\n", status + "Transfer-Encoding: chunked, chunked\r\n\r\n",
		status + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", status + "Transfer-Encoding: xchunked\r\n\r\n", status + "Transfer-Encoding:\x0bchunked\r\n\r\n",
		status + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", status + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	}
	for _, text := range bad {
		for _, piece := range []int{1, len(text)} {
			if _, _, reason := read(text, piece); reason != ad.HeaderInvalid {
				t.Errorf("%q in pieces of %d: %v", text, piece, reason)
			}
		}
	}
}

// TestHeadLimits stands at each limit and one past it.
func TestHeadLimits(t *testing.T) {
	head := func(size int) string {
		const form = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \r\n\r\n"
		return strings.Replace(form, "X: ", "X: "+strings.Repeat("x", size-len(form)), 1)
	}
	interim := "HTTP/1.1 103 Early Hints\r\n\r\n"
	length := func(n string) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + n + "\r\n\r\n" }
	cases := []struct {
		name, text string
		want       ad.Reason
	}{
		{"head of 16 KiB", head(ad.ResponseHeaderBytesMax), ad.Undecided},
		{"head of 16 KiB and one", head(ad.ResponseHeaderBytesMax + 1), ad.HeaderTooLarge},
		{"all heads of 16 KiB", interim + head(ad.ResponseHeaderBytesMax-len(interim)), ad.Undecided},
		{"all heads of 16 KiB and one", interim + head(ad.ResponseHeaderBytesMax-len(interim)+1), ad.HeaderTooLarge},
		{"five interim", strings.Repeat(interim, 5) + head(100), ad.Undecided},
		{"six interim", strings.Repeat(interim, 6) + head(100), ad.HTTPStatus},
		{"head without end of 16 KiB", strings.TrimSuffix(head(ad.ResponseHeaderBytesMax+4), "\r\n\r\n"), ad.Undecided},
		{"head without end of 16 KiB and one", strings.TrimSuffix(head(ad.ResponseHeaderBytesMax+5), "\r\n\r\n"), ad.HeaderTooLarge},
		{"length of 256 KiB", length("262144"), ad.Undecided},
		{"length of 256 KiB and one", length("262145"), ad.ResponseTooLarge},
	}
	for _, c := range cases {
		for _, piece := range []int{7, 1000, len(c.text)} {
			if _, _, reason := read(c.text, piece); reason != c.want {
				t.Errorf("%s in pieces of %d: %v, want %v", c.name, piece, reason, c.want)
			}
		}
	}
}

func TestChunks(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	big := strings.Repeat("z", ad.ResponseBytesMax-5)
	cases := []struct {
		text, body string
		want       ad.Reason
	}{
		{"5\r\nhello\r\n0\r\n\r\n", "hello", ad.Undecided},
		{"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello", ad.Undecided},
		{"0\r\n\r\n", "", ad.Undecided},
		{"00005\r\nhello\r\n000\r\n\r\n", "hello", ad.Undecided},
		{"5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello", ad.Undecided},
		{"5 ; a=\"b\"\r\nhello\r\n0\r\n\r\n", "hello", ad.Undecided},
		{"5\r\nhello\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n", "hello", ad.Undecided},
		{"A\r\n\r\n\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n\r\n0\r\n\r", ad.BodyInvalid},
		{"a\r\n0123456789\r\n0\r\n\r\n", "0123456789", ad.Undecided},
		{"3fffb\r\n" + big + "\r\n5\r\nhello\r\n0\r\n\r\n", big + "hello", ad.Undecided},

		{"3fffb\r\n" + big + "\r\n6\r\nhello!\r\n0\r\n\r\n", "", ad.ResponseTooLarge},
		{"40001\r\n", "", ad.ResponseTooLarge},
		{"ffffffff\r\n", "", ad.ResponseTooLarge},
		{"100000000\r\n", "", ad.BodyInvalid},
		{"\r\n", "", ad.BodyInvalid},
		{"-5\r\nhello\r\n", "", ad.BodyInvalid},
		{"+5\r\nhello\r\n", "", ad.BodyInvalid},
		{"0x5\r\nhello\r\n", "", ad.BodyInvalid},
		{" 5\r\nhello\r\n", "", ad.BodyInvalid},
		{"5 5\r\nhello\r\n", "", ad.BodyInvalid},
		{"5\nhello\n0\n\n", "", ad.BodyInvalid},
		{"5\r\nhello0\r\n\r\n", "", ad.BodyInvalid},
		{"5\r\nhello\n0\r\n\r\n", "", ad.BodyInvalid},
		{"5\r\nhello\r\r\n", "", ad.BodyInvalid},
		{"5;\x00\r\nhello\r\n", "", ad.BodyInvalid},
		{"5\r\nhello\r\n0\r\nno trailer\r\n\r\n", "", ad.BodyInvalid},
		{"5;" + strings.Repeat("x", 20_000) + "\r\n", "", ad.ResponseTooLarge},
		{"5" + strings.Repeat("0", 20_000), "", ad.ResponseTooLarge},
		{"0\r\n" + strings.Repeat("T: x\r\n", 5000), "", ad.ResponseTooLarge},
		{strings.Repeat("1;"+strings.Repeat("x", 100)+"\r\nz\r\n", 200), "", ad.ResponseTooLarge},
	}
	for _, c := range cases {
		for _, piece := range []int{1, 3, 1000, len(head) + len(c.text)} {
			if f, body, reason := read(head+c.text, piece); reason != c.want || (reason == ad.Undecided && (body != c.body || f.stage != complete)) {
				t.Errorf("%.60q in pieces of %d: %v, body %.40q", c.text, piece, reason, body)
			}
		}
	}
}

// FuzzAnswer reads arbitrary bytes as an answer, whole and in pieces: both must agree, within the limits, and what we take
// net/http must read as the same status and body.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n{}", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\n{}\r\n0\r\nA: b\r\n\r\n",
	} {
		f.Add([]byte(seed), uint8(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, piece uint8) {
		whole, body, reason := read(string(text), len(text)+1)
		if whole.read > len(text) || whole.end > whole.read || whole.end-whole.start > ad.ResponseBytesMax {
			t.Fatalf("offsets %+v for %d bytes", whole, len(text))
		}
		parts, partBody, partReason := read(string(text), int(piece)+1)
		if reason == ad.Undecided && (partReason != reason || partBody != body || parts.stage != whole.stage || parts.head != whole.head) {
			t.Fatalf("whole: %v %q %+v, in pieces of %d: %v %q %+v", reason, body, whole, int(piece)+1, partReason, partBody, parts)
		}
		if reason != ad.Undecided || whole.stage != complete {
			return
		}
		r := bufio.NewReader(bytes.NewReader(text))
		for {
			response, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatalf("took %q, which net/http refuses: %v", text, err)
			}
			if response.StatusCode < 200 {
				continue
			}
			theirs, err := io.ReadAll(response.Body)
			if err != nil || string(theirs) != body || response.StatusCode != whole.head.status {
				t.Fatalf("read %q as %d %q, net/http as %d %q, %v", text, whole.head.status, body, response.StatusCode, theirs, err)
			}
			return
		}
	})
}

func TestReadingAllocatesNothing(t *testing.T) {
	text := []byte("HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}")
	if n := testing.AllocsPerRun(100, func() {
		var f framing
		if f.advance(text) != ad.Undecided || f.stage != complete {
			t.Fatal("not read")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
