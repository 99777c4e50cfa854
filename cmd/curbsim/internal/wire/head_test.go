package wire

import (
	"bytes"
	"testing"
)

// FuzzHead: whatever the bytes, a header that is taken has a method, a path that begins with a slash, and a bounded length.
func FuzzHead(f *testing.F) {
	for _, seed := range []string{
		"POST /bid HTTP/1.1\r\nHost: x\r\nContent-Length: 5", "GET /ready HTTP/1.0", "GET / HTTP/1.1\nA: b\n\nC: d",
		"POST /bid?a=b?c HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue", " / HTTP/1.1", "GET  HTTP/1.1", "GET / HTTP/1.1\r\n:",
		"GET / HTTP/1.1\r\nContent-Length:", "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var h head
		if h.parse(text) != nil {
			return
		}
		if len(h.method) == 0 || len(h.path) == 0 || h.path[0] != '/' || bytes.IndexByte(h.path, '?') >= 0 {
			t.Errorf("took %q as method %q, path %q", text, h.method, h.path)
		}
		if h.length < -1 || h.length > BodyBytesMax || (h.chunked && h.length >= 0) {
			t.Errorf("took %q with length %d, chunked %v", text, h.length, h.chunked)
		}
	})
}
