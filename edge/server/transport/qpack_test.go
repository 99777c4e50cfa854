package transport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"strings"
	"testing"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

func TestStaticTable(t *testing.T) {
	if len(qpackStatic) != 99 {
		t.Fatalf("%d rows, want 99 (RFC 9204, Appendix A)", len(qpackStatic))
	}
	for at, want := range map[int][2]string{0: {":authority", ""}, 1: {":path", "/"}, 17: {":method", "GET"}, 23: {":scheme", "https"}, 25: {":status", "200"},
		52: {"content-type", "text/html; charset=utf-8"}, 69: {":status", "421"}, 83: {"alt-svc", "clear"}, 98: {"x-frame-options", "sameorigin"}} {
		if row := qpackStatic[at]; row.name != want[0] || row.value != want[1] {
			t.Errorf("row %d is %+v, want %v", at, row, want)
		}
	}
}

func TestPrefixInt(t *testing.T) {
	for _, n := range []uint{3, 4, 6, 7, 8} {
		for _, value := range []uint64{0, 1, 1<<n - 2, 1<<n - 1, 1 << n, 127, 128, 255, 300, 1 << 14, 1 << 20, 1<<28 - 1} {
			b := appendPrefixInt(nil, 0, n, value)
			got, rest, ok := prefixInt(append(b, 0xaa), n)
			if !ok || got != value || len(rest) != 1 {
				t.Errorf("%d with %d bits becomes %x, and %d %t again", value, n, b, got, ok)
			}
		}
	}
	for _, b := range [][]byte{nil, {0xff}, {0xff, 0x80}, {0xff, 0xff, 0xff, 0xff, 0xff, 0x01}} {
		if v, _, ok := prefixInt(b, 8); ok {
			t.Errorf("%x is %d", b, v)
		}
	}
}

func TestSectionAllocations(t *testing.T) {
	b := []byte{0, 0, 0xc0 | 17, 0xc0 | 23}
	for name, value := range map[string]string{":authority": "ads.news.example", ":path": "/tt?id=1001&size=300x250", "user-agent": "Mozilla/5.0", "accept": "*/*",
		"accept-language": "en", "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script", "referer": "https://news.example/"} {
		if name[0] == ':' {
			b = literal(b, name, value)
		}
	}
	for _, name := range []string{"user-agent", "accept", "accept-language", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "referer"} {
		b = literal(b, name, "some value")
	}
	limits := DefaultLimits()
	var s fieldSection
	if n := testing.AllocsPerRun(100, func() {
		if verdict, err := s.decode(b, &limits); verdict != accepted || err != nil {
			t.Fatal(verdict, err)
		}
	}); n > 0 {
		t.Errorf("decoding allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, verdict := s.request(t.Context()); verdict != accepted {
			t.Fatal(verdict)
		}
		s.decode(b, &limits)
	}); n > 6 {
		t.Errorf("a request takes %v allocations, want 6: itself, its URL, its strings, its header (2) and the header's values", n)
	}
}

func TestHuffman(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, text := range []string{"", "a", "www.example.com", "no-cache", "Mozilla/5.0 (X11; Linux x86_64)", string(every), strings.Repeat("\x00", 100), pad(5000)} {
		coded := hpack.AppendHuffmanString(nil, text)
		if got, ok := appendHuffman([]byte("x"), coded); !ok || string(got) != "x"+text {
			t.Errorf("%q becomes %q %t", text, got, ok)
		}
	}
	for name, coded := range map[string][]byte{"EOS": {0xff, 0xff, 0xff, 0xff}, "8 bits of padding": {0x1f, 0xff, 0xff}, "padding of zeros": {0x18}, "half a code": {0xff, 0xfe}} {
		if got, ok := appendHuffman(nil, coded); ok {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// FuzzHuffman compares with hpack's decoder.
func FuzzHuffman(f *testing.F) {
	f.Add(hpack.AppendHuffmanString(nil, "text/html; charset=utf-8"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x1f})
	f.Fuzz(func(t *testing.T, coded []byte) {
		want, err := hpack.HuffmanDecodeToString(coded)
		got, ok := appendHuffman(nil, coded)
		if ok != (err == nil) || ok && string(got) != want {
			t.Fatalf("%x becomes %q %t, want %q %v", coded, got, ok, want, err)
		}
	})
}

// FuzzSection holds that any bytes are an error, a refusal or a request that keeps every limit, and that the fields of the
// request survive encoding.
func FuzzSection(f *testing.F) {
	f.Add(section(get("localhost", "/x?y=z", "cookie", "a=1", "x-a", "b")...)[3:])
	f.Add([]byte("\x00\x00\xd1\xd7\xc1\x50\x86\xa0\xe4\x1d\x13\x9d\x09"))
	f.Add([]byte{0, 0, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, block []byte) {
		limits := DefaultLimits()
		var s fieldSection
		verdict, err := s.decode(block, &limits)
		if err != nil || verdict != accepted {
			return
		}
		r, verdict := s.request(t.Context())
		if verdict != accepted {
			return
		}
		size := 0
		for name, values := range r.Header {
			for _, value := range values {
				size += len(name) + len(value)
				if strings.ContainsAny(value, "\r\n\x00") || name != textproto.CanonicalMIMEHeaderKey(name) {
					t.Fatalf("%q: %q", name, value)
				}
				again := appendField([]byte{0, 0}, name, value)
				field, rest, ok := new(fieldSection).next(again[2:])
				if !ok || len(rest) != 0 {
					t.Fatalf("%q: %q is encoded as %x: %+v", name, value, again, field)
				}
			}
		}
		if r.Host == "" || len(r.RequestURI) > limits.TargetBytes || size > limits.HeaderBytes || len(r.Header) > limits.HeaderFields || r.URL == nil {
			t.Fatalf("%+v is past the limits", r)
		}
		if r.Method != http.MethodConnect && r.RequestURI[0] != '/' && r.RequestURI != "*" {
			t.Fatalf("target %q", r.RequestURI)
		}
	})
}

// FuzzFrames reads any bytes as HTTP/3 frames: nothing hangs, and what is read is what was there.
func FuzzFrames(f *testing.F) {
	f.Add(section(get("localhost", "/")...), uint8(3))
	f.Add(append(frame(0x21, []byte("grease")), frame(frameData, []byte("x"))...), uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, step uint8) {
		in := &h3Reader{str: io.Reader(&stepper{data, int(step) + 1}), buffer: make([]byte, 16)}
		read := 0
		for {
			_, length, err := in.header()
			if err != nil {
				if _, fault := errors.AsType[*h3Fault](err); !fault && err != io.EOF {
					t.Fatalf("%v", err)
				}
				return
			}
			if read += 2; read > 2*len(data)+2 {
				t.Fatal("more frames than bytes")
			}
			if err := in.discard(length); err != nil {
				return
			}
		}
	})
}

// stepper gives its bytes in small pieces, the last one together with the end.
type stepper struct {
	data []byte
	step int
}

func (s *stepper) Read(p []byte) (int, error) {
	n := copy(p, s.data[:min(len(s.data), s.step)])
	s.data = s.data[n:]
	if len(s.data) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// FuzzFrameScan holds that HTTP/2 frames are found wherever a read ends.
func FuzzFrameScan(f *testing.F) {
	var b bytes.Buffer
	fr := xhttp2.NewFramer(&b, nil)
	fr.WriteSettings()
	fr.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte("abc")})
	fr.WriteContinuation(1, true, []byte("def"))
	fr.WriteRSTStream(1, xhttp2.ErrCodeCancel)
	f.Add(b.Bytes(), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, step uint8) {
		var whole, pieces frameScan
		var a, b []byte
		note := func(s *frameScan, to *[]byte) (func(), func()) {
			return func() { *to = append(*to, s.header[:]...) }, func() { *to = append(*to, s.code[:]...) }
		}
		begun, ended := note(&whole, &a)
		whole.feed(data, begun, ended)
		begun, ended = note(&pieces, &b)
		for rest := data; len(rest) > 0; {
			n := min(len(rest), int(step)+1)
			pieces.feed(rest[:n], begun, ended)
			rest = rest[n:]
		}
		if !bytes.Equal(a, b) || whole.between() != pieces.between() {
			t.Fatalf("whole: %x %t; in pieces: %x %t", a, whole.between(), b, pieces.between())
		}
	})
}
