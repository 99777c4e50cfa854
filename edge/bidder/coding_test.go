package bidder

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/klauspost/compress/zstd"

	"curb/edge/ad"
)

// streamed compresses without saying how much: what a bidder's streaming encoder sends.
func streamed(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	for part := range bytes.Lines(text) { // several writes keep the size out of the frame
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestStreamedZstdAnswers(t *testing.T) {
	c, err := newCoder()
	if err != nil {
		t.Fatal(err)
	}
	same := append(bytes.Repeat([]byte{'a'}, 1023), '\n')
	var mixed []byte // compresses to about a half
	for i := 0; len(mixed) < ad.ResponseBytesMax+1024; i++ {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		mixed = append(hex.AppendEncode(mixed, sum[:]), '\n')
	}
	cases := []struct {
		name string
		text []byte
		cut  int
		want ad.Reason
	}{
		{"small", mixed[:100], 0, ad.Undecided}, {"outgrows the first room", mixed[:200<<10], 0, ad.Undecided},
		{"at the limit", mixed[:ad.ResponseBytesMax], 0, ad.Undecided}, {"past it", mixed[:ad.ResponseBytesMax+1], 0, ad.ResponseTooLarge},
		{"a bomb", bytes.Repeat(same, 64<<10), 0, ad.ResponseTooLarge}, {"cut short", mixed[:100<<10], 3, ad.BodyInvalid},
	}
	for _, x := range cases {
		body := streamed(t, x.text)
		out, reason := c.decode(nil, body[:len(body)-x.cut], ad.Zstd)
		if reason != x.want || (reason == ad.Undecided && !bytes.Equal(out, x.text)) {
			t.Errorf("%s: %d bytes to %d, %v; want %v", x.name, len(body), len(out), reason, x.want)
		}
	}
}
