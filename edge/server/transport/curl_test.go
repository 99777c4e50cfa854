package transport

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os/exec"
	"sync"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
)

// TestBodyTooLargeIsSeen sends bodies that are refused before they are read to the end, or at all, with curl, which takes
// RST_STREAM for a failure even where an answer came before it.
func TestBodyTooLargeIsSeen(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl")
	}
	if version, _ := exec.Command(curl, "--version").Output(); !bytes.Contains(version, []byte("HTTP2")) {
		t.Skip("curl has no HTTP/2")
	}
	s := serve(t, http.HandlerFunc(echo))
	for _, protocol := range []string{"--http1.1", "--http2"} {
		for _, length := range []string{"Transfer-Encoding: chunked", "X-Length: as it is"} {
			for _, size := range []int{128<<10 + 1, 300 << 10, 900 << 10} {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				c := exec.CommandContext(ctx, curl, "-sSk", protocol, "-H", "Expect:", "-H", length, "-X", "POST", "--data-binary", "@-",
					"-o", "/dev/null", "-w", "%{http_code}", s.url("/"))
				c.Stdin = io.LimitReader(endless{}, int64(size))
				out, err := c.CombinedOutput()
				cancel()
				if string(out) != "413" || err != nil {
					t.Errorf("%s, %s, %d bytes: %q %v", protocol, length, size, out, err)
				}
			}
		}
	}
}

// TestH2RefusedBodyIsReadOn shows that a refused stream ends with its answer and without RST_STREAM.
func TestH2RefusedBodyIsReadOn(t *testing.T) {
	s := serve(t, http.HandlerFunc(echo))
	f := s.dialH2(t)
	head := append([]string{":method", "POST"}, get("ads.news.example", "/", "content-length", "40000")[2:]...)
	f.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: f.block(head...), EndHeaders: true})
	var body sync.WaitGroup
	body.Go(func() {
		for left := 40; left > 0; left-- { // slower than the refusal
			f.WriteData(1, left == 1, []byte(pad(1000)))
			time.Sleep(2 * time.Millisecond)
		}
	})
	if o := f.await(1); o.reset != 0 || o.status != misdirected.status() || o.code != misdirected.String() {
		t.Errorf("%+v, want the refusal", o)
	}
	body.Wait()  // a framer writes one frame at a time
	f.request(3) // a reset of stream 1 would come before this answer
	if o := f.await(3); o.status != 200 || o.resets != 0 {
		t.Errorf("%+v, want an answer and no RST_STREAM before it", o)
	}
}

// TestH2RefusedBodyIsBounded shows that reading on ends.
func TestH2RefusedBodyIsBounded(t *testing.T) {
	t.Parallel()
	s := serve(t, http.HandlerFunc(echo), quick)
	silent, quit := io.Pipe()
	defer quit.Close()
	for name, body := range map[string]io.Reader{"silent": silent, "endless": endless{}} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			a := s.client(t, "h2").must("POST", "/", io.NopCloser(body), func(r *http.Request) { r.ContentLength = 1 << 30 })
			refusedWith(t, a, bodyTooLarge)
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("took %v, want 300 ms", took)
			}
		})
	}
	waitFor(t, func() bool { return s.Stats().H2.InFlight == 0 })
}
