package ledger

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// packLeast is how long a document is, at least, for it to be worth compressing.
const packLeast = 256

// packer compresses the documents of pendings. It is safe for concurrent use.
type packer struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func (p *packer) init() {
	// Neither fails with options that are in range.
	p.encoder, _ = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true),
		zstd.WithWindowSize(128<<10), zstd.WithEncoderCRC(false))
	p.decoder, _ = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(recordBytesMax), zstd.WithDecoderConcurrency(0))
}

// pack compresses a pending's document if that makes it shorter by an eighth. One that is longer than any record may be
// stays as it is, and is refused by its length.
func (p *packer) pack(sale *offer) {
	if n := len(sale.Document); n < packLeast || n > recordBytesMax {
		return
	}
	sale.document = p.encoder.EncodeAll(sale.Document, sale.document[:0])
	if len(sale.document) < len(sale.Document)*7/8 {
		sale.packed = sale.document
	}
}

// unpack gives a pending the document that was sold.
func (p *packer) unpack(sale *pending) (err error) {
	if sale.packed == nil {
		return nil
	}
	if sale.Document, err = p.decoder.DecodeAll(sale.packed, nil); err != nil {
		return fmt.Errorf("%w: document of a pending: %w", ErrRecord, err)
	}
	sale.packed = nil
	return nil
}
