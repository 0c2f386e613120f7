package natsconn

import (
	"context"
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

// dialError returns an error for the user from an error of the client library: it names the server,
// the cause, and what to do. dialed is the error of the last attempt to reach the network, nil if that
// succeeded; the library does not keep it. shown is the list of servers without logins.
func (c Config) dialError(err, dialed error, shown string) error {
	if dialed != nil && (errors.Is(err, nats.ErrNoServers) || err == errNoAnswer) {
		err = dialed
	}
	for _, describe := range []func(error, string) error{c.loginError, c.trustError, c.protocolError} {
		if described := describe(err, shown); described != nil {
			return described
		}
	}
	text := reason(err)
	switch {
	case dialed == nil && (err == errNoAnswer || IsTimeout(err)):
		return unreachable(err, "cannot reach NATS at %s: no greeting within %v; check that it is a NATS server, or try --tlsfirst", shown, c.Timeout)
	case IsTimeout(err):
		text = fmt.Sprintf("no answer within %v", c.Timeout)
	}
	return unreachable(err, "cannot reach NATS at %s: %s; start a server (nats-server -js) or name one with -s URL", shown, text)
}

// unreachable is Errorf for an error that wraps ErrUnreachable as well.
func unreachable(cause error, format string, args ...any) error {
	return Errorf(errors.Join(ErrUnreachable, cause), format, args...)
}

// loginError returns the error of a refused login, or nil.
func (c Config) loginError(err error, shown string) error {
	switch {
	case errors.Is(err, nats.ErrAuthorization) && c.login() == "":
		return Errorf(err, "NATS at %s requires a login; use --creds FILE, or --user and --password, or a context", shown)
	case isLoginError(err):
		return Errorf(err, "NATS at %s refuses %s: %s", shown, c.login(), c.loginReason(strings.ToLower(reason(err))))
	}
	return nil
}

// loginReason adds to the server's reason, which is the same for every login, what the credentials
// themselves say.
func (c Config) loginReason(text string) string {
	switch id := c.Identity(); {
	case !id.Expires.IsZero() && time.Now().After(id.Expires):
		return text + "; they expired at " + id.Expires.Format(time.RFC3339) + ": replace them with new ones"
	case len(id.Sources) > 0:
		return text + "; they are valid only for connections from " + strings.Join(id.Sources, ", ") + ", or were revoked"
	case id.Role != "":
		return text + "; they were revoked, or belong to another server"
	}
	return text
}

// trustError returns the error of a certificate, the server's or the client's, or nil.
func (c Config) trustError(err error, shown string) error {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	switch text := reason(err); {
	case errors.As(err, &unknown):
		return Errorf(err, "cannot trust NATS at %s: its certificate is signed by an unknown authority; name the authority with --tlsca FILE", shown)
	case errors.As(err, &hostname), errors.As(err, &invalid):
		return Errorf(err, "cannot trust NATS at %s: %s", shown, text)
	case c.isClientCertError(err) && c.TLSCert == "":
		return Errorf(err, "NATS at %s requires a TLS client certificate (%s); use --tlscert and --tlskey", shown, text)
	case c.isClientCertError(err):
		return Errorf(err, "NATS at %s refuses the TLS certificate in %s: %s", shown, c.TLSCert, text)
	}
	return nil
}

// protocolError returns the error of a server that answers in another protocol than expected, or nil.
func (c Config) protocolError(err error, shown string) error {
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, nats.ErrSecureConnWanted), errors.As(err, &record):
		return Errorf(err, "NATS at %s does not use TLS on this port (%s)", shown, reason(err))
	case errors.Is(err, nats.ErrNoInfoReceived):
		return Errorf(err, "cannot reach NATS at %s: the program at this address is not a NATS server", shown)
	case errors.Is(err, io.EOF):
		return unreachable(err, "cannot reach NATS at %s: the connection was closed before the greeting; check that it is a NATS server, or try --tlsfirst", shown)
	}
	return nil
}

// IsTimeout reports whether err says that the network or the server did not answer in time.
func IsTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout() || errors.Is(err, nats.ErrTimeout)
}

// IsUnreachable reports whether err says that no server has answered, or not in time: a later attempt may succeed.
func IsUnreachable(err error) bool {
	return errors.Is(err, ErrUnreachable) || errors.Is(err, context.DeadlineExceeded) || IsTimeout(err)
}

// reason returns the shortest text that names the cause: without addresses, which the message has
// already, and without the client library's prefix.
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

// maxReason bounds the text of an error that repeats what another program printed, in bytes.
const maxReason = 1000
