package test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/identity"
	"factorfleet/internal/schema"
)

// endSoon replaces the certificate of the server in a directory of keys by one that ends in a month.
func endSoon(t testing.TB, keys string) {
	t.Helper()
	(&guarded{server: &server{program: &program{t: t}}, keys: keys}).signedBy(filepath.Join(keys, "ca"), filepath.Join(keys, "server"), &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
	})
}

// certificate returns the certificate of the server at url.
func certificate(t testing.TB, url, keys string) *x509.Certificate {
	t.Helper()
	ca, err := os.ReadFile(filepath.Join(keys, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	raw, err := net.Dial("tcp", strings.TrimPrefix(url, "tls://"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(time.Minute))
	if _, err := raw.Read(make([]byte, 4096)); err != nil { // the server speaks first: INFO
		t.Fatal(err)
	}
	conn := tls.Client(raw, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	if err := conn.Handshake(); err != nil {
		t.Fatal(err)
	}
	return conn.ConnectionState().PeerCertificates[0]
}

// The certificate of the server is renewed before it ends, while the server runs. Its clients stay connected, and
// trust the new one with the old files.
func TestRenewCertificate(t *testing.T) {
	t.Parallel()
	f := fortify(t, filepath.Join(t.TempDir(), "keys"), "127.0.0.1:0 -n 0")
	worker := f.worker(f.says("on the next machine: ")[0])
	first := certificate(t, f.url, f.keys)
	endSoon(t, f.keys)
	f.await(&f.stderr, "the certificate of the server is renewed")
	eventually(t, "the server has a new certificate for two years", func() bool {
		now := certificate(t, f.url, f.keys)
		return !now.Equal(first) && time.Until(now.NotAfter) > 700*24*time.Hour
	})
	f.submit()
	if said := worker.stderr.String(); strings.Contains(said, "lost") || strings.Contains(said, "disconnected") {
		t.Errorf("the worker was disturbed:\n%s", said)
	}
	worker.signal(syscall.SIGTERM)
	worker.wantCode(0)
}

// A plain nats-server gets a renewed certificate by a reload, and keeps its connections.
func TestRenewCertificateOnServer(t *testing.T) {
	t.Parallel()
	g := startGuarded(t, unchanged)
	stays, err := g.dial("admin")
	if err != nil {
		t.Fatal(err)
	}
	defer stays.Close()
	endSoon(t, g.keys)
	ls := run(t, "embedded", "keys ls --secure "+g.keys).wantCode(0)
	ls.wantSaid("the certificate of the server expires at ", "for a nats-server, run `embedded keys renew --all`, then `nats-server --signal reload`")
	run(t, "embedded", "keys renew --all --secure "+g.keys).wantCode(0).wantSaid("the certificate of the server is renewed: ")
	g.signal(syscall.SIGHUP)
	eventually(t, "the server has the new certificate", func() bool {
		return time.Until(certificate(t, g.url, g.keys).NotAfter) > 700*24*time.Hour
	})
	if err := stays.Flush(); err != nil {
		t.Errorf("the connection did not stay: %v", err)
	}
	wantSilent(t, run(t, "embedded", "keys ls --secure "+g.keys).wantCode(0))
}

// Credentials with permissions of another version are listed, and renewed. A worker that uses the old ones stays
// connected.
func TestRenewKeys(t *testing.T) {
	t.Parallel()
	f := fortify(t, filepath.Join(t.TempDir(), "keys"), "127.0.0.1:0 -n 0")
	keys, err := identity.Open(f.keys)
	if err != nil {
		t.Fatal(err)
	}
	p := schema.PermissionsOf(schema.RoleWorker, "worker-1")
	p.Subscribe = append(p.Subscribe, schema.Permission{Subject: "an.earlier.one"})
	oldFile(t, keys, "worker-1", p)

	worker := f.worker(f.says("on the next machine: ")[0])
	list := f.manage("ls").wantCode(0)
	list.wantSaid("embedded: the permissions of worker-1 are those of another version: run `embedded keys renew worker-1`\n")
	if !regexp.MustCompile(`worker-1 .* old  `).MatchString(list.stdout.String()) || strings.Count(list.stdout.String(), "current") != 4 {
		t.Errorf("keys ls:\n%s", list.stdout.String())
	}
	line := strings.TrimSuffix(f.manage("renew worker-1").wantCode(0).stdout.String(), "\n")
	wantSilent(t, f.manage("ls").wantCode(0))
	if said := worker.stderr.String(); strings.Contains(said, "lost") {
		t.Errorf("the worker was disturbed:\n%s", said)
	}
	renewed := f.worker(line + " --name worker-1")
	f.manage("revoke worker-1").wantCode(0) // ends the old credentials, too
	worker.wantCode(3)
	renewed.wantCode(3)
	f.manage("renew worker-1 worker-2").wantCode(7).wantSaid("no such identity: worker-1")
}

func wantSilent(t testing.TB, p *program) {
	t.Helper()
	if said := p.stderr.String(); said != "" {
		t.Errorf("%s says:\n%s", p.line, said)
	}
}

// oldFile gives an identity credentials with other permissions.
func oldFile(t testing.TB, keys *identity.Store, name string, p schema.Permissions) {
	t.Helper()
	u, err := keys.User(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := keys.Sign(u, p)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(filepath.Join(keys.Dir(), "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	creds := "-----BEGIN NATS USER JWT-----\n" + c.JWT + "\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n" + c.Seed + "\n------END USER NKEY SEED------\n\n"
	for file, text := range map[string]string{filepath.Join(keys.Dir(), "users", name+".jwt"): c.JWT, keys.CredsFile(name): creds + string(ca)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
