package transport

import (
	"errors"
	"io"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// Frame types (RFC 9114 §7.2).
const (
	frameData        = 0x00
	frameHeaders     = 0x01
	frameCancelPush  = 0x03
	frameSettings    = 0x04
	framePushPromise = 0x05
	frameGoAway      = 0x07
	frameMaxPushID   = 0x0d
	// PRIORITY_UPDATE for requests and pushes (RFC 9218 §7.2).
	framePriorityRequest = 0xf0700
	framePriorityPush    = 0xf0701
)

// Stream types (RFC 9114 §6.2, RFC 9204 §4.2).
const (
	streamControl = 0x00
	streamPush    = 0x01
	streamEncoder = 0x02
	streamDecoder = 0x03
)

// settingMaxFieldSection is SETTINGS_MAX_FIELD_SECTION_SIZE (RFC 9114 §7.2.4.1).
const settingMaxFieldSection = 0x06

// h3Code is an error code (RFC 9114 §8.1, RFC 9204 §6).
type h3Code uint64

const (
	h3NoError          h3Code = 0x100
	h3InternalError    h3Code = 0x102
	h3StreamCreation   h3Code = 0x103
	h3ClosedCritical   h3Code = 0x104
	h3FrameUnexpected  h3Code = 0x105
	h3FrameError       h3Code = 0x106
	h3ExcessiveLoad    h3Code = 0x107
	h3IDError          h3Code = 0x108
	h3SettingsError    h3Code = 0x109
	h3MissingSettings  h3Code = 0x10a
	h3RequestRejected  h3Code = 0x10b
	h3RequestCancelled h3Code = 0x10c
	h3Incomplete       h3Code = 0x10d
	h3MessageError     h3Code = 0x10e
	h3QPACKFailed      h3Code = 0x200
)

// h3Fault is an error that ends the connection.
type h3Fault struct {
	code h3Code
	what string
}

func (f *h3Fault) Error() string { return f.what }

// skipBytesMax bounds the frames of unknown types that a client may send before or between those that mean something.
const skipBytesMax = 16 << 10

// h3Reader reads frames from a stream through a small buffer.
type h3Reader struct {
	str    io.Reader
	buffer []byte
	r, w   int
	err    error // what the stream said with its last bytes
	skip   int   // bytes skipped so far
}

// fill reads more; it returns an error only when nothing came.
func (f *h3Reader) fill() error {
	if f.err != nil {
		return f.err
	}
	f.r = 0
	f.w, f.err = f.str.Read(f.buffer)
	if f.w == 0 && f.err == nil {
		return io.ErrNoProgress
	}
	if f.w > 0 {
		return nil
	}
	return f.err
}

// ReadByte implements io.ByteReader.
func (f *h3Reader) ReadByte() (byte, error) {
	if f.r == f.w {
		if err := f.fill(); err != nil {
			return 0, err
		}
	}
	f.r++
	return f.buffer[f.r-1], nil
}

// Read implements io.Reader.
func (f *h3Reader) Read(p []byte) (int, error) {
	if f.r == f.w {
		if f.err != nil {
			return 0, f.err
		}
		if len(p) >= len(f.buffer) {
			n, err := f.str.Read(p)
			f.err = err
			if n > 0 {
				err = nil
			}
			return n, err
		}
		if err := f.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, f.buffer[f.r:f.w])
	f.r += n
	return n, nil
}

// over reports whether the client has ended the stream and everything is read.
func (f *h3Reader) over() bool { return f.r == f.w && f.err == io.EOF }

// header reads type and length of the next frame. io.EOF means that the stream ended between two frames.
func (f *h3Reader) header() (kind, length uint64, err error) {
	if kind, err = f.varint(); err != nil {
		return 0, 0, err
	}
	if length, err = f.varint(); err != nil {
		return 0, 0, truncated(err)
	}
	return kind, length, nil
}

// varint reads an integer (RFC 9000 §16); io.EOF means that nothing of it was there.
func (f *h3Reader) varint() (uint64, error) {
	if f.r == f.w {
		if err := f.fill(); err != nil {
			return 0, err
		}
	}
	value, err := quicvarint.Read(f)
	return value, truncated(err)
}

// truncated makes the end of a stream inside a frame what it is (RFC 9114 §7.1).
func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &h3Fault{h3FrameError, "frame is cut off"}
	}
	return err
}

// discard skips the payload of a frame that means nothing to us.
func (f *h3Reader) discard(length uint64) error {
	if length > skipBytesMax || f.skip+int(length) > skipBytesMax {
		return &h3Fault{h3ExcessiveLoad, "frames of unknown types are too long"}
	}
	f.skip += int(length) + 1
	for left := int(length); left > 0; {
		if f.r == f.w {
			if err := f.fill(); err != nil {
				return truncated(err)
			}
		}
		n := min(left, f.w-f.r)
		f.r += n
		left -= n
	}
	return nil
}

// forbidden says what is wrong with a frame of a known type in a place where it does not belong; nil means that the type
// is unknown, and the frame is to be skipped (RFC 9114 §9).
func forbidden(kind uint64) error {
	switch kind {
	case frameData, frameHeaders, frameCancelPush, frameSettings, framePushPromise, frameGoAway, frameMaxPushID, framePriorityRequest, framePriorityPush,
		0x02, 0x06, 0x08, 0x09: // HTTP/2's PRIORITY, PING, WINDOW_UPDATE, CONTINUATION
		return &h3Fault{h3FrameUnexpected, "frame does not belong here"}
	}
	return nil
}

// resetByClient reports whether an error is the client's cancelling of the stream.
func resetByClient(err error) bool {
	var reset *quic.StreamError
	return errors.As(err, &reset) && reset.Remote
}
