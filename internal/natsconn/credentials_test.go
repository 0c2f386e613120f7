package natsconn_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"factorfleet/internal/natsconn"
)

func TestDialNKey(t *testing.T) {
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, _ := user.PublicKey()
	seed, _ := user.Seed()
	guarded := natsServer(t, func(o *server.Options) { o.Nkeys = []*server.NkeyUser{{Nkey: public}} })
	file := write(t, filepath.Join(t.TempDir(), "user.nk"), string(seed))
	connects(t, natsconn.Config{Server: guarded, NKey: file})
	t.Setenv("KEYS", filepath.Dir(file))
	connects(t, natsconn.Config{Server: guarded, NKey: "$KEYS/user.nk"})
	fails(t, natsconn.Config{Server: natsServer(t, plain), NKey: file}, "refuses the nkey in "+file, "nkeys not supported")
	fails(t, natsconn.Config{Server: guarded, NKey: file + "x"}, "cannot read the nkey", "user.nkx")
	fails(t, natsconn.Config{Server: guarded, NKey: write(t, file+"y", "hello")}, "user.nky is not an nkey file")
}

// TestDialLooseKey: a key file that other users can read is refused until its mode is 0600.
func TestDialLooseKey(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: files have no modes here")
	}
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, _ := user.PublicKey()
	seed, _ := user.Seed()
	guarded := natsServer(t, func(o *server.Options) { o.Nkeys = []*server.NkeyUser{{Nkey: public}} })
	file := write(t, filepath.Join(t.TempDir(), "user.nk"), string(seed))
	creds := write(t, filepath.Join(t.TempDir(), "user.creds"),
		"-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n-----BEGIN USER NKEY SEED-----\n"+string(seed)+"\n------END USER NKEY SEED------\n")
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620} {
		for _, loose := range []string{file, creds} {
			if err := os.Chmod(loose, mode); err != nil {
				t.Fatal(err)
			}
		}
		fails(t, natsconn.Config{Server: guarded, NKey: file}, file+": its mode is", "chmod 600 "+file)
		fails(t, natsconn.Config{Server: guarded, Creds: creds}, creds+": its mode is", "chmod 600 "+creds)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	connects(t, natsconn.Config{Server: guarded, NKey: file})
}

func TestDialBadFiles(t *testing.T) {
	t.Parallel()
	junk := write(t, filepath.Join(t.TempDir(), "junk"), "hello")
	const s = "nats://127.0.0.1:1"
	fails(t, natsconn.Config{Server: s, Creds: "/no/such.creds"}, "cannot read the credentials", "/no/such.creds", "no such file")
	fails(t, natsconn.Config{Server: s, Creds: junk}, junk+" is not a credentials file")
	fails(t, natsconn.Config{Server: s, TLSCA: "/no/ca.pem"}, "cannot read the TLS authorities", "/no/ca.pem")
	fails(t, natsconn.Config{Server: s, TLSCA: junk}, junk+" contains no TLS certificate")
	fails(t, natsconn.Config{Server: s, TLSCert: junk}, "needs both --tlscert and --tlskey")
	fails(t, natsconn.Config{Server: s, TLSCert: junk, TLSKey: junk}, "cannot use the TLS certificate "+junk)
	fails(t, natsconn.Config{Server: s, InboxPrefix: "a.*"}, `"a.*" is not a prefix for inboxes`)
	fails(t, natsconn.Config{Server: "http://alice:s3cret@x"}, `"http://x" is not a NATS URL`)
	fails(t, natsconn.Config{Server: "nats://alice:s3cret%zz@x"}, "is not a NATS URL")
	fails(t, natsconn.Config{Server: ","}, "no NATS server in")
}
