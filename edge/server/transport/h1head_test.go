package transport

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func checkHead(head string) (int, refusal) {
	limits := DefaultLimits()
	c := headCheck{limits: &limits}
	return c.feed([]byte(head))
}

// pad is n bytes of filler.
func pad(n int) string { return strings.Repeat("x", n) }

// fieldLines are n fields of size bytes each as lines.
func fieldLines(n, size int) string {
	var b strings.Builder
	for i := range n {
		name := "X-" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + ": "
		b.WriteString(name + pad(size-len(name)-2) + "\r\n")
	}
	return b.String()
}

var headCases = []struct {
	name, head string
	want       refusal
}{
	{"plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", accepted},
	{"1.0 with Host", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", accepted},
	{"no space after the colon", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", accepted},
	{"spaces around a value", "GET / HTTP/1.1\r\nHost: \t a \t\r\n\r\n", accepted},
	{"absolute form", "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", accepted},
	{"absolute form without path", "GET HTTPS://A:443?x HTTP/1.1\r\nHost: a\r\n\r\n", accepted},
	{"macros in the query", "GET /tt?cb=%%CACHEBUSTER%%&x={Y}|\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", accepted},
	{"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", accepted},
	{"length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", accepted},
	{"length 0", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", accepted},
	{"expect", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n", accepted},
	{"latin-1 value", "GET / HTTP/1.1\r\nHost: a\r\nX-A: \xe9\r\n\r\n", accepted},
	{"target of 8 KiB", "GET /" + pad(8<<10-1) + " HTTP/1.1\r\nHost: a\r\n\r\n", accepted},
	{"64 fields", "GET / HTTP/1.1\r\nHost: a\r\n" + fieldLines(63, 20) + "\r\n", accepted},
	{"header of 16 KiB", "GET / HTTP/1.1\r\nHost: a\r\n" + fieldLines(5, 3275) + "\r\n", accepted},
	{"cookies of 8 KiB", "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + pad(4<<10) + "\r\nCookie: " + pad(4<<10) + "\r\n\r\n", accepted},
	{"method of 32 bytes", pad(32) + " / HTTP/1.1\r\nHost: a\r\n\r\n", accepted},

	{"target of 8 KiB + 1", "GET /" + pad(8<<10) + " HTTP/1.1\r\nHost: a\r\n\r\n", targetTooLong},
	{"target of 9 KiB that goes on", "GET /" + pad(9<<10), targetTooLong},
	{"65 fields", "GET / HTTP/1.1\r\nHost: a\r\n" + fieldLines(64, 20) + "\r\n", headerTooLarge},
	{"header of 16 KiB + 1", "GET / HTTP/1.1\r\nHost: aa\r\n" + fieldLines(5, 3275) + "\r\n", headerTooLarge},
	{"header of 17 KiB that goes on", "GET / HTTP/1.1\r\nX-A: " + pad(17<<10), headerTooLarge},
	{"cookies of 8 KiB + 1", "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + pad(4<<10) + "\r\nCookie: " + pad(4<<10+1) + "\r\n\r\n", headerTooLarge},
	{"cookies of 20 KiB", "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + pad(20<<10), headerTooLarge},
	{"method of 33 bytes", pad(33) + " / HTTP/1.1\r\nHost: a\r\n\r\n", methodInvalid},
	{"method of 1 KiB", pad(1 << 10), methodInvalid},
	{"our own method", refusedMethod + " / HTTP/1.1\r\nHost: a\r\n\r\n", methodInvalid},
	{"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", methodNotAllowed},
	{"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", methodNotAllowed},

	{"TE and CL", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", requestMalformed},
	{"CL and TE", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", requestMalformed},
	{"two CL", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", requestMalformed},
	{"CL +5", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", requestMalformed},
	{"CL -5", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", requestMalformed},
	{"CL 5, 5", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", requestMalformed},
	{"CL 0x5", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", requestMalformed},
	{"CL empty", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", requestMalformed},
	{"CL of 19 digits", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000000000\r\n\r\n", requestMalformed},
	{"TE gzip, chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", requestMalformed},
	{"TE identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", requestMalformed},
	{"two TE", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", requestMalformed},
	{"TE in 1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", requestMalformed},
	{"LF only", "GET / HTTP/1.1\nHost: a\n\n", requestMalformed},
	{"LF in the header", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", requestMalformed},
	{"LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", requestMalformed},
	{"obs-fold", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", requestMalformed},
	{"obs-fold with tab", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n", requestMalformed},
	{"space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", requestMalformed},
	{"space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", requestMalformed},
	{"no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", requestMalformed},
	{"no name", "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n", requestMalformed},
	{"CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n", requestMalformed},
	{"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\x00\r\n\r\n", requestMalformed},
	{"DEL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: y\x7f\r\n\r\n", requestMalformed},
	{"latin-1 in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\xe9: y\r\n\r\n", requestMalformed},
	{"0.9", "GET /\r\n", requestMalformed},
	{"1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", requestMalformed},
	{"2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", requestMalformed},
	{"lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", requestMalformed},
	{"endless version", "GET / HTTP/1.1" + pad(10), requestMalformed},
	{"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", requestMalformed},
	{"tab for space", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", requestMalformed},
	{"space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", requestMalformed},
	{"empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", requestMalformed},
	{"method with a comma", "GET, / HTTP/1.1\r\nHost: a\r\n\r\n", requestMalformed},
	{"TLS in TLS", "\x16\x03\x01\x00\x00\n", requestMalformed},

	{"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", requestMalformed},
	{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", targetInvalid},
	{"authority form", "GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n", targetInvalid},
	{"another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", targetInvalid},
	{"fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", targetInvalid},
	{"bad escape in the path", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", targetInvalid},
	{"short escape in the path", "GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n", targetInvalid},
	{"control byte in the target", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", targetInvalid},

	{"no Host", "GET / HTTP/1.1\r\n\r\n", hostInvalid},
	{"1.0 without Host", "GET / HTTP/1.0\r\n\r\n", hostInvalid},
	{"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", hostInvalid},
	{"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", hostInvalid},
	{"blank Host", "GET / HTTP/1.1\r\nHost: \t\r\n\r\n", hostInvalid},
	{"Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", hostInvalid},
	{"Host in UTF-8", "GET / HTTP/1.1\r\nHost: b\xc3\xbccher\r\n\r\n", hostInvalid},
	{"absolute form with user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", hostInvalid},
	{"absolute form without host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", hostInvalid},
	{"another expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", expectationFailed},
}

func TestHeadCheck(t *testing.T) {
	for _, c := range headCases {
		n, verdict := checkHead(c.head + "GET /next")
		if verdict != c.want || verdict == accepted && n != len(c.head) {
			t.Errorf("%s: %d %q, want %d %q", c.name, n, verdict, len(c.head), c.want)
		}
		limits := DefaultLimits()
		check, got := headCheck{limits: &limits}, accepted
		for i := 1; i <= len(c.head) && got == accepted; i++ {
			n, got = check.feed([]byte(c.head[:i]))
		}
		if (got == accepted) != (c.want == accepted) || got == accepted && n != len(c.head) {
			t.Errorf("%s, byte by byte: %d %q, want %q", c.name, n, got, c.want)
		}
	}
}

func TestHeadCheckAllocatesNothing(t *testing.T) {
	head := []byte("GET /tt?id=1001 HTTP/1.1\r\nHost: ads.news.example\r\nCookie: a=b\r\nAccept: */*\r\nContent-Length: 0\r\n\r\n")
	limits := DefaultLimits()
	check := headCheck{limits: &limits}
	if n := testing.AllocsPerRun(100, func() {
		check.reset()
		if n, verdict := check.feed(head); n != len(head) || verdict != accepted {
			t.Fatal(n, verdict)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestChunkCheck(t *testing.T) {
	good := []string{"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "0005\r\nhello\r\n000\r\n\r\n", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "00000001\r\nx\r\n0\r\n\r\n"}
	for _, body := range good {
		var whole, bits chunkCheck
		if n, ok := whole.feed([]byte(body + "GET")); n != len(body) || !ok || whole.state != chunkDone {
			t.Errorf("%q: %d %t", body, n, ok)
		}
		for i := range len(body) {
			if n, ok := bits.feed([]byte(body[i : i+1])); n != 1 || !ok || (bits.state == chunkDone) != (i == len(body)-1) {
				t.Errorf("%q, byte %d: %d %t", body, i, n, ok)
			}
		}
	}
	for _, body := range []string{"\r\n", "0x5\r\nhello", "5\nhello\r\n", "5 \r\nhello", " 5\r\n", "5;ext=1\r\nhello", "5\r\nhello0", "5\r\nhello\n0", "5\r\nhell\r\n0\r\n",
		"-5\r\n", "+5\r\n", "0\r\nTrailer: 1\r\n\r\n", "0\r\n\n", "0\n\r\n", "000000001\r\nx", "g\r\n", "ffffffffff\r\n", "5\r\rhello"} {
		var c chunkCheck
		if n, ok := c.feed([]byte(body)); ok {
			t.Errorf("%q passes for %d bytes", body, n)
		}
	}
}

// FuzzHead holds that what the check lets through, net/http reads the same way and never refuses in words of its own.
func FuzzHead(f *testing.F) {
	for _, c := range headCases {
		if len(c.head) < 1000 {
			f.Add([]byte(c.head))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := DefaultLimits()
		check := headCheck{limits: &limits}
		n, verdict := check.feed(data)
		if n > 0 && verdict != accepted || n > len(data) {
			t.Fatalf("%d bytes and %q", n, verdict)
		}
		bits, m, again := headCheck{limits: &limits}, 0, accepted
		for i := 1; i <= len(data) && m == 0 && again == accepted; i++ {
			m, again = bits.feed(data[:i])
		}
		if (again == accepted) != (verdict == accepted) || m != n {
			t.Fatalf("whole: %d %q; byte by byte: %d %q", n, verdict, m, again)
		}
		if n == 0 {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(io.MultiReader(bytes.NewReader(data[:n]), strings.NewReader("0\r\n\r\n"))))
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", data[:n], err)
		}
		chunked := len(r.TransferEncoding) == 1 && r.TransferEncoding[0] == "chunked"
		if chunked != check.chunked || !chunked && r.ContentLength != check.length {
			t.Fatalf("net/http frames %q as %v %d, we as %t %d", data[:n], r.TransferEncoding, r.ContentLength, check.chunked, check.length)
		}
		if _, _, err := NormalizeHost(r.Host); err != nil && r.Host == "" {
			t.Fatalf("%q has no host", data[:n])
		}
	})
}

// FuzzChunks holds that a body passes whole or not at all, however it is cut, and that net/http decodes what passes.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\nGET"), uint8(3))
	f.Add([]byte("0x5\r\nhello"), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) {
		var whole, bits chunkCheck
		n, ok := whole.feed(data)
		m, fine := 0, true
		for m < len(data) && fine && bits.state != chunkDone {
			step := min(len(data)-m, int(cut)+1)
			var k int
			k, fine = bits.feed(data[m : m+step])
			m += k
		}
		if m != n || fine != ok || bits.state != whole.state {
			t.Fatalf("whole: %d %t %d; in pieces: %d %t %d", n, ok, whole.state, m, fine, bits.state)
		}
		if whole.state != chunkDone {
			return
		}
		head := "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		r, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(head), bytes.NewReader(data[:n]))))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Fatalf("net/http refuses %q: %v", data[:n], err)
		}
	})
}
