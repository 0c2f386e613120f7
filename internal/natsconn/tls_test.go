package natsconn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"factorfleet/internal/natsconn"
)

// certificate returns a self-signed certificate for 127.0.0.1, and the PEM of the certificate and its key.
func certificate(t *testing.T) (cert tls.Certificate, certText, keyText string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certText = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	keyText = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, certText, keyText
}

func TestTLS(t *testing.T) {
	t.Parallel()
	cert, certText, keyText := certificate(t)
	dir := t.TempDir()
	ca, key := write(t, filepath.Join(dir, "ca.pem"), certText), write(t, filepath.Join(dir, "key.pem"), keyText)
	guarded := natsServer(t, func(o *server.Options) {
		o.TLS, o.TLSTimeout, o.TLSConfig = true, 2, &tls.Config{Certificates: []tls.Certificate{cert}}
	})
	connects(t, natsconn.Config{Server: guarded, TLSCA: ca})
	fails(t, natsconn.Config{Server: guarded}, guarded, "unknown authority", "--tlsca")
	other := strings.Replace(guarded, "127.0.0.1", "localhost", 1)
	fails(t, natsconn.Config{Server: other, TLSCA: ca}, "cannot trust NATS at "+other)
	open := natsServer(t, plain)
	fails(t, natsconn.Config{Server: open, TLSCA: ca}, open, "does not use TLS")
	fails(t, natsconn.Config{Server: open, TLSFirst: true}, open, "does not use TLS")

	mutual := natsServer(t, func(o *server.Options) {
		o.TLS, o.TLSTimeout = true, 2
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert}
	})
	fails(t, natsconn.Config{Server: mutual, TLSCA: ca}, mutual, "client certificate", "--tlscert")
	connects(t, natsconn.Config{Server: mutual, TLSCA: ca, TLSCert: ca, TLSKey: key})

	first := natsServer(t, func(o *server.Options) {
		o.TLS, o.TLSTimeout, o.TLSHandshakeFirst = true, 0.2, true
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	})
	connects(t, natsconn.Config{Server: first, TLSCA: ca, TLSFirst: true})
	fails(t, natsconn.Config{Server: first, TLSCA: ca}, first, "--tlsfirst")
}
