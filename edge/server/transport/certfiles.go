package transport

import (
	"crypto/ecdsa"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// CertificateFile is a certificate chain and its key, both PEM; they may be the same file.
type CertificateFile struct{ Cert, Key string }

// CertificateFiles is a Certificates that reads files an operator keeps up to date.
type CertificateFiles struct {
	files []CertificateFile
	names atomic.Pointer[map[string]*tls.Certificate] // by host, "*.domain" and "" for the first
}

// OpenCertificateFiles reads all files. The first is shown to clients that name no host; where two name the same host, the
// one that stands first is shown. All errors are returned at once.
func OpenCertificateFiles(files []CertificateFile) (*CertificateFiles, error) {
	if len(files) == 0 {
		return nil, errors.New("certificates: no file is named: name at least one certificate and its key")
	}
	c := &CertificateFiles{files: files}
	if err := c.Reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Reload reads the files again. Connections that are open keep what they were shown. With an error nothing changes.
func (c *CertificateFiles) Reload() error {
	names := map[string]*tls.Certificate{}
	var faults []error
	for i, file := range c.files {
		pair, err := readPair(file, time.Now())
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if i == 0 {
			names[""] = pair
		}
		for _, host := range certificateHosts(pair.Leaf) {
			if host = strings.ToLower(host); names[host] == nil {
				names[host] = pair
			}
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	c.names.Store(&names)
	return nil
}

// Certificate implements Certificates.
func (c *CertificateFiles) Certificate(serverName string) (*tls.Certificate, error) {
	names := *c.names.Load()
	if pair := names[serverName]; pair != nil {
		return pair, nil
	}
	if _, domain, ok := strings.Cut(serverName, "."); ok {
		return names["*."+domain], nil
	}
	return nil, nil
}

// readPair reads one certificate and says what is wrong with it, and what to do.
func readPair(file CertificateFile, now time.Time) (*tls.Certificate, error) {
	if info, err := os.Stat(file.Key); err == nil && info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("certificates: %s: everybody on this machine may read the key (mode %04o): chmod 600 it", file.Key, info.Mode().Perm())
	}
	pair, err := tls.LoadX509KeyPair(file.Cert, file.Key)
	if err != nil {
		return nil, fmt.Errorf("certificates: %s with key %s: %w; both must be PEM, and the key the certificate's", file.Cert, file.Key, err)
	}
	if err := checkECDSA(&pair); err != nil {
		return nil, fmt.Errorf("certificates: %s: %w", file.Cert, err)
	}
	if now.After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("certificates: %s expired on %s: renew it", file.Cert, pair.Leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	if len(pair.Leaf.DNSNames)+len(pair.Leaf.IPAddresses) == 0 {
		return nil, fmt.Errorf("certificates: %s names no host (no subject alternative name): have it issued for the hosts it is to serve", file.Cert)
	}
	return &pair, nil
}

// checkECDSA refuses other keys: an RSA-2048 handshake costs 2.3 times the CPU, and nothing needs one.
func checkECDSA(pair *tls.Certificate) error {
	if _, ok := pair.PrivateKey.(*ecdsa.PrivateKey); !ok {
		return fmt.Errorf("its key is %s, and only ECDSA is served: have it issued for a P-256 key (openssl ecparam -name prime256v1 -genkey -noout)", pair.Leaf.PublicKeyAlgorithm)
	}
	return nil
}
