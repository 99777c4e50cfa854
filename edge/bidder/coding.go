package bidder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"curb/edge/ad"
)

// zstdWindowMax is the window that RFC 9659 §3 lets an encoder of HTTP bodies use. It costs us nothing: bodies are
// decoded into a buffer of bounded size, and no window is kept beside it.
const zstdWindowMax = 8 << 20

// coder compresses requests and inflates answers. It is safe for concurrent use.
type coder struct {
	writers sync.Pool // *gzip.Writer
	readers sync.Pool // *inflater
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// inflater is a gzip reader with its source, kept together so that reuse allocates nothing.
type inflater struct {
	source bytes.Reader
	gzip   gzip.Reader
}

func newCoder() (*coder, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("prepare zstd for requests: %w", err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderMaxWindow(zstdWindowMax), zstd.WithDecoderMaxMemory(zstdWindowMax),
		zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(0))
	if err != nil {
		return nil, fmt.Errorf("prepare zstd for answers: %w", err)
	}
	c := &coder{encoder: encoder, decoder: decoder}
	c.readers.New = func() any { return new(inflater) }
	c.writers.New = func() any {
		w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is in range
		return w
	}
	return c, nil
}

func (c *coder) close() {
	_ = c.encoder.Close()
	c.decoder.Close()
}

// sink lets a gzip writer append to a slice.
type sink struct{ bytes []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.bytes = append(s.bytes, p...)
	return len(p), nil
}

// encode appends body in the coding to dst.
func (c *coder) encode(dst, body []byte, coding ad.Compression) []byte {
	switch coding {
	case ad.Gzip:
		w := c.writers.Get().(*gzip.Writer)
		defer c.writers.Put(w)
		out := sink{dst}
		w.Reset(&out)
		_, _ = w.Write(body) // a sink takes everything
		_ = w.Close()
		w.Reset(io.Discard) // lets go of dst
		return out.bytes
	case ad.Zstd:
		return c.encoder.EncodeAll(body, dst)
	}
	return append(dst, body...)
}

// decode appends the decoded body to dst, which is empty. It stops at ad.ResponseBytesMax and at ad.BodyRatioMax times
// the size as sent, whichever comes first, so that a bomb costs no more than an honest answer.
func (c *coder) decode(dst, body []byte, coding ad.Compression) ([]byte, ad.Reason) {
	limit := min(len(body)*ad.BodyRatioMax, ad.ResponseBytesMax)
	if coding == ad.Gzip {
		return c.gunzip(dst, body, limit)
	}
	return c.unzstd(dst, body, limit)
}

// gunzip takes one gzip member and nothing behind it (RFC 1952 permits more, no answer needs it).
func (c *coder) gunzip(dst, body []byte, limit int) ([]byte, ad.Reason) {
	in := c.readers.Get().(*inflater)
	defer c.readers.Put(in)
	in.source.Reset(body)
	defer in.source.Reset(nil) // lets go of body
	if err := in.gzip.Reset(&in.source); err != nil {
		return dst, ad.BodyInvalid
	}
	in.gzip.Multistream(false)
	if cap(dst) == 0 {
		dst = make([]byte, 0, max(4*len(body), readBytes))
	}
	for {
		n, err := in.gzip.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > limit:
			return dst, ad.ResponseTooLarge
		case err == io.EOF && in.source.Len() > 0:
			return dst, ad.BodyInvalid
		case err == io.EOF:
			return dst, ad.Undecided
		case err != nil:
			return dst, ad.BodyInvalid
		case len(dst) == cap(dst):
			dst = append(dst, 0)[:len(dst)]
		}
	}
}

// zstdBlockMax is the most that one block decodes to (RFC 8878 §3.1.1.2.4).
const zstdBlockMax = 128 << 10

// unzstd decodes within the capacity of dst, so that a frame cannot make us allocate; the capacity that most bodies need
// is tried first, then all that is allowed and a block more. A frame need not say how much it holds, and a decoder that
// runs out of room in a block cannot tell that from a broken one; with that block's room, what came out shows it.
func (c *coder) unzstd(dst, body []byte, limit int) ([]byte, ad.Reason) {
	for _, room := range [...]int{min(limit, max(8*len(body), readBytes)), limit + zstdBlockMax} {
		if cap(dst) < room {
			dst = make([]byte, 0, room)
		}
		out, err := c.decoder.DecodeAll(body, dst[:0:room])
		switch {
		case len(out) > limit, errors.Is(err, zstd.ErrWindowSizeExceeded):
			return dst, ad.ResponseTooLarge
		case err == nil:
			return out, ad.Undecided
		case room > limit && !errors.Is(err, zstd.ErrDecoderSizeExceeded):
			return dst, ad.BodyInvalid
		}
	}
	return dst, ad.ResponseTooLarge
}
