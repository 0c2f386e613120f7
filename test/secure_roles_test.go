package test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"factorfleet/internal/identity"
	"factorfleet/internal/schema"
)

// A trial is an action that a role tries, with the expected outcome.
type trial struct {
	who, what string
	try       func(*guarded) error // refused if it returns an error that says so
	may       bool
}

// refusedWith returns an error if the server refuses the permission.
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

// runs runs programs of a role, all of which must succeed.
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
		{"worker", "`run`: pull tasks, store results, settle, send heartbeats", func(g *guarded) error {
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
		{"worker", "subscribe to results", subscribes(worker, "FACTOR.results.>"), false},
		{"worker", "subscribe to tasks", subscribes(worker, "FACTOR.tasks.>"), false},
		{"worker", "subscribe to everything", subscribes(worker, ">"), false},
		{"worker", "read a queued task without pulling it", publishes(worker, api+"STREAM.MSG.GET.FACTOR_TASKS"), false},
		{"worker", "delete a task", publishes(worker, api+"STREAM.MSG.DELETE.FACTOR_TASKS"), false},
		{"worker", "purge a stream", publishes(worker, api+"STREAM.PURGE.FACTOR_TASKS"), false},
		{"worker", "delete a stream", publishes(worker, api+"STREAM.DELETE.FACTOR_TASKS"), false},
		{"worker", "create a consumer of tasks", publishes(worker, api+"CONSUMER.CREATE.FACTOR_TASKS.x.FACTOR.tasks.>"), false},
		{"worker", "create a durable of tasks", publishes(worker, api+"CONSUMER.DURABLE.CREATE.FACTOR_TASKS.x"), false},
		{"worker", "delete a durable", publishes(worker, api+"CONSUMER.DELETE.FACTOR_TASKS.workers-norm"), false},
		{"worker", "pause a durable", publishes(worker, api+"CONSUMER.PAUSE.FACTOR_TASKS.workers-norm"), false},
		{"worker", "read another user's inbox", subscribes(worker, "_INBOX_worker-2.>"), false},
		{"worker", "read the inboxes of all users", subscribes(worker, "_INBOX.>"), false},
		{"worker", "store a result under another worker's name", publishes(worker, "FACTOR.results.j.0-1.worker-2"), false},
		{"worker", "overwrite a stored result", overwrites, false},
		{"worker", "store a return, failure or dead letter under another worker's name", func(g *guarded) error {
			for _, subject := range []string{"FACTOR.returns.j.0-1.0.worker-2", "FACTOR.failed.j.0-1.0.1.worker-2", "FACTOR.dead.j.0-1.worker-2"} {
				if err := publishes(worker, subject)(g); err == nil || !errors.Is(err, nats.ErrPermissionViolation) {
					return err
				}
			}
			return nats.ErrPermissionViolation
		}, false},
		{"worker", "store a dead letter as the sweeper", publishes(worker, "FACTOR.dead.j.0-1.sweeper"), false},
		{"worker", "send another worker's heartbeat", publishes(worker, "$KV.FACTOR_WORKERS.worker-2.x"), false},
		{"worker", "change a manifest, or end its own quarantine", publishes(worker, "$KV.FACTOR_JOBS.worker.worker-1"), false},
		{"worker", "take a lease", publishes(worker, "$KV.FACTOR_LEASES.j"), false},
		{"worker", "write to the cache of factorizations", publishes(worker, "FACTOR.cache.0123456789abcdef0123456789abcdef"), false},
		{"worker", "read the cache, or remove its entries", func(g *guarded) error {
			if err := publishes(worker, api+"DIRECT.GET.FACTOR_CACHE")(g); err == nil {
				return nil
			}
			return publishes(worker, api+"STREAM.PURGE.FACTOR_CACHE")(g)
		}, false},
		{"worker", "store an answer as the cache", publishes(worker, "FACTOR.results.j.0-1.cache"), false},
		{"worker", "cancel a job", publishes(worker, "FACTOR.ctl.cancel.j"), false},
		{"worker", "stop another worker", publishes(worker, "FACTOR.ctl.quarantine.worker-2"), false},
		{"worker", "have an answer of the server stored as input, task, manifest, lease or another's result", misdirects(worker, requests(worker), stored(), admin), false},
		{"worker", "have an answer of the server delivered as an order", misdirects(worker, requests(worker), ordered(), admin, "worker-2"), false},
		{"worker", "ack a delivery of another worker", publishes(worker, "$JS.ACK.FACTOR_TASKS.workers-norm.1.1.1.1.0"), true},

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
		{"producer", "`cache`, `find`", runs(producer, "producer cache stats", "producer cache export", "producer cache rm --all"), true},
		{"producer", "send a worker's heartbeat", publishes(producer, "$KV.FACTOR_WORKERS.worker-1.x"), false},
		{"producer", "read another user's inbox", subscribes(producer, "_INBOX_worker-1.>"), false},

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
		{"observer", "`cache stats`", runs(observer, "producer cache stats"), true},
		{"observer", "read the cache", publishes(observer, api+"DIRECT.GET.FACTOR_CACHE"), false},
		{"observer", "write to the cache", publishes(observer, "FACTOR.cache.0123456789abcdef0123456789abcdef"), false},
		{"observer", "have an answer of the server stored", misdirects(observer, []request{{"$JS.API.INFO", ""}}, []string{"FACTOR.inputs.answers.1-1"}, admin), true},
		{"observer", "publish anything else", publishes(observer, "anything"), false},
		{"observer", "read another user's inbox", subscribes(observer, "_INBOX_producer.>"), false},

		{"admin", "read the server's system account", func(g *guarded) error {
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
		{"nobody", "connect with a key that is revoked", revoked, false},
		{"nobody", "connect with a key that has expired", signed(identity.User{Expires: time.Now().Add(-time.Minute)}, ""), false},
		{"nobody", "connect from an address that `--src` does not permit", signed(identity.User{Sources: []string{"127.0.0.2/32"}}, "127.0.0.1"), false},
		{"producer", "connect from an address that `--src` permits", signed(identity.User{Sources: []string{"127.0.0.2/32"}}, "127.0.0.2"), true},
		{"nobody", "connect with a key that another operator's account has signed", func(g *guarded) error {
			other, err := identity.Create(filepath.Join(g.t.TempDir(), "other"))
			if err != nil {
				return fmt.Errorf("not tried: %w", err)
			}
			return enters(g, other, identity.User{}, "")
		}, false},
		{"producer", "trust the server if another authority has signed its certificate", func(g *guarded) error {
			other := filepath.Join(g.t.TempDir(), "other")
			if _, err := identity.Create(other); err != nil {
				return fmt.Errorf("not tried: %w", err)
			}
			_, err := g.dial("producer", func(o *nats.Options) error { o.RootCAsCB = nil; return nats.RootCAs(filepath.Join(other, "ca.crt"))(o) })
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
			return errors.Join(errMute, err)
		}, false},
		{"nobody", "connect with the JWT of the producer and another key", func(g *guarded) error {
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

// enters connects with a key that keys sign for a producer like u.
func enters(g *guarded, keys *identity.Store, u identity.User, from string) error {
	u.Name, u.Role = "guest", schema.RoleProducer
	c, err := keys.Sign(u, schema.PermissionsOf(u.Role, u.Name))
	if err != nil {
		return fmt.Errorf("not tried: %w", err)
	}
	nc, err := nats.Connect(g.url, nats.UserJWTAndSeed(c.JWT, c.Seed), nats.RootCAs(filepath.Join(g.keys, "ca.crt")),
		nats.Dialer(&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}))
	if err == nil {
		nc.Close()
	}
	return err
}

func signed(u identity.User, from string) func(*guarded) error {
	return func(g *guarded) error {
		keys, err := identity.Open(g.keys)
		if err != nil {
			return fmt.Errorf("not tried: %w", err)
		}
		return enters(g, keys, u, from)
	}
}

// revoked connects with a key that was valid until it was revoked.
func revoked(g *guarded) error {
	keys, err := identity.Open(g.keys)
	if err == nil {
		err = keys.Add(identity.User{Name: "gone", Role: schema.RoleWorker})
	}
	if err != nil {
		return fmt.Errorf("not tried: %w", err)
	}
	kept := filepath.Join(g.t.TempDir(), "kept.creds")
	text, err := os.ReadFile(keys.CredsFile("gone"))
	if err == nil {
		err = os.WriteFile(kept, text, 0o600)
	}
	connect := func() error {
		nc, err := nats.Connect(g.url, nats.UserCredentials(kept), nats.RootCAs(kept))
		if err == nil {
			nc.Close()
		}
		return err
	}
	if err = errors.Join(err, connect(), keys.Revoke("gone")); err != nil {
		return fmt.Errorf("not tried: %w", err)
	}
	g.reload()
	eventually(g.t, "the key is refused", func() bool { err = connect(); return err != nil })
	return err
}

// isRefusal reports whether err means missing permission or trust, and nothing else.
func isRefusal(err error) bool {
	var unknown x509.UnknownAuthorityError
	var api *jetstream.APIError
	return !strings.HasPrefix(err.Error(), "not tried") && (errors.Is(err, nats.ErrPermissionViolation) || errors.Is(err, nats.ErrAuthorization) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, errMute) || errors.Is(err, errKept) || errors.As(err, &unknown) || errors.As(err, &api) && api.ErrorCode == 10077)
}

// isCut reports whether the server closed the connection while the client was still writing, so that
// the reason was lost.
func isCut(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF)
}

// errMute is returned if the server does not answer a client without TLS.
var errMute = errors.New("no answer")

// What each role can and cannot do, tried on a nats-server with the printed configuration. The
// resulting table is the one in ARCHITECTURE.md.
func TestRolesOnServer(t *testing.T) {
	t.Parallel()
	g := startGuarded(t, unchanged)
	var table strings.Builder
	table.WriteString("| who | tries to | outcome |\n|---|---|---|\n")
	for _, x := range trials() {
		err := x.try(g)
		for tries := 0; isCut(err) && tries < 50; tries++ {
			err = x.try(g)
		}
		if err != nil && !isRefusal(err) {
			t.Errorf("%s: %s: not tried: %v", x.who, x.what, err)
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
	page, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), table.String()) {
		t.Error("ARCHITECTURE.md has another table than this")
	}
}
