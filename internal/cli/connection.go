package cli

import (
	"time"

	"github.com/urfave/cli/v2"

	"factorfleet/internal/natsconn"
)

// ConnectionFlags returns the flags that say how to reach NATS, with the names and
// environment variables of the nats command. They belong to the app, not to its commands: they
// may stand anywhere on the command line all the same, and the help of the commands stays short.
func ConnectionFlags() []cli.Flag {
	text := func(name, usage string, env ...string) *cli.StringFlag {
		return &cli.StringFlag{Name: name, Usage: usage, EnvVars: env, Category: connection}
	}
	server := text("server", "`URL` of NATS, or several with commas (default: the selected nats context, else nats://127.0.0.1:4222)", "NATS_URL")
	server.Aliases = []string{"s"}
	tlsFirst := &cli.BoolFlag{Name: "tlsfirst", DisableDefaultText: true, Aliases: []string{"tls-first"}, Usage: "TLS handshake before the server's greeting", Category: connection}
	return []cli.Flag{
		server,
		text("context", "`NAME` of a nats context, or a file with one that ends in .json", "NATS_CONTEXT"),
		&cli.BoolFlag{Name: "no-context", DisableDefaultText: true, Usage: "do not use the selected nats context", Category: connection},
		text("user", "`USER`, or a token if there is no password", "NATS_USER"),
		text("password", "`PASSWORD` of the user", "NATS_PASSWORD"),
		text("token", "`TOKEN` to log in with", "NATS_TOKEN"),
		text("creds", "`FILE` with credentials, and perhaps the TLS authorities to trust", "NATS_CREDS"),
		text("nkey", "`FILE` with the seed of an nkey", "NATS_NKEY"),
		text("jwt", "user `JWT`", "NATS_JWT"),
		text("seed", "`SEED` of the user JWT", "NATS_SEED"),
		text("tlscert", "`FILE` with a TLS client certificate", "NATS_CERT"),
		text("tlskey", "`FILE` with its key", "NATS_KEY"),
		text("tlsca", "`FILE` with the TLS authorities to trust", "NATS_CA"),
		tlsFirst,
		&cli.DurationFlag{Name: "timeout", Usage: "`DURATION` to wait for NATS", EnvVars: []string{"NATS_TIMEOUT"}, Value: 5 * time.Second, Category: connection},
		text("js-domain", "JetStream `DOMAIN`"),
		text("js-api-prefix", "`PREFIX` of JetStream's subjects"),
		text("inbox-prefix", "`PREFIX` of reply subjects (default: the one that the credentials allow, else _INBOX)"),
		text("connection-name", "`NAME` of the connection, for the server's operator"),
		text("socks-proxy", "SOCKS 5 `PROXY`, socks5://HOST:PORT", "NATS_SOCKS_PROXY"),
	}
}

const connection = "connection"

// Connection returns what ConnectionFlags were set to. name is the name of the
// connection if the user gives none.
func Connection(c *cli.Context, name string) (natsconn.Config, error) {
	config := natsconn.Config{
		Server:      c.String("server"),
		Context:     c.String("context"),
		NoContext:   c.Bool("no-context"),
		User:        c.String("user"),
		Password:    c.String("password"),
		Token:       c.String("token"),
		Creds:       c.String("creds"),
		NKey:        c.String("nkey"),
		JWT:         c.String("jwt"),
		Seed:        c.String("seed"),
		TLSCert:     c.String("tlscert"),
		TLSKey:      c.String("tlskey"),
		TLSCA:       c.String("tlsca"),
		TLSFirst:    c.Bool("tlsfirst"),
		Timeout:     c.Duration("timeout"),
		JSDomain:    c.String("js-domain"),
		JSAPIPrefix: c.String("js-api-prefix"),
		InboxPrefix: c.String("inbox-prefix"),
		SocksProxy:  c.String("socks-proxy"),
		Name:        c.String("connection-name"),
	}
	if config.Timeout <= 0 {
		return config, Usagef("--timeout %v is not a time to wait", config.Timeout)
	}
	if config.Name == "" {
		config.Name = name
	}
	return config, nil
}
