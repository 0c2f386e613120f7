package natsconn

import (
	"fmt"
	"os"
	"strings"

	"github.com/nats-io/jsm.go/natscontext"

	"factorfleet/internal/text"
)

// loadContext reads the context of the nats command with that name, or the file if name ends in .json,
// or the selected context if name is empty. It returns nil if no context is selected.
func loadContext(name string) (*natscontext.Context, error) {
	if strings.HasSuffix(name, ".json") { // as for the nats command
		saved, err := natscontext.NewFromFile(name)
		if err != nil {
			return nil, Errorf(err, "cannot read the NATS context in %s: %s", name, text.Sanitize(err.Error(), maxReason))
		}
		return saved, nil
	}
	what := fmt.Sprintf("NATS context %q", name)
	if name == "" {
		if name = natscontext.SelectedContext(); name == "" {
			return nil, nil
		}
		what = fmt.Sprintf("selected NATS context %q", name)
	}
	saved, err := natscontext.New(name, true)
	switch {
	case err == nil:
		return saved, nil
	case natscontext.IsKnown(name):
		return nil, Errorf(err, "cannot use %s: %s; --no-context ignores it", what, text.Sanitize(err.Error(), maxReason))
	}
	known := strings.Join(natscontext.KnownContexts(), ", ")
	if known == "" {
		known = "none"
	}
	return nil, Errorf(err, "%s does not exist; known contexts: %s; --no-context ignores them", what, known)
}

// merge sets the fields that are not set from a context.
func (c *Config) merge(saved *natscontext.Context) {
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	own := c.User+c.Token+c.Creds+c.NKey+c.JWT+c.Seed != "" || strings.Contains(c.Server, "@")
	fill(&c.Server, saved.ServerURL())
	if !own {
		fill(&c.Password, saved.Password()) // a password without a user belongs to the context's user
		c.User, c.Token = saved.User(), saved.Token()
		c.Creds, c.NKey, c.JWT, c.Seed = saved.Creds(), saved.NKey(), saved.UserJWT(), saved.UserSeed()
	}
	if c.TLSCert+c.TLSKey == "" {
		c.TLSCert, c.TLSKey = saved.Certificate(), saved.Key()
		if saved.WindowsCertStore() != "" {
			c.store = saved
		}
	}
	fill(&c.TLSCA, saved.CA())
	fill(&c.JSDomain, saved.JSDomain())
	fill(&c.JSAPIPrefix, saved.JSAPIPrefix())
	fill(&c.InboxPrefix, saved.InboxPrefix())
	fill(&c.SocksProxy, saved.SocksProxy())
	c.TLSFirst = c.TLSFirst || saved.TLSHandshakeFirst()
}

// expandPath replaces $VARIABLES and a leading ~ in a path, as natscontext does with the paths in a
// context.
func expandPath(path string) string {
	path = os.ExpandEnv(path)
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		if home, err := os.UserHomeDir(); err == nil {
			return home + rest
		}
	}
	return path
}
