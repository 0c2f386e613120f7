package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
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
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
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

// dial connects as an identity, by what its file of credentials holds.
func (g *guarded) dial(name string, options ...nats.Option) (*nats.Conn, error) {
	return nats.Connect(g.url, append([]nats.Option{
		nats.UserCredentials(filepath.Join(g.keys, name+".creds")), nats.RootCAs(filepath.Join(g.keys, "ca.crt")),
		nats.CustomInboxPrefix("_INBOX_" + name), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), nats.NoReconnect(),
	}, options...)...)
}

// A trial is something that somebody tries, and what comes of it.
type trial struct {
	who, what string
	try       func(*guarded) error // refused if it returns an error that says so
	may       bool
}

// refusedWith returns an error if the server says that it does not permit what was sent.
func refusedWith(nc *nats.Conn) error {
	if err := nc.FlushTimeout(patience); err != nil {
		return err
	}
	if err := nc.LastError(); errors.Is(err, nats.ErrPermissionViolation) {
		return err
	}
	return nil
}

func publishes(name, subject string) func(*guarded) error {
	return func(g *guarded) error {
		nc, err := g.dial(name)
		if err != nil {
			return fmt.Errorf("not tried: %w", err)
		}
		defer nc.Close()
		if err := nc.PublishRequest(subject, nc.NewInbox(), nil); err != nil {
			return fmt.Errorf("not tried: %w", err)
		}
		return refusedWith(nc)
	}
}

func subscribes(name, subject string) func(*guarded) error {
	return func(g *guarded) error {
		nc, err := g.dial(name)
		if err != nil {
			return fmt.Errorf("not tried: %w", err)
		}
		defer nc.Close()
		if _, err := nc.SubscribeSync(subject); err != nil {
			return fmt.Errorf("not tried: %w", err)
		}
		return refusedWith(nc)
	}
}

// runs runs programs of a role, which must all succeed.
func runs(name string, commands ...string) func(*guarded) error {
	return func(g *guarded) error {
		for _, c := range commands {
			program, args, _ := strings.Cut(c, " ")
			if p := run(g.t, program, args+g.as(name)); p.code() != 0 {
				return fmt.Errorf("not tried: %s: exit code %d: %s", c, p.code(), p.stderr.String())
			}
		}
		return nil
	}
}

// overwrites stores a result twice.
func overwrites(g *guarded) error {
	nc, err := g.dial("worker-1")
	if err != nil {
		return fmt.Errorf("not tried: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	if _, err := js.Publish(g.t.Context(), "FACTOR.results.j.0-1.worker-1", []byte("first")); err != nil {
		return fmt.Errorf("not tried: %w", err)
	}
	_, err = js.Publish(g.t.Context(), "FACTOR.results.j.0-1.worker-1", []byte("second"))
	return err
}

func trials() []trial {
	const (
		worker, producer, observer, admin = "worker-1", "producer", "observer", "admin"
		api                               = "$JS.API."
	)
	return []trial{
		{"admin", "`init`: create streams, durables and buckets", runs(admin, "producer init"), true},
		{"worker", "`run`: pull tasks, store results, settle, show that it lives", func(g *guarded) error {
			p := start(g.t, "consumer", "run -n 1"+g.as(worker))
			p.await(&p.stderr, "worker ready")
			return nil
		}, true},
		{"producer", "`submit`, `wait`, `results`", runs(producer, "producer submit 10403", "producer submit --id j 360 1009", "producer wait j", "producer results j"), true},
		{"producer", "`status`, `ls`, `cancel`, `rm`", runs(producer, "producer status", "producer status j", "producer ls", "producer submit --id k --detach 15", "producer rm --force k", "producer submit --id l --detach --priority low 15"), true},
		{"producer", "`dead ls`, `workers ls`, `quarantine`, `release`", runs(producer, "producer dead ls", "producer workers ls", "producer workers quarantine worker-2", "producer workers release worker-2"), true},
		{"observer", "`ls`, `status`, `workers ls`", runs(observer, "producer ls", "producer status", "producer status j", "producer workers ls"), true},

		{"worker", "queue a task", publishes(worker, "FACTOR.tasks.norm.j.0-1.0"), false},
		{"worker", "change the input of a job", publishes(worker, "FACTOR.inputs.j.0-1"), false},
		{"worker", "read inputs", publishes(worker, api+"DIRECT.GET.FACTOR_INPUTS.FACTOR.inputs.j.0-1"), false},
		{"worker", "read results", publishes(worker, api+"DIRECT.GET.FACTOR_RESULTS"), false},
		{"worker", "read results by a consumer", publishes(worker, api+"CONSUMER.CREATE.FACTOR_RESULTS.x.FACTOR.results.>"), false},
		{"worker", "listen to results", subscribes(worker, "FACTOR.results.>"), false},
		{"worker", "listen to tasks", subscribes(worker, "FACTOR.tasks.>"), false},
		{"worker", "listen to everything", subscribes(worker, ">"), false},
		{"worker", "read a queued task past the queue", publishes(worker, api+"STREAM.MSG.GET.FACTOR_TASKS"), false},
		{"worker", "delete a task", publishes(worker, api+"STREAM.MSG.DELETE.FACTOR_TASKS"), false},
		{"worker", "purge a stream", publishes(worker, api+"STREAM.PURGE.FACTOR_TASKS"), false},
		{"worker", "delete a stream", publishes(worker, api+"STREAM.DELETE.FACTOR_TASKS"), false},
		{"worker", "create a consumer of tasks", publishes(worker, api+"CONSUMER.CREATE.FACTOR_TASKS.x.FACTOR.tasks.>"), false},
		{"worker", "create a durable of tasks", publishes(worker, api+"CONSUMER.DURABLE.CREATE.FACTOR_TASKS.x"), false},
		{"worker", "delete a durable", publishes(worker, api+"CONSUMER.DELETE.FACTOR_TASKS.workers-norm"), false},
		{"worker", "pause a durable", publishes(worker, api+"CONSUMER.PAUSE.FACTOR_TASKS.workers-norm"), false},
		{"worker", "read another's inbox", subscribes(worker, "_INBOX_worker-2.>"), false},
		{"worker", "read everybody's inbox", subscribes(worker, "_INBOX.>"), false},
		{"worker", "store a result under another's name", publishes(worker, "FACTOR.results.j.0-1.worker-2"), false},
		{"worker", "overwrite a result that is stored", overwrites, false},
		{"worker", "hand back, fail or give up under another's name", func(g *guarded) error {
			for _, subject := range []string{"FACTOR.returns.j.0-1.0.worker-2", "FACTOR.failed.j.0-1.0.1.worker-2", "FACTOR.dead.j.0-1.worker-2"} {
				if err := publishes(worker, subject)(g); err == nil || !errors.Is(err, nats.ErrPermissionViolation) {
					return err
				}
			}
			return nats.ErrPermissionViolation
		}, false},
		{"worker", "give a number up as the sweeper", publishes(worker, "FACTOR.dead.j.0-1.sweeper"), false},
		{"worker", "send another's heartbeat", publishes(worker, "$KV.FACTOR_WORKERS.worker-2.x"), false},
		{"worker", "change a manifest, or lift its own quarantine", publishes(worker, "$KV.FACTOR_JOBS.worker.worker-1"), false},
		{"worker", "take a lease", publishes(worker, "$KV.FACTOR_LEASES.j"), false},
		{"worker", "cancel a job", publishes(worker, "FACTOR.ctl.cancel.j"), false},
		{"worker", "stop another worker", publishes(worker, "FACTOR.ctl.quarantine.worker-2"), false},
		{"worker", "ack what another works on", publishes(worker, "$JS.ACK.FACTOR_TASKS.workers-norm.1.1.1.1.0"), true},

		{"producer", "delete a stream", publishes(producer, api+"STREAM.DELETE.FACTOR_RESULTS"), false},
		{"producer", "create or change a stream", func(g *guarded) error {
			if err := publishes(producer, api+"STREAM.CREATE.X")(g); err == nil {
				return nil
			}
			return publishes(producer, api+"STREAM.UPDATE.FACTOR_TASKS")(g)
		}, false},
		{"producer", "create a durable of tasks", publishes(producer, api+"CONSUMER.DURABLE.CREATE.FACTOR_TASKS.x"), false},
		{"producer", "delete a durable", publishes(producer, api+"CONSUMER.DELETE.FACTOR_TASKS.workers-norm"), false},
		{"producer", "store a result", publishes(producer, "FACTOR.results.j.0-1.worker-1"), false},
		{"producer", "send a worker's heartbeat", publishes(producer, "$KV.FACTOR_WORKERS.worker-1.x"), false},
		{"producer", "read another's inbox", subscribes(producer, "_INBOX_worker-1.>"), false},

		{"observer", "queue a task", publishes(observer, "FACTOR.tasks.norm.j.0-1.0"), false},
		{"observer", "cancel a job", publishes(observer, "FACTOR.ctl.cancel.j"), false},
		{"observer", "change a manifest", publishes(observer, "$KV.FACTOR_JOBS.j"), false},
		{"observer", "purge a stream", publishes(observer, api+"STREAM.PURGE.FACTOR_TASKS"), false},
		{"observer", "delete a message", publishes(observer, api+"STREAM.MSG.DELETE.FACTOR_RESULTS"), false},
		{"observer", "pull a task", publishes(observer, api+"CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-norm"), false},
		{"observer", "read inputs or results", func(g *guarded) error {
			if err := publishes(observer, api+"DIRECT.GET.FACTOR_INPUTS.FACTOR.inputs.j.0-1")(g); err == nil {
				return nil
			}
			return publishes(observer, api+"CONSUMER.CREATE.FACTOR_RESULTS.x.FACTOR.results.>")(g)
		}, false},
		{"observer", "publish anything else", publishes(observer, "anything"), false},
		{"observer", "read another's inbox", subscribes(observer, "_INBOX_producer.>"), false},

		{"admin", "see the server's own account", func(g *guarded) error {
			nc, err := g.dial("admin")
			if err != nil {
				return fmt.Errorf("not tried: %w", err)
			}
			defer nc.Close()
			_, err = nc.Request("$SYS.REQ.SERVER.PING", nil, time.Second) // there is nobody to answer in its account
			return err
		}, false},
		{"nobody", "connect without credentials", func(g *guarded) error {
			_, err := nats.Connect(g.url, nats.RootCAs(filepath.Join(g.keys, "ca.crt")))
			return err
		}, false},
		{"nobody", "connect without TLS", func(g *guarded) error {
			conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "tls://"))
			if err != nil {
				return fmt.Errorf("not tried: %w", err)
			}
			defer conn.Close()
			if _, err := conn.Write([]byte("CONNECT {\"verbose\":false}\r\nPING\r\n")); err != nil {
				return err
			}
			conn.SetReadDeadline(time.Now().Add(patience))
			answer, err := io.ReadAll(conn)
			if strings.Contains(string(answer), "PONG") {
				return nil
			}
			return errors.Join(errors.New("no answer"), err)
		}, false},
		{"nobody", "connect with the JWT of the producer and a key of one's own", func(g *guarded) error {
			forged := filepath.Join(g.keys, "users", "producer.jwt")
			token, err := os.ReadFile(forged)
			if err != nil {
				return fmt.Errorf("not tried: %w", err)
			}
			key, err := nkeys.CreateUser()
			if err != nil {
				return fmt.Errorf("not tried: %w", err)
			}
			seed, _ := key.Seed()
			_, err = nats.Connect(g.url, nats.RootCAs(filepath.Join(g.keys, "ca.crt")), nats.UserJWTAndSeed(string(token), string(seed)))
			return err
		}, false},
	}
}

// What each role can and cannot do, tried on a nats-server with the printed configuration.
// The table that comes out is the one in README.md.
func TestRolesOnServer(t *testing.T) {
	t.Parallel()
	g := startGuarded(t, unchanged)
	var table strings.Builder
	table.WriteString("| who | tries to | outcome |\n|---|---|---|\n")
	for _, x := range trials() {
		err := x.try(g)
		if err != nil && strings.HasPrefix(err.Error(), "not tried") {
			t.Errorf("%s: %s: %v", x.who, x.what, err)
		}
		outcome := "can"
		if err != nil {
			outcome = "refused"
		}
		if (err == nil) != x.may {
			t.Errorf("%s: %s: %s: %v", x.who, x.what, outcome, err)
		}
		fmt.Fprintf(&table, "| %s | %s | %s |\n", x.who, x.what, outcome)
	}
	t.Logf("what was tried:\n%s", table.String())
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), table.String()) {
		t.Error("README.md has another table than this")
	}
}

// A key that is revoked is refused once the server has read its configuration again, and
// nobody else is disturbed.
func TestRevokeOnServer(t *testing.T) {
	t.Parallel()
	g := startGuarded(t, unchanged)
	run(t, "producer", "init"+g.as("admin")).wantCode(0)
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

// With the two lines of the configuration that are comments only those get through who
// have a certificate of the authority too, and one that is valid.
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
	refusal{"producer", "ls" + g.as("producer"), 3, "asks for a TLS client certificate"}.check(t)
	refusal{"producer", "ls" + g.as("producer") + late, 3, "refuses the TLS certificate in "}.check(t)
	refusal{"producer", "ls" + g.as("producer") + foreign, 3, "refuses the TLS certificate in "}.check(t)
	refusal{"producer", "ls -s " + g.url + " --tlsca " + g.keys + "/ca.crt" + good, 3, "asks for a login"}.check(t)
}

// An expired certificate of the server is trusted by nobody.
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
	// Printed anew it is made anew.
	run(t, "producer", "init --print-server-conf --secure "+g.keys+" --listen 127.0.0.1:4222").wantCode(0)
	pair, err := tls.LoadX509KeyPair(filepath.Join(g.keys, "server.crt"), filepath.Join(g.keys, "server.key"))
	if err != nil || time.Until(pair.Leaf.NotAfter) < 24*time.Hour {
		t.Errorf("the server's certificate ends at %v, %v", pair.Leaf.NotAfter, err)
	}
}

// clientCert makes a client certificate, signed by the authority in the files ca.crt and
// ca.key, and returns the flags for it.
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
