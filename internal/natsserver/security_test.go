package natsserver

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/identity"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// secure returns a store of keys, and a server that requires them.
func secure(t *testing.T) (*identity.Store, *Server, Config) {
	t.Helper()
	keys, err := identity.Create(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := keys.Claims()
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Listen: "127.0.0.1:0", Security: &Security{
		Operator: claims.Operator, Accounts: claims.Tokens(), System: claims.System, StreamKey: claims.FleetKey, SystemKey: claims.SystemKey,
	}}
	certificate, err := keys.ServerCertificate([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	c.Security.TLS = certificate.TLS()
	return keys, run(t, c), c
}

// TestSecurity: the server refuses a client without keys. A user that is revoked is disconnected at once,
// and others are not.
func TestSecurity(t *testing.T) {
	t.Parallel()
	keys, s, _ := secure(t)
	if !strings.HasPrefix(s.URL(), "tls://127.0.0.1:") || !strings.HasPrefix(s.URLAt("::1"), "tls://[::1]:") {
		t.Errorf("the URLs are %s, %s", s.URL(), s.URLAt("::1"))
	}
	if _, err := nats.Connect(s.URL(), nats.RootCAs(filepath.Join(keys.Dir(), "ca.crt"))); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("without keys: %v", err)
	}
	closed := make(chan string, 2)
	enter := func(name string) *nats.Conn {
		t.Helper()
		if err := keys.Add(identity.User{Name: name, Role: schema.RoleWorker}); err != nil {
			t.Fatal(err)
		}
		nc, err := nats.Connect(s.URL(), nats.RootCAs(filepath.Join(keys.Dir(), "ca.crt")), nats.UserCredentials(keys.CredsFile(name)), nats.NoReconnect(),
			nats.ClosedHandler(func(*nats.Conn) { closed <- name }))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
	stays := enter("stays")
	enter("goes")
	if err := keys.Revoke("goes"); err != nil {
		t.Fatal(err)
	}
	claims, err := keys.Claims()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateAccounts(claims.Tokens()); err != nil {
		t.Fatal(err)
	}
	select {
	case name := <-closed:
		if name != "goes" {
			t.Errorf("%s was disconnected", name)
		}
	case <-time.After(10 * time.Second):
		t.Error("the revoked user was not disconnected")
	}
	if err := stays.FlushTimeout(10 * time.Second); err != nil {
		t.Error(err)
	}
	if err := s.Health(); err != nil {
		t.Error(err)
	}
}

// enter connects with a new key of the role.
func enter(t *testing.T, keys *identity.Store, s *Server, r schema.Role) (*natsconn.Conn, natsconn.JetStream) {
	t.Helper()
	credentials, err := keys.Sign(identity.User{Role: r, Name: "x"}, schema.PermissionsOf(r, "x"))
	if err != nil {
		t.Fatal(err)
	}
	nc, js, err := natsconn.InProcess(s, "x", credentials)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, js
}

// provide creates the streams and returns the admin's connection.
func provide(t *testing.T, keys *identity.Store, s *Server) *natsconn.Conn {
	t.Helper()
	nc, js := enter(t, keys, s, schema.RoleAdmin)
	if _, err := fleet.Init(t.Context(), js, fleet.Provision{}); err != nil {
		t.Fatal(err)
	}
	return nc
}

// TestRevocationDisturbsNobody: a worker that waits for a task gets the task although another worker is
// revoked meanwhile. After a producer was revoked the worker can still request tasks.
func TestRevocationDisturbsNobody(t *testing.T) {
	t.Parallel()
	keys, s, _ := secure(t)
	admin := provide(t, keys, s)
	nc, _ := enter(t, keys, s, schema.RoleWorker)
	revoke := func(r schema.Role) {
		t.Helper()
		err := errors.Join(keys.Add(identity.User{Name: "goes", Role: r}), keys.Revoke("goes"))
		if err != nil {
			t.Fatal(err)
		}
		claims, err := keys.Claims()
		if err == nil {
			err = s.UpdateAccounts(claims.Tokens())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	pull := func() *nats.Subscription {
		t.Helper()
		inbox := nc.NewInbox()
		sub, err := nc.SubscribeSync(inbox)
		if err == nil {
			err = nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-norm", inbox, []byte(`{"batch":1,"expires":60000000000}`))
		}
		if err = errors.Join(err, nc.Flush()); err != nil {
			t.Fatal(err)
		}
		return sub
	}
	get := func(sub *nats.Subscription, subject string) {
		t.Helper()
		if _, err := admin.Request(subject, []byte("x"), 10*time.Second); err != nil {
			t.Fatal(err)
		}
		m, err := sub.NextMsg(10 * time.Second)
		if err != nil || m.Subject != subject {
			t.Fatalf("want %s, got %v, %v", subject, m, err)
		}
		if _, err := nc.Request(m.Reply, []byte("+ACK"), 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	waits := pull()
	revoke(schema.RoleWorker)
	get(waits, "FACTOR.tasks.norm.j.0-1.0")
	revoke(schema.RoleProducer)
	get(pull(), "FACTOR.tasks.norm.j.1-1.0")
}

// TestAnswersAreForgotten: the server does not remember every request that passes from the workers'
// account to the fleet's.
func TestAnswersAreForgotten(t *testing.T) {
	t.Parallel()
	keys, s, c := secure(t)
	provide(t, keys, s)
	nc, js := enter(t, keys, s, schema.RoleWorker)
	client, err := puller.Open(t.Context(), nc, js, "x", stream.Options{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	account, err := s.ns.LookupAccount(c.Security.StreamKey)
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for i := range uint64(20000) {
		if err := client.Result(t.Context(), "j", task.Range{First: i, Count: 1}, nil); err != nil {
			t.Fatal(err)
		}
		now := account.NumPendingAllResponses()
		if most = max(most, now); now < most/2 {
			return
		}
	}
	t.Errorf("the server remembers %d requests, and forgets none", most)
}

// TestForeignClaims: the server refuses claims of another operator, and text that is not a claim.
func TestForeignClaims(t *testing.T) {
	t.Parallel()
	_, s, c := secure(t)
	_, other, foreign := secure(t)
	for _, claims := range []string{foreign.Security.Accounts[0], "hello", c.Security.Operator, ""} {
		if err := s.UpdateAccounts([]string{claims}); err == nil {
			t.Errorf("%.40q was put in force", claims)
		}
	}
	if err := other.UpdateAccounts(foreign.Security.Accounts); err != nil {
		t.Error(err)
	}
	if err := run(t, Config{}).UpdateAccounts(c.Security.Accounts); err == nil {
		t.Error("a server without logins has accepted claims")
	}
	if _, err := Start(Config{Security: &Security{Operator: "hello"}, Log: c.Log}); err == nil {
		t.Error("a server started without an operator")
	}
}

// TestStoreOfAnother: a server refuses a store that was written with other keys, or without keys.
func TestStoreOfAnother(t *testing.T) {
	t.Parallel()
	_, _, one := secure(t)
	_, _, other := secure(t)
	open := Config{}
	for name, test := range map[string]struct {
		first, next Config
		want        string
	}{
		"keys first":    {one, open, "with other keys"},
		"keys later":    {open, one, "a server without --secure"},
		"other keys":    {one, other, "with other keys"},
		"the same keys": {one, one, ""},
		"none":          {open, open, ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.first.Store, test.next.Store = t.TempDir(), ""
			s := run(t, test.first)
			put(t, "a message", s.Dir(), "jetstream", test.first.Security.account(), "streams", "S", "msgs", "1.blk")
			stop(t, s)
			err := checkAccount(test.first.Store, test.next.Security.account())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if test.want != "" {
				test.next.Store, test.next.Log = test.first.Store, zerolog.Nop()
				if _, err := Start(test.next); err == nil {
					t.Error("the server has started")
				}
			}
		})
	}
}
