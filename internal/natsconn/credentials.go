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

	"factorfleet/internal/text"
)

// credentials returns the options for the login. It reads the files itself, so that an error in one of
// them is reported before the connection, with its name. The client library reads them again whenever
// it reconnects.
func (c Config) credentials() ([]nats.Option, error) {
	switch {
	case strings.HasPrefix(c.Creds, "op://"):
		options, err := optionsOf(natscontext.WithCreds(c.Creds))
		if err != nil {
			return nil, Errorf(err, "cannot read the credentials %s: %s; check that op, the tool of 1Password, can read them", c.Creds, text.Sanitize(err.Error(), maxReason))
		}
		return options, nil
	case c.Creds != "":
		return credsFile(c.Creds)
	case c.NKey != "":
		return nkeyFile(c.NKey)
	case c.JWT != "":
		return optionsOf(natscontext.WithUserJWT(c.JWT), natscontext.WithUserSeed(c.Seed))
	case c.User != "":
		return []nats.Option{nats.UserInfo(c.User, c.Password)}, nil
	case c.Token != "":
		return []nats.Option{nats.Token(c.Token)}, nil
	}
	return nil, nil
}

// credsFile returns the option for a file with a user's JWT and seed.
func credsFile(file string) ([]nats.Option, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, Errorf(err, "cannot read the credentials: %v", err)
	}
	if _, err := nkeys.ParseDecoratedUserNKey(text); err != nil {
		return nil, Errorf(err, "%s is not a credentials file: it must contain a user JWT and its seed", file)
	}
	if err := CheckKeyMode(file); err != nil {
		return nil, err
	}
	return []nats.Option{nats.UserCredentials(file)}, nil
}

// nkeyFile returns the option for a file with the seed of a user nkey.
func nkeyFile(file string) ([]nats.Option, error) {
	option, err := nats.NkeyOptionFromSeed(file)
	var pathError *fs.PathError
	switch {
	case errors.As(err, &pathError):
		return nil, Errorf(err, "cannot read the nkey: %v", pathError)
	case err != nil:
		return nil, Errorf(err, "%s is not an nkey file: it must contain the seed of a user", file)
	}
	if err := CheckKeyMode(file); err != nil {
		return nil, err
	}
	return []nats.Option{option}, nil
}

// optionsOf returns the client library's options for a context with these settings.
func optionsOf(settings ...natscontext.Option) ([]nats.Option, error) {
	saved, err := natscontext.New("", false, settings...)
	if err != nil {
		return nil, err
	}
	return saved.NATSOptions()
}

// login describes the credentials for messages, without secrets; "" if there are none.
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
