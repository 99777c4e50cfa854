package server

import (
	"bytes"
	"compress/gzip"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"curb/edge/ad"
	"curb/edge/adcall"
)

func zip(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(body)
	w.Close()
	return b.Bytes()
}

func zst(t testing.TB, body []byte, options ...zstd.EOption) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil, options...)
	if err != nil {
		t.Fatal(err)
	}
	return e.EncodeAll(body, nil)
}

// zstdWindow is a frame that declares a window of 128 MiB and holds nothing yet (RFC 8878 §3.1.1).
var zstdWindow = []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00}

// Streams of zeros without a content size in the frame, as the zstd command writes them: 400,000 bytes in 35 and
// 2,000,000 in 83, and 400 KiB as runs of one block each.
var (
	zstd400KB = []byte("\x28\xb5\x2f\xfd\x04\x58" + "\x54\x00\x00\x10\x00\x00\x01\x00\xfb\xff\x39\xc0\x02" +
		"\x02\x00\x10\x00\x02\x00\x10\x00\x03\xd4\x00\x00" + "\x00\x00\x00\x00")
	zstd2MB = []byte("\x28\xb5\x2f\xfd\x04\x58" + "\x54\x00\x00\x10\x00\x00\x01\x00\xfb\xff\x39\xc0\x02" +
		strings.Repeat("\x02\x00\x10\x00", 14) + "\x03\x24\x04\x00" + "\x00\x00\x00\x00")
	zstdRuns = []byte("\x28\xb5\x2f\xfd\x00\x58" + "\x02\x00\x10\x00" + "\x02\x00\x10\x00" + "\x02\x00\x10\x00" + "\x03\x80\x00\x00")
)

// stream is n zeros in a frame that does not say how many they are.
func stream(t testing.TB, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range n / len(zeros) {
		w.Write(zeros)
	}
	w.Close()
	return unsized(t, b.Bytes(), n)
}

// streamOf is a body in a frame that does not say how long it is.
func streamOf(t testing.TB, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	w.Write(body)
	w.Close()
	return unsized(t, b.Bytes(), len(body))
}

// unsized makes sure that a frame is within a body's limit and hides its size.
func unsized(t testing.TB, frame []byte, n int) []byte {
	t.Helper()
	var head zstd.Header
	if err := head.Decode(frame); err != nil || head.HasFCS || len(frame) > ad.BodyBytesMax {
		t.Fatalf("%d bytes in %d, header %+v, %v", n, len(frame), head, err)
	}
	return frame
}

// cut takes the last third away.
func cut(body []byte) []byte { return body[:len(body)*2/3] }

// noise is a request of n bytes that compresses by less than 50.
func noise(n int) []byte {
	b := []byte(bidRequest)
	random := rand.New(rand.NewPCG(1, 2))
	for len(b) < n-4 {
		b = append(append(b, " \t\n\r"[random.IntN(4)]), "   "...)
	}
	return append(b, "    "[:n-len(b)]...)
}

type codingCase struct {
	name, coding, query, media string
	body                       []byte
	status                     int
	code                       string
}

func codingCases(t *testing.T) []codingCase {
	zeros := make([]byte, 8<<20)
	large := []byte(bidRequest + strings.Repeat(" ", ad.BodyDecodedBytesMax-len(bidRequest)))
	return []codingCase{
		{"plain", "", "", "application/json", []byte(bidRequest), 200, ""},
		{"text", "", "", "text/plain;charset=UTF-8", []byte(bidRequest), 200, ""},
		{"identity", "identity", "", "Application/JSON", []byte(bidRequest), 200, ""},
		{"gzip", "gzip", "", "application/json", zip([]byte(bidRequest)), 200, ""},
		{"gzip by query", "", "gzip=1", "text/plain", zip([]byte(bidRequest)), 200, ""},
		{"gzip by both", "GZIP", "a=b&gzip=1", "text/plain", zip([]byte(bidRequest)), 200, ""},
		{"zstd", "zstd", "", "application/json", zst(t, []byte(bidRequest)), 200, ""},
		{"60: gzip bomb", "gzip", "", "application/json", zip(zeros), 413, "decoded_too_large"},
		{"60: gzip in gzip", "gzip", "", "application/json", zip(zip(zeros)), 413, "decoded_too_large"},
		{"60: gzip in gzip, small", "gzip", "", "application/json", zip(zip([]byte(bidRequest))), 413, "decoded_too_large"},
		{"60: zstd in gzip", "gzip", "", "application/json", zip(zst(t, []byte(bidRequest))), 413, "decoded_too_large"},
		{"60: gzip in zstd", "zstd", "", "application/json", zst(t, zip([]byte(bidRequest))), 413, "decoded_too_large"},
		{"60: zstd in zstd", "zstd", "", "application/json", zst(t, zst(t, []byte(bidRequest))), 413, "decoded_too_large"},
		{"63: gzip that nobody announced", "", "", "application/json", zip([]byte(bidRequest)), 400, "json_invalid"},
		{"60: zstd bomb", "zstd", "", "application/json", zst(t, zeros), 413, "decoded_too_large"},
		{"60: zstd window", "zstd", "", "application/json", zstdWindow, 413, "decoded_too_large"},
		{"60: ratio", "gzip", "", "application/json", zip(large[:10_000]), 413, "decoded_too_large"},
		{"60: decoded at the limit", "gzip", "", "application/json", zip(noise(ad.BodyDecodedBytesMax)), 200, ""},
		{"60: decoded past the limit", "gzip", "", "application/json", zip(noise(ad.BodyDecodedBytesMax + 1)), 413, "decoded_too_large"},
		{"60: decoded at the limit, zstd", "zstd", "", "application/json", zst(t, noise(ad.BodyDecodedBytesMax)), 200, ""},
		{"60: decoded past the limit, zstd", "zstd", "", "application/json", zst(t, noise(ad.BodyDecodedBytesMax+1)), 413, "decoded_too_large"},
		{"60: 256 MiB in a stream, zstd", "zstd", "", "application/json", stream(t, 256<<20), 413, "decoded_too_large"},
		{"60: 2 MB in a stream, zstd", "zstd", "", "application/json", zstd2MB, 413, "decoded_too_large"},
		{"60: ratio in a stream, zstd", "zstd", "", "application/json", zstd400KB, 413, "decoded_too_large"},
		{"60: ratio in runs, zstd", "zstd", "", "application/json", zstdRuns, 413, "decoded_too_large"},
		{"60: decoded at the limit in a stream, zstd", "zstd", "", "application/json", streamOf(t, noise(ad.BodyDecodedBytesMax)), 200, ""},
		{"60: decoded past the limit in a stream, zstd", "zstd", "", "application/json", streamOf(t, noise(ad.BodyDecodedBytesMax+1)), 413, "decoded_too_large"},
		{"60: more than eight times in a stream, zstd", "zstd", "", "application/json", streamOf(t, noise(300_000)), 200, ""},
		{"63: a stream cut short, zstd", "zstd", "", "application/json", cut(streamOf(t, noise(300_000))), 400, "body_invalid"},
		{"61: body at the limit", "", "", "application/json", large[:ad.BodyBytesMax], 200, ""},
		{"61: body past the limit", "", "", "application/json", large[:ad.BodyBytesMax+1], 413, "body_too_large"},
		{"62: unknown coding", "br", "", "application/json", []byte(bidRequest), 415, "content_encoding_unsupported"},
		{"62: two codings", "gzip, gzip", "", "application/json", zip(zip([]byte(bidRequest))), 415, "content_encoding_unsupported"},
		{"62: wrong type", "", "", "application/x-www-form-urlencoded", []byte(bidRequest), 415, "content_type_unsupported"},
		{"no type", "", "", "", []byte(bidRequest), 200, ""},
		{"62: an empty type", "", "", " ", []byte(bidRequest), 415, "content_type_unsupported"},
		{"63: gzip cut short", "gzip", "", "application/json", zip([]byte(bidRequest))[:60], 400, "body_invalid"},
		{"63: gzip and more", "gzip", "", "application/json", append(zip([]byte(bidRequest)), 0), 400, "body_invalid"},
		{"63: two gzip members", "gzip", "", "application/json", append(zip([]byte(bidRequest)), zip(nil)...), 400, "body_invalid"},
		{"63: no gzip", "gzip", "", "application/json", []byte(bidRequest), 400, "body_invalid"},
		{"63: zstd cut short", "zstd", "", "application/json", zst(t, []byte(bidRequest))[:40], 400, "body_invalid"},
		{"63: zstd and more", "zstd", "", "application/json", append(zst(t, []byte(bidRequest)), 0), 400, "body_invalid"},
		{"63: no zstd", "zstd", "", "application/json", []byte(bidRequest), 400, "body_invalid"},
		{"63: nothing", "gzip", "", "application/json", nil, 400, "body_invalid"},
	}
}

func TestCodings(t *testing.T) {
	h := rim(t, &seller{sell: fall(adcall.Blank)})
	for _, c := range codingCases(t) {
		t.Run(c.name, func(t *testing.T) {
			w := post(h, string(c.body), func(r *http.Request) {
				r.URL.RawQuery = c.query
				r.Header.Del("Content-Type")
				if c.media != "" {
					r.Header.Set("Content-Type", c.media)
				}
				if c.coding != "" {
					r.Header.Set("Content-Encoding", c.coding)
				}
			})
			if c.status == 200 {
				if w.Code != 200 || !strings.HasPrefix(w.Body.String(), `{"id":"r-1"`) {
					t.Errorf("status %d, body %s", w.Code, w.Body)
				}
				return
			}
			checkProblem(t, recorded(w), c.status, c.code)
		})
	}
	if w := post(h, bidRequest, withHeader("Content-Type", "application/json")); w.Code != 415 {
		t.Errorf("two Content-Type headers: status %d", w.Code)
	}
	if w := post(h, bidRequest, withHeader("Content-Encoding", "gzip"), withHeader("Content-Encoding", "gzip")); w.Code != 415 {
		t.Errorf("two Content-Encoding headers: status %d", w.Code)
	}
}
