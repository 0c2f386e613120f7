package natsserver

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"factorfleet/internal/identity"
	"factorfleet/internal/schema"
)

const pullNorm = "$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-norm"

// A guarded fleet is a server with streams, a log, and workers on connections over the network.
type guarded struct {
	t    *testing.T
	keys *identity.Store
	s    *Server
	log  *lockedBuffer
}

func newGuarded(t *testing.T) *guarded {
	t.Helper()
	keys, _, c := secure(t)
	g := &guarded{t: t, keys: keys, log: new(lockedBuffer)}
	c.Log, c.Store = zerolog.New(g.log).Level(zerolog.WarnLevel), t.TempDir()
	var err error
	if g.s, err = Start(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, g.s) })
	provide(t, keys, g.s)
	return g
}

// worker returns a connection of a new worker, and a function that connects again.
func (g *guarded) worker(name string) (*nats.Conn, func() error) {
	g.t.Helper()
	c, err := g.keys.Sign(identity.User{Name: name, Role: schema.RoleWorker}, schema.PermissionsOf(schema.RoleWorker, name))
	if err != nil {
		g.t.Fatal(err)
	}
	options := []nats.Option{
		nats.RootCAs(filepath.Join(g.keys.Dir(), "ca.crt")), nats.UserJWTAndSeed(c.JWT, c.Seed), nats.CustomInboxPrefix(c.Inbox),
		nats.ReconnectWait(50 * time.Millisecond), nats.MaxReconnects(-1),
	}
	nc, err := nats.Connect(g.s.URL(), options...)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(nc.Close)
	return nc, func() error {
		again, err := nats.Connect(g.s.URL(), append(options, nats.NoReconnect())...)
		if err == nil {
			again.Close()
		}
		return err
	}
}

// flood sends requests with different reply subjects, and leaves them open.
func (g *guarded) flood(nc *nats.Conn, count int, subject, body string) {
	g.t.Helper()
	sub, err := nc.SubscribeSync(nc.NewInbox() + ".*")
	if err != nil {
		g.t.Fatal(err)
	}
	sub.SetPendingLimits(-1, -1)
	for i := range count {
		if err := nc.PublishRequest(subject, strings.TrimSuffix(sub.Subject, "*")+fmt.Sprint(i), []byte(body)); err != nil {
			g.t.Fatal(err)
		}
	}
	nc.Flush() // fails if the connection was closed meanwhile
}

// keepFlooding holds so many pull requests back, also after the connection was closed, until stop is called.
func (g *guarded) keepFlooding(nc *nats.Conn, count int) (stop func()) {
	again, ended := make(chan bool, 1), make(chan bool)
	nc.SetReconnectHandler(func(*nats.Conn) { again <- true })
	again <- true
	go func() {
		defer close(ended)
		for range again {
			g.flood(nc, count, pullNorm, `{"batch":256}`)
		}
	}()
	return func() { nc.SetReconnectHandler(nil); close(again); <-ended }
}

// await waits until the log names the user, and returns the log.
func (g *guarded) await(name string) string {
	g.t.Helper()
	for late := time.Now().Add(30 * time.Second); !strings.Contains(g.log.String(), "nats server: "+name+" ("); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			g.t.Fatalf("%s was not found; the log is:\n%s", name, g.log.String())
		}
	}
	return g.log.String()
}

// TestGuard: a worker that lets many pull requests wait is found among others, named, and refused for a
// while. The others stay connected, or connect again.
func TestGuard(t *testing.T) {
	t.Parallel()
	for name, count := range map[string]int{"many": 500, "more than two for each connection": 14} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testGuard(t, count)
		})
	}
}

// testGuard tests that a worker with count pull requests is found.
func testGuard(t *testing.T, count int) {
	t.Helper()
	g := newGuarded(t)
	inside, _ := enter(t, g.keys, g.s, schema.RoleWorker)
	inside.SetDisconnectErrHandler(func(*nats.Conn, error) { t.Error("a worker in the process of the server was disconnected") })
	defer inside.SetDisconnectErrHandler(nil)
	var honest []*nats.Conn
	for i := range 3 {
		nc, _ := g.worker(fmt.Sprint("honest", i))
		g.flood(nc, 1, pullNorm, `{"batch":1,"expires":60000000000}`)
		honest = append(honest, nc)
	}
	admin, _ := enter(t, g.keys, g.s, schema.RoleAdmin)
	g.flood(admin, 400, "$JS.API.CONSUMER.MSG.NEXT.FACTOR_RETURNS.sweeper", `{"batch":1,"expires":60000000000}`) // of other users
	time.Sleep(2 * guardEvery)
	if log := g.log.String(); log != "" {
		t.Errorf("before there are too many: %s", log)
	}
	nc, login := g.worker("greedy")
	stop := g.keepFlooding(nc, count)
	log := g.await("greedy")
	stop()
	if !strings.Contains(log, "pull requests that waited at consumer workers-norm") || !strings.Contains(log, "`embedded keys revoke greedy`") {
		t.Errorf("the log is %s", log)
	}
	if strings.Contains(log, "honest") {
		t.Errorf("another worker is named: %s", log)
	}
	if err := login(); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("the worker logs in again: %v", err)
	}
	for i, nc := range honest {
		for late := time.Now().Add(20 * time.Second); nc.FlushTimeout(time.Second) != nil; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(late) {
				t.Fatalf("worker %d is not connected", i)
			}
		}
	}
}

// TestGuardRequests: the same for requests that the server must remember. TestRefuse has the rest.
func TestGuardRequests(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	quiet, _ := g.worker("quiet")
	g.flood(quiet, 10, "$JS.API.CONSUMER.INFO.FACTOR_TASKS.workers-norm", "")
	nc, _ := g.worker("greedy")
	flood := func() { g.flood(nc, 2000, "$JS.ACK.FACTOR_TASKS.workers-norm.1.1.1.1.0", "+ACK") }
	flood()
	guard, err := newGuard(g.s)
	if err != nil {
		t.Fatal(err)
	}
	guard.load = func() (int, int, string) {
		requests, waiting, consumer := guard.measure()
		return 100 * requests, waiting, consumer
	}
	for late := time.Now().Add(20 * time.Second); !strings.Contains(g.log.String(), "requests that the server must remember: refused"); flood() {
		if guard.look(); time.Now().After(late) {
			t.Fatalf("the log is:\n%s", g.log.String())
		}
	}
	if log := g.await("greedy"); strings.Contains(log, "quiet") {
		t.Errorf("another worker is named: %s", log)
	}
}

// TestGuardInVain: if closing connections does not help, the guard ends its search, and disconnects nobody
// again for a while.
func TestGuardInVain(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	var lost atomic.Int32
	for i := range 2 {
		nc, _ := g.worker(fmt.Sprint("w", i))
		nc.SetDisconnectErrHandler(func(*nats.Conn, error) { lost.Add(1) })
		defer nc.SetDisconnectErrHandler(nil)
	}
	guard, err := newGuard(g.s)
	if err != nil {
		t.Fatal(err)
	}
	guard.more = moreLooks
	guard.load = func() (int, int, string) { return 0, 1000, "workers-norm" }
	for range 3 {
		guard.look()
		for late := time.Now().Add(20 * time.Second); len(guard.connections()) < 2; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(late) {
				t.Fatal("a worker did not connect again")
			}
		}
	}
	for range 10 {
		guard.look()
	}
	if n := lost.Load(); n != 2 {
		t.Errorf("2 workers were disconnected %d times", n)
	}
	if log := g.log.String(); strings.Count(log, "nobody was found who has many of the 1000 pull requests") != 1 {
		t.Errorf("the log is %s", log)
	}
}

// TestGuardHonest: workers that connect again all the time, whose pull requests from before still wait, are not
// disconnected. Neither is one refused because tasks come for others at the moment at which it is tried.
func TestGuardHonest(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	const workers = 20
	for range workers {
		g.worker("honest")
	}
	guard, err := newGuard(g.s)
	if err != nil {
		t.Fatal(err)
	}
	all := func() {
		t.Helper()
		for late := time.Now().Add(20 * time.Second); len(guard.connections()) < workers; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(late) {
				t.Fatalf("%d of %d workers are connected", len(guard.connections()), workers)
			}
		}
	}
	looks := 0
	guard.load = func() (int, int, string) {
		looks++
		return 0, workers + 3 + looks%workers, "workers-norm"
	}
	for range 3 * workers {
		guard.look()
	}
	if len(guard.tried) > 0 {
		t.Error("a worker was disconnected")
	}
	guard.load = func() (int, int, string) { // another one floods, and tasks come for many of its requests
		looks++
		return 0, 1000 * (looks % 2), "workers-norm"
	}
	guard.more = 100
	for looks = 0; len(guard.tried)+len(guard.found) == 0; guard.more = 100 {
		guard.look()
	}
	all()
	if log := g.log.String(); strings.Contains(log, "refused for 10 minutes; end") || strings.Count(log, "\n") > 1 {
		t.Errorf("the log is %s", log)
	}
}

// TestRefuse: a user is refused for a while, also if others are revoked meanwhile, and then accepted again.
func TestRefuse(t *testing.T) {
	t.Parallel()
	g := newGuarded(t)
	_, login := g.worker("w")
	guard, err := newGuard(g.s)
	if err != nil {
		t.Fatal(err)
	}
	list := guard.connections()
	if len(list) != 1 {
		t.Fatalf("%d connections of workers, want 1", len(list))
	}
	user, name := userOf(list[0])
	if name != "w" {
		t.Errorf("the connection is that of %s", name)
	}
	if err := g.s.refuse(guard.account, user, 3*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := login(); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("a refused user: %v", err)
	}
	if err := errors.Join(g.keys.Add(identity.User{Name: "goes", Role: schema.RoleWorker}), g.keys.Revoke("goes")); err != nil {
		t.Fatal(err)
	}
	claims, err := g.keys.Claims()
	if err == nil {
		err = g.s.UpdateAccounts(claims.Tokens())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := login(); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("after another user was revoked: %v", err)
	}
	for late := time.Now().Add(20 * time.Second); login() != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("still refused: %v", login())
		}
	}
}
