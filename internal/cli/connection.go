package cli

import (
	"time"

	"github.com/urfave/cli/v2"

	"factorfleet/internal/natsconn"
)

// ConnectionFlags returns the flags that say how to reach NATS, with the names and environment
// variables of the nats command. They belong to the app, not to its commands: so the help of each
// command stays short. Users may still write them anywhere on the command line.
func ConnectionFlags() []cli.Flag {
	text := func(name, usage string, env ...string) *cli.StringFlag {
		return &cli.StringFlag{Name: name, Usage: usage, EnvVars: env, Category: connection}
	}
	server := text("server", "`URL` of NATS; separate several URLs with commas (default: the selected nats context, else nats://127.0.0.1:4222)", "NATS_URL")
	server.Aliases = []string{"s"}
	tlsFirst := &cli.BoolFlag{Name: "tlsfirst", DisableDefaultText: true, Aliases: []string{"tls-first"}, Usage: "start TLS before the server sends its first message", Category: connection}
	return []cli.Flag{
		server,
		text("context", "`NAME` of a nats context, or a context file whose name ends in .json", "NATS_CONTEXT"),
		&cli.BoolFlag{Name: "no-context", DisableDefaultText: true, Usage: "ignore the selected nats context", Category: connection},
		text("user", "`USER` name; without a password it is sent as a token", "NATS_USER"),
		text("password", "`PASSWORD` of the user", "NATS_PASSWORD"),
		text("token", "`TOKEN` for the login", "NATS_TOKEN"),
		text("creds", "`FILE` with credentials; it may also contain the TLS authorities to trust", "NATS_CREDS"),
		text("nkey", "`FILE` with the seed of an nkey", "NATS_NKEY"),
		text("jwt", "`JWT` of the user", "NATS_JWT"),
		text("seed", "`SEED` of the key that the user's JWT names", "NATS_SEED"),
		text("tlscert", "`FILE` with the TLS certificate of the client", "NATS_CERT"),
		text("tlskey", "`FILE` with the private key of the client's certificate", "NATS_KEY"),
		text("tlsca", "`FILE` with the TLS authorities to trust", "NATS_CA"),
		tlsFirst,
		&cli.DurationFlag{Name: "timeout", Usage: "`DURATION` to wait for a connection and for each reply", EnvVars: []string{"NATS_TIMEOUT"}, Value: 5 * time.Second, Category: connection},
		text("js-domain", "`DOMAIN` of JetStream"),
		text("js-api-prefix", "`PREFIX` of the subjects of the JetStream API"),
		text("inbox-prefix", "`PREFIX` of reply subjects (default: the prefix in the credentials, else _INBOX)"),
		text("connection-name", "`NAME` of the connection, as the server lists it"),
		text("socks-proxy", "`URL` of a SOCKS 5 proxy: socks5://HOST:PORT", "NATS_SOCKS_PROXY"),
	}
}

// connection is the section of these flags in the help.
const connection = "connection"

// Connection returns the values of ConnectionFlags. name is the name of the connection if the user
// gives none. A timeout that is not positive is an error with exit code Usage.
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
		return config, Usagef("--timeout must be positive")
	}
	if config.Name == "" {
		config.Name = name
	}
	return config, nil
}
