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

	"factorfleet/internal/text"
)

// security returns the options for TLS. As for the login, it reads the files before the connection.
func (c Config) security() ([]nats.Option, error) {
	var options []nats.Option
	for _, part := range []func() ([]nats.Option, error){c.windowsStore, c.clientCertificate, c.trusted} {
		more, err := part()
		if err != nil {
			return nil, err
		}
		options = append(options, more...)
	}
	if c.TLSFirst {
		options = append(options, nats.TLSHandshakeFirst())
	}
	return options, nil
}

// windowsStore returns the options for a certificate in the store of Windows, if the context names one.
func (c Config) windowsStore() ([]nats.Option, error) {
	if c.store == nil {
		return nil, nil
	}
	options, err := optionsOf(
		natscontext.WithWindowsCertStore(c.store.WindowsCertStore()),
		natscontext.WithWindowsCertStoreMatchBy(c.store.WindowsCertStoreMatchBy()),
		natscontext.WithWindowsCertStoreMatch(c.store.WindowsCertStoreMatch()),
		natscontext.WithWindowsCaCertsMatch(c.store.WindowsCaCertsMatch()...))
	if err != nil {
		return nil, Errorf(err, "cannot use the certificate store of Windows that NATS context %q names: %s", c.store.Name, text.Sanitize(err.Error(), maxReason))
	}
	return options, nil
}

// clientCertificate returns the option for the certificate with which this client identifies itself.
func (c Config) clientCertificate() ([]nats.Option, error) {
	switch {
	case c.TLSCert == "" && c.TLSKey == "":
		return nil, nil
	case c.TLSCert == "" || c.TLSKey == "":
		return nil, Errorf(nil, "a TLS client certificate needs both --tlscert and --tlskey")
	}
	if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
		return nil, Errorf(err, "cannot use the TLS certificate %s with the key %s: %v", c.TLSCert, c.TLSKey, err)
	}
	if err := CheckKeyMode(c.TLSKey); err != nil {
		return nil, err
	}
	return []nats.Option{nats.ClientCert(c.TLSCert, c.TLSKey)}, nil
}

// trusted returns the option for the authorities that may have signed the server's certificate.
func (c Config) trusted() ([]nats.Option, error) {
	if c.TLSCA == "" {
		if trust := c.authorities(); trust != nil {
			return []nats.Option{trust}, nil
		}
		return nil, nil
	}
	text, err := os.ReadFile(c.TLSCA)
	if err != nil {
		return nil, Errorf(err, "cannot read the TLS authorities: %v", err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(text) {
		return nil, Errorf(nil, "%s contains no TLS certificate in PEM form", c.TLSCA)
	}
	return []nats.Option{nats.RootCAs(c.TLSCA)}, nil
}

// isClientCertError reports whether the server has ended TLS because it does not accept the client's
// certificate, or requires one. With TLS 1.3 the handshake succeeds at the client first. So the server
// may report an error, or may close the connection while the client already writes.
func (c Config) isClientCertError(err error) bool {
	text := err.Error()
	if c.requiresTLS() && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) {
		return true
	}
	return strings.Contains(text, "closed by remote after TLS handshake") || strings.Contains(text, "certificate required") ||
		strings.Contains(text, "remote error: tls:") && strings.Contains(text, "certificate") // bad, expired, revoked, or of an unknown authority
}

// requiresTLS reports whether the settings permit no connection without TLS.
func (c Config) requiresTLS() bool {
	return c.TLSFirst || c.TLSCA != "" || c.TLSCert != "" || strings.Contains(c.Server, "tls://") || c.authorities() != nil
}
