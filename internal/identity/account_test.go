package identity

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"factorfleet/internal/schema"
)

// TestWorkersAccountIsAdded: a directory from before workers had their own account gets that account. Its
// workers are reported as outdated until they are revoked and added again.
func TestWorkersAccountIsAdded(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	s.workers = s.account
	if err := s.Add(User{Name: "old", Role: schema.RoleWorker}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.path(fileWorkers)); err != nil {
		t.Fatal(err)
	}
	first, err := Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := again.Claims()
	if err != nil {
		t.Fatal(err)
	}
	if before, err := first.Claims(); err != nil || before.Accounts[1].Key != claims.Accounts[1].Key || claims.Accounts[1].Key == claims.FleetKey {
		t.Errorf("the accounts are %+v, were %+v, %v", claims.Accounts, before.Accounts, err)
	}
	if left, err := filepath.Glob(s.path(".new*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
	outdated := func() (names []string) {
		t.Helper()
		lines, err := again.JoinInstructions()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if name, _, ok := strings.Cut(line, " has more permissions than a worker needs"); ok {
				names = append(names, name)
			}
		}
		return names
	}
	if names := outdated(); !slices.Equal(names, []string{"old", "worker-1", "worker-2"}) {
		t.Errorf("outdated: %q", names)
	}
	for _, name := range []string{"old", "worker-1", "worker-2"} {
		if err := errors.Join(again.Revoke(name), again.Add(User{Name: name, Role: schema.RoleWorker})); err != nil {
			t.Fatal(err)
		}
	}
	if names := outdated(); len(names) > 0 {
		t.Errorf("still outdated: %q", names)
	}
	for name, account := range map[string]string{"old": claims.Accounts[1].Key, "producer": claims.FleetKey} {
		text, err := os.ReadFile(s.path(dirUsers, name+".jwt"))
		if err != nil {
			t.Fatal(err)
		}
		if user, err := jwt.DecodeUserClaims(string(text)); err != nil || user.Issuer != account {
			t.Errorf("%s is signed by %s, want %s; %v", name, user.Issuer, account, err)
		}
	}
}

// TestImports: the accounts import the subjects that workers publish to, those that workers answer, the
// orders, and one subject to which no worker may publish.
func TestImports(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	claims, err := s.Claims()
	if err != nil {
		t.Fatal(err)
	}
	var passed []string
	for _, a := range claims.Accounts {
		account, err := jwt.DecodeAccountClaims(a.JWT)
		if err != nil {
			t.Fatal(err)
		}
		if (a.Name == schema.AccountFleet) != account.Limits.IsJSEnabled() || account.Subject != a.Key {
			t.Errorf("%s: %+v", a.Name, account)
		}
		for _, i := range account.Imports {
			passed = append(passed, string(a.Name)+" "+i.Type.String()+" "+string(i.Subject))
		}
	}
	want := []string{
		"WORKERS service FACTOR.results.*.*.*", "WORKERS service FACTOR.returns.*.*.*.*", "WORKERS service FACTOR.dead.*.*.*",
		"WORKERS service FACTOR.failed.*.*.*.*.*", "WORKERS service $KV.FACTOR_WORKERS.*.*", "WORKERS service $JS.API.CONSUMER.INFO.FACTOR_TASKS.*",
		"WORKERS service $JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.*", "WORKERS service $JS.ACK.FACTOR_TASKS.>", "WORKERS service $JS.API.INFO",
		"WORKERS stream FACTOR.ctl.>", "FACTOR service $SRV.>", "FACTOR service FACTOR.status.*",
	}
	slices.Sort(passed)
	slices.Sort(want)
	if !slices.Equal(passed, want) {
		t.Errorf("passed on:\n%s\nwant:\n%s", strings.Join(passed, "\n"), strings.Join(want, "\n"))
	}
}

// TestRevoke: a revoked key stays revoked when its name is given to a new identity.
func TestRevoke(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	old, err := s.User("worker-1")
	if err != nil {
		t.Fatal(err)
	}
	producer, err := s.User("producer")
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.Revision()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Revoke("worker-1"); err != nil {
		t.Fatal(err)
	}
	if after, err := s.Revision(); err != nil || after == before {
		t.Errorf("revision %q, %v", after, err)
	}
	for _, file := range []string{s.CredsFile("worker-1"), s.ContextFile("worker-1")} {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", file, err)
		}
	}
	if err := s.Revoke("worker-1"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if err := s.Add(User{Name: "worker-1", Role: schema.RoleWorker}); err != nil {
		t.Fatal(err)
	}
	now, err := s.User("worker-1")
	if err != nil {
		t.Fatal(err)
	}
	claims, err := s.Claims()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Revoke("producer"); err != nil {
		t.Fatal(err)
	}
	// A record without an account is from the time when there was only one account.
	unknown, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	unknownKey, _ := unknown.PublicKey()
	if err := writeFile(s.path(dirRevoked, unknownKey), []byte("name\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if claims, err = s.Claims(); err != nil || claims.Revoked != 3 {
		t.Fatalf("%d revoked, %v", claims.Revoked, err)
	}
	for _, a := range claims.Accounts {
		account, err := jwt.DecodeAccountClaims(a.JWT)
		if err != nil {
			t.Fatal(err)
		}
		is := func(key string) bool { return account.Revocations.IsRevoked(key, time.Now().Add(time.Hour)) }
		workers := a.Name == schema.AccountWorkers
		if is(old.Key) != workers || is(producer.Key) == workers || is(now.Key) || !is(unknownKey) {
			t.Errorf("%s: revoked: the old worker %v, the producer %v, the new worker %v, one from before %v", a.Name, is(old.Key), is(producer.Key), is(now.Key), is(unknownKey))
		}
	}
}

// TestNoBearers: a JWT without its seed is no login.
func TestNoBearers(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	claims, err := s.Claims()
	if err != nil {
		t.Fatal(err)
	}
	operator, _ := s.operator.PublicKey()
	for _, token := range claims.Tokens() {
		account, err := jwt.DecodeAccountClaims(token)
		if err != nil {
			t.Fatal(err)
		}
		if !account.Limits.DisallowBearer || account.Issuer != operator || !nkeys.IsValidPublicAccountKey(claims.SystemKey) {
			t.Errorf("%+v", account)
		}
	}
}
