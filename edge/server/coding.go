package server

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"curb/edge/ad"
)

// zstdWindowMax is the largest window that a sender of HTTP bodies may use (RFC 9659 §3). Bodies are decoded into one
// bounded buffer, so a window reserves no memory.
const zstdWindowMax = 8 << 20

// roomMin is the least room a body is decoded into at first.
const roomMin = 4 << 10

// coder inflates bodies. It is safe for concurrent use.
type coder struct {
	gunzippers sync.Pool // *gunzipper
	zstd       *zstd.Decoder
}

// gunzipper keeps a gzip reader and its source together, so that reuse allocates nothing.
type gunzipper struct {
	source bytes.Reader
	gzip   gzip.Reader
}

func newCoder() *coder {
	// The error is of options that contradict each other; these are constant.
	decoder, _ := zstd.NewReader(nil, zstd.WithDecoderMaxWindow(zstdWindowMax), zstd.WithDecoderMaxMemory(zstdWindowMax),
		zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderLowmem(true), zstd.WithDecoderConcurrency(0))
	c := &coder{zstd: decoder}
	c.gunzippers.New = func() any { return new(gunzipper) }
	return c
}

// codingOf reads Content-Encoding and the query of a request. gzip=1 in the query says the same as gzip in the header: a
// page cannot set that header without asking first.
func codingOf(headers []string, rawQuery string) (coding ad.Compression, ok bool) {
	if len(headers) > 1 {
		return ad.Plain, false
	}
	if len(headers) == 1 {
		switch strings.ToLower(strings.TrimSpace(headers[0])) {
		case "gzip", "x-gzip":
			return ad.Gzip, true
		case "zstd":
			return ad.Zstd, true
		case "", "identity":
		default:
			return ad.Plain, false
		}
	}
	for q := (query{rest: rawQuery}); ; {
		key, value, more := q.next()
		if !more {
			return ad.Plain, true
		}
		if key == "gzip" && value == "1" {
			return ad.Gzip, true
		}
	}
}

// decode appends the decoded body to dst, which is empty. It stops at ad.BodyDecodedBytesMax and at ad.BodyRatioMax times
// the size as sent, whichever comes first: a bomb costs no more than an honest body. A body compressed twice hides its
// size and is taken for a bomb.
func (c *coder) decode(dst, body []byte, coding ad.Compression) ([]byte, *problem) {
	limit := min(len(body)*ad.BodyRatioMax, ad.BodyDecodedBytesMax)
	var p *problem
	if coding == ad.Gzip {
		dst, p = c.gunzip(dst, body, limit)
	} else {
		dst, p = c.unzstd(dst, body, limit)
	}
	if p == nil && compressed(dst) {
		p = &decodedTooLarge
	}
	return dst, p
}

// compressed reports whether a body begins like gzip (RFC 1952 §2.3.1) or zstd (RFC 8878 §3.1.1).
func compressed(body []byte) bool {
	return bytes.HasPrefix(body, []byte("\x1f\x8b")) || bytes.HasPrefix(body, []byte("\x28\xb5\x2f\xfd"))
}

// gunzip takes one gzip member and nothing after it.
func (c *coder) gunzip(dst, body []byte, limit int) ([]byte, *problem) {
	g := c.gunzippers.Get().(*gunzipper)
	defer c.gunzippers.Put(g)
	g.source.Reset(body)
	defer g.source.Reset(nil)
	if g.gzip.Reset(&g.source) != nil {
		return dst, &bodyInvalid
	}
	g.gzip.Multistream(false)
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, make([]byte, max(len(dst), roomMin))...)[:len(dst)]
		}
		n, err := g.gzip.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > limit:
			return dst, &decodedTooLarge
		case err == io.EOF && g.source.Len() == 0:
			return dst, nil
		case err != nil:
			return dst, &bodyInvalid
		}
	}
}

// zstdBlockMax is the most that one block decodes to (RFC 8878 §3.1.1.2.4).
const zstdBlockMax = 128 << 10

// unzstd decodes into the room that most bodies need, then into all that is allowed and a block more. A frame need not say
// how much it holds, and a decoder that runs out of room in a block cannot tell that from a broken one; with that block's
// room, what came out shows it.
func (c *coder) unzstd(dst, body []byte, limit int) ([]byte, *problem) {
	for _, room := range [...]int{min(limit, max(8*len(body), roomMin)), limit + zstdBlockMax} {
		if cap(dst) < room {
			dst = make([]byte, 0, room)
		}
		out, err := c.zstd.DecodeAll(body, dst[:0:room])
		switch {
		case len(out) > limit, errors.Is(err, zstd.ErrWindowSizeExceeded):
			return dst, &decodedTooLarge
		case err == nil:
			return out, nil
		case room > limit && !errors.Is(err, zstd.ErrDecoderSizeExceeded):
			return dst, &bodyInvalid
		}
	}
	return dst, &decodedTooLarge
}
