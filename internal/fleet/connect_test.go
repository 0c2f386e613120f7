package fleet_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"factorfleet/internal/fleet"
)

// natsServer runs a server with JetStream in this process and returns its URL.
func natsServer(t *testing.T, change func(*server.Options)) string {
	t.Helper()
	o := &server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir()}
	change(o)
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	return "nats://" + s.Addr().String()
}

func plain(*server.Options) {}

func withLogin(o *server.Options) { o.Username, o.Password = "alice", "s3cret" }

// noContexts makes the test independent of the machine's contexts and returns the folder
// for those of the test.
func noContexts(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	return filepath.Join(dir, "nats")
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// connects checks that c gets through to JetStream.
func connects(t *testing.T, c fleet.Config) {
	t.Helper()
	nc, _, err := c.Dial(t.Context())
	if err != nil {
		t.Fatalf("%+v: %v", c, err)
	}
	defer nc.Close()
	js, err := c.JetStream(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.AccountInfo(t.Context()); err != nil {
		t.Errorf("JetStream: %v", err)
	}
}

// fails checks that c does not connect and that the one line says all of words, and no
// secret.
func fails(t *testing.T, c fleet.Config, words ...string) {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	begin := time.Now()
	nc, _, err := c.Dial(t.Context())
	if err == nil {
		nc.Close()
		t.Fatalf("connected, want an error with %q", words)
	}
	if !errors.Is(err, fleet.ErrConnect) {
		t.Errorf("%v does not wrap ErrConnect", err)
	}
	if took := time.Since(begin); took > c.Timeout+time.Second {
		t.Errorf("took %v with a timeout of %v", took, c.Timeout)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
	if text := err.Error(); strings.Contains(text, "\n") || strings.Contains(text, "s3cret") || strings.Contains(text, "nats: ") {
		t.Errorf("error %q", text)
	}
}

func TestDial(t *testing.T) {
	noContexts(t)
	open := natsServer(t, plain)
	nc, shown, err := fleet.Config{Server: open, Name: "test"}.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if o := nc.Opts; shown != open || o.Name != "test" || o.MaxReconnect != -1 || o.ReconnectWait != 500*time.Millisecond ||
		o.PingInterval != 20*time.Second || o.MaxPingsOut != 3 {
		t.Errorf("URL %q, options %+v", shown, o)
	}
	connects(t, fleet.Config{Server: strings.TrimPrefix(open, "nats://")})

	guarded := natsServer(t, withLogin)
	connects(t, fleet.Config{Server: guarded, User: "alice", Password: "s3cret"})
	inURL := strings.Replace(guarded, "//", "//alice:s3cret@", 1)
	nc, shown, err = fleet.Config{Server: inURL}.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nc.Close()
	if shown != guarded {
		t.Errorf("URL %q is shown as %q", inURL, shown)
	}
	fails(t, fleet.Config{Server: guarded, User: "alice", Password: "s3cret!"}, guarded, `refuses user "alice": authorization violation`)
	fails(t, fleet.Config{Server: strings.Replace(guarded, "//", "//alice:s3cret!@", 1)}, guarded, "refuses the login in the URL")
	fails(t, fleet.Config{Server: guarded}, guarded, "asks for a login", "--creds")

	token := natsServer(t, func(o *server.Options) { o.Authorization = "t0ken" })
	connects(t, fleet.Config{Server: token, Token: "t0ken"})
	connects(t, fleet.Config{Server: token, User: "t0ken"}) // as with the nats command
	fails(t, fleet.Config{Server: token, Token: "no"}, token, "refuses the token")
}

// TestDialOneOfSeveral: a dead server in the list does not keep us from the others.
func TestDialOneOfSeveral(t *testing.T) {
	noContexts(t)
	silence := func(conn net.Conn) { io.Copy(io.Discard, conn) }
	dead := listen(t, silence)
	fails(t, fleet.Config{Server: dead + "," + listen(t, silence), Timeout: 2 * time.Second}, dead+",nats://", "no greeting")
	connects(t, fleet.Config{Server: dead + ", " + natsServer(t, plain), Timeout: 2 * time.Second})
}

func TestDialNKey(t *testing.T) {
	noContexts(t)
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, _ := user.PublicKey()
	seed, _ := user.Seed()
	guarded := natsServer(t, func(o *server.Options) { o.Nkeys = []*server.NkeyUser{{Nkey: public}} })
	file := write(t, filepath.Join(t.TempDir(), "user.nk"), string(seed))
	connects(t, fleet.Config{Server: guarded, NKey: file})
	t.Setenv("KEYS", filepath.Dir(file))
	connects(t, fleet.Config{Server: guarded, NKey: "$KEYS/user.nk"})
	fails(t, fleet.Config{Server: natsServer(t, plain), NKey: file}, "refuses the nkey in "+file, "nkeys not supported")
	fails(t, fleet.Config{Server: guarded, NKey: file + "x"}, "cannot read the nkey", "user.nkx")
	fails(t, fleet.Config{Server: guarded, NKey: write(t, file+"y", "hello")}, "user.nky is not an nkey file")
}

func TestDialBadFiles(t *testing.T) {
	noContexts(t)
	junk := write(t, filepath.Join(t.TempDir(), "junk"), "hello")
	const s = "nats://127.0.0.1:1"
	fails(t, fleet.Config{Server: s, Creds: "/no/such.creds"}, "cannot read the credentials", "/no/such.creds", "no such file")
	fails(t, fleet.Config{Server: s, Creds: junk}, junk+" is not a credentials file")
	fails(t, fleet.Config{Server: s, TLSCA: "/no/ca.pem"}, "cannot read the TLS authorities", "/no/ca.pem")
	fails(t, fleet.Config{Server: s, TLSCA: junk}, junk+" holds no TLS certificate")
	fails(t, fleet.Config{Server: s, TLSCert: junk}, "needs both --tlscert and --tlskey")
	fails(t, fleet.Config{Server: s, TLSCert: junk, TLSKey: junk}, "cannot use the TLS certificate "+junk)
	fails(t, fleet.Config{Server: s, InboxPrefix: "a.*"}, `"a.*" is not a prefix for inboxes`)
	fails(t, fleet.Config{Server: "http://alice:s3cret@x"}, `"http://x" is not a NATS URL`)
	fails(t, fleet.Config{Server: "nats://alice:s3cret%zz@x"}, "is not a NATS URL")
	fails(t, fleet.Config{Server: ","}, "names no NATS server")
}

// listen accepts connections and hands them to serve; it returns its URL.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return "nats://" + l.Addr().String()
}

func TestDialNobody(t *testing.T) {
	noContexts(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	l.Close()
	fails(t, fleet.Config{Server: "nats://alice:s3cret@" + free}, "cannot reach NATS at nats://"+free+": connection refused; start a server (nats-server -js) or name one with -s URL")
	fails(t, fleet.Config{Server: "nats://no-such-host.invalid:4222"}, "cannot reach NATS at nats://no-such-host.invalid:4222: no-such-host.invalid: ")

	silent := listen(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
	fails(t, fleet.Config{Server: silent, Timeout: 300 * time.Millisecond}, silent, "no greeting within 300ms")
	closing := listen(t, func(net.Conn) {})
	fails(t, fleet.Config{Server: closing}, closing, "closed before the greeting")
	web := listen(t, func(conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n")
		io.Copy(io.Discard, conn)
	})
	fails(t, fleet.Config{Server: web}, web, "not a NATS server")
	fails(t, fleet.Config{Server: silent, SocksProxy: "socks5://" + free}, "SOCKS proxy "+free+": connection refused")
	fails(t, fleet.Config{Server: silent, SocksProxy: "http://" + free}, "is not a SOCKS proxy")
}

// TestDialCancelled: a caller who gives up is told its own reason, at once.
func TestDialCancelled(t *testing.T) {
	noContexts(t)
	greeted := make(chan bool, 1)
	silent := listen(t, func(conn net.Conn) { greeted <- true; io.Copy(io.Discard, conn) })
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-greeted; cancel(why) }()
	_, _, err := fleet.Config{Server: silent, Timeout: time.Minute}.Dial(ctx)
	if err != why || errors.Is(err, fleet.ErrConnect) {
		t.Errorf("error %v, want %v", err, why)
	}
}

func TestContext(t *testing.T) {
	dir := noContexts(t)
	open, guarded := natsServer(t, plain), natsServer(t, withLogin)
	login := `"user":"alice","password":"s3cret"`
	write(t, filepath.Join(dir, "context", "lab.json"), `{"description":"x","url":"`+guarded+`",`+login+`,"jetstream_domain":"","token":""}`)
	write(t, filepath.Join(dir, "context", "open.json"), `{"url":"`+open+`"}`)
	write(t, filepath.Join(dir, "context", "broken.json"), `{"url":`)
	write(t, filepath.Join(dir, "context", "nsc.json"), `{"nsc":"nsc://o/a/u"}`)

	connects(t, fleet.Config{Context: "lab"})
	connects(t, fleet.Config{Context: "lab", Server: guarded})    // the context's login
	connects(t, fleet.Config{Context: "lab", Password: "s3cret"}) // for the context's user
	connects(t, fleet.Config{Context: "open", Server: strings.Replace(guarded, "//", "//alice:s3cret@", 1)})
	fails(t, fleet.Config{Context: "lab", Token: "no"}, guarded, "refuses the token") // not the context's login
	fails(t, fleet.Config{Context: "lab", Password: "no"}, guarded, `refuses user "alice"`)
	fails(t, fleet.Config{Context: "lap"}, `NATS context "lap" does not exist; known are: broken, lab, nsc, open`)
	fails(t, fleet.Config{Context: "../context/lab"}, "does not exist")
	fails(t, fleet.Config{Context: "broken"}, `NATS context "broken" is malformed`)
	fails(t, fleet.Config{Context: "nsc"}, "not supported")

	write(t, filepath.Join(dir, "context.txt"), "lab\n")
	connects(t, fleet.Config{})
	connects(t, fleet.Config{Context: "open"})
	fails(t, fleet.Config{Server: guarded, NoContext: true}, "asks for a login")
	if c, err := (fleet.Config{NoContext: true, Context: "lab"}).Resolve(); err != nil || c.Server != "nats://127.0.0.1:4222" || c.User != "" {
		t.Errorf("without a context: %+v, %v", c, err)
	}
	write(t, filepath.Join(dir, "context.txt"), "gone")
	fails(t, fleet.Config{}, `selected NATS context "gone" does not exist`, "--no-context")
	fails(t, fleet.Config{JSDomain: "hub", JSAPIPrefix: "x", NoContext: true, Server: "nats://127.0.0.1:1"}, "refused")
	_, err := fleet.Config{JSDomain: "hub", JSAPIPrefix: "x", NoContext: true}.JetStream(nil)
	if !errors.Is(err, fleet.ErrConnect) {
		t.Errorf("domain and prefix: %v", err)
	}
}

// certificate returns a self-signed certificate for 127.0.0.1, and the PEM of it and of
// its key.
func certificate(t *testing.T) (cert tls.Certificate, certText, keyText string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certText = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	keyText = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, certText, keyText
}

func TestTLS(t *testing.T) {
	noContexts(t)
	cert, certText, keyText := certificate(t)
	dir := t.TempDir()
	ca, key := write(t, filepath.Join(dir, "ca.pem"), certText), write(t, filepath.Join(dir, "key.pem"), keyText)
	guarded := natsServer(t, func(o *server.Options) {
		o.TLS, o.TLSTimeout, o.TLSConfig = true, 2, &tls.Config{Certificates: []tls.Certificate{cert}}
	})
	connects(t, fleet.Config{Server: guarded, TLSCA: ca})
	fails(t, fleet.Config{Server: guarded}, guarded, "unknown authority", "--tlsca")
	other := strings.Replace(guarded, "127.0.0.1", "localhost", 1)
	fails(t, fleet.Config{Server: other, TLSCA: ca}, "cannot trust NATS at "+other)
	open := natsServer(t, plain)
	fails(t, fleet.Config{Server: open, TLSCA: ca}, open, "does not speak TLS")
	fails(t, fleet.Config{Server: open, TLSFirst: true}, open, "does not speak TLS")

	mutual := natsServer(t, func(o *server.Options) {
		o.TLS, o.TLSTimeout = true, 2
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert}
	})
	fails(t, fleet.Config{Server: mutual, TLSCA: ca}, mutual, "client certificate", "--tlscert")
	connects(t, fleet.Config{Server: mutual, TLSCA: ca, TLSCert: ca, TLSKey: key})

	first := natsServer(t, func(o *server.Options) {
		o.TLS, o.TLSTimeout, o.TLSHandshakeFirst = true, 0.2, true
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	})
	connects(t, fleet.Config{Server: first, TLSCA: ca, TLSFirst: true})
	fails(t, fleet.Config{Server: first, TLSCA: ca}, first, "--tlsfirst")
}

// TestSocks connects through a proxy that knows one user.
func TestSocks(t *testing.T) {
	noContexts(t)
	open := natsServer(t, plain)
	proxy := strings.TrimPrefix(listen(t, serveSocks), "nats://")
	connects(t, fleet.Config{Server: open, SocksProxy: "socks5://bob:pw@" + proxy})
	fails(t, fleet.Config{Server: open, SocksProxy: "socks5://bob:s3cret@" + proxy}, "SOCKS proxy "+proxy+": refuses the login")
	fails(t, fleet.Config{Server: open, SocksProxy: "socks5://" + proxy}, "refuses our kind of login")
	fails(t, fleet.Config{Server: "nats://127.0.0.1:1", SocksProxy: "socks5://bob:pw@" + proxy}, "cannot reach 127.0.0.1:1")
}

func serveSocks(conn net.Conn) {
	in := bufio.NewReader(conn)
	take := func(n int) string {
		b := make([]byte, n)
		io.ReadFull(in, b)
		return string(b)
	}
	if take(3) != "\x05\x01\x02" {
		io.WriteString(conn, "\x05\xff")
		return
	}
	io.WriteString(conn, "\x05\x02")
	take(1)
	if user, password := take(int(take(1)[0])), take(int(take(1)[0])); user != "bob" || password != "pw" {
		io.WriteString(conn, "\x01\x01")
		return
	}
	io.WriteString(conn, "\x01\x00")
	take(4)
	host := take(int(take(1)[0]))
	port := take(2)
	to, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: net.ParseIP(host), Port: int(port[0])<<8 | int(port[1])})
	if err != nil {
		io.WriteString(conn, "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")
		return
	}
	defer to.Close()
	io.WriteString(conn, "\x05\x00\x00\x03\x04test\x00\x00")
	go io.Copy(to, in)
	io.Copy(conn, to)
}

// TestDialReconnects: the limit on the first connection does not outlive it.
func TestDialReconnects(t *testing.T) {
	noContexts(t)
	o := &server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	url := "nats://" + s.Addr().String()
	again := make(chan bool, 1)
	nc, _, err := fleet.Config{Server: url}.Dial(t.Context(), nats.ReconnectHandler(func(*nats.Conn) { again <- true }))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	o.Port = s.Addr().(*net.TCPAddr).Port
	s.Shutdown()
	s.WaitForShutdown()
	s, err = server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	defer s.Shutdown()
	select {
	case <-again:
	case <-time.After(20 * time.Second):
		t.Error("not connected again")
	}
}
