package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"slices"
	"time"
)

// The validity of certificates.
const (
	authorityLife = 20 * 365 * 24 * time.Hour
	serverLife    = 2 * 365 * 24 * time.Hour
	serverRenewal = 90 * 24 * time.Hour // before the end, when a starting server gets a new one
	clockSkew     = time.Hour           // by which the clocks of other machines may be late
)

// serialBits is the length of serial numbers, which are random. RFC 5280 permits up to 159 bits.
const serialBits = 127

// An authority signs the server's certificate. It cannot sign other authorities.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newAuthority makes an authority with a new key on the curve P-256.
func newAuthority() (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "factorfleet authority"},
		NotBefore: time.Now().Add(-clockSkew), NotAfter: time.Now().Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := signCertificate(template, template, key.Public(), key)
	if err != nil {
		return authority{}, err
	}
	cert, err := x509.ParseCertificate(der)
	return authority{cert, key}, err
}

// signCertificate returns the certificate of a public key in DER form, signed by key on behalf of parent.
func signCertificate(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (der []byte, err error) {
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), serialBits))
	if err != nil {
		return nil, err
	}
	return x509.CreateCertificate(rand.Reader, template, parent, public, key)
}

// write stores the authority; the key first, so that no certificate is without its key.
func (a authority) write(certFile, keyFile string) error {
	if err := writeKey(keyFile, a.key); err != nil {
		return err
	}
	return writeFile(certFile, certPEM(a.cert.Raw), modePublic)
}

// certPEM returns a certificate in PEM form.
func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// writeKey stores a private key as PKCS 8 in PEM form.
func writeKey(file string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writeFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), modeSecret)
}

// readAuthority reads what write has stored.
func readAuthority(certFile, keyFile string) (authority, error) {
	pair, err := readPair(certFile, keyFile)
	if err != nil {
		return authority{}, err
	}
	return authority{pair.Leaf, pair.PrivateKey.(crypto.Signer)}, nil
}

// readPair reads a certificate with its key. The error names both files.
func readPair(certFile, keyFile string) (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return pair, fmt.Errorf("read %s and %s: %w", certFile, keyFile, err)
	}
	return pair, nil
}

// ServerTLS returns the TLS settings of a server, with a certificate for the hosts: names or IP addresses
// by which clients know the server. The certificate is stored. A new one is made if there is none, if it
// lacks a host, or if it ends within 90 days; it keeps the hosts of the old one.
func (s *Store) ServerTLS(hosts []string) (*tls.Config, error) {
	pair, err := s.serverPair(hosts)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

// serverPair returns the server's certificate with its key, a new one if necessary.
func (s *Store) serverPair(hosts []string) (tls.Certificate, error) {
	certFile, keyFile := s.path(fileServer), s.path(fileServerKey)
	if _, err := os.Stat(certFile); err == nil {
		pair, err := readPair(certFile, keyFile)
		if err != nil {
			return pair, err
		}
		if serves(pair.Leaf, hosts) && time.Now().Before(pair.Leaf.NotAfter.Add(-serverRenewal)) {
			return pair, nil
		}
		hosts = append(hostsOf(pair.Leaf), hosts...)
	}
	if err := s.newServerPair(hosts); err != nil {
		return tls.Certificate{}, err
	}
	return readPair(certFile, keyFile)
}

// newServerPair makes and stores a certificate for the hosts, with a new key.
func (s *Store) newServerPair(hosts []string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "factorfleet server"},
		NotBefore: time.Now().Add(-clockSkew), NotAfter: time.Now().Add(serverLife),
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
	// After an interruption the certificate is missing, and the next call makes both again.
	os.Remove(s.path(fileServer))
	if err := writeKey(s.path(fileServerKey), key); err != nil {
		return err
	}
	return writeFile(s.path(fileServer), certPEM(der), modePublic)
}

// serves reports whether a certificate is valid for all hosts.
func serves(cert *x509.Certificate, hosts []string) bool {
	return !slices.ContainsFunc(hosts, func(h string) bool { return cert.VerifyHostname(h) != nil })
}

// hostsOf returns the hosts of a certificate.
func hostsOf(cert *x509.Certificate) []string {
	hosts := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		hosts = append(hosts, ip.String())
	}
	return hosts
}
