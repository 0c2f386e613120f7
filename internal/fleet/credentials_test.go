package fleet_test

import (
	"path/filepath"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"factorfleet/internal/fleet"
)

func TestDialNKey(t *testing.T) {
	noContexts(t)
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, _ := user.PublicKey()
	seed, _ := user.Seed()
	guarded := natsServer(t, func(o *server.Options) { o.Nkeys = []*server.NkeyUser{{Nkey: public}} })
	file := write(t, filepath.Join(t.TempDir(), "user.nk"), string(seed))
	connects(t, fleet.Config{Server: guarded, NKey: file})
	t.Setenv("KEYS", filepath.Dir(file))
	connects(t, fleet.Config{Server: guarded, NKey: "$KEYS/user.nk"})
	fails(t, fleet.Config{Server: natsServer(t, plain), NKey: file}, "refuses the nkey in "+file, "nkeys not supported")
	fails(t, fleet.Config{Server: guarded, NKey: file + "x"}, "cannot read the nkey", "user.nkx")
	fails(t, fleet.Config{Server: guarded, NKey: write(t, file+"y", "hello")}, "user.nky is not an nkey file")
}

func TestDialBadFiles(t *testing.T) {
	noContexts(t)
	junk := write(t, filepath.Join(t.TempDir(), "junk"), "hello")
	const s = "nats://127.0.0.1:1"
	fails(t, fleet.Config{Server: s, Creds: "/no/such.creds"}, "cannot read the credentials", "/no/such.creds", "no such file")
	fails(t, fleet.Config{Server: s, Creds: junk}, junk+" is not a credentials file")
	fails(t, fleet.Config{Server: s, TLSCA: "/no/ca.pem"}, "cannot read the TLS authorities", "/no/ca.pem")
	fails(t, fleet.Config{Server: s, TLSCA: junk}, junk+" holds no TLS certificate")
	fails(t, fleet.Config{Server: s, TLSCert: junk}, "needs both --tlscert and --tlskey")
	fails(t, fleet.Config{Server: s, TLSCert: junk, TLSKey: junk}, "cannot use the TLS certificate "+junk)
	fails(t, fleet.Config{Server: s, InboxPrefix: "a.*"}, `"a.*" is not a prefix for inboxes`)
	fails(t, fleet.Config{Server: "http://alice:s3cret@x"}, `"http://x" is not a NATS URL`)
	fails(t, fleet.Config{Server: "nats://alice:s3cret%zz@x"}, "is not a NATS URL")
	fails(t, fleet.Config{Server: ","}, "names no NATS server")
}
