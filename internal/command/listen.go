package command

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"syscall"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/web"
)

// webCategory is that of the flags in the help.
const webCategory = "page and health"

// ListenFlags returns --listen, whose default is value, and the flags of ProtectFlags. what says what the address serves.
func ListenFlags(value, what string) []ucli.Flag {
	return slices.Concat([]ucli.Flag{
		&ucli.StringFlag{Name: "listen", Value: value, Category: webCategory, Usage: "`ADDRESS` that serves " + what + "; none is no address"},
	}, ProtectFlags())
}

// ProtectFlags returns the flags that say who may read what this process serves over HTTP.
func ProtectFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringFlag{Name: "web-token-file", Category: webCategory, Usage: "`FILE` with the token that requests must have; it is created if it is missing"},
		&ucli.StringFlag{Name: "web-cert", Category: webCategory, Usage: "`FILE` with the TLS certificate for --web-key, in PEM"},
		&ucli.StringFlag{Name: "web-key", Category: webCategory, Usage: "`FILE` with the private key of the TLS certificate"},
		&ucli.StringSliceFlag{Name: "web-host", Category: webCategory, Usage: "`NAME` by which browsers reach this address, such as that of a proxy; may be repeated"},
	}
}

// Listens reports whether --listen names an address.
func Listens(c *ucli.Context) bool { return c.String("listen") != "" && c.String("listen") != "none" }

// CheckListen checks the flags of ListenFlags. All its errors have exit code Usage.
func CheckListen(c *ucli.Context) error {
	if !Listens(c) {
		return nil
	}
	return checkAddress(c, "listen", c.String("listen"))
}

// checkAddress checks the address that a flag names, and the flags of ProtectFlags.
func checkAddress(c *ucli.Context, flag, address string) error {
	host, _, err := cli.SplitAddress(flag, address, 0) // port 0 is a free one
	if err != nil {
		return err
	}
	if (c.String("web-cert") == "") != (c.String("web-key") == "") {
		return cli.Usagef("--web-cert and --web-key must be set together")
	}
	if !web.IsLoopback(host) && c.String("web-token-file") == "" && c.String("web-cert") == "" {
		return cli.Usagef("--%s %s: %w", flag, address, web.ErrNotLoopback)
	}
	return nil
}

// Listen starts to serve what config says at the address of --listen, which CheckListen has checked. The server is nil if
// --listen is none. If the default address is in use, as it is for a second process of the machine, that is logged, and
// the server is nil, too. The caller must close a server.
func Listen(c *ucli.Context, s *Session, config web.Config) (*web.Server, error) {
	if !Listens(c) {
		return nil, nil
	}
	server, err := serveAt(c, s, "listen", c.String("listen"), config)
	if err != nil && !c.IsSet("listen") {
		s.Log.Warn().Err(err).Msg("nothing is served over HTTP: choose another address by --listen")
		return nil, nil
	}
	return server, err
}

// serveAt starts to serve at an address that a flag names.
func serveAt(c *ucli.Context, s *Session, flag, address string, config web.Config) (server *web.Server, err error) {
	config.Address, config.Hosts = address, c.StringSlice("web-host")
	if config.Token, err = readToken(s, c.String("web-token-file")); err != nil {
		return nil, fmt.Errorf("--web-token-file: %w", err)
	}
	if cert := c.String("web-cert"); cert != "" {
		if err := checkPrivate(c.String("web-key")); err != nil {
			return nil, fmt.Errorf("--web-key: %w", err)
		}
		pair, err := tls.LoadX509KeyPair(cert, c.String("web-key"))
		if err != nil {
			return nil, fmt.Errorf("--web-cert and --web-key: %w", err)
		}
		config.TLS = &pair
	}
	if server, err = web.Listen(config); errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--%s: %w; choose another address, or %s", flag, err, without(flag))
	} else if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	host, _, _ := cli.SplitAddress(flag, address, 0)
	if config.TLS == nil && !web.IsLoopback(host) {
		s.Log.Warn().Msg("the token and the page are sent without encryption: set --web-cert and --web-key, or use a proxy with TLS")
	}
	return server, nil
}

// without says how a program is started that does not listen at the address of a flag.
func without(flag string) string {
	if flag == "listen" {
		return "--listen none"
	}
	return "leave --" + flag + " out"
}

// PageFlags returns --web, which is off by default, and the flags of ProtectFlags.
func PageFlags() []ucli.Flag {
	return slices.Concat([]ucli.Flag{
		cli.NewOptionalFlag("web", "127.0.0.1:8222", webCategory, "serve the page of the fleet at http://127.0.0.1:8222/, or by --web=ADDRESS at another address"),
	}, ProtectFlags())
}

// CheckPage checks the flags of PageFlags. All its errors have exit code Usage.
func CheckPage(c *ucli.Context) error {
	if address := c.String("web"); address != "" {
		return checkAddress(c, "web", address)
	}
	for _, name := range []string{"web-token-file", "web-cert", "web-key", "web-host"} {
		if c.IsSet(name) {
			return cli.Usagef("--%s needs --web", name)
		}
	}
	return nil
}

// ServePage starts to serve what config says at the address of --web, which CheckPage has checked. The server is nil without
// --web. The caller must close a server.
func ServePage(c *ucli.Context, s *Session, config web.Config) (*web.Server, error) {
	address := c.String("web")
	if address == "" {
		return nil, nil
	}
	return serveAt(c, s, "web", address, config)
}
