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

// An Identity is what credentials say about their owner. Only the server can check them. The programs
// use it to report mistakes early, and for the defaults of flags.
type Identity struct {
	Name    string
	Role    schema.Role // "" = the credentials do not say
	Inbox   string      // prefix of the inboxes to which it may subscribe; "" = unknown
	Sources []string    // networks from which it may connect; empty = all
	Expires time.Time   // zero = never
}

// Identity returns what the configured credentials say about their owner, the zero value if they say
// nothing.
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
	return identityOf(claims)
}

// identityOf reads the claims of a user.
func identityOf(claims *jwt.UserClaims) Identity {
	id := Identity{Name: claims.Name, Role: schema.RoleOf(claims.Tags), Sources: claims.Src}
	for _, subject := range claims.Permissions.Sub.Allow {
		if prefix, ok := strings.CutSuffix(subject, ".>"); ok && strings.HasPrefix(prefix, schema.InboxStem) {
			id.Inbox = prefix
		}
	}
	if id.Inbox == "" && id.Role != "" { // its role may subscribe to everything
		id.Inbox = schema.InboxOf(id.Name)
	}
	if claims.Expires > 0 {
		id.Expires = time.Unix(claims.Expires, 0)
	}
	return id
}

// userName returns the name under which the server knows this client, for messages.
func (c Config) userName() string {
	switch id := c.Identity(); {
	case id.Role != "":
		return string(id.Role) + " " + id.Name
	case c.login() != "":
		return c.login()
	}
	return "a client without a login"
}

// authorities returns the option to trust the certificates in the credentials file, nil if it has none.
// Another machine thus needs only one file.
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
