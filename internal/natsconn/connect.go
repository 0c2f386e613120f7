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

// Config says how to reach NATS. Its fields are the flags of the nats command line and
// override what the context says; the zero value is what that command does without
// any flag: the selected context, else a server on this machine.
//
// Credentials override as a whole: if any of User, Token, Creds, NKey, JWT or a login
// in Server is set, those of the context do not count. If several kinds are left, the
// first of Creds, NKey, JWT, User, Token is used.
type Config struct {
	Server    string // URLs, separated by commas; "" = the context's, else nats://127.0.0.1:4222
	Context   string // name of a context; "" = the selected one, if any
	NoContext bool   // read no context at all

	User, Password string // User without Password is a token
	Token          string
	Creds          string // file with a JWT and its seed, as made by nsc, or op://REFERENCE in 1Password
	NKey           string // file with the seed of a user nkey
	JWT, Seed      string // a user's JWT and seed themselves

	TLSCert, TLSKey string // files: client certificate and its key
	TLSCA           string // file: authorities that vouch for the server; "" = those in Creds, else the system's
	TLSFirst        bool   // TLS handshake before the server's greeting

	JSDomain    string // JetStream domain; "" = none
	JSAPIPrefix string // subject prefix of the JetStream API; "" = $JS.API
	InboxPrefix string // "" = the one of the credentials, else _INBOX
	SocksProxy  string // socks5://[USER:PASSWORD@]HOST:PORT; "" and "none" = direct
	Name        string // of the connection, shown by the server's monitoring; "" = none

	Timeout time.Duration // to connect, and for one reply of JetStream; 0 = 5 s

	resolved bool                 // the context is merged and defaults are filled in
	store    *natscontext.Context // has the TLS certificate in the store of Windows, if not nil
}

// Resolve returns c with the fields of its context and the defaults filled in. Dial
// and JetStream do it themselves; calling it first saves reading the context twice.
func (c Config) Resolve() (Config, error) {
	if c.resolved {
		return c, nil
	}
	if c.User != "" && c.Password == "" {
		c.User, c.Token = "", c.User
	}
	for _, file := range []*string{&c.Creds, &c.NKey, &c.TLSCert, &c.TLSKey, &c.TLSCA} {
		*file = expand(*file)
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
		c.Timeout = 5 * time.Second
	}
	c.resolved = true
	return c, nil
}

// Dial connects, within Timeout or not at all, and returns the connection with the URL
// to show in messages, which has no secrets. Several servers share Timeout, but each has
// a second if Timeout is no less. Once connected it reconnects for ever. The extra options
// are applied last.
func (c Config) Dial(ctx context.Context, extra ...nats.Option) (*nats.Conn, string, error) {
	c, err := c.Resolve()
	if err != nil {
		return nil, "", err
	}
	servers, shown, err := parseServers(c.Server)
	if err != nil {
		return nil, "", err
	}
	// every server gets its share, so that a dead one leaves time for the others
	each := max(c.Timeout/time.Duration(len(servers)), min(c.Timeout, time.Second))
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
		return nil, shown, context.Cause(ctx) // the caller's own end, no fault of NATS
	}
	return nil, shown, c.explain(err, d.lastError(), shown)
}

// options returns everything the client library must know but the servers.
func (c Config) options(d *dialer, extra []nats.Option) (nats.Options, error) {
	o := nats.GetDefaultOptions()
	auth, err := c.credentials()
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
		nats.SkipHostLookup(), // the dialer tries all addresses of a name, the proxy resolves it
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.ReconnectJitter(200*time.Millisecond, time.Second),
		nats.PingInterval(10 * time.Second), // a connection that died silently is noticed after three of them
		nats.MaxPingsOutstanding(2),
	}
	if c.InboxPrefix != "" {
		if err := nats.CustomInboxPrefix(c.InboxPrefix)(&o); err != nil {
			return o, Refuse(err, "%q is not a prefix for inboxes: it must be a subject without wildcards", c.InboxPrefix)
		}
	}
	for _, option := range slices.Concat(auth, security, settings, extra) {
		if err := option(&o); err != nil {
			return o, Refuse(err, "NATS connection: %s", reason(err))
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
		return nil, Refuse(nil, "a JetStream domain (%q) and an API prefix (%q) exclude each other", c.JSDomain, c.JSAPIPrefix)
	case c.JSDomain != "":
		js, err = jetstream.NewWithDomain(nc, c.JSDomain, opts...)
	case c.JSAPIPrefix != "":
		js, err = jetstream.NewWithAPIPrefix(nc, strings.TrimSuffix(c.JSAPIPrefix, "."), opts...)
	default:
		js, err = jetstream.New(nc, opts...)
	}
	if err != nil {
		return nil, Refuse(err, "JetStream: %s", reason(err))
	}
	return js, nil
}
