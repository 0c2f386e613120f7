package natsconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
)

// explain turns what the client library reports into a line that names the server,
// the cause and what to do. last is why the last attempt to dial failed, if it did:
// the library forgets it.
func (c Config) explain(err, last error, shown string) error {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
	)
	if last != nil && (errors.Is(err, nats.ErrNoServers) || err == errNoAnswer) {
		err = last
	}
	text := reason(err)
	switch {
	case errors.Is(err, nats.ErrAuthorization) && c.login() == "":
		return Refuse(err, "NATS at %s asks for a login; use --creds FILE, or --user and --password, or a context", shown)
	case isLoginError(err):
		return Refuse(err, "NATS at %s refuses %s: %s", shown, c.login(), c.whyRefused(strings.ToLower(text)))
	case errors.As(err, &unknown):
		return Refuse(err, "cannot trust NATS at %s: its certificate is signed by an unknown authority; name the authority with --tlsca FILE", shown)
	case errors.As(err, &hostname), errors.As(err, &invalid):
		return Refuse(err, "cannot trust NATS at %s: %s", shown, text)
	case c.faultWithUs(err) && c.TLSCert == "":
		return Refuse(err, "NATS at %s asks for a TLS client certificate (%s); use --tlscert and --tlskey", shown, text)
	case c.faultWithUs(err):
		return Refuse(err, "NATS at %s refuses the TLS certificate in %s: %s", shown, c.TLSCert, text)
	case errors.Is(err, nats.ErrSecureConnWanted), errors.As(err, &record):
		return Refuse(err, "NATS at %s does not speak TLS here (%s)", shown, text)
	case errors.Is(err, nats.ErrNoInfoReceived):
		return Refuse(err, "cannot reach NATS at %s: what listens there is not a NATS server", shown)
	case errors.Is(err, io.EOF):
		return Refuse(err, "cannot reach NATS at %s: the connection was closed before the greeting; is it a NATS server, does it want --tlsfirst?", shown)
	case last == nil && (err == errNoAnswer || IsTimeout(err)):
		return Refuse(err, "cannot reach NATS at %s: no greeting within %v; is it a NATS server, does it want --tlsfirst?", shown, c.Timeout)
	case IsTimeout(err):
		text = fmt.Sprintf("no answer within %v", c.Timeout)
	}
	return Refuse(err, "cannot reach NATS at %s: %s; start a server (nats-server -js) or name one with -s URL", shown, text)
}

// whyRefused adds to the server's words, which are always the same, what the credentials
// say of themselves.
func (c Config) whyRefused(text string) string {
	switch id := c.Identity(); {
	case !id.Expires.IsZero() && time.Now().After(id.Expires):
		return text + "; they expired at " + id.Expires.Format(time.RFC3339) + ", ask for new ones"
	case len(id.Sources) > 0:
		return text + "; they hold only for connections from " + strings.Join(id.Sources, ", ") + ", if they were not revoked"
	case id.Role != "":
		return text + "; they were revoked, or are of another server"
	}
	return text
}

// IsTimeout reports whether err says that the network or the server did not answer in time.
func IsTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout() || errors.Is(err, nats.ErrTimeout)
}

// reason returns the innermost words of an error of the network or the library.
func reason(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fmt.Sprintf("%s: %s", dns.Name, dns.Err)
	}
	return strings.ReplaceAll(err.Error(), "nats: ", "")
}

// oneLine is for errors that repeat what another program printed.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
