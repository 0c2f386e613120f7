package natsconn

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/jsm.go/natscontext"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Config has the settings of a connection. Its fields are the flags of the nats command line. A field
// that is set overrides the context. The zero value connects as that command does without flags: as
// the selected context says, or else to a server on this machine.
//
// Credentials override as a whole: if one of User, Token, Creds, NKey, JWT is set, or Server contains a
// login, the context's credentials are ignored. If several kinds are set, the first of Creds, NKey,
// JWT, User, Token is used.
type Config struct {
	Server    string // URLs, separated by commas; "" = the context's, else nats://127.0.0.1:4222
	Context   string // name of a context, or a file that ends in .json; "" = the selected one, if any
	NoContext bool   // ignore all contexts

	User, Password string // User without Password is a token
	Token          string
	Creds          string // file with a JWT and its seed, as nsc makes it, or op://REFERENCE in 1Password
	NKey           string // file with the seed of a user nkey
	JWT, Seed      string // a user's JWT and seed themselves

	TLSCert, TLSKey string // files: client certificate and its key
	TLSCA           string // file: authorities that the client trusts; "" = those in Creds, else the system's
	TLSFirst        bool   // begin TLS before the server's greeting

	JSDomain    string // JetStream domain; "" = none
	JSAPIPrefix string // subject prefix of the JetStream API; "" = $JS.API
	InboxPrefix string // "" = the one of the credentials, else _INBOX
	SocksProxy  string // socks5://[USER:PASSWORD@]HOST:PORT; "" and "none" = connect directly
	Name        string // of the connection, which the server's monitoring shows; "" = none

	Timeout time.Duration // to connect, and for one answer of JetStream; 0 = 5 s

	resolved bool                 // the context is merged and defaults are filled in
	store    *natscontext.Context // names the TLS certificate in the store of Windows, if not nil
}

// defaultTimeout is the value of Config.Timeout if it is not set.
const defaultTimeout = 5 * time.Second

// Resolve returns c with the context merged and the defaults filled in. Dial and JetStream call it
// themselves. To call it first saves reading the context twice.
func (c Config) Resolve() (Config, error) {
	if c.resolved {
		return c, nil
	}
	if c.User != "" && c.Password == "" {
		c.User, c.Token = "", c.User
	}
	for _, file := range []*string{&c.Creds, &c.NKey, &c.TLSCert, &c.TLSKey, &c.TLSCA} {
		*file = expandPath(*file)
	}
	if !c.NoContext {
		saved, err := loadContext(c.Context)
		if err != nil {
			return c, err
		}
		if saved != nil {
			c.merge(saved)
		}
	}
	c.fillDefaults()
	c.resolved = true
	return c, nil
}

// fillDefaults sets the fields that neither the flags nor the context have set.
func (c *Config) fillDefaults() {
	if c.Server == "" {
		c.Server = nats.DefaultURL
	}
	if c.InboxPrefix == "" {
		c.InboxPrefix = c.Identity().Inbox
	}
	if c.SocksProxy == "none" || c.SocksProxy == "-" {
		c.SocksProxy = ""
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
}

// leastServerTimeout is the time for each of several servers, unless Timeout is shorter.
const leastServerTimeout = time.Second

// Dial connects within Timeout. It returns the connection and its URL without secrets, for messages.
// Several servers share Timeout equally, so that a dead one leaves time for the others; each gets at
// least a second, and the total grows if necessary:
//
//	each = max(Timeout / servers, min(Timeout, 1 s)),  total = max(Timeout, each * servers)
//
// A connection that was made once reconnects for ever. The extra options are applied last. If ctx ends
// first, the error is its cause; all other errors wrap ErrConnect.
func (c Config) Dial(ctx context.Context, extra ...nats.Option) (*nats.Conn, string, error) {
	c, err := c.Resolve()
	if err != nil {
		return nil, "", err
	}
	servers, shown, err := parseServers(c.Server)
	if err != nil {
		return nil, "", err
	}
	each := max(c.Timeout/time.Duration(len(servers)), min(c.Timeout, leastServerTimeout))
	d, err := newDialer(each, c.SocksProxy)
	if err != nil {
		return nil, shown, err
	}
	o, err := c.options(d, extra)
	if err != nil {
		return nil, shown, err
	}
	o.Servers = servers
	limited, cancel := context.WithTimeoutCause(ctx, max(c.Timeout, each*time.Duration(len(servers))), errNoAnswer)
	defer cancel()
	nc, err := connect(limited, o)
	switch {
	case err == nil:
		return nc, URL(nc), nil
	case ctx.Err() != nil:
		return nil, shown, context.Cause(ctx) // the caller has ended it; the server is not at fault
	}
	return nil, shown, c.dialError(err, d.lastError(), shown)
}

// How a connection is kept. A connection that died without a sign is noticed after 30 s: the third ping
// is due while two are unanswered.
const (
	reconnectWait      = 500 * time.Millisecond
	reconnectJitter    = 200 * time.Millisecond
	reconnectJitterTLS = time.Second
	pingInterval       = 10 * time.Second
	maxPings           = 2
)

// options returns the options of the client library, without the servers.
func (c Config) options(d *dialer, extra []nats.Option) (nats.Options, error) {
	o := nats.GetDefaultOptions()
	login, err := c.credentials()
	if err != nil {
		return o, err
	}
	security, err := c.security()
	if err != nil {
		return o, err
	}
	settings := []nats.Option{
		nats.Name(c.Name),
		nats.Timeout(d.timeout),
		nats.SetCustomDialer(d),
		nats.SkipHostLookup(), // the dialer tries all addresses of a name; a proxy looks the name up itself
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectJitter, reconnectJitterTLS),
		nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(maxPings),
	}
	if c.InboxPrefix != "" {
		if err := nats.CustomInboxPrefix(c.InboxPrefix)(&o); err != nil {
			return o, Errorf(err, "%q is not a prefix for inboxes: it must be a subject without wildcards", c.InboxPrefix)
		}
	}
	for _, option := range slices.Concat(login, security, settings, extra) {
		if err := option(&o); err != nil {
			return o, Errorf(err, "NATS connection: %s", reason(err))
		}
	}
	return o, nil
}

// JetStream returns the JetStream API of the configured domain or prefix.
func (c Config) JetStream(nc *nats.Conn, opts ...jetstream.JetStreamOpt) (jetstream.JetStream, error) {
	c, err := c.Resolve()
	if err != nil {
		return nil, err
	}
	opts = append([]jetstream.JetStreamOpt{jetstream.WithDefaultTimeout(c.Timeout)}, opts...)
	var js jetstream.JetStream
	switch {
	case c.JSDomain != "" && c.JSAPIPrefix != "":
		return nil, Errorf(nil, "JetStream domain %q and API prefix %q cannot be used together", c.JSDomain, c.JSAPIPrefix)
	case c.JSDomain != "":
		js, err = jetstream.NewWithDomain(nc, c.JSDomain, opts...)
	case c.JSAPIPrefix != "":
		js, err = jetstream.NewWithAPIPrefix(nc, strings.TrimSuffix(c.JSAPIPrefix, "."), opts...)
	default:
		js, err = jetstream.New(nc, opts...)
	}
	if err != nil {
		return nil, Errorf(err, "JetStream: %s", reason(err))
	}
	return js, nil
}
