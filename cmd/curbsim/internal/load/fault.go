package load

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// Kinds of transport errors.
const (
	kindRefused        = "connect_refused"
	kindConnect        = "connect_failed"
	kindConnectTimeout = "connect_timeout"
	kindTLS            = "tls"
	kindTimeout        = "timeout"
	kindReset          = "reset"
	kindClosed         = "closed"
	kindProtocol       = "protocol"
	kindOther          = "other"
)

// kindOf sorts a transport error into one of few kinds, the first that fits.
func kindOf(err error) string {
	if is[*quic.HandshakeTimeoutError](err) || (is[*dialError](err) && is[*quic.IdleTimeoutError](err)) {
		return kindConnectTimeout
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			return kindRefused
		case op.Timeout():
			return kindConnectTimeout
		}
		return kindConnect
	}
	if isTLS(err) {
		return kindTLS
	}
	if transport, ok := errors.AsType[*quic.TransportError](err); ok {
		switch {
		case transport.ErrorCode.IsCryptoError():
			return kindTLS
		case transport.ErrorCode == quic.ConnectionRefused:
			return kindRefused
		}
		return kindProtocol
	}
	if kind := kind2(err); kind != "" {
		return kind
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), is[*quic.IdleTimeoutError](err):
		return kindTimeout
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), is[*quic.StatelessResetError](err):
		return kindReset
	case is[*http3.Error](err):
		return kindReset
	case is[*quic.ApplicationError](err), is[*quic.StreamError](err):
		return kindClosed
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return kindClosed
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return kindTimeout
	}
	return kindOther
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func isTLS(err error) bool {
	return is[*handshakeError](err) || is[*tls.CertificateVerificationError](err) || is[tls.RecordHeaderError](err) ||
		is[tls.AlertError](err) || is[x509.UnknownAuthorityError](err)
}
