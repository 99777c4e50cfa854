package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	authorityAge = 10 * 365 * 24 * time.Hour
	leafAge      = 90 * 24 * time.Hour
	leafRenew    = 30 * 24 * time.Hour // left when a leaf is replaced
	clockSkew    = time.Hour
	// leavesHeld bounds the leaves in memory; hosts past it are signed or read again.
	leavesHeld = 4096
)

// LocalCAOptions say for whom a LocalCA signs.
type LocalCAOptions struct {
	// Dir keeps the authority and its leaves, keys with mode 0600; empty keeps them in memory.
	Dir string
	// Own are the node's own hosts; they share one leaf, which names IP addresses too.
	Own []string
	// Hosts knows the tenants' hosts. Each gets a leaf of its own, so that browsers never share a connection between two.
	Hosts Hosts
}

// LocalCA is a Certificates for demos, laboratories and tests: a certificate authority of its own that signs for the node's
// own hosts and for registered hosts, and for nothing else. Leaves are made when they are first asked for.
type LocalCA struct {
	dir   string
	own   []string
	owns  map[string]bool
	hosts Hosts

	authority *x509.Certificate
	key       *ecdsa.PrivateKey
	encoded   []byte // the authority's certificate, PEM

	mu     sync.RWMutex
	leaves map[string]*tls.Certificate // by host; the own leaf under ""
}

// OpenLocalCA reads the authority in Dir, or makes one.
func OpenLocalCA(o LocalCAOptions) (*LocalCA, error) {
	c := &LocalCA{dir: o.Dir, hosts: o.Hosts, owns: map[string]bool{}, leaves: map[string]*tls.Certificate{}}
	for _, raw := range o.Own {
		host, err := ownHost(raw)
		if err != nil {
			return nil, fmt.Errorf("local CA: own host %q: %w", raw, err)
		}
		if !c.owns[host] {
			c.owns[host] = true
			c.own = append(c.own, host)
		}
	}
	slices.Sort(c.own)
	if len(c.own) == 0 {
		return nil, errors.New("local CA: no own hosts: name at least one, such as localhost")
	}
	if err := c.openAuthority(); err != nil {
		return nil, fmt.Errorf("local CA: %w", err)
	}
	if _, err := c.Certificate(""); err != nil {
		return nil, err
	}
	return c, nil
}

// PEM is the authority's certificate: who trusts it trusts every leaf.
func (c *LocalCA) PEM() []byte { return slices.Clone(c.encoded) }

// Certificate implements Certificates.
func (c *LocalCA) Certificate(serverName string) (*tls.Certificate, error) {
	name, names := serverName, []string{serverName}
	if serverName == "" || c.owns[serverName] {
		name, names = "", c.own
	} else if c.hosts == nil {
		return nil, nil
	} else if _, ok := c.hosts.Tenant(serverName); !ok {
		return nil, nil
	}
	now := time.Now()
	c.mu.RLock()
	leaf := c.leaves[name]
	c.mu.RUnlock()
	if leaf != nil && now.Before(leaf.Leaf.NotAfter.Add(-leafRenew)) {
		return leaf, nil
	}
	return c.openLeaf(name, names, now)
}

// openLeaf reads the leaf from disk, or signs one.
func (c *LocalCA) openLeaf(name string, names []string, now time.Time) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if leaf := c.leaves[name]; leaf != nil && now.Before(leaf.Leaf.NotAfter.Add(-leafRenew)) {
		return leaf, nil // another handshake was faster
	}
	leaf, err := c.readLeaf(name, names, now)
	if err != nil {
		return nil, fmt.Errorf("local CA: leaf of %s: %w", names[0], err)
	}
	if leaf == nil {
		if leaf, err = c.signLeaf(name, names, now); err != nil {
			return nil, fmt.Errorf("local CA: leaf of %s: %w", names[0], err)
		}
	}
	if len(c.leaves) >= leavesHeld {
		clear(c.leaves)
	}
	c.leaves[name] = leaf
	return leaf, nil
}

// leafFile is where a leaf lies: a normalised host has no byte that means anything to a file system.
func (c *LocalCA) leafFile(name string) string {
	if name == "" {
		return filepath.Join(c.dir, "node.pem")
	}
	return filepath.Join(c.dir, "hosts", name+".pem")
}

// readLeaf returns nil if there is no leaf on disk, or one that does not fit any more.
func (c *LocalCA) readLeaf(name string, names []string, now time.Time) (*tls.Certificate, error) {
	if c.dir == "" {
		return nil, nil
	}
	data, err := readSecret(c.leafFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	leaf, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; remove it and have a new one made", c.leafFile(name), err)
	}
	if now.After(leaf.Leaf.NotAfter.Add(-leafRenew)) || leaf.Leaf.CheckSignatureFrom(c.authority) != nil || !slices.Equal(certificateHosts(leaf.Leaf), names) {
		return nil, nil
	}
	return &leaf, nil
}

func (c *LocalCA) signLeaf(name string, names []string, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), NotBefore: now.Add(-clockSkew), NotAfter: now.Add(leafAge),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, host := range names {
		if ip, ok := ipOf(host); ok {
			template.IPAddresses = append(template.IPAddresses, ip.AsSlice())
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.authority, &key.PublicKey, c.key)
	if err != nil {
		return nil, err
	}
	data, err := encodePair(der, key)
	if err != nil {
		return nil, err
	}
	if c.dir != "" {
		if err := writeSecret(c.leafFile(name), data); err != nil {
			return nil, err
		}
	}
	leaf, err := tls.X509KeyPair(data, data)
	return &leaf, err
}

// openAuthority reads ca.pem, which holds certificate and key, or makes it. The certificate alone is kept beside it as
// ca-cert.pem, for those who are to trust it.
func (c *LocalCA) openAuthority() error {
	data, err := c.readAuthority()
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(data, data)
	if err != nil {
		return fmt.Errorf("authority: %w; restore ca.pem, or remove it and have a new one made, which clients then have to trust anew", err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return errors.New("authority: ca.pem is not an ECDSA certificate authority: remove it and have a new one made")
	}
	if time.Now().Add(leafAge).After(pair.Leaf.NotAfter) {
		return fmt.Errorf("authority: ca.pem expires on %s: remove it and have a new one made, which clients then have to trust anew", pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	c.authority, c.key = pair.Leaf, key
	c.encoded = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Leaf.Raw})
	if c.dir == "" {
		return nil
	}
	return writeSecret(filepath.Join(c.dir, "ca-cert.pem"), c.encoded)
}

func (c *LocalCA) readAuthority() ([]byte, error) {
	fresh, err := newAuthority(time.Now())
	if err != nil || c.dir == "" {
		return fresh, err
	}
	path := filepath.Join(c.dir, "ca.pem")
	if made, err := createSecret(path, fresh); made || err != nil {
		return fresh, err
	}
	return readSecret(path)
}

func newAuthority(now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Curb local CA " + now.UTC().Format(time.DateOnly)},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(authorityAge),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	return encodePair(der, key)
}

// encodePair writes a certificate and its key as PEM.
func encodePair(der []byte, key *ecdsa.PrivateKey) ([]byte, error) {
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return append(data, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// certificateHosts are the hosts a certificate names, sorted, in the spelling of NormalizeHost.
func certificateHosts(leaf *x509.Certificate) []string {
	hosts := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPAddresses {
		if host, err := ownHost(ip.String()); err == nil {
			hosts = append(hosts, host)
		}
	}
	slices.Sort(hosts)
	return hosts
}

// serial is 127 random bits (RFC 5280 §4.1.2.2 wants it positive and at most 20 bytes).
func serial() *big.Int {
	key := random32()
	key[0] &= 0x7f
	return new(big.Int).SetBytes(key[:16])
}
