package transport

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// frames is an HTTP/2 connection whose frames a test writes itself.
type frames struct {
	wire
	*xhttp2.Framer
	headers bytes.Buffer
	encode  *hpack.Encoder
}

// dialH2 greets the server and takes its settings.
func (s *server) dialH2(t testing.TB, settings ...xhttp2.Setting) *frames {
	t.Helper()
	return s.dialH2As(t, "localhost", settings...)
}

// dialH2As shows sni in the handshake.
func (s *server) dialH2As(t testing.TB, sni string, settings ...xhttp2.Setting) *frames {
	t.Helper()
	f := &frames{wire: s.dial(t, sni, "h2")}
	f.Framer = xhttp2.NewFramer(f.Conn, f.Conn)
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	f.encode = hpack.NewEncoder(&f.headers)
	f.AllowIllegalWrites = true
	f.send(xhttp2.ClientPreface)
	if err := f.WriteSettings(settings...); err != nil {
		t.Fatal(err)
	}
	return f
}

// block encodes the fields of a request and more.
func (f *frames) block(fields ...string) []byte {
	f.headers.Reset()
	for i := 0; i < len(fields); i += 2 {
		f.encode.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return f.headers.Bytes()
}

func (f *frames) request(id uint32, fields ...string) error {
	if len(fields) == 0 {
		fields = get("localhost", "/")
	}
	return f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: id, BlockFragment: f.block(fields...), EndHeaders: true, EndStream: true})
}

// get is a request's pseudo-header fields, and more.
func get(host, path string, more ...string) []string {
	return append([]string{":method", "GET", ":scheme", "https", ":authority", host, ":path", path}, more...)
}

// outcome is how a stream or its connection ended.
type outcome struct {
	status int
	code   string
	seen   string // X-Seen
	reset  xhttp2.ErrCode
	resets int // RST_STREAM for other streams
	goAway xhttp2.ErrCode
	closed bool
}

// await reads frames until the stream has an answer or is reset, or the connection ends.
func (f *frames) await(id uint32) (o outcome) {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			if _, ok := errors.AsType[net.Error](err); ok && !errors.Is(err, net.ErrClosed) && err != io.EOF {
				f.t.Errorf("reading frames: %v", err)
			}
			o.closed = true
			return o
		}
		switch frame := frame.(type) {
		case *xhttp2.MetaHeadersFrame:
			if frame.StreamID == id {
				o.status, _ = strconv.Atoi(frame.PseudoValue("status"))
				for _, field := range frame.RegularFields() {
					switch field.Name {
					case "x-curb-error":
						o.code = field.Value
					case "x-seen":
						o.seen = field.Value
					}
				}
				if frame.StreamEnded() {
					return o
				}
			}
		case *xhttp2.DataFrame:
			if frame.StreamID == id && frame.StreamEnded() {
				return o
			}
		case *xhttp2.RSTStreamFrame:
			if frame.StreamID == id {
				o.reset = frame.ErrCode
				return o
			}
			o.resets++
		case *xhttp2.GoAwayFrame:
			o.goAway = frame.ErrCode
			if frame.ErrCode != xhttp2.ErrCodeNo {
				return o
			}
		}
	}
}

// alive shows that the server goes on serving others.
func (s *server) alive(t testing.TB) {
	t.Helper()
	for _, p := range allProtocols {
		if a := s.client(t, p).must("GET", "/alive", nil); a.status != 200 {
			t.Errorf("%s afterwards: %+v", p, a)
		}
	}
}

// h2Cases are what HTTP/3 answers otherwise.
var h2Cases = []sectionCase{
	{"no TLS by its own words", []string{":method", "GET", ":scheme", "http", ":authority", "localhost", ":path", "/"}, accepted},
}

func TestH2Refuses(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	for _, c := range slices.Concat(sectionCases, h2Cases) {
		t.Run(c.name, func(t *testing.T) {
			f := s.dialH2(t)
			b := f.block(c.fields...)
			for at := 0; at < len(b); at += 16 << 10 {
				end := min(len(b), at+16<<10)
				if at == 0 {
					f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: b[:end], EndHeaders: end == len(b), EndStream: true})
				} else {
					f.WriteContinuation(1, end == len(b), b[at:end])
				}
			}
			o := f.await(1)
			if c.name == "header of 60 KiB" {
				if o.status != 431 && o.goAway == 0 {
					t.Errorf("%+v", o) // past our limit and x/net's: 431 without our code, or the end of the connection
				}
				return
			}
			if o.status != c.want.status() || o.code != c.want.String() {
				t.Errorf("%+v, want %d %q", o, c.want.status(), c.want)
			}
			if o.goAway != 0 {
				t.Errorf("one bad request ends the connection: %+v", o)
			}
		})
	}
}

// TestH2EncoderRace mixes requests with changes of the header table, which once crashed the standard library's server
// (CVE-2026-97032): a crash here ends the test binary.
func TestH2EncoderRace(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Varies", strconv.Itoa(rand.IntN(1000)))
		io.WriteString(w, "ok")
	}))
	for range 4 {
		f := s.dialH2(t)
		go io.Copy(io.Discard, f.Conn)
		for id := uint32(1); id < 1200; id += 2 {
			err := f.request(id, get("localhost", "/")...)
			for _, size := range []uint32{0, 4096, 64, 1 << 16} {
				err = errors.Join(err, f.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingHeaderTableSize, Val: size}))
			}
			if err != nil {
				break
			}
		}
		f.Close()
	}
	s.alive(t)
}

// TestH2Churn floods a connection with frames that ask for nothing. The connection ends with ENHANCE_YOUR_CALM, early.
func TestH2Churn(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	raw := func(kind byte, id uint32, payload string) func(*frames, int) error {
		return func(f *frames, _ int) error { return f.WriteRawFrame(xhttp2.FrameType(kind), 0, id, []byte(payload)) }
	}
	for name, flood := range map[string]func(*frames, int) error{
		"header table": func(f *frames, i int) error {
			return f.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingHeaderTableSize, Val: uint32(i % 4096)})
		},
		"initial window": func(f *frames, i int) error {
			return f.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: uint32(i % 65536)})
		},
		"ping":          func(f *frames, i int) error { return f.WritePing(false, [8]byte{byte(i)}) },
		"window update": func(f *frames, i int) error { return f.WriteWindowUpdate(0, 1) },
		"priority":      func(f *frames, i int) error { return f.WritePriority(1, xhttp2.PriorityParam{StreamDep: 3}) },
		"unknown 0x0a":  raw(0x0a, 0, ""),
		"unknown 0x0f":  raw(0x0f, 1, "x"),
		"empty data":    func(f *frames, i int) error { return f.WriteData(1, false, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			f := s.dialH2(t)
			f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: f.block(get("localhost", "/")...), EndHeaders: true})
			done := make(chan outcome, 1)
			go func() { done <- f.await(3) }()
			sent := 0
			for ; sent < 50_000; sent++ {
				if flood(f, sent) != nil {
					break
				}
			}
			if o := <-done; o.goAway != xhttp2.ErrCodeEnhanceYourCalm {
				t.Errorf("%+v after %d frames, want ENHANCE_YOUR_CALM", o, sent)
			}
		})
	}
	s.alive(t)
	if n := s.Stats().H2.Cut["calm"]; n != 8 {
		t.Errorf("%d connections are counted as cut, want 8", n)
	}
}

func TestH2OddFrames(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	t.Run("unknown types are ignored", func(t *testing.T) {
		f := s.dialH2(t)
		for kind := byte(0x0a); kind <= 0x0f; kind++ {
			f.WriteRawFrame(xhttp2.FrameType(kind), 0xff, 0, []byte("whatever"))
		}
		f.request(1)
		if o := f.await(1); o.status != 200 {
			t.Errorf("%+v", o)
		}
	})
	for name, send := range map[string]func(*frames){
		"MAX_FRAME_SIZE 0":     func(f *frames) { f.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingMaxFrameSize, Val: 0}) },
		"SETTINGS on a stream": func(f *frames) { f.WriteRawFrame(xhttp2.FrameSettings, 0, 1, nil) },
		"DATA on stream 0":     func(f *frames) { f.WriteRawFrame(xhttp2.FrameData, 0, 0, []byte("x")) },
		"frame of 17 KiB":      func(f *frames) { f.WriteRawFrame(0x0b, 0, 0, []byte(pad(17<<10))) },
		"CONTINUATION alone":   func(f *frames) { f.WriteContinuation(1, true, nil) },
		"even stream":          func(f *frames) { f.request(2) },
		"broken HPACK": func(f *frames) {
			f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0xff}, EndHeaders: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := s.dialH2(t)
			send(f)
			if o := f.await(1); o.goAway == 0 && !o.closed {
				t.Errorf("%+v, want the end of the connection", o)
			}
		})
	}
	t.Run("no preface", func(t *testing.T) {
		w := s.dial(t, "localhost", "h2")
		w.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		io.Copy(io.Discard, w.Conn)
	})
	s.alive(t)
}

// TestH2RapidReset opens and cancels streams as fast as it can (CVE-2023-44487).
func TestH2RapidReset(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	f := s.dialH2(t)
	done := make(chan outcome, 1)
	go func() { done <- f.await(1 << 30) }()
	sent := 0
	for id := uint32(1); sent < 10_000; id += 2 {
		if f.request(id) != nil || f.WriteRSTStream(id, xhttp2.ErrCodeCancel) != nil {
			break
		}
		sent++
	}
	if o := <-done; o.goAway != xhttp2.ErrCodeEnhanceYourCalm {
		t.Errorf("%+v, want ENHANCE_YOUR_CALM", o)
	}
	if n := s.Stats().H2.Requests; n > 200 {
		t.Errorf("%d requests were served, want 200 at most", n)
	}
	s.alive(t)
}

// TestH2MadeToReset makes the server cancel the streams (CVE-2025-8671).
func TestH2MadeToReset(t *testing.T) {
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
		}
	}))
	f := s.dialH2(t)
	done := make(chan outcome, 1)
	go func() { done <- f.await(1 << 30) }()
	sent := 0
	for id := uint32(1); sent < 5_000; id += 2 {
		if f.request(id, get("localhost", "/wait")...) != nil || f.WriteWindowUpdate(id, 1<<31-1) != nil {
			break
		}
		sent++
	}
	if o := <-done; o.goAway != xhttp2.ErrCodeEnhanceYourCalm {
		t.Errorf("%+v after %d, want ENHANCE_YOUR_CALM", o, sent)
	}
	s.alive(t)
}

// TestH2ContinuationFlood sends one header block without end.
func TestH2ContinuationFlood(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	for name, fragment := range map[string][]byte{"full": bytes.Repeat([]byte{0x82}, 16<<10), "empty": nil, "literals": []byte("\x00\x01a\x7f\xff\x3e" + pad(16<<10-6))} {
		t.Run(name, func(t *testing.T) {
			runtime.GC()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f := s.dialH2(t)
			done := make(chan outcome, 1)
			go func() { done <- f.await(1) }()
			f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: f.block(get("localhost", "/")...)})
			sent := 0
			for ; sent < 1024 && f.WriteContinuation(1, false, fragment) == nil; sent++ {
			}
			o := <-done
			runtime.ReadMemStats(&after)
			if o.goAway == 0 && !o.closed {
				t.Errorf("%+v after %d frames, want the end of the connection", o, sent)
			}
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
				t.Errorf("the heap grew by %d bytes", grown)
			}
		})
	}
	s.alive(t)
}

// TestH2Slow sends frames byte by byte, and reads nothing.
func TestH2Slow(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(echo), quick)
	drip := func(w wire, data []byte) {
		for i := range data {
			if _, err := w.Conn.Write(data[i : i+1]); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	ended := func(t *testing.T, f *frames, start time.Time) {
		t.Helper()
		if o := f.await(1); !o.closed && o.goAway == 0 {
			t.Errorf("%+v, want the end of the connection", o)
		}
		if took := time.Since(start); took < 250*time.Millisecond || took > 4*time.Second {
			t.Errorf("took %v, want 300 ms", took)
		}
	}
	t.Run("preface", func(t *testing.T) {
		w, start := s.dial(t, "localhost", "h2"), time.Now()
		go drip(w, []byte("PRI * HT"))
		ended(t, &frames{wire: w, Framer: xhttp2.NewFramer(io.Discard, w.Conn)}, start)
	})
	t.Run("frame", func(t *testing.T) {
		f := s.dialH2(t)
		start := time.Now()
		go drip(f.wire, append([]byte{0, 1, 0, byte(xhttp2.FrameHeaders), 5, 0, 0, 0, 1}, pad(256)...))
		ended(t, f, start)
	})
	t.Run("header block", func(t *testing.T) {
		f := s.dialH2(t)
		start := time.Now()
		f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: f.block(get("localhost", "/")...)})
		ended(t, f, start)
	})
	t.Run("body", func(t *testing.T) {
		f := s.dialH2(t)
		start := time.Now()
		f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: f.block(append([]string{":method", "POST"}, get("localhost", "/")[2:]...)...), EndHeaders: true})
		go func() {
			for f.WriteData(1, false, []byte("x")) == nil && time.Since(start) < 2*time.Second {
				time.Sleep(20 * time.Millisecond)
			}
		}()
		if o := f.await(1); o.status != 408 || o.code != "timeout" {
			t.Errorf("%+v, want 408", o)
		}
		if took := time.Since(start); took < 250*time.Millisecond || took > 4*time.Second {
			t.Errorf("took %v, want 300 ms", took)
		}
	})
}

// TestH2SlowReader lets answers wait for a client.
func TestH2SlowReader(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.WriteString(w, strings.Repeat("x", 4<<20)); err == nil {
			t.Error("4 MiB were written to a client that takes nothing")
		}
	}), quick)
	t.Run("reader without window", func(t *testing.T) {
		f := s.dialH2(t, xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 0})
		start := time.Now()
		f.request(1, get("localhost", "/big")...)
		if o := f.await(1); o.reset == 0 && !o.closed {
			t.Errorf("%+v, want the stream to be reset", o)
		}
		if took := time.Since(start); took < 250*time.Millisecond || took > 4*time.Second {
			t.Errorf("took %v, want 300 ms", took)
		}
	})
	t.Run("reader that reads nothing", func(t *testing.T) {
		before := s.Stats().H2.Cut["timeout"]
		f := s.dialH2(t, xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 1<<31 - 1})
		f.WriteWindowUpdate(0, 1<<30)
		for id := uint32(1); id < 21; id += 2 {
			f.request(id, get("localhost", "/big")...)
		}
		waitFor(t, func() bool {
			st := s.Stats().H2
			return st.Cut["timeout"] > before && st.InFlight == 0 && st.Open == 0
		})
	})
	t.Run("silence", func(t *testing.T) {
		f := s.dialH2(t)
		start := time.Now()
		if o := f.await(1); !o.closed || o.goAway != xhttp2.ErrCodeNo {
			t.Errorf("%+v, want GOAWAY and the end", o)
		}
		if took := time.Since(start); took < 900*time.Millisecond || took > 6*time.Second {
			t.Errorf("took %v, want the idle time of 1 s and x/net's second", took)
		}
	})
}
