package natsconn

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/nats-io/jsm.go/natscontext"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// credentials returns who we are. Files are read here so that a mistake in them is
// told now and by name; the library reads them again when it reconnects.
func (c Config) credentials() ([]nats.Option, error) {
	switch {
	case strings.HasPrefix(c.Creds, "op://"):
		options, err := optionsOf(natscontext.WithCreds(c.Creds))
		if err != nil {
			return nil, Refuse(err, "cannot read the credentials %s: %s; op, the tool of 1Password, must be able to", c.Creds, oneLine(err))
		}
		return options, nil
	case c.Creds != "":
		text, err := os.ReadFile(c.Creds)
		if err != nil {
			return nil, Refuse(err, "cannot read the credentials: %v", err)
		}
		if _, err := nkeys.ParseDecoratedUserNKey(text); err != nil {
			return nil, Refuse(err, "%s is not a credentials file: it must hold a user JWT and its seed", c.Creds)
		}
		if err := looseKey(c.Creds); err != nil {
			return nil, err
		}
		return []nats.Option{nats.UserCredentials(c.Creds)}, nil
	case c.NKey != "":
		option, err := nats.NkeyOptionFromSeed(c.NKey)
		var pathError *fs.PathError
		switch {
		case errors.As(err, &pathError):
			return nil, Refuse(err, "cannot read the nkey: %v", pathError)
		case err != nil:
			return nil, Refuse(err, "%s is not an nkey file: it must hold the seed of a user", c.NKey)
		}
		if err := looseKey(c.NKey); err != nil {
			return nil, err
		}
		return []nats.Option{option}, nil
	case c.JWT != "":
		return optionsOf(natscontext.WithUserJWT(c.JWT), natscontext.WithUserSeed(c.Seed))
	case c.User != "":
		return []nats.Option{nats.UserInfo(c.User, c.Password)}, nil
	case c.Token != "":
		return []nats.Option{nats.Token(c.Token)}, nil
	}
	return nil, nil
}

// optionsOf returns what the client library must know of a context with these settings.
func optionsOf(settings ...natscontext.Option) ([]nats.Option, error) {
	made, err := natscontext.New("", false, settings...)
	if err != nil {
		return nil, err
	}
	return made.NATSOptions()
}

// login describes the credentials without secrets.
func (c Config) login() string {
	switch {
	case c.Creds != "":
		return "the credentials in " + c.Creds
	case c.NKey != "":
		return "the nkey in " + c.NKey
	case c.JWT != "":
		return "the JWT"
	case c.User != "":
		return fmt.Sprintf("user %q", c.User)
	case c.Token != "":
		return "the token"
	case strings.Contains(c.Server, "@"):
		return "the login in the URL"
	}
	return ""
}
