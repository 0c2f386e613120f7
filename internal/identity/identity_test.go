package identity

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"

	"factorfleet/internal/natsconn"
	"factorfleet/internal/schema"
)

func prepare(t *testing.T) *Store {
	t.Helper()
	s, err := Prepare(filepath.Join(t.TempDir(), "a", "keys"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// contents returns the content of all files below a directory, by path.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestPrepareAgain: a second Prepare uses the files that exist and changes none.
func TestPrepareAgain(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	if _, err := s.ServerCertificate([]string{"here"}); err != nil {
		t.Fatal(err)
	}
	before := contents(t, s.dir)
	again, err := Prepare(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.ServerCertificate([]string{"here"}); err != nil {
		t.Fatal(err)
	}
	after := contents(t, s.dir)
	if len(before) != len(after) {
		t.Errorf("%d files became %d", len(before), len(after))
	}
	for file, text := range before {
		if after[file] != text {
			t.Errorf("%s was changed", file)
		}
	}
	a, err := s.Claims()
	if err != nil {
		t.Fatal(err)
	}
	b, err := again.Claims()
	if err != nil || a.Operator != b.Operator || a.System != b.System || a.FleetKey != b.FleetKey || a.Accounts[1].Key != b.Accounts[1].Key {
		t.Errorf("the claims have changed: %v", err)
	}
}

// TestModes: only the owner can read secrets, and a key that others can read is refused.
func TestModes(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	if _, err := s.ServerCertificate([]string{"here"}); err != nil {
		t.Fatal(err)
	}
	secret := 0
	for file, text := range contents(t, s.dir) {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, "PRIVATE KEY") && !strings.Contains(text, "SEED") && !strings.HasSuffix(file, ".nk") {
			continue
		}
		secret++
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", file, info.Mode())
		}
		for _, loose := range []fs.FileMode{0o640, 0o604, 0o620, 0o700 | 0o001} {
			if err := os.Chmod(file, loose); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(s.dir); !errors.Is(err, ErrExposed) || !strings.Contains(err.Error(), "chmod 600 "+file) {
				t.Errorf("%s with mode %v: %v", file, loose, err)
			}
		}
		os.Chmod(file, 0o600)
	}
	if want := 5 + len(firstUsers); secret != want {
		t.Errorf("%d secret files, want %d", secret, want)
	}
	os.Chmod(s.dir, 0o770)
	if _, err := Open(s.dir); !errors.Is(err, ErrExposed) {
		t.Errorf("a directory that others may write to: %v", err)
	}
	public := t.TempDir()
	os.Chmod(public, 0o777)
	if _, err := Prepare(public); !errors.Is(err, ErrExposed) {
		t.Errorf("keys were created in a directory that all users may write to: %v", err)
	}
	os.Chmod(s.dir, 0o755)
	if _, err := Open(s.dir); err != nil {
		t.Error(err)
	}
}

// TestDamaged: the error names the file that is damaged or missing.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for _, name := range []string{fileCA, fileCAKey, fileOperator, fileAccount, fileWorkers, fileOperatorJWT, fileSystemJWT, fileServer, "users/producer.jwt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, damage := range []func(string) error{
				func(file string) error { return os.WriteFile(file, []byte("hello\n"), 0o600) },
				os.Remove,
			} {
				s := prepare(t)
				if _, err := s.ServerCertificate([]string{"here"}); err != nil {
					t.Fatal(err)
				}
				if err := damage(s.path(name)); err != nil {
					t.Fatal(err)
				}
				again, err := Prepare(s.dir)
				if err == nil {
					_, err = again.ServerCertificate([]string{"here"})
				}
				if err == nil {
					_, err = again.User("producer")
				}
				_, gone := os.Stat(s.path(name))
				made := gone == nil // a file that was missing was created
				if name == fileSystemJWT || made && err == nil {
					continue // only a server reads it
				}
				if err == nil || !strings.Contains(err.Error(), filepath.Base(name)) && !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrTaken) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// TestServerCertificate: a client that trusts the authority trusts the certificate for its hosts. A new host
// makes a new certificate, which keeps the old hosts.
func TestServerCertificate(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	leaf := func(hosts ...string) *x509.Certificate {
		t.Helper()
		c, err := s.ServerCertificate(hosts)
		if err != nil {
			t.Fatal(err)
		}
		if version := c.TLS().MinVersion; version < tls.VersionTLS12 {
			t.Errorf("TLS %x", version)
		}
		pair, err := c.TLS().GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf
	}
	hosts := []string{"one.example", "192.0.2.1", "::1", "one.example"}
	first := leaf(hosts...)
	if !slices.Equal(hosts, []string{"one.example", "192.0.2.1", "::1", "one.example"}) {
		t.Errorf("the caller's hosts became %q", hosts)
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.authority.cert)
	for _, host := range []string{"one.example", "192.0.2.1", "::1"} {
		if _, err := first.Verify(x509.VerifyOptions{DNSName: host, Roots: pool}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if err := first.VerifyHostname("two.example"); err == nil {
		t.Error("the certificate is valid for any host")
	}
	if again := leaf("192.0.2.1"); !again.Equal(first) {
		t.Error("a new certificate was made without need")
	}
	second := leaf("two.example")
	if second.VerifyHostname("one.example") != nil || second.VerifyHostname("two.example") != nil || second.IsCA {
		t.Errorf("the second certificate is for %q", hostsOf(second))
	}
	if _, err := second.Verify(x509.VerifyOptions{DNSName: "two.example", Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err == nil {
		t.Error("the server's certificate is valid for clients")
	}
}

func TestAdd(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	if err := s.SetURL("tls://here:4222"); err != nil {
		t.Fatal(err)
	}
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	if err := s.Add(User{Name: "attic", Role: schema.RoleWorker, Sources: []string{"10.0.0.0/8"}, Expires: until}); err != nil {
		t.Fatal(err)
	}
	u, err := s.User("attic")
	if err != nil || u.Role != schema.RoleWorker || !slices.Equal(u.Sources, []string{"10.0.0.0/8"}) || !u.Expires.Equal(until) {
		t.Errorf("%+v, %v", u, err)
	}
	for _, name := range []string{"attic", "producer"} {
		if err := s.Add(User{Name: name, Role: schema.RoleWorker}); !errors.Is(err, ErrTaken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "a.b", "../x", "A", "*", ">", "sweeper", strings.Repeat("x", 33)} {
		if err := s.Add(User{Name: name, Role: schema.RoleWorker}); err == nil {
			t.Errorf("%q is the name of a worker", name)
		}
	}
	// The credentials are those of a user that the account has signed.
	c := natsconn.Config{Creds: s.CredsFile("attic")}
	if id := c.Identity(); id.Name != "attic" || id.Role != schema.RoleWorker || id.Inbox != "_INBOX_attic" || !id.Expires.Equal(until) {
		t.Errorf("%+v", id)
	}
	text, err := os.ReadFile(s.CredsFile("attic"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.ParseDecoratedJWT(text)
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwt.ParseDecoratedUserNKey(text)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := jwt.DecodeUserClaims(token)
	if err != nil {
		t.Fatal(err)
	}
	public, _ := key.PublicKey()
	account, _ := s.workers.PublicKey()
	if claims.Subject != public || claims.Issuer != account || claims.BearerToken || len(claims.Permissions.Pub.Allow) == 0 || len(claims.Permissions.Sub.Allow) == 0 {
		t.Errorf("%+v", claims)
	}
	var context map[string]string
	text, err = os.ReadFile(s.ContextFile("attic"))
	if err != nil || json.Unmarshal(text, &context) != nil {
		t.Fatal(err)
	}
	if context["url"] != "tls://here:4222" || context["creds"] != s.CredsFile("attic") || context["ca"] != s.path(fileCA) || context["inbox_prefix"] != "_INBOX_attic" {
		t.Errorf("context: %s", text)
	}
}

func TestParseSource(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.0/8": "10.0.0.0/8", "10.1.2.3/8": "10.0.0.0/8", "192.0.2.7": "192.0.2.7/32", "2001:db8::/32": "2001:db8::/32", "::1": "::1/128",
		"": "", "10.0.0.0/33": "", "ten": "", "10.0.0.0/8,192.0.2.0/24": "", "fe80::1%eth0": "",
	} {
		got, err := ParseSource(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// TestJoinCommand: a shell reads the command as it was meant.
func TestJoinCommand(t *testing.T) {
	s := &Store{dir: filepath.Join(t.TempDir(), "it's $HOME; keys")}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for url, host := range map[string]string{"": "SERVER", "tls://here:4222": "here", "tls://[::1]:4222": "[::1]"} {
		if url != "" {
			if err := writeFile(s.path(fileURL), []byte(url), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		line, err := s.JoinCommand(User{Name: "attic", Role: schema.RoleWorker})
		want := "scp '" + host + ":" + strings.ReplaceAll(s.CredsFile("attic"), "'", `'\''`) + "' . && consumer run -s "
		if err != nil || !strings.HasPrefix(line, want) || !strings.HasSuffix(line, " --creds attic.creds") {
			t.Errorf("%q: %s, %v", url, line, err)
		}
		os.Remove(s.path(fileURL))
	}
}
