package bidder

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// decodedBytesMax bounds a request body after decompression.
const decodedBytesMax = 4 << 20

var (
	errCoding  = errors.New("content coding is neither gzip nor zstd")
	errDecoded = errors.New("the body decodes to more than 4 MiB")
)

// codec holds one connection's compressors, made at first use.
type codec struct {
	source  bytes.Reader
	unzip   *gzip.Reader
	unzstd  *zstd.Decoder
	zip     *gzip.Writer
	zst     *zstd.Encoder
	plain   bytes.Buffer
	packed  bytes.Buffer
	scratch []byte
}

// decode takes the content coding off a body. What it gives is valid until the next call.
func (c *codec) decode(coding, body []byte) ([]byte, error) {
	switch string(coding) {
	case "", "identity":
		return body, nil
	case "gzip":
		return c.gunzip(body)
	case "zstd":
		return c.unzstandard(body)
	}
	return nil, errCoding
}

func (c *codec) gunzip(body []byte) ([]byte, error) {
	c.source.Reset(body)
	var err error
	if c.unzip == nil {
		c.unzip, err = gzip.NewReader(&c.source)
	} else {
		err = c.unzip.Reset(&c.source)
	}
	if err != nil {
		c.unzip = nil
		return nil, err
	}
	c.plain.Reset()
	n, err := c.plain.ReadFrom(io.LimitReader(c.unzip, decodedBytesMax+1))
	if n > decodedBytesMax {
		return nil, errDecoded
	}
	return c.plain.Bytes(), err
}

func (c *codec) unzstandard(body []byte) (_ []byte, err error) {
	if c.unzstd == nil {
		c.unzstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(decodedBytesMax))
		if err != nil {
			return nil, err
		}
	}
	c.scratch, err = c.unzstd.DecodeAll(body, c.scratch[:0])
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return nil, errDecoded
	}
	return c.scratch, err
}

// encode compresses an answer with the best coding the request accepts, and gives the header line that says so.
func (c *codec) encode(accept, body []byte) (packed []byte, field string) {
	switch {
	case bytes.Contains(accept, []byte("zstd")):
		if c.zst == nil {
			c.zst, _ = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
		}
		c.scratch = c.zst.EncodeAll(body, c.scratch[:0])
		return c.scratch, "Content-Encoding: zstd\r\n"
	case bytes.Contains(accept, []byte("gzip")):
		c.packed.Reset()
		if c.zip == nil {
			c.zip, _ = gzip.NewWriterLevel(&c.packed, gzip.BestSpeed)
		} else {
			c.zip.Reset(&c.packed)
		}
		c.zip.Write(body)
		c.zip.Close()
		return c.packed.Bytes(), "Content-Encoding: gzip\r\n"
	}
	return body, ""
}
