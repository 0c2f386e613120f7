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
	"os"
	"slices"
	"time"
)

// The validity of certificates.
const (
	authorityLife = 20 * 365 * 24 * time.Hour
	serverLife    = 2 * 365 * 24 * time.Hour
	clockSkew     = time.Hour // by which the clocks of other machines may be late
)

// ServerRenewal is the time before the end of the server's certificate at which the server gets a new one.
const ServerRenewal = 90 * 24 * time.Hour

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

// readKey reads what writeKey has stored.
func readKey(file string) (crypto.Signer, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("read %s: it is not a key in PEM form", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("read %s: a key of this kind cannot sign", file)
	}
	return signer, nil
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
