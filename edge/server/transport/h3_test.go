package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// rawH3 is a QUIC connection on whose streams a test writes what it likes.
type rawH3 struct {
	*quic.Conn
	t       testing.TB
	control *quic.SendStream
}

// dialH3 connects and opens a control stream with SETTINGS.
func (s *server) dialH3(t testing.TB) rawH3 {
	t.Helper()
	return s.dialH3As(t, "localhost")
}

// tryH3 shows sni in the handshake.
func (s *server) tryH3(t testing.TB, sni string) (*quic.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	c := s.tls(sni, "h3")
	c.InsecureSkipVerify = sni == ""
	return s.packets(t).Dial(ctx, net.UDPAddrFromAddrPort(s.Addr()), c, &quic.Config{KeepAlivePeriod: 50 * time.Millisecond})
}

func (s *server) dialH3As(t testing.TB, sni string) rawH3 {
	t.Helper()
	conn, err := s.tryH3(t, sni)
	if err != nil {
		t.Fatal(err)
	}
	c := rawH3{Conn: conn, t: t}
	t.Cleanup(func() { conn.CloseWithError(quic.ApplicationErrorCode(h3NoError), "") })
	c.control = c.uni(streamControl, frame(frameSettings, nil))
	return c
}

// uni opens a unidirectional stream of a kind.
func (c rawH3) uni(kind uint64, data []byte) *quic.SendStream {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	str, err := c.OpenUniStreamSync(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	str.Write(append(quicvarint.Append(nil, kind), data...))
	return str
}

// open opens a request stream and writes data on it.
func (c rawH3) open(data ...[]byte) *quic.Stream {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	str, err := c.OpenStreamSync(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	str.SetDeadline(time.Now().Add(10 * time.Second))
	for _, b := range data {
		str.Write(b)
	}
	return str
}

func frame(kind uint64, payload []byte) []byte {
	b := quicvarint.Append(nil, kind)
	b = quicvarint.Append(b, uint64(len(payload)))
	return append(b, payload...)
}

// literal encodes a field without any table.
func literal(b []byte, name, value string) []byte {
	b = appendPrefixInt(b, 0x20, 3, uint64(len(name)))
	b = append(b, name...)
	b = appendPrefixInt(b, 0, 7, uint64(len(value)))
	return append(b, value...)
}

// section encodes fields as a HEADERS frame.
func section(fields ...string) []byte {
	b := []byte{0, 0}
	for i := 0; i < len(fields); i += 2 {
		b = literal(b, fields[i], fields[i+1])
	}
	return frame(frameHeaders, b)
}

// h3Outcome is how a stream or its connection ended.
type h3Outcome struct {
	status int
	code   string
	seen   string // X-Seen
	body   string
	reset  h3Code
	closed h3Code
}

// await ends the request, where there is one, and reads the answer.
func (c rawH3) await(str *quic.Stream) (o h3Outcome) {
	c.t.Helper()
	data, err := io.ReadAll(str)
	if reset, ok := errors.AsType[*quic.StreamError](err); ok {
		o.reset = h3Code(reset.ErrorCode)
		return o
	}
	if closed, ok := errors.AsType[*quic.ApplicationError](err); ok {
		o.closed = h3Code(closed.ErrorCode)
		return o
	}
	if err != nil {
		c.t.Errorf("reading an answer: %v", err)
		return o
	}
	f := &h3Reader{str: bytes.NewReader(data), buffer: make([]byte, 4096)}
	for {
		kind, length, err := f.header()
		if err != nil {
			return o
		}
		payload := make([]byte, length)
		io.ReadFull(f, payload)
		if kind == frameData {
			o.body += string(payload)
			continue
		}
		o.header(payload)
	}
}

// header takes status and code from a field section.
func (o *h3Outcome) header(block []byte) {
	var s fieldSection
	for block = block[2:]; len(block) > 0; {
		field, rest, _ := s.next(block)
		block = rest
		name, value := s.strings(string(s.arena), field)
		switch strings.ToLower(name) {
		case ":status":
			o.status, _ = strconv.Atoi(value)
		case "x-curb-error":
			o.code = value
		case "x-seen":
			o.seen = value
		}
	}
}

// closedWith expects the connection to end with a code.
func (c rawH3) closedWith(code h3Code) {
	c.t.Helper()
	select {
	case <-c.Context().Done():
	case <-time.After(10 * time.Second):
		c.t.Error("the connection goes on")
		return
	}
	closed, ok := errors.AsType[*quic.ApplicationError](context.Cause(c.Context()))
	if !ok || h3Code(closed.ErrorCode) != code || !closed.Remote {
		c.t.Errorf("%v, want code %#x", context.Cause(c.Context()), code)
	}
}

// sectionCase is a field section and what it gets.
type sectionCase struct {
	name   string
	fields []string
	want   refusal
}

// many are n fields.
func many(n int) (out []string) {
	for i := range n {
		out = append(out, "x-"+strconv.Itoa(i), "y")
	}
	return out
}

// method is a request with a method of its own.
func method(m string) []string { return append([]string{":method", m}, get("localhost", "/")[2:]...) }

// sectionCases are for HTTP/2 and HTTP/3 alike.
var sectionCases = []sectionCase{
	{"good", get("localhost", "/"), accepted},
	{"Host for :authority", []string{":method", "GET", ":scheme", "https", ":path", "/", "host", "localhost"}, accepted},
	{"both the same", get("localhost", "/", "host", "localhost"), accepted},
	{"cookie crumbs", get("localhost", "/", "cookie", "a=1", "cookie", "b=2"), accepted},
	{"te trailers", get("localhost", "/", "te", "trailers"), accepted},
	{"target at the limit", get("localhost", "/"+pad(8<<10-1)), accepted},
	{"target", get("localhost", "/"+pad(8<<10)), targetTooLong},
	{"target of 9 KiB", get("localhost", "/"+pad(9<<10)), targetTooLong},
	{"64 fields", get("localhost", "/", many(63)...), accepted},
	{"65 fields", get("localhost", "/", many(64)...), headerTooLarge},
	{"cookies at the limit", get("localhost", "/", "cookie", pad(8<<10)), accepted},
	{"cookies", get("localhost", "/", "cookie", pad(4<<10), "cookie", pad(4<<10+1)), headerTooLarge},
	{"cookies of 20 KiB", get("localhost", "/", "cookie", pad(20<<10)), headerTooLarge},
	{"header at the limit", get("localhost", "/", "x-a", pad(16<<10-17-7)), accepted},
	{"header", get("localhost", "/", "x-a", pad(16<<10-17-6)), headerTooLarge},
	{"header of 60 KiB", get("localhost", "/", "x-a", pad(60<<10)), headerTooLarge},
	{"method at the limit", method(pad(32)), accepted},
	{"method", method(pad(33)), methodInvalid},
	{"method of 1 KiB", method(pad(1024)), methodInvalid},
	{"TRACE", method("TRACE"), methodNotAllowed},
	{"CONNECT", []string{":method", "CONNECT", ":authority", "localhost:443"}, methodNotAllowed},
	{"asterisk", append([]string{":method", "OPTIONS"}, get("localhost", "*")[2:]...), targetInvalid},
	{"another host", get("other.example", "/"), misdirected},
	{"no host", []string{":method", "GET", ":scheme", "https", ":path", "/"}, hostInvalid},
}

// h3Cases are what x/net/http2 cancels, and we answer.
var h3Cases = []sectionCase{
	{"extended CONNECT", append(method("CONNECT"), ":protocol", "websocket"), requestMalformed},
	{"method that is none", method("GE T"), requestMalformed},
	{"absolute form", get("localhost", "https://localhost/"), targetInvalid},
	{"bad escape", get("localhost", "/%zz"), targetInvalid},
	{"empty host", get("", "/"), hostInvalid},
	{"two hosts", []string{":method", "GET", ":scheme", "https", ":path", "/", "host", "localhost", "host", "localhost"}, hostInvalid},
	{"two opinions on the host", get("localhost", "/", "host", "127.0.0.1"), hostInvalid},
	{"no path", []string{":method", "GET", ":scheme", "https", ":authority", "localhost"}, requestMalformed},
	{"no method", get("localhost", "/")[2:], requestMalformed},
	{"another scheme", []string{":method", "GET", ":scheme", "ftp", ":authority", "localhost", ":path", "/"}, requestMalformed},
	{"pseudo twice", get("localhost", "/", ":path", "/x"), requestMalformed},
	{"pseudo after regular", append([]string{"x", "y"}, get("localhost", "/")...), requestMalformed},
	{"pseudo of answers", get("localhost", "/", ":status", "200"), requestMalformed},
	{"unknown pseudo", get("localhost", "/", ":what", "x"), requestMalformed},
	{"upper case", get("localhost", "/", "X-A", "y"), requestMalformed},
	{"empty name", get("localhost", "/", "", "y"), requestMalformed},
	{"line break", get("localhost", "/", "x", "a\r\nb"), requestMalformed},
	{"NUL", get("localhost", "/", "x", "a\x00b"), requestMalformed},
	{"connection", get("localhost", "/", "connection", "close"), requestMalformed},
	{"transfer-encoding", get("localhost", "/", "transfer-encoding", "chunked"), requestMalformed},
	{"te gzip", get("localhost", "/", "te", "gzip"), requestMalformed},
	{"length twice", get("localhost", "/", "content-length", "0", "content-length", "0"), requestMalformed},
	{"length +0", get("localhost", "/", "content-length", "+0"), requestMalformed},
	{"length without body", get("localhost", "/", "content-length", "5"), requestMalformed},
	{"length of 10 GB", append(method("POST"), "content-length", "10000000000"), requestMalformed},
}

func TestH3Refuses(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	for _, c := range slices.Concat(sectionCases, h3Cases) {
		t.Run(c.name, func(t *testing.T) {
			h := s.dialH3(t)
			str := h.open(section(c.fields...))
			str.Close()
			if o := h.await(str); o.status != c.want.status() || o.code != c.want.String() || c.want != accepted && o.body != "" {
				t.Errorf("%+v, want %d %q", o, c.want.status(), c.want)
			}
			next := h.open(section(get("localhost", "/next")...))
			next.Close()
			if o := h.await(next); o.status != 200 {
				t.Errorf("one bad request ends the connection: %+v", o)
			}
		})
	}
}

// TestH3EndsConnections breaks the protocol in ways that end the connection with a code of its own.
func TestH3EndsConnections(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	ask := section(get("localhost", "/")...)
	post := section(append([]string{":method", "POST"}, get("localhost", "/")[2:]...)...)
	for name, c := range map[string]struct {
		do   func(rawH3)
		code h3Code
	}{
		"second control stream":       {func(h rawH3) { h.uni(streamControl, frame(frameSettings, nil)) }, h3StreamCreation},
		"three control streams":       {func(h rawH3) { h.uni(streamControl, nil); h.uni(streamControl, nil) }, h3StreamCreation},
		"second encoder stream":       {func(h rawH3) { h.uni(streamEncoder, nil); h.uni(streamEncoder, nil) }, h3StreamCreation},
		"second decoder stream":       {func(h rawH3) { h.uni(streamDecoder, nil); h.uni(streamDecoder, nil) }, h3StreamCreation},
		"push stream":                 {func(h rawH3) { h.uni(streamPush, []byte{0}) }, h3StreamCreation},
		"HEADERS on control stream":   {func(h rawH3) { h.control.Write(ask) }, h3FrameUnexpected},
		"DATA on control stream":      {func(h rawH3) { h.control.Write(frame(frameData, nil)) }, h3FrameUnexpected},
		"SETTINGS twice":              {func(h rawH3) { h.control.Write(frame(frameSettings, nil)) }, h3FrameUnexpected},
		"HTTP/2's PING on control":    {func(h rawH3) { h.control.Write(frame(0x06, nil)) }, h3FrameUnexpected},
		"CANCEL_PUSH":                 {func(h rawH3) { h.control.Write(frame(frameCancelPush, []byte{0})) }, h3IDError},
		"control stream closed":       {func(h rawH3) { h.control.Close() }, h3ClosedCritical},
		"control stream reset":        {func(h rawH3) { h.control.CancelWrite(0x10c) }, h3ClosedCritical},
		"frame cut off on control":    {func(h rawH3) { h.control.Write([]byte{0x07}); h.control.Close() }, h3FrameError},
		"GOAWAY of 1 MiB":             {func(h rawH3) { h.control.Write([]byte{0x07, 0x80, 0x10, 0, 0}) }, h3ExcessiveLoad},
		"control frames without end":  {func(h rawH3) { h.control.Write(bytes.Repeat(frame(0x21, nil), 1000)) }, h3ExcessiveLoad},
		"DATA before HEADERS":         {func(h rawH3) { h.open(frame(frameData, []byte("x")), ask) }, h3FrameUnexpected},
		"SETTINGS on a request":       {func(h rawH3) { h.open(frame(frameSettings, nil), ask) }, h3FrameUnexpected},
		"HTTP/2's WINDOW_UPDATE":      {func(h rawH3) { h.open(frame(0x08, nil)) }, h3FrameUnexpected},
		"PUSH_PROMISE":                {func(h rawH3) { h.open(frame(framePushPromise, []byte{0})) }, h3FrameUnexpected},
		"GOAWAY in a body":            {func(h rawH3) { h.open(post, frame(frameGoAway, []byte{0})) }, h3FrameUnexpected},
		"DATA after trailers":         {func(h rawH3) { h.open(post, section("x", "y"), frame(frameData, []byte("x"))) }, h3FrameUnexpected},
		"trailers twice":              {func(h rawH3) { h.open(post, section("x", "y"), section("x", "y")) }, h3FrameUnexpected},
		"HEADERS cut off":             {func(h rawH3) { h.open(ask[:len(ask)-3]).Close() }, h3FrameError},
		"frame header cut off":        {func(h rawH3) { h.open([]byte{0x01}).Close() }, h3FrameError},
		"DATA cut off":                {func(h rawH3) { h.open(post, []byte{0, 5, 'x'}).Close() }, h3FrameError},
		"unknown frame of 1 MiB":      {func(h rawH3) { h.open([]byte{0x21, 0x80, 0x10, 0, 0}) }, h3ExcessiveLoad},
		"unknown frames without end":  {func(h rawH3) { h.open(bytes.Repeat(frame(0x21, nil), 20_000)) }, h3ExcessiveLoad},
		"trailers of 1 MiB":           {func(h rawH3) { h.open(post, []byte{0x01, 0x80, 0x10, 0, 0}) }, h3ExcessiveLoad},
		"empty DATA without end":      {func(h rawH3) { h.open(post, bytes.Repeat(frame(frameData, nil), 10_000)) }, h3ExcessiveLoad},
		"a dynamic table":             {func(h rawH3) { h.open(frame(frameHeaders, []byte{0x02, 0x00, 0x80})) }, h3QPACKFailed},
		"a dynamic reference":         {func(h rawH3) { h.open(frame(frameHeaders, []byte{0, 0, 0x80})) }, h3QPACKFailed},
		"a post-base reference":       {func(h rawH3) { h.open(frame(frameHeaders, []byte{0, 0, 0x10})) }, h3QPACKFailed},
		"a row that is not there":     {func(h rawH3) { h.open(frame(frameHeaders, []byte{0, 0, 0xff, 0x7f})) }, h3QPACKFailed},
		"a string longer than all":    {func(h rawH3) { h.open(frame(frameHeaders, []byte{0, 0, 0x51, 0x7f, 0xff, 0x7f})) }, h3QPACKFailed},
		"broken Huffman":              {func(h rawH3) { h.open(frame(frameHeaders, []byte{0, 0, 0x51, 0x81, 0x00})) }, h3QPACKFailed},
		"an empty section":            {func(h rawH3) { h.open(frame(frameHeaders, nil)) }, h3QPACKFailed},
		"unidirectional stream churn": {func(h rawH3) { h.churnUnis() }, h3ExcessiveLoad},
		"request stream reset churn":  {func(h rawH3) { h.churnResets() }, h3ExcessiveLoad},
		"request stream cancel churn": {func(h rawH3) { h.churnCancels(ask) }, h3ExcessiveLoad},
	} {
		t.Run(name, func(t *testing.T) {
			h := s.dialH3(t)
			str := h.open(ask)
			str.Close()
			if o := h.await(str); o.status != 200 {
				t.Fatalf("%+v", o)
			}
			c.do(h)
			h.closedWith(c.code)
		})
	}
	s.alive(t)
}

// churn opens streams until the connection ends.
func (c rawH3) churn(open func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 8*time.Second)
	defer cancel()
	for range 20_000 {
		if open(ctx) != nil {
			return
		}
	}
}

func (c rawH3) churnUnis() {
	c.churn(func(ctx context.Context) error {
		str, err := c.OpenUniStreamSync(ctx)
		if err == nil {
			str.Write([]byte{0x21, 0}) // the server may have had enough of it already
			str.Close()
		}
		return err
	})
}

// churnResets cancels requests before they are whole.
func (c rawH3) churnResets() {
	c.churn(func(ctx context.Context) error {
		str, err := c.OpenStreamSync(ctx)
		if err == nil {
			str.Write([]byte{frameHeaders, 0x40})
			str.CancelWrite(quic.StreamErrorCode(h3RequestCancelled))
			str.CancelRead(quic.StreamErrorCode(h3RequestCancelled))
		}
		return err
	})
}

// churnCancels refuses the answers.
func (c rawH3) churnCancels(ask []byte) {
	c.churn(func(ctx context.Context) error {
		str, err := c.OpenStreamSync(ctx)
		if err == nil {
			str.Write(ask)
			str.CancelRead(quic.StreamErrorCode(h3RequestCancelled))
			str.Close()
		}
		return err
	})
}

func TestH3MissingSettings(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	for name, c := range map[string]struct {
		first []byte
		code  h3Code
	}{
		"another frame first": {frame(frameGoAway, []byte{0}), h3MissingSettings},
		"setting twice":       {frame(frameSettings, []byte{0x21, 1, 0x21, 1}), h3SettingsError},
		"setting of HTTP/2":   {frame(frameSettings, []byte{0x03, 1}), h3SettingsError},
		"half a setting":      {frame(frameSettings, []byte{0x21}), h3FrameError},
		"2 KiB of settings":   {frame(frameSettings, make([]byte, 2048)), h3ExcessiveLoad},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			conn, err := s.packets(t).Dial(ctx, net.UDPAddrFromAddrPort(s.Addr()), s.tls("localhost", "h3"), nil)
			if err != nil {
				t.Fatal(err)
			}
			h := rawH3{Conn: conn, t: t}
			h.uni(streamControl, c.first)
			h.closedWith(c.code)
		})
	}
}

// TestH3Tolerates shows what a client may do besides: unknown frames, streams and settings, trailers, Huffman, any Base.
func TestH3Tolerates(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	h := s.dialH3(t)
	h.uni(0x21, []byte("grease"))
	h.uni(streamEncoder, []byte{0x20})
	h.uni(streamDecoder, nil)
	h.control.Write(frame(0x21, []byte("grease")))
	h.control.Write(frame(frameMaxPushID, []byte{5}))
	h.control.Write(frame(framePriorityRequest, []byte("\x00u=1")))
	post := section(append([]string{":method", "POST"}, get("localhost", "/")[2:]...)...)
	for name, parts := range map[string][][]byte{
		"plain":              {post, frame(frameData, []byte("hello"))},
		"grease around":      {frame(0x21, nil), post, frame(0x21, []byte("x")), frame(frameData, []byte("hel")), frame(0x40, nil), frame(frameData, []byte("lo"))},
		"trailers":           {post, frame(frameData, []byte("hello")), section("x", "y")},
		"trailers unread":    {post, frame(frameData, []byte("hello")), frame(frameHeaders, []byte{0xff, 0xff})},
		"byte by byte":       bytes.SplitAfter(append(bytes.Clone(post), frame(frameData, []byte("hello"))...), nil),
		"any Base":           {frame(frameHeaders, append([]byte{0, 0x05}, post[4:]...)), frame(frameData, []byte("hello"))},
		"static rows":        {frame(frameHeaders, append([]byte{0, 0, 0xc0 | 20, 0xc0 | 23, 0xc0 | 1}, literal(nil, ":authority", "localhost")...)), frame(frameData, []byte("hello"))},
		"Huffman and static": {frame(frameHeaders, []byte("\x00\x00\xd4\xd7\xc1\x50\x86\xa0\xe4\x1d\x13\x9d\x09")), frame(frameData, []byte("hello"))},
	} {
		t.Run(name, func(t *testing.T) {
			str := h.open(parts...)
			str.Close()
			o := h.await(str)
			if o.status != 200 || !strings.HasSuffix(o.body, " hello") {
				t.Errorf("%+v", o)
			}
		})
	}
}

// TestH3Expansion sends sections that stand for far more than they take.
func TestH3Expansion(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	h := s.dialH3(t)
	csp := appendPrefixInt(nil, 0xc0, 6, 85) // content-security-policy with its value: 2 bytes for 80
	block := append([]byte{0, 0}, bytes.Repeat(csp, 8<<10)...)
	for range 20 {
		str := h.open(frame(frameHeaders, block))
		if o := h.await(str); o.status != 431 || o.code != "header_too_large" {
			t.Fatalf("%+v, want 431", o)
		}
	}
	post := section(append([]string{":method", "POST"}, get("localhost", "/")[2:]...)...)
	str := h.open(post, frame(frameData, []byte("hello")), frame(frameHeaders, block[:8<<10]))
	str.Close()
	if o := h.await(str); o.status != 200 {
		t.Errorf("trailers: %+v", o)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
}

// TestH3Slow holds half a request on every stream, with a connection that is kept alive.
func TestH3Slow(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/big" {
			io.WriteString(w, strings.Repeat("x", 4<<20))
			return
		}
		if r.URL.Path == "/bits" {
			for range 4096 {
				if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
					return
				}
				w.(http.Flusher).Flush()
			}
			return
		}
		echo(w, r)
	}), quick)
	ask := section(get("localhost", "/")...)
	post := section(append([]string{":method", "POST"}, get("localhost", "/")[2:]...)...)
	h := s.dialH3(t)
	for name, half := range map[string][]byte{"nothing": {frameHeaders}, "half a HEADERS frame": ask[:len(ask)/2]} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			var streams []*quic.Stream
			for range 32 {
				streams = append(streams, h.open(half))
			}
			for _, str := range streams {
				if o := h.await(str); o.reset != h3RequestRejected {
					t.Fatalf("%+v, want a reset", o)
				}
			}
			if took := time.Since(start); took < 250*time.Millisecond || took > 4*time.Second {
				t.Errorf("took %v, want 300 ms", took)
			}
		})
	}
	t.Run("body", func(t *testing.T) {
		start := time.Now()
		str := h.open(post, []byte{0, 0x40, 0xff, 'x'})
		if o := h.await(str); o.status != 408 || o.code != "timeout" {
			t.Errorf("%+v, want 408", o)
		}
		if took := time.Since(start); took < 250*time.Millisecond || took > 4*time.Second {
			t.Errorf("took %v, want 300 ms", took)
		}
	})
	for name, path := range map[string]string{"reader": "/big", "reader of bits": "/bits"} {
		t.Run(name, func(t *testing.T) {
			before := s.Stats().H3.Cut["timeout"]
			str := h.open(section(get("localhost", path)...))
			str.Close()
			waitFor(t, func() bool { return s.Stats().H3.Cut["timeout"] == before+1 && s.Stats().H3.InFlight == 0 })
			if o := h.await(str); o.reset != h3RequestCancelled {
				t.Errorf("%+v, want a reset", o)
			}
		})
	}
	t.Run("silence", func(t *testing.T) {
		h := s.dialH3(t)
		start := time.Now()
		h.closedWith(h3NoError)
		if took := time.Since(start); took < 900*time.Millisecond || took > 6*time.Second {
			t.Errorf("took %v, want the idle time of 1 s and a farewell", took)
		}
	})
}
