package natsconn

import (
	"bytes"
	"crypto/x509"
	"os"
	"strings"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"factorfleet/internal/schema"
)

// An Identity is what credentials say of themselves. The server decides; this is to tell
// mistakes early, and to spare flags.
type Identity struct {
	Name    string
	Role    schema.Role // "" = the credentials do not say
	Inbox   string
	Sources []string  // networks it may come from; empty = anywhere
	Expires time.Time // zero = never
}

// Identity returns what the configured credentials say; the zero value if they say nothing.
func (c Config) Identity() Identity {
	token := c.JWT
	if c.Creds != "" {
		text, err := os.ReadFile(c.Creds)
		if err != nil {
			return Identity{}
		}
		if token, err = nkeys.ParseDecoratedJWT(text); err != nil {
			return Identity{}
		}
	}
	claims, err := jwt.DecodeUserClaims(token)
	if err != nil {
		return Identity{}
	}
	id := Identity{Name: claims.Name, Sources: claims.Src}
	for _, tag := range claims.Tags {
		if role, ok := strings.CutPrefix(tag, schema.RoleTag); ok {
			id.Role = schema.Role(role)
		}
	}
	for _, subject := range claims.Permissions.Sub.Allow {
		if prefix, ok := strings.CutSuffix(subject, ".>"); ok && strings.HasPrefix(prefix, schema.InboxStem) {
			id.Inbox = prefix
		}
	}
	if id.Inbox == "" && id.Role != "" { // of a role that may subscribe to everything
		id.Inbox = schema.InboxOf(id.Name)
	}
	if claims.Expires > 0 {
		id.Expires = time.Unix(claims.Expires, 0)
	}
	return id
}

// who names those whom the server knows us as, for messages.
func (c Config) who() string {
	switch id := c.Identity(); {
	case id.Role != "":
		return string(id.Role) + " " + id.Name
	case c.login() != "":
		return c.login()
	}
	return "anybody without a login"
}

// authorities returns the option that trusts the certificates in a file of credentials:
// what another machine needs is then one file. Without any it returns nil.
func (c Config) authorities() nats.Option {
	if c.Creds == "" {
		return nil
	}
	text, err := os.ReadFile(c.Creds)
	at := bytes.Index(text, []byte("-----BEGIN CERTIFICATE-----"))
	pool := x509.NewCertPool()
	if err != nil || at < 0 || !pool.AppendCertsFromPEM(text[at:]) {
		return nil
	}
	return func(o *nats.Options) error {
		o.Secure, o.RootCAsCB = true, func() (*x509.CertPool, error) { return pool, nil }
		return nil
	}
}
