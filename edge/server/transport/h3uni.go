package transport

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// serveUnis accepts the client's unidirectional streams. They wait for the handshake: nothing on them is urgent, and what
// was recorded by somebody else never gets there.
func (c *h3conn) serveUnis(verified func()) {
	select {
	case <-c.quic.HandshakeComplete():
		c.tlsState()
		verified()
	case <-c.quic.Context().Done():
		return
	}
	for {
		str, err := c.quic.AcceptUniStream(context.Background())
		if err != nil {
			return
		}
		if !c.countOdd() {
			return
		}
		c.wg.Go(func() { c.serveUni(str) })
	}
}

// serveUni reads what kind of stream this is and serves it (RFC 9114 §6.2). QPACK's two streams carry nothing as long as
// there is no dynamic table, so they are left unread.
func (c *h3conn) serveUni(str *quic.ReceiveStream) {
	str.SetReadDeadline(time.Now().Add(c.limit.HeaderRead))
	f := &h3Reader{str: str, buffer: make([]byte, 64)}
	kind, err := f.varint()
	if err != nil {
		str.CancelRead(quic.StreamErrorCode(h3StreamCreation))
		return
	}
	if kind > streamDecoder {
		str.CancelRead(quic.StreamErrorCode(h3StreamCreation))
		return
	}
	c.mu.Lock()
	again := c.uniSeen[kind]
	c.uniSeen[kind] = true
	c.mu.Unlock()
	switch {
	case kind == streamPush:
		c.fail(&h3Fault{h3StreamCreation, "only servers push"})
	case again:
		c.fail(&h3Fault{h3StreamCreation, "second stream of its kind"})
	case kind == streamControl:
		c.serveControl(f, str)
	}
}

// serveControl follows the client's control stream (RFC 9114 §6.2.1, §7.2). It ends with the connection.
func (c *h3conn) serveControl(f *h3Reader, str *quic.ReceiveStream) {
	err := c.readSettings(f)
	str.SetReadDeadline(time.Time{})
	for err == nil {
		err = c.readControl(f)
	}
	var fault *h3Fault
	switch {
	case errors.As(err, &fault):
		c.fail(fault)
	case errors.Is(err, io.EOF), resetByClient(err):
		c.fail(&h3Fault{h3ClosedCritical, "control stream is closed"})
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.fail(&h3Fault{h3MissingSettings, "no SETTINGS in time"})
	}
}

// settingsBytesMax bounds a SETTINGS frame: clients send a few dozen bytes.
const settingsBytesMax = 1024

func (c *h3conn) readSettings(f *h3Reader) error {
	kind, length, err := f.header()
	if err != nil {
		return err
	}
	if kind != frameSettings {
		return &h3Fault{h3MissingSettings, "control stream begins without SETTINGS"}
	}
	if length > settingsBytesMax {
		return &h3Fault{h3ExcessiveLoad, "SETTINGS is too long"}
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(f, payload); err != nil {
		return truncated(err)
	}
	return checkSettings(payload)
}

// checkSettings looks at settings only to see that they are: we need none of them, and refuse those of HTTP/2 and those
// said twice (RFC 9114 §7.2.4).
func checkSettings(payload []byte) error {
	seen := map[uint64]bool{}
	for len(payload) > 0 {
		id, n, err := quicvarint.Parse(payload)
		if err != nil {
			return &h3Fault{h3FrameError, "SETTINGS is malformed"}
		}
		_, m, err := quicvarint.Parse(payload[n:])
		if err != nil {
			return &h3Fault{h3FrameError, "SETTINGS is malformed"}
		}
		if seen[id] || id >= 0x02 && id <= 0x05 {
			return &h3Fault{h3SettingsError, "setting is of HTTP/2, or said twice"}
		}
		seen[id] = true
		payload = payload[n+m:]
	}
	return nil
}

// readControl reads one frame after SETTINGS. None of them changes what we do: nothing is pushed, and priorities are
// ours to set.
func (c *h3conn) readControl(f *h3Reader) error {
	kind, length, err := f.header()
	if err != nil {
		return err
	}
	if !c.countOdd() {
		return io.ErrClosedPipe
	}
	switch kind {
	case frameGoAway, frameMaxPushID, framePriorityRequest:
	case frameCancelPush, framePriorityPush:
		return &h3Fault{h3IDError, "nothing is pushed"}
	default:
		if err := forbidden(kind); err != nil {
			return err
		}
	}
	f.skip = 0
	return f.discard(length)
}
