package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// A guarded server is a nats-server with the configuration that producer init prints.
type guarded struct {
	*server
	keys, conf string
	reload     func() // prints the configuration anew and has the server read it
}

func startGuarded(t testing.TB, change func(conf string) string) *guarded {
	t.Helper()
	dir := t.TempDir()
	g := &guarded{keys: filepath.Join(dir, "keys"), conf: filepath.Join(dir, "server.conf")}
	args := "init --print-server-conf --secure " + g.keys + " --listen 127.0.0.1:" + freePorts(t, 1)[0] + " --store " + filepath.Join(dir, "store")
	print := func() {
		conf := run(t, "producer", args).wantCode(0).stdout.String()
		if err := os.WriteFile(g.conf, []byte(change(conf)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	print()
	run(t, "nats-server", "-t -c "+g.conf).wantCode(0).wantSaid("is valid")
	g.server = &server{program: start(t, "nats-server", "-c "+g.conf)}
	g.await(&g.stderr, "Server is ready")
	g.url = strings.Replace(listens(t, g.program), "nats:", "tls:", 1)
	g.reload = func() { print(); g.signal(syscall.SIGHUP) }
	return g
}

func unchanged(conf string) string { return conf }

// as returns the flags of an identity.
func (g *guarded) as(name string) string { return " --context " + filepath.Join(g.keys, name+".json") }

// dial connects as an identity, with the content of its credentials file.
func (g *guarded) dial(name string, options ...nats.Option) (*nats.Conn, error) {
	return nats.Connect(g.url, append([]nats.Option{
		nats.UserCredentials(filepath.Join(g.keys, name+".creds")), nats.RootCAs(filepath.Join(g.keys, "ca.crt")),
		nats.CustomInboxPrefix("_INBOX_" + name), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), nats.NoReconnect(),
	}, options...)...)
}

// A revoked key is refused once the server has reloaded its configuration. No other identity is
// affected.
func TestRevokeOnServer(t *testing.T) {
	t.Parallel()
	g := startGuarded(t, unchanged)
	run(t, "producer", "init --ack-wait 5s"+g.as("admin")).wantCode(0) // a request from before the reload may cost a task a delivery
	stays := start(t, "consumer", "run -n 1"+g.as("worker-1"))
	stays.await(&stays.stderr, "worker ready")
	goes := start(t, "consumer", "run -n 1"+g.as("worker-2"))
	goes.await(&goes.stderr, "worker ready")
	run(t, "embedded", "keys revoke worker-2 --secure "+g.keys).wantCode(0)
	run(t, "embedded", "keys add worker worker-3 --secure "+g.keys).wantCode(0)
	joined := start(t, "consumer", "run -n 1"+g.as("worker-3")) // needs no reload
	joined.await(&joined.stderr, "worker ready")
	g.reload()
	goes.wantCode(3).wantSaid("consumer: error: NATS at " + g.url + " refuses the credentials in ")
	run(t, "producer", "submit 15"+g.as("producer")).wantCode(0).wantStdout("15: 3 5\n")
	if said := stays.stderr.String(); strings.Contains(said, "lost") {
		t.Errorf("worker-1 was disturbed:\n%s", said)
	}
}

// With the two commented lines of the configuration enabled, only clients with a valid certificate of
// the authority can connect.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	g := startGuarded(t, func(conf string) string {
		return strings.NewReplacer("  # ca_file:", "  ca_file:", "  # verify:", "  verify:").Replace(conf)
	})
	now := time.Now()
	good := g.clientCert("good", filepath.Join(g.keys, "ca"), now.Add(time.Hour))
	late := g.clientCert("late", filepath.Join(g.keys, "ca"), now.Add(-time.Minute))
	other := filepath.Join(t.TempDir(), "other")
	run(t, "producer", "init --print-server-conf --secure "+other).wantCode(0)
	foreign := g.clientCert("foreign", filepath.Join(other, "ca"), now.Add(time.Hour))
	run(t, "producer", "init"+g.as("admin")+good).wantCode(0)
	run(t, "producer", "ls"+g.as("producer")+good).wantCode(0)
	refusal{"producer", "ls" + g.as("producer"), 3, "requires a TLS client certificate"}.check(t)
	refusal{"producer", "ls" + g.as("producer") + late, 3, "refuses the TLS certificate in "}.check(t)
	refusal{"producer", "ls" + g.as("producer") + foreign, 3, "refuses the TLS certificate in "}.check(t)
	refusal{"producer", "ls -s " + g.url + " --tlsca " + g.keys + "/ca.crt" + good, 3, "requires a login"}.check(t)
}

// No client trusts an expired certificate of the server.
func TestExpiredServer(t *testing.T) {
	t.Parallel()
	g := startGuarded(t, func(conf string) string {
		keys := regexp.MustCompile(`cert_file: "(.*)/server.crt"`).FindStringSubmatch(conf)[1]
		(&guarded{server: &server{program: &program{t: t}}, keys: keys}).signedBy(filepath.Join(keys, "ca"), filepath.Join(keys, "server"), &x509.Certificate{
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(-time.Minute),
		})
		return conf
	})
	refusal{"producer", "ls" + g.as("producer"), 3, "has expired"}.check(t)
	// Printing the configuration again renews it.
	run(t, "producer", "init --print-server-conf --secure "+g.keys+" --listen 127.0.0.1:4222").wantCode(0)
	pair, err := tls.LoadX509KeyPair(filepath.Join(g.keys, "server.crt"), filepath.Join(g.keys, "server.key"))
	if err != nil || time.Until(pair.Leaf.NotAfter) < 24*time.Hour {
		t.Errorf("the server's certificate ends at %v, %v", pair.Leaf.NotAfter, err)
	}
}

// clientCert creates a client certificate, signed by the authority in the files ca.crt and ca.key, and
// returns its flags.
func (g *guarded) clientCert(name, ca string, until time.Time) string {
	g.t.Helper()
	file := filepath.Join(g.t.TempDir(), name)
	g.signedBy(ca, file, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until})
	return " --tlscert " + file + ".crt --tlskey " + file + ".key"
}

func (g *guarded) signedBy(ca, file string, template *x509.Certificate) {
	g.t.Helper()
	authority, err := tls.LoadX509KeyPair(ca+".crt", ca+".key")
	if err != nil {
		g.t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		g.t.Fatal(err)
	}
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: "test"}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, key.Public(), authority.PrivateKey)
	if err != nil {
		g.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		g.t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{file + ".crt": {Type: "CERTIFICATE", Bytes: der}, file + ".key": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			g.t.Fatal(err)
		}
	}
}
