package natsconn_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"github.com/rs/zerolog"

	"factorfleet/internal/natsconn"
)

// TestPermissionError: a subject that the server refuses is reported at once, with the login.
func TestPermissionError(t *testing.T) {
	t.Parallel()
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, _ := key.PublicKey()
	seed, _ := key.Seed()
	little := &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{"may"}},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX_alice.>"}},
	}
	guarded := natsServer(t, func(o *server.Options) {
		o.Users = []*server.User{{Username: "alice", Password: "s3cret", Permissions: little}}
		o.Nkeys = []*server.NkeyUser{{Nkey: public, Permissions: little}}
	})
	file := write(t, filepath.Join(t.TempDir(), "user.nk"), string(seed))
	for _, test := range []struct {
		config natsconn.Config
		act    func(*nats.Conn) error
		want   string
	}{
		{natsconn.Config{User: "alice", Password: "s3cret"}, func(nc *nats.Conn) error { return nc.Publish("may.Not", nil) },
			`NATS does not let user "alice" publish to "may.Not"`},
		// What the client library sends by itself after a reconnect is no reason to end.
		{natsconn.Config{User: "alice", Password: "s3cret"}, func(nc *nats.Conn) error {
			return errors.Join(nc.Publish("$JS.API.CONSUMER.CREATE.KV_X", nil), nc.Publish("$JS.hub.API.CONSUMER.CREATE.KV_X", nil), nc.Publish("last", nil))
		}, `NATS does not let user "alice" publish to "last"`},
		{natsconn.Config{User: "alice", Password: "s3cret", InboxPrefix: "_INBOX_alice"}, func(nc *nats.Conn) error { _, err := nc.Request("May-not", nil, time.Second); return err },
			`NATS does not let user "alice" publish to "May-not"`},
		{natsconn.Config{NKey: file}, func(nc *nats.Conn) error { _, err := nc.SubscribeSync("_INBOX_bob.>"); return err },
			`NATS does not let the nkey in ` + file + ` subscribe to "_INBOX_bob.>"`},
	} {
		c := test.config
		c.Server = guarded
		refused := make(chan error, 10)
		nc, _, err := c.Dial(t.Context(), c.Events(zerolog.Nop(), func(err error) { refused <- err })...)
		if err != nil {
			t.Fatal(err)
		}
		test.act(nc)
		nc.Flush()
		select {
		case err := <-refused:
			var p *natsconn.PermissionError
			if err.Error() != test.want || !errors.As(err, &p) || !errors.Is(err, natsconn.ErrConnect) || !strings.Contains(p.Hint(), "--print-permissions") {
				t.Errorf("%v, want %s", err, test.want)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("no report, want %s", test.want)
		}
		nc.Close()
	}
}

// TestForeignCredentials: credentials that this program did not make are used unchanged.
func TestForeignCredentials(t *testing.T) {
	t.Parallel()
	account, err := nkeys.CreateAccount()
	if err != nil {
		t.Fatal(err)
	}
	user, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	public, _ := user.PublicKey()
	seed, _ := user.Seed()
	claims := jwt.NewUserClaims(public)
	claims.Name = "bob"
	token, err := claims.Encode(account)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(token, seed)
	if err != nil {
		t.Fatal(err)
	}
	creds := write(t, filepath.Join(t.TempDir(), "bob.creds"), string(text))
	for _, c := range []natsconn.Config{{Creds: creds}, {JWT: token, Seed: string(seed)}} {
		if id := c.Identity(); id.Name != "bob" || id.Role != "" || id.Inbox != "" || !id.Expires.IsZero() {
			t.Errorf("%+v", id)
		}
		resolved, err := c.Resolve()
		if err != nil || resolved.InboxPrefix != "" {
			t.Errorf("inbox prefix %q, %v", resolved.InboxPrefix, err)
		}
	}
	for _, junk := range []string{"", "hello", strings.Repeat("A", 1<<20), "-----BEGIN NATS USER JWT-----\neyJ.eyJ.x\n------END NATS USER JWT------\n"} {
		if id := (natsconn.Config{Creds: write(t, creds+"x", junk)}).Identity(); id.Name != "" || id.Role != "" {
			t.Errorf("%.40q is %+v", junk, id)
		}
	}
}

// TestContextFile: a context may be a file.
func TestContextFile(t *testing.T) {
	t.Parallel()
	open := natsServer(t, plain)
	file := write(t, filepath.Join(t.TempDir(), "here.json"), `{"url": "`+open+`", "inbox_prefix": "_INBOX_x"}`)
	connects(t, natsconn.Config{Context: file})
	c, err := natsconn.Config{Context: file}.Resolve()
	if err != nil || c.Server != open || c.InboxPrefix != "_INBOX_x" {
		t.Errorf("%+v, %v", c, err)
	}
	fails(t, natsconn.Config{Context: file + ".json"}, "cannot read the NATS context in", "here.json.json", "no such file")
	fails(t, natsconn.Config{Context: write(t, file, "{")}, "cannot read the NATS context in", "here.json")
}
