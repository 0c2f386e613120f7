package fleet

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// ErrConnect is wrapped by every error which means that NATS cannot be reached, does
// not let us in, or that the settings for it are wrong.
var ErrConnect = errors.New("no connection to NATS")

// A connectError is one line for the user; it wraps ErrConnect and what caused it.
type connectError struct {
	line  string
	cause error
}

func (e *connectError) Error() string { return e.line }

func (e *connectError) Unwrap() []error {
	if e.cause == nil {
		return []error{ErrConnect}
	}
	return []error{ErrConnect, e.cause}
}

func refuse(cause error, format string, args ...any) error {
	return &connectError{line: fmt.Sprintf(format, args...), cause: cause}
}

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
	Creds          string // file with a JWT and its seed, as made by nsc
	NKey           string // file with the seed of a user nkey
	JWT, Seed      string // a user's JWT and seed themselves

	TLSCert, TLSKey string // files: client certificate and its key
	TLSCA           string // file: authorities that vouch for the server; "" = the system's
	TLSFirst        bool   // TLS handshake before the server's greeting

	JSDomain    string // JetStream domain; "" = none
	JSAPIPrefix string // subject prefix of the JetStream API; "" = $JS.API
	InboxPrefix string // "" = _INBOX
	SocksProxy  string // socks5://[USER:PASSWORD@]HOST:PORT; "" and "none" = direct
	Name        string // of the connection, shown by the server's monitoring; "" = none

	Timeout time.Duration // to connect, and for one reply of JetStream; 0 = 5 s

	resolved bool // the context is merged and defaults are filled in
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
	if !c.NoContext {
		from, err := loadContext(c.Context)
		if err != nil {
			return c, err
		}
		c.merge(from)
	}
	if c.Server == "" {
		c.Server = "nats://127.0.0.1:4222"
	}
	if c.SocksProxy == "none" || c.SocksProxy == "-" {
		c.SocksProxy = ""
	}
	if c.Timeout <= 0 {
		c.Timeout = 5 * time.Second
	}
	for _, file := range []*string{&c.Creds, &c.NKey, &c.TLSCert, &c.TLSKey, &c.TLSCA} {
		*file = expand(*file)
	}
	c.resolved = true
	return c, nil
}

// merge fills in what a context says and c does not.
func (c *Config) merge(from savedContext) {
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	own := c.User+c.Token+c.Creds+c.NKey+c.JWT+c.Seed != "" || strings.Contains(c.Server, "@")
	fill(&c.Server, from.URL)
	if !own {
		fill(&c.Password, from.Password) // a password alone is for the context's user
		c.User, c.Token = from.User, from.Token
		c.Creds, c.NKey, c.JWT, c.Seed = from.Creds, from.NKey, from.JWT, from.Seed
	}
	if c.TLSCert+c.TLSKey == "" {
		c.TLSCert, c.TLSKey = from.Cert, from.Key
	}
	fill(&c.TLSCA, from.CA)
	fill(&c.JSDomain, from.JSDomain)
	fill(&c.JSAPIPrefix, from.JSAPIPrefix)
	fill(&c.InboxPrefix, from.InboxPrefix)
	fill(&c.SocksProxy, from.SocksProxy)
	c.TLSFirst = c.TLSFirst || from.TLSFirst
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
	d := &dialer{timeout: each, proxy: c.SocksProxy}
	auth, err := c.credentials()
	if err != nil {
		return nil, shown, err
	}
	security, err := c.security()
	if err != nil {
		return nil, shown, err
	}
	settings := []nats.Option{
		nats.Name(c.Name),
		nats.Timeout(each),
		nats.SetCustomDialer(d),
		nats.SkipHostLookup(), // the dialer tries all addresses of a name, the proxy resolves it
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.ReconnectJitter(200*time.Millisecond, time.Second),
		nats.PingInterval(20 * time.Second),
		nats.MaxPingsOutstanding(3),
	}
	o := nats.GetDefaultOptions()
	if c.InboxPrefix != "" {
		if err := nats.CustomInboxPrefix(c.InboxPrefix)(&o); err != nil {
			return nil, shown, refuse(err, "%q is not a prefix for inboxes: it must be a subject without wildcards", c.InboxPrefix)
		}
	}
	o.Servers = servers
	for _, option := range slices.Concat(auth, security, settings, extra) {
		if err := option(&o); err != nil {
			return nil, shown, refuse(err, "NATS connection: %s", reason(err))
		}
	}
	limited, cancel := context.WithTimeoutCause(ctx, max(c.Timeout, each*time.Duration(len(servers))), errNoAnswer)
	defer cancel()
	nc, err := connect(limited, o)
	switch {
	case err == nil:
		return nc, hideLogin(nc.ConnectedUrl()), nil
	case ctx.Err() != nil:
		return nil, shown, context.Cause(ctx) // the caller's own end, no fault of NATS
	}
	return nil, shown, c.explain(err, d.lastError(), shown)
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
		return nil, refuse(nil, "a JetStream domain (%q) and an API prefix (%q) exclude each other", c.JSDomain, c.JSAPIPrefix)
	case c.JSDomain != "":
		js, err = jetstream.NewWithDomain(nc, c.JSDomain, opts...)
	case c.JSAPIPrefix != "":
		js, err = jetstream.NewWithAPIPrefix(nc, strings.TrimSuffix(c.JSAPIPrefix, "."), opts...)
	default:
		js, err = jetstream.New(nc, opts...)
	}
	if err != nil {
		return nil, refuse(err, "JetStream: %s", reason(err))
	}
	return js, nil
}

var errNoAnswer = errors.New("no answer")

// connect is o.Connect that ends with ctx, whose cause it then returns. A connection
// that succeeds too late is closed.
func connect(ctx context.Context, o nats.Options) (*nats.Conn, error) {
	type outcome struct {
		nc  *nats.Conn
		err error
	}
	done := make(chan outcome) // closed by nobody: one value or none is taken
	go func() {
		nc, err := o.Connect()
		select {
		case done <- outcome{nc, err}:
		case <-ctx.Done():
			if err == nil {
				nc.Close()
			}
		}
	}()
	select {
	case out := <-done:
		return out.nc, out.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// parseServers splits a list of URLs and returns them also without secrets.
func parseServers(list string) (servers []string, shown string, err error) {
	var show []string
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "" {
			continue
		}
		if !strings.Contains(one, "://") {
			one = "nats://" + one
		}
		u, err := url.Parse(one)
		if err != nil || u.Hostname() == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			// without the cause, which would repeat a password
			return nil, "", refuse(nil, "%q is not a NATS URL: use nats://HOST:PORT, or tls, ws or wss instead of nats", hideLogin(one))
		}
		servers = append(servers, one)
		show = append(show, hideLogin(one))
	}
	if len(servers) == 0 {
		return nil, "", refuse(nil, "%q names no NATS server: use nats://HOST:PORT", list)
	}
	return servers, strings.Join(show, ","), nil
}

// hideLogin removes user, password or token from a URL, even from one that is no URL.
func hideLogin(s string) string {
	at := strings.LastIndex(s, "@")
	if at < 0 {
		return s
	}
	scheme, _, ok := strings.Cut(s[:at], "://")
	if !ok {
		return s[at+1:]
	}
	return scheme + "://" + s[at+1:]
}

// credentials returns who we are. Files are read here so that a mistake in them is
// told now and by name; the library reads them again when it reconnects.
func (c Config) credentials() ([]nats.Option, error) {
	switch {
	case c.Creds != "":
		text, err := os.ReadFile(c.Creds)
		if err != nil {
			return nil, refuse(err, "cannot read the credentials: %v", err)
		}
		if _, err := nkeys.ParseDecoratedUserNKey(text); err != nil {
			return nil, refuse(err, "%s is not a credentials file: it must hold a user JWT and its seed", c.Creds)
		}
		return []nats.Option{nats.UserCredentials(c.Creds)}, nil
	case c.NKey != "":
		option, err := nats.NkeyOptionFromSeed(c.NKey)
		var pathError *fs.PathError
		switch {
		case errors.As(err, &pathError):
			return nil, refuse(err, "cannot read the nkey: %v", pathError)
		case err != nil:
			return nil, refuse(err, "%s is not an nkey file: it must hold the seed of a user", c.NKey)
		}
		return []nats.Option{option}, nil
	case c.JWT != "":
		return []nats.Option{nats.UserJWTAndSeed(c.JWT, c.Seed)}, nil
	case c.User != "":
		return []nats.Option{nats.UserInfo(c.User, c.Password)}, nil
	case c.Token != "":
		return []nats.Option{nats.Token(c.Token)}, nil
	}
	return nil, nil
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

// security returns the options for TLS. As with credentials, files are read early.
func (c Config) security() (options []nats.Option, err error) {
	if c.TLSCert != "" || c.TLSKey != "" {
		if c.TLSCert == "" || c.TLSKey == "" {
			return nil, refuse(nil, "a TLS client certificate needs both --tlscert and --tlskey")
		}
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			return nil, refuse(err, "cannot use the TLS certificate %s with the key %s: %v", c.TLSCert, c.TLSKey, err)
		}
		options = append(options, nats.ClientCert(c.TLSCert, c.TLSKey))
	}
	if c.TLSCA != "" {
		text, err := os.ReadFile(c.TLSCA)
		if err != nil {
			return nil, refuse(err, "cannot read the TLS authorities: %v", err)
		}
		if !x509.NewCertPool().AppendCertsFromPEM(text) {
			return nil, refuse(nil, "%s holds no TLS certificate in PEM form", c.TLSCA)
		}
		options = append(options, nats.RootCAs(c.TLSCA))
	}
	if c.TLSFirst {
		options = append(options, nats.TLSHandshakeFirst())
	}
	return options, nil
}

// explain turns what the client library reports into a line that names the server,
// the cause and what to do. last is why the last attempt to dial failed, if it did:
// the library forgets it.
func (c Config) explain(err, last error, shown string) error {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
	)
	if last != nil && (errors.Is(err, nats.ErrNoServers) || err == errNoAnswer) {
		err = last
	}
	text := reason(err)
	switch {
	case errors.Is(err, nats.ErrAuthorization) && c.login() == "":
		return refuse(err, "NATS at %s asks for a login; use --creds FILE, or --user and --password, or a context", shown)
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired),
		errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired), errors.Is(err, nats.ErrNkeysNotSupported):
		return refuse(err, "NATS at %s refuses %s: %s", shown, c.login(), strings.ToLower(text))
	case errors.As(err, &unknown):
		return refuse(err, "cannot trust NATS at %s: its certificate is signed by an unknown authority; name the authority with --tlsca FILE", shown)
	case errors.As(err, &hostname), errors.As(err, &invalid):
		return refuse(err, "cannot trust NATS at %s: %s", shown, text)
	case faultWithUs(err) && c.TLSCert == "":
		return refuse(err, "NATS at %s asks for a TLS client certificate (%s); use --tlscert and --tlskey", shown, text)
	case faultWithUs(err):
		return refuse(err, "NATS at %s refuses the TLS certificate in %s: %s", shown, c.TLSCert, text)
	case errors.Is(err, nats.ErrSecureConnWanted), errors.As(err, &record):
		return refuse(err, "NATS at %s does not speak TLS here (%s)", shown, text)
	case errors.Is(err, nats.ErrNoInfoReceived):
		return refuse(err, "cannot reach NATS at %s: what listens there is not a NATS server", shown)
	case errors.Is(err, io.EOF):
		return refuse(err, "cannot reach NATS at %s: the connection was closed before the greeting; is it a NATS server, does it want --tlsfirst?", shown)
	case last == nil && (err == errNoAnswer || isTimeout(err)):
		return refuse(err, "cannot reach NATS at %s: no greeting within %v; is it a NATS server, does it want --tlsfirst?", shown, c.Timeout)
	case isTimeout(err):
		text = fmt.Sprintf("no answer within %v", c.Timeout)
	}
	return refuse(err, "cannot reach NATS at %s: %s; start a server (nats-server -js) or name one with -s URL", shown, text)
}

// faultWithUs reports whether the server ended TLS because of the client certificate, or
// of its absence. It may say so, or just hang up once the handshake is over.
func faultWithUs(err error) bool {
	text := err.Error()
	return strings.Contains(text, "closed by remote after TLS handshake") || strings.Contains(text, "certificate required") ||
		strings.Contains(text, "remote error: tls: bad certificate") || strings.Contains(text, "remote error: tls: unknown certificate authority")
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout() || errors.Is(err, nats.ErrTimeout)
}

// reason returns the innermost words of an error of the network or the library.
func reason(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fmt.Sprintf("%s: %s", dns.Name, dns.Err)
	}
	return strings.ReplaceAll(err.Error(), "nats: ", "")
}

// A dialer is the client library's way to the network, directly or through a SOCKS 5 proxy.
type dialer struct {
	timeout time.Duration
	proxy   string

	mu   sync.Mutex
	last error // of the latest Dial
}

// Dial implements nats.CustomDialer.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	conn, err := d.dial(network, address)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = err
	return conn, err
}

func (d *dialer) lastError() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

func (d *dialer) dial(network, address string) (net.Conn, error) {
	direct := net.Dialer{Timeout: d.timeout}
	if d.proxy == "" {
		return direct.Dial(network, address)
	}
	u, err := url.Parse(d.proxy)
	if err != nil || u.Hostname() == "" || u.Scheme != "socks5" && u.Scheme != "socks5h" {
		return nil, fmt.Errorf("%q is not a SOCKS proxy: use socks5://HOST:PORT", hideLogin(d.proxy))
	}
	port := u.Port()
	if port == "" {
		port = "1080"
	}
	conn, err := direct.Dial(network, net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, fmt.Errorf("SOCKS proxy %s: %s", u.Host, reason(err))
	}
	conn.SetDeadline(time.Now().Add(d.timeout))
	if err := socksConnect(conn, u.User, address); err != nil {
		conn.Close()
		return nil, fmt.Errorf("SOCKS proxy %s: %w", u.Host, err)
	}
	conn.SetDeadline(time.Time{})
	return conn, nil
}

// socksConnect asks the SOCKS 5 proxy at the other end of conn to connect to address
// (RFC 1928, with the login of RFC 1929 if user is not nil).
func socksConnect(conn net.Conn, user *url.Userinfo, address string) error {
	host, portText, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	port, err := net.LookupPort("tcp", portText)
	if err != nil {
		return err
	}
	method := byte(0) // no login
	if user != nil {
		method = 2
	}
	if err := socksExchange(conn, []byte{5, 1, method}, []byte{5, method}); err != nil {
		return fmt.Errorf("refuses our kind of login: %w", err)
	}
	password, _ := user.Password()
	if name := user.Username(); user != nil {
		if len(name) > 255 || len(password) > 255 {
			return errors.New("the login is too long")
		}
		ask := append([]byte{1, byte(len(name))}, name...)
		ask = append(append(ask, byte(len(password))), password...)
		if err := socksExchange(conn, ask, []byte{1, 0}); err != nil {
			return fmt.Errorf("refuses the login: %w", err)
		}
	}
	if len(host) > 255 {
		return errors.New("the host name is too long")
	}
	ask := append([]byte{5, 1, 0, 3, byte(len(host))}, host...) // connect, to a name
	ask = binary.BigEndian.AppendUint16(ask, uint16(port))
	if err := socksExchange(conn, ask, []byte{5, 0}); err != nil {
		return fmt.Errorf("cannot reach %s: %w", address, err)
	}
	// What is left of the reply: 0, the type of an address, the address, a port.
	var kind [2]byte
	if _, err := io.ReadFull(conn, kind[:]); err != nil {
		return err
	}
	size := map[byte]int64{1: net.IPv4len, 4: net.IPv6len}[kind[1]]
	if kind[1] == 3 {
		var length [1]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return err
		}
		size = int64(length[0])
	}
	_, err = io.CopyN(io.Discard, conn, size+2)
	return err
}

// socksExchange sends ask and expects two bytes.
func socksExchange(conn net.Conn, ask, expect []byte) error {
	if _, err := conn.Write(ask); err != nil {
		return err
	}
	var got [2]byte
	if _, err := io.ReadFull(conn, got[:]); err != nil {
		return err
	}
	if string(got[:]) != string(expect) {
		return fmt.Errorf("answer %x instead of %x", got, expect)
	}
	return nil
}

// A savedContext is a file that `nats context save` writes, as far as it concerns us.
type savedContext struct {
	URL         string `json:"url"`
	User        string `json:"user"`
	Password    string `json:"password"`
	Token       string `json:"token"`
	Creds       string `json:"creds"`
	NKey        string `json:"nkey"`
	JWT         string `json:"user_jwt"`
	Seed        string `json:"user_seed"`
	Cert        string `json:"cert"`
	Key         string `json:"key"`
	CA          string `json:"ca"`
	TLSFirst    bool   `json:"tls_first"`
	JSDomain    string `json:"jetstream_domain"`
	JSAPIPrefix string `json:"jetstream_api_prefix"`
	InboxPrefix string `json:"inbox_prefix"`
	SocksProxy  string `json:"socks_proxy"`

	// What we cannot use and must not ignore in silence.
	NSC      string `json:"nsc"`
	WinStore string `json:"windows_cert_store"`
}

// loadContext reads the named context, or the selected one if name is empty. Without
// either it returns the zero value.
func loadContext(name string) (savedContext, error) {
	var saved savedContext
	dir, err := contextDir()
	if err != nil {
		if name != "" {
			return saved, refuse(err, "NATS context %q: %v", name, err)
		}
		return saved, nil
	}
	what := fmt.Sprintf("NATS context %q", name)
	if name == "" {
		selected, err := os.ReadFile(filepath.Join(dir, "context.txt"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return saved, refuse(err, "selected NATS context: %v", err)
		}
		if name = strings.TrimSpace(string(selected)); name == "" {
			return saved, nil
		}
		what = fmt.Sprintf("selected NATS context %q", name)
	}
	text, err := os.ReadFile(filepath.Join(dir, "context", name+".json"))
	switch {
	case strings.ContainsAny(name, `/\`), strings.Contains(name, ".."), errors.Is(err, fs.ErrNotExist):
		return saved, refuse(err, "%s does not exist; known are: %s (--no-context ignores them)", what, knownContexts(dir))
	case err != nil:
		return saved, refuse(err, "%s: %v", what, err)
	}
	if err := json.Unmarshal(text, &saved); err != nil {
		return saved, refuse(err, "%s is malformed: %v", what, err)
	}
	if saved.NSC != "" || saved.WinStore != "" || strings.HasPrefix(saved.Creds, "op://") {
		return saved, refuse(nil, "%s takes its credentials from nsc, 1Password or the Windows store, which is not supported; use --no-context with --creds FILE", what)
	}
	return saved, nil
}

// contextDir returns the folder of context.txt and context/.
func contextDir() (string, error) {
	config := os.Getenv("XDG_CONFIG_HOME")
	if config == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		config = filepath.Join(home, ".config")
	}
	return filepath.Join(config, "nats"), nil
}

func knownContexts(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "context", "*.json"))
	if len(files) == 0 {
		return "none"
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	return strings.Join(files, ", ")
}

// expand replaces $VARIABLES and a leading ~ in a path, as the nats command does.
func expand(path string) string {
	path = os.ExpandEnv(path)
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		if home, err := os.UserHomeDir(); err == nil {
			return home + rest
		}
	}
	return path
}
