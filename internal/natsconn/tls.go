package natsconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"syscall"

	"github.com/nats-io/jsm.go/natscontext"
	"github.com/nats-io/nats.go"
)

// security returns the options for TLS. As with credentials, files are read early.
func (c Config) security() (options []nats.Option, err error) {
	if c.store != nil {
		options, err = optionsOf(
			natscontext.WithWindowsCertStore(c.store.WindowsCertStore()),
			natscontext.WithWindowsCertStoreMatchBy(c.store.WindowsCertStoreMatchBy()),
			natscontext.WithWindowsCertStoreMatch(c.store.WindowsCertStoreMatch()),
			natscontext.WithWindowsCaCertsMatch(c.store.WindowsCaCertsMatch()...))
		if err != nil {
			return nil, Refuse(err, "cannot use the certificate store of Windows that NATS context %q names: %s", c.store.Name, oneLine(err))
		}
	}
	if c.TLSCert != "" || c.TLSKey != "" {
		if c.TLSCert == "" || c.TLSKey == "" {
			return nil, Refuse(nil, "a TLS client certificate needs both --tlscert and --tlskey")
		}
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			return nil, Refuse(err, "cannot use the TLS certificate %s with the key %s: %v", c.TLSCert, c.TLSKey, err)
		}
		if err := looseKey(c.TLSKey); err != nil {
			return nil, err
		}
		options = append(options, nats.ClientCert(c.TLSCert, c.TLSKey))
	}
	if c.TLSCA != "" {
		text, err := os.ReadFile(c.TLSCA)
		if err != nil {
			return nil, Refuse(err, "cannot read the TLS authorities: %v", err)
		}
		if !x509.NewCertPool().AppendCertsFromPEM(text) {
			return nil, Refuse(nil, "%s holds no TLS certificate in PEM form", c.TLSCA)
		}
		options = append(options, nats.RootCAs(c.TLSCA))
	} else if trust := c.authorities(); trust != nil {
		options = append(options, trust)
	}
	if c.TLSFirst {
		options = append(options, nats.TLSHandshakeFirst())
	}
	return options, nil
}

// faultWithUs reports whether the server ended TLS because of the client certificate, or
// of its absence. It may say so, or just hang up once the handshake is over, while we write.
func (c Config) faultWithUs(err error) bool {
	text := err.Error()
	if c.wantsTLS() && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) {
		return true
	}
	return strings.Contains(text, "closed by remote after TLS handshake") || strings.Contains(text, "certificate required") ||
		strings.Contains(text, "remote error: tls:") && strings.Contains(text, "certificate") // bad, expired, revoked, of an unknown authority
}

// wantsTLS reports whether there is no connection without TLS.
func (c Config) wantsTLS() bool {
	return c.TLSFirst || c.TLSCA != "" || c.TLSCert != "" || strings.Contains(c.Server, "tls://") || c.authorities() != nil
}
