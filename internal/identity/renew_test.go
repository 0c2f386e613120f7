package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"

	"factorfleet/internal/schema"
)

// addOld adds an identity with the permissions of another version.
func addOld(t *testing.T, s *Store, u User) {
	t.Helper()
	p := schema.PermissionsOf(u.Role, u.Name)
	p.Publish = p.Publish[1:]
	c, err := s.Sign(u, p)
	if err == nil {
		err = s.store(u.Name, c)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func claimsOf(t *testing.T, s *Store, name string) *jwt.UserClaims {
	t.Helper()
	text, err := os.ReadFile(s.CredsFile(name))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.ParseDecoratedJWT(text)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := jwt.DecodeUserClaims(token)
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// TestRenew: renewed credentials have the same key, networks and duration, and the permissions of today.
func TestRenew(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	addOld(t, s, User{Name: "attic", Role: schema.RoleWorker, Sources: []string{"10.0.0.0/8"}, Expires: until})
	before, err := s.User("attic")
	if err != nil || before.Permissions != Old {
		t.Fatalf("%+v, %v", before, err)
	}
	s.now = func() time.Time { return before.issued.Add(24 * time.Hour) }
	if err := s.Renew("attic", time.Time{}); err != nil {
		t.Fatal(err)
	}
	u, err := s.User("attic")
	if err != nil || u.Permissions != Current || u.Key != before.Key || u.Role != before.Role || !slices.Equal(u.Sources, before.Sources) {
		t.Errorf("%+v, %v", u, err)
	}
	if want := until.Add(24 * time.Hour); !u.Expires.Equal(want) || claimsOf(t, s, "attic").Expires != want.Unix() {
		t.Errorf("it expires at %v, want %v", u.Expires, want)
	}
	later := time.Now().Add(1000 * time.Hour).Truncate(time.Second)
	if err := s.Renew("attic", later); err != nil || !claimsExpire(t, s, "attic", later) {
		t.Errorf("it does not expire at %v: %v", later, err)
	}
	if err := s.Renew("worker-1", time.Time{}); err != nil || claimsOf(t, s, "worker-1").Expires != 0 {
		t.Errorf("credentials that never expired do: %v", err)
	}
	checkStore(t, s, len(firstUsers)+1)
}

func claimsExpire(t *testing.T, s *Store, name string, at time.Time) bool {
	t.Helper()
	return claimsOf(t, s, name).Expires == at.Unix()
}

// TestRenewRefused: a renewal that cannot keep the key, or must not, changes nothing.
func TestRenewRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(s *Store)
		want  error
	}{
		"unknown":        {func(s *Store) { s.Revoke("worker-1") }, ErrUnknown},
		"no credentials": {func(s *Store) { os.Remove(s.CredsFile("worker-1")) }, ErrNoSeed},
		"another's credentials": {func(s *Store) {
			os.Remove(s.CredsFile("worker-1"))
			os.Link(s.CredsFile("worker-2"), s.CredsFile("worker-1"))
		}, nil},
		"another account": {func(s *Store) { s.Revoke("worker-1"); s.workers = s.account; s.Add(firstUsers[3]) }, nil},
		"unknown role": {func(s *Store) {
			s.Revoke("worker-1")
			c, _ := s.Sign(User{Name: "worker-1", Role: "x"}, schema.Permissions{})
			s.store("worker-1", c)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := prepare(t)
			test.spoil(s)
			again, err := Open(s.dir)
			if err != nil {
				t.Fatal(err)
			}
			before := contents(t, s.dir)
			if err := again.Renew("worker-1", time.Time{}); err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			for file, text := range contents(t, s.dir) {
				if before[file] != text {
					t.Errorf("%s was changed", file)
				}
			}
		})
	}
}

// dial connects to l as a client that trusts the authority at that time, and returns the server's certificate.
func dial(t *testing.T, s *Store, l net.Listener) (*tls.Conn, *x509.Certificate) {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(s.authority.cert)
	conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{RootCAs: pool, Time: s.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, conn.ConnectionState().PeerCertificates[0]
}

// listen echoes the bytes of each connection.
func listen(t *testing.T, config *tls.Config) net.Listener {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
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
				b := make([]byte, 1)
				for {
					if _, err := conn.Read(b); err != nil {
						return
					}
					conn.Write(b)
				}
			}()
		}
	}()
	return l
}

// TestRenewCertificate: a certificate is replaced before it ends while the server runs. Connections stay, and
// clients with the old authority trust the new certificate.
func TestRenewCertificate(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	start := time.Now()
	now := start
	s.now = func() time.Time { return now }
	c, err := s.ServerCertificate([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, c.TLS())
	stays, first := dial(t, s, l)
	renew := func(after time.Duration) bool {
		t.Helper()
		now = start.Add(after)
		replaced, err := c.Renew()
		if err != nil {
			t.Fatal(err)
		}
		return replaced
	}
	if renew(serverLife - ServerRenewal - time.Hour) {
		t.Error("it was replaced too early")
	}
	if !renew(serverLife - ServerRenewal + time.Hour) {
		t.Error("it was not replaced")
	}
	if renew(serverLife - ServerRenewal + 2*time.Hour) {
		t.Error("it was replaced twice")
	}
	now = start.Add(serverLife + time.Hour) // the first one has expired
	_, second := dial(t, s, l)
	if second.Equal(first) || !c.Expires().Equal(second.NotAfter) || second.VerifyHostname("127.0.0.1") != nil {
		t.Errorf("the server has the certificate that ends at %v", second.NotAfter)
	}
	b := []byte{7}
	if _, err := stays.Write(b); err != nil {
		t.Error(err)
	}
	if n, err := stays.Read(b); n != 1 || err != nil {
		t.Errorf("the connection did not stay: %v", err)
	}
}

// TestRenewCertificateOfFile: a certificate that another process has stored is used. One that is damaged is not.
func TestRenewCertificateOfFile(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	c, err := s.ServerCertificate([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if renewed, err := other.RenewServer(); renewed || err != nil {
		t.Errorf("renewed without need: %v, %v", renewed, err)
	}
	other.now = func() time.Time { return time.Now().Add(serverLife - time.Hour) }
	if renewed, err := other.RenewServer(); !renewed || err != nil {
		t.Errorf("not renewed: %v, %v", renewed, err)
	}
	if replaced, err := c.Renew(); !replaced || err != nil {
		t.Errorf("not replaced: %v, %v", replaced, err)
	}
	until := c.Expires()
	if err := os.WriteFile(filepath.Join(s.dir, fileServer), []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Chtimes(s.path(fileServer), time.Time{}, time.Now().Add(time.Minute))
	if _, err := c.Renew(); err == nil || !c.Expires().Equal(until) {
		t.Errorf("a damaged certificate was used: %v", err)
	}
}

// TestCertificateOfWrongClock: a certificate that was made while the clock of the machine was wrong is replaced when the
// clock is right.
func TestCertificateOfWrongClock(t *testing.T) {
	t.Parallel()
	for _, wrong := range []time.Duration{5 * serverLife, -5 * serverLife} {
		s := prepare(t)
		s.now = func() time.Time { return time.Now().Add(wrong) }
		c, err := s.ServerCertificate([]string{"127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		s.now = nil
		for _, want := range []bool{true, false} {
			if replaced, err := c.Renew(); replaced != want || err != nil {
				t.Errorf("clock wrong by %v: replaced %v, %v", wrong, replaced, err)
			}
		}
		if d := time.Until(c.Expires()); d < serverLife-time.Hour || d > serverLife {
			t.Errorf("clock wrong by %v: the certificate ends in %v", wrong, d)
		}
	}
}

// TestCertificateOfTwo: two servers with one directory share a certificate that has the hosts of both, and one renewal.
func TestCertificateOfTwo(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	now := time.Now()
	s.now = func() time.Time { return now }
	var both []*Certificate
	for _, host := range []string{"127.0.0.1", "::1"} {
		c, err := s.ServerCertificate([]string{host})
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, c)
	}
	for _, at := range []time.Duration{0, serverLife - time.Hour} {
		now = now.Add(at)
		for range 3 {
			for _, c := range both {
				if _, err := c.Renew(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !both[0].pair.Leaf.Equal(both[1].pair.Leaf) || !serves(both[0].pair.Leaf, []string{"127.0.0.1", "::1"}) || s.mustRenew(both[0].pair.Leaf) {
			t.Errorf("after %v: %v and %v", at, hostsOf(both[0].pair.Leaf), hostsOf(both[1].pair.Leaf))
		}
	}
	if info, err := os.Stat(s.path(fileServerKey)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
