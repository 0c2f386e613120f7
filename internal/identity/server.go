package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// A Certificate is the certificate of a server, which can be renewed while the server runs. Its methods are safe
// for concurrent use.
type Certificate struct {
	store *Store
	hosts []string

	mu     sync.Mutex      // guards what follows
	pair   tls.Certificate // with its key
	loaded fs.FileInfo     // of the file from which pair was read
}

// ServerCertificate returns a certificate for the hosts: names or IP addresses by which clients know the server.
// The certificate is stored. A new one is made if there is none, if it lacks a host, or if mustRenew says so; it keeps
// the hosts and the key of the old one.
func (s *Store) ServerCertificate(hosts []string) (*Certificate, error) {
	c := &Certificate{store: s, hosts: slices.Clone(hosts)}
	_, err := c.Renew()
	return c, err
}

// TLS returns the settings of a server. New connections get the certificate of that moment.
func (c *Certificate) TLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		pair := c.pair
		return &pair, nil
	}}
}

// Expires returns the end of the certificate.
func (c *Certificate) Expires() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pair.Leaf.NotAfter
}

// Renew replaces the certificate if it must be renewed, or if the stored one has changed. It reports whether
// it was replaced. After an error the old one stays in use. If there is nothing to do, it takes some microseconds.
func (c *Certificate) Renew() (replaced bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Before the file is read: if it changes meanwhile, the next call reads it again.
	now, err := os.Stat(c.store.path(fileServer))
	if err == nil && c.loaded != nil && os.SameFile(now, c.loaded) && now.ModTime().Equal(c.loaded.ModTime()) && !c.store.mustRenew(c.pair.Leaf) {
		return false, nil
	}
	pair, err := c.store.serverPair(c.hosts)
	if err != nil {
		return false, err
	}
	replaced = c.pair.Leaf == nil || !pair.Leaf.Equal(c.pair.Leaf)
	c.pair, c.loaded = pair, now
	return replaced, nil
}

// ServerExpires returns the end of the stored certificate of the server; the zero time if there is none.
func (s *Store) ServerExpires() (time.Time, error) {
	pair, err := readPair(s.path(fileServer), s.path(fileServerKey))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return pair.Leaf.NotAfter, nil
}

// RenewServer makes a new certificate of the server if the stored one must be renewed. It reports whether it
// did. A nats-server uses the new one after a reload.
func (s *Store) RenewServer() (renewed bool, err error) {
	old, err := s.ServerExpires()
	if err != nil || old.IsZero() {
		return false, err
	}
	pair, err := s.serverPair(nil)
	return err == nil && !pair.Leaf.NotAfter.Equal(old), err
}

// mustRenew reports whether a certificate of the server ends soon, or is not valid yet: it was then made while the
// clock of this machine was wrong.
func (s *Store) mustRenew(cert *x509.Certificate) bool {
	now := s.clock()
	return now.Before(cert.NotBefore) || now.After(cert.NotAfter.Add(-ServerRenewal))
}

// serverPair returns the server's certificate with its key, a new one if necessary.
func (s *Store) serverPair(hosts []string) (pair tls.Certificate, err error) {
	err = s.locked(func() error {
		pair, err = readPair(s.path(fileServer), s.path(fileServerKey))
		if !exists(s.path(fileServer)) {
			err = s.newServerCertificate(hosts)
		} else if err == nil && (!serves(pair.Leaf, hosts) || s.mustRenew(pair.Leaf)) {
			err = s.newServerCertificate(append(hostsOf(pair.Leaf), hosts...))
		} else {
			return err
		}
		if err == nil {
			pair, err = readPair(s.path(fileServer), s.path(fileServerKey))
		}
		return err
	})
	return pair, err
}

// newServerCertificate makes and stores a certificate for the hosts. It keeps the key: so only one file is
// replaced, and a process that is killed meanwhile leaves no certificate without its key.
func (s *Store) newServerCertificate(hosts []string) error {
	key, err := s.serverKey()
	if err != nil {
		return err
	}
	now := s.clock()
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "factorfleet server"},
		NotBefore: now.Add(-clockSkew), NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range slices.Compact(slices.Sorted(slices.Values(hosts))) {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := signCertificate(template, s.authority.cert, key.Public(), s.authority.key)
	if err != nil {
		return fmt.Errorf("sign the server's certificate: %w", err)
	}
	return writeFile(s.path(fileServer), certPEM(der), modePublic)
}

// serverKey returns the key of the server's certificate. It makes and stores one if there is none.
func (s *Store) serverKey() (crypto.Signer, error) {
	if exists(s.path(fileServerKey)) {
		return readKey(s.path(fileServerKey))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return key, writeKey(s.path(fileServerKey), key)
}
