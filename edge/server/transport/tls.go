package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"
)

// prepareTLS reads the keys and makes sure that there is a certificate to show.
func (t *Transport) prepareTLS(keysDir string) error {
	var err error
	if t.keys, err = openKeys(keysDir, time.Now()); err != nil {
		return err
	}
	t.tcpTLS, t.quicTLS = t.tlsConfig(tls.VersionTLS12, "h2", "http/1.1"), t.tlsConfig(tls.VersionTLS13, "h3")
	if len(t.own) == 0 {
		return nil
	}
	pair, err := t.certificate(&tls.ClientHelloInfo{})
	if err != nil {
		return err
	}
	if pair == nil {
		return errors.New("there is no certificate for the node's own hosts: name one that covers them")
	}
	return nil
}

// tlsConfig is for one of the two sockets. Its ticket keys may be set while it is in use: crypto/tls reads them under a
// lock, and quic-go takes a copy per connection.
func (t *Transport) tlsConfig(version uint16, protocols ...string) *tls.Config {
	c := &tls.Config{MinVersion: version, NextProtos: protocols, GetCertificate: t.certificate}
	c.SetSessionTicketKeys(t.keys.sessionKeys())
	return c
}

// certificate chooses by the name the client shows. For a name that is nobody's, crypto/tls is given nothing and says
// unrecognized_name (RFC 6066 §3).
func (t *Transport) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := ""
	if hello.ServerName != "" {
		host, _, err := NormalizeHost(hello.ServerName)
		if err != nil {
			return nil, nil
		}
		if _, ok := t.tenant(host); !ok && !t.own[host] {
			return nil, nil
		}
		name = host
	}
	pair, err := t.certificates.Certificate(name)
	if err != nil {
		if t.certificateLogged.allow() {
			t.logger.Error("no certificate", "host", name, "error", err)
		}
		return nil, err
	}
	if pair == nil {
		return nil, nil
	}
	if err := checkECDSA(pair); err != nil {
		return nil, fmt.Errorf("certificate of %q: %w", name, err)
	}
	return pair, nil
}
