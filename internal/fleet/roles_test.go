package fleet_test

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/identity"
	"factorfleet/internal/natsserver"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// A castle is a server with all streams that accepts only users whom its keys have signed.
type castle struct {
	t      *testing.T
	server *natsserver.Server
	keys   *identity.Store
	admin  *visitor
	js     jetstream.JetStream // the admin's
	*fleet.Fleet
	rounds int
	beaten time.Time
	acts   *sync.WaitGroup // visitors that may still be about
}

func newCastle(t *testing.T) *castle {
	t.Helper()
	keys, err := identity.Create(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := keys.Claims()
	if err != nil {
		t.Fatal(err)
	}
	security := &natsserver.Security{Operator: claims.Operator, Accounts: claims.Tokens(), System: claims.System, StreamKey: claims.FleetKey, SystemKey: claims.SystemKey}
	certificate, err := keys.ServerCertificate([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	security.TLS = certificate.TLS()
	server, err := natsserver.Start(natsserver.Config{Store: t.TempDir(), Log: zerolog.Nop(), Security: security})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	c := &castle{t: t, server: server, keys: keys}
	c.admin = c.enter(schema.RoleAdmin, "admin", schema.PermissionsOf(schema.RoleAdmin, "admin"))
	c.js = c.admin.js
	if _, err := fleet.Init(t.Context(), c.js, fleet.Provision{AckWait: 500 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if c.Fleet, err = fleet.Open(t.Context(), c.admin.nc, c.js, stream.Options{Log: zerolog.Nop()}); err != nil {
		t.Fatal(err)
	}
	return c
}

// A visitor is a connection in a role. Its context ends with the first request that the server refuses.
type visitor struct {
	nc   *nats.Conn
	js   jetstream.JetStream
	ctx  context.Context
	done func() // ends ctx
	told chan bool

	mu      sync.Mutex
	refused []string // subjects
}

// visitorTimeout is how long the client library waits for an answer.
const visitorTimeout = 5 * time.Second

var inQuotes = regexp.MustCompile(`"([^"]*)"`)

func (c *castle) enter(r schema.Role, name string, p schema.Permissions) *visitor {
	c.t.Helper()
	credentials, err := c.keys.Sign(identity.User{Role: r, Name: name}, p)
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	v := &visitor{ctx: ctx, done: cancel, told: make(chan bool, 1)}
	v.nc, err = nats.Connect("", nats.InProcessServer(c.server), nats.UserJWTAndSeed(credentials.JWT, credentials.Seed), nats.CustomInboxPrefix(credentials.Inbox),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			v.mu.Lock()
			defer v.mu.Unlock()
			if found := inQuotes.FindStringSubmatch(err.Error()); errors.Is(err, nats.ErrPermissionViolation) && found != nil {
				v.refused = append(v.refused, found[1])
				cancel()
				select {
				case v.told <- true:
				default:
				}
			}
		}))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { cancel(); v.nc.Close() })
	if v.js, err = jetstream.New(v.nc, jetstream.WithDefaultTimeout(visitorTimeout)); err != nil {
		c.t.Fatal(err)
	}
	return v
}

// leave waits until the server has read all requests, and returns the subjects that it refused.
func (v *visitor) leave() []string {
	v.nc.FlushTimeout(5 * time.Second)
	if errors.Is(v.nc.LastError(), nats.ErrPermissionViolation) {
		<-v.told // a moment later
	}
	v.nc.Close()
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.refused
}

// TestRoles: each role can do all that it must, and needs each line of its permissions for that.
func TestRoles(t *testing.T) {
	t.Parallel()
	var acts sync.WaitGroup
	t.Cleanup(acts.Wait)
	for _, test := range []struct {
		role schema.Role
		name string
		act  func(*castle, *visitor) error
	}{
		{schema.RoleWorker, "w", (*castle).work},
		{schema.RoleProducer, "p", (*castle).produce},
		{schema.RoleObserver, "o", (*castle).observe},
	} {
		t.Run(string(test.role), func(t *testing.T) {
			t.Parallel()
			c := newCastle(t)
			c.acts = &acts
			c.fill()
			all := schema.PermissionsOf(test.role, test.name)
			v := c.enter(test.role, test.name, all)
			err := test.act(c, v)
			if refused := v.leave(); err != nil || len(refused) > 0 {
				t.Fatalf("with all permissions: %v, refused: %q", err, refused)
			}
			for i, line := range all.Publish {
				less := all
				less.Publish = without(all.Publish, i)
				c.refuses(test.role, test.name, test.act, less, line.Subject)
			}
			for i, line := range all.Subscribe {
				less := all
				less.Subscribe = without(all.Subscribe, i)
				c.refuses(test.role, test.name, test.act, less, line.Subject)
			}
			if less := all; less.Respond != "" {
				less.Respond = ""
				c.refuses(test.role, test.name, test.act, less, "_R_.>")
			}
		})
	}
}

func without(list []schema.Permission, i int) []schema.Permission {
	return slices.Concat(list[:i], list[i+1:])
}

// refuses checks that act fails because p lacks a permission for the subject.
func (c *castle) refuses(r schema.Role, name string, act func(*castle, *visitor) error, p schema.Permissions, subject string) {
	v := c.enter(r, name, p)
	c.acts.Go(func() {
		act(c, v)
		v.done()
	})
	<-v.ctx.Done() // the library may wait some seconds more for what is never answered
	refused := v.leave()
	if len(refused) == 0 || !covers(subject, refused[0]) {
		c.t.Errorf("without %q the server refused %q: the line is not needed, or not exercised", subject, refused)
	}
}

// covers reports whether all that matches subject matches pattern.
func covers(pattern, subject string) bool {
	ps, ss := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, p := range ps {
		switch {
		case i >= len(ss):
			return false
		case p == ">":
			return true
		case ss[i] == ">", p != "*" && p != ss[i]:
			return false
		}
	}
	return len(ps) == len(ss)
}

// TestProducerKeepsPriorities: a producer creates and removes the durables of routes, and cannot change or remove those of
// the priorities.
func TestProducerKeepsPriorities(t *testing.T) {
	t.Parallel()
	c := newCastle(t)
	for subject, permitted := range map[string]bool{
		"$JS.API.CONSUMER.CREATE.FACTOR_TASKS.workers-norm.FACTOR.tasks.norm.>":             false,
		"$JS.API.CONSUMER.DELETE.FACTOR_TASKS.workers-hi":                                   false,
		"$JS.API.CONSUMER.CREATE.FACTOR_TASKS.x.FACTOR.tasks.>":                             false,
		"$JS.API.CONSUMER.CREATE.FACTOR_TASKS.workers-norm+gpu.FACTOR.tasks.norm+gpu.>":     true,
		"$JS.API.CONSUMER.DELETE.FACTOR_TASKS.workers-norm+gpu":                             true,
		"$JS.API.CONSUMER.DELETE.FACTOR_RETURNS.sweeper":                                    false,
		"$JS.API.CONSUMER.CREATE.FACTOR_RETURNS.workers-norm+gpu.FACTOR.returns.norm+gpu.>": false,
	} {
		v := c.enter(schema.RoleProducer, "p", schema.PermissionsOf(schema.RoleProducer, "p"))
		_, err := v.nc.RequestWithContext(v.ctx, subject, []byte("{}"))
		if refused := v.leave(); (len(refused) == 0) != permitted {
			t.Errorf("%s: refused: %q, %v", subject, refused, err)
		}
	}
}

// TestEarlierCache: with the credentials of an earlier version nothing is requested of the cache.
func TestEarlierCache(t *testing.T) {
	t.Parallel()
	c := newCastle(t)
	p := schema.PermissionsOf(schema.RoleProducer, "p")
	p.Publish = slices.DeleteFunc(p.Publish, func(x schema.Permission) bool { return strings.Contains(x.Why, "cache") })
	if all := schema.PermissionsOf(schema.RoleProducer, "p").Publish; len(p.Publish) != len(all)-4 {
		t.Fatalf("%d of %d permissions", len(p.Publish), len(all))
	}
	v := c.enter(schema.RoleProducer, "p", p)
	f, err := fleet.Open(v.ctx, v.nc, v.js, stream.Options{Timeout: visitorTimeout, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	const key = "0123456789abcdef0123456789abcdef"
	f.KeepCached(v.ctx, key, []byte("15=3*5"))
	_, read := f.Cached(v.ctx, []string{key})
	_, removed := f.RemoveCached(v.ctx, "")
	for what, err := range map[string]error{
		"read": read, "removed": removed,
		"listed": f.EachCached(v.ctx, func(fleet.CacheEntry) error { return nil }),
		"stored": f.StoreCached(v.ctx, []fleet.CacheEntry{{Key: key, Line: []byte("15=3*5")}}),
		"answer": f.StoreCachedAnswers(v.ctx, "j", []fleet.CachedAnswer{{Range: task.Range{Count: 1}}}),
	} {
		if !errors.Is(err, fleet.ErrNoCache) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if refused := v.leave(); len(refused) > 0 {
		t.Errorf("refused: %q", refused)
	}
}

// TestEarlierProducer: with the credentials of an earlier version, a producer does all for jobs without a route, and
// requests nothing that it may not, although there are routes. A job with a route is refused.
func TestEarlierProducer(t *testing.T) {
	t.Parallel()
	c := newCastle(t)
	if err := c.EnsureRoute(t.Context(), "norm+gpu"); err != nil {
		t.Fatal(err)
	}
	p := schema.PermissionsOf(schema.RoleProducer, "p")
	p.Refuse = nil
	p.Publish = slices.DeleteFunc(p.Publish, func(x schema.Permission) bool {
		return strings.HasPrefix(x.Subject, "$JS.API.CONSUMER.") && strings.Contains(x.Why, "route")
	})
	if all := schema.PermissionsOf(schema.RoleProducer, "p").Publish; len(p.Publish) != len(all)-3 {
		t.Fatalf("%d of %d permissions", len(p.Publish), len(all))
	}
	v := c.enter(schema.RoleProducer, "p", p)
	f, err := fleet.Open(v.ctx, v.nc, v.js, stream.Options{Timeout: visitorTimeout, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	queue, err := f.Queue(v.ctx)
	if err != nil || len(queue) != 3 {
		t.Errorf("%v, %v", queue, err)
	}
	if _, err := f.Inspect(v.ctx, false); err != nil {
		t.Error(err)
	}
	sweep, stop := context.WithTimeout(v.ctx, 5*time.Second) // two looks for forgotten requests
	defer stop()
	if err := f.Sweep(sweep); err != nil {
		t.Error(err)
	}
	if v.ctx.Err() != nil {
		t.Errorf("refused: %q", v.leave())
	}
	if err := f.EnsureRoute(v.ctx, "norm+ssd"); err == nil || !strings.Contains(err.Error(), "keys renew") || v.ctx.Err() != nil {
		t.Errorf("created a durable: %v, refused: %q", err, v.leave())
	}
}
