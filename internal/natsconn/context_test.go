package natsconn_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"factorfleet/internal/natsconn"
)

func TestContext(t *testing.T) {
	dir := contexts(t)
	open, guarded := natsServer(t, plain), natsServer(t, withLogin)
	login := `"user":"alice","password":"s3cret"`
	write(t, filepath.Join(dir, "context", "lab.json"), `{"description":"x","url":"`+guarded+`",`+login+`,"jetstream_domain":"","token":""}`)
	write(t, filepath.Join(dir, "context", "open.json"), `{"url":"`+open+`"}`)
	write(t, filepath.Join(dir, "context", "broken.json"), `{"url":`)

	connects(t, natsconn.Config{Context: "lab"})
	connects(t, natsconn.Config{Context: "lab", Server: guarded})    // the context's login
	connects(t, natsconn.Config{Context: "lab", Password: "s3cret"}) // for the context's user
	connects(t, natsconn.Config{Context: "open", Server: strings.Replace(guarded, "//", "//alice:s3cret@", 1)})
	fails(t, natsconn.Config{Context: "lab", Token: "no"}, guarded, "refuses the token") // not the context's login
	fails(t, natsconn.Config{Context: "lab", Password: "no"}, guarded, `refuses user "alice"`)
	fails(t, natsconn.Config{Context: "lap"}, `NATS context "lap" does not exist; known contexts: broken, lab, open; --no-context`)
	fails(t, natsconn.Config{Context: "../context/lab"}, "does not exist")
	fails(t, natsconn.Config{Context: "broken"}, `cannot use NATS context "broken": unexpected end of JSON input`)

	write(t, filepath.Join(dir, "context.txt"), "lab\n")
	connects(t, natsconn.Config{})
	connects(t, natsconn.Config{Context: "open"})
	fails(t, natsconn.Config{Server: guarded, NoContext: true}, "requires a login")
	if c, err := (natsconn.Config{NoContext: true, Context: "lab"}).Resolve(); err != nil || c.Server != "nats://127.0.0.1:4222" || c.User != "" {
		t.Errorf("without a context: %+v, %v", c, err)
	}
	write(t, filepath.Join(dir, "context.txt"), "gone")
	fails(t, natsconn.Config{}, `selected NATS context "gone" does not exist`, "--no-context")
	fails(t, natsconn.Config{JSDomain: "hub", JSAPIPrefix: "x", NoContext: true, Server: "nats://127.0.0.1:1"}, "refused")
	_, err := natsconn.Config{JSDomain: "hub", JSAPIPrefix: "x", NoContext: true}.JetStream(nil)
	if !errors.Is(err, natsconn.ErrConnect) {
		t.Errorf("domain and prefix: %v", err)
	}
}

// TestContextFlags: each flag overrides the setting of the context, and credentials override as a whole.
func TestContextFlags(t *testing.T) {
	dir := contexts(t)
	t.Setenv("KEYS", "/keys")
	write(t, filepath.Join(dir, "context.txt"), "lab")
	write(t, filepath.Join(dir, "context", "lab.json"), `{"url":"nats://lab","creds":"$KEYS/lab.creds","cert":"lab.crt","key":"lab.key",
		"ca":"lab.ca","jetstream_domain":"hub","inbox_prefix":"IN","socks_proxy":"socks5://lab","tls_first":true}`)
	got, err := natsconn.Config{}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	if got.Server != "nats://lab" || got.Creds != "/keys/lab.creds" || got.TLSCert != "lab.crt" || got.TLSKey != "lab.key" || got.TLSCA != "lab.ca" ||
		got.JSDomain != "hub" || got.InboxPrefix != "IN" || got.SocksProxy != "socks5://lab" || !got.TLSFirst || got.Timeout != 5*time.Second {
		t.Errorf("context alone: %+v", got)
	}
	got, err = natsconn.Config{
		Server: "nats://own", NKey: "$KEYS/own.nk", TLSCert: "own.crt", TLSKey: "own.key", TLSCA: "own.ca",
		JSDomain: "own", InboxPrefix: "OWN", SocksProxy: "none", Timeout: time.Second,
	}.Resolve()
	if err != nil {
		t.Fatal(err)
	}
	if got.Server != "nats://own" || got.NKey != "/keys/own.nk" || got.Creds != "" || got.TLSCert != "own.crt" || got.TLSKey != "own.key" ||
		got.TLSCA != "own.ca" || got.JSDomain != "own" || got.InboxPrefix != "OWN" || got.SocksProxy != "" || got.Timeout != time.Second {
		t.Errorf("flags over context: %+v", got)
	}
}

// TestContextTools: contexts whose credentials come from another program.
func TestContextTools(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs scripts of sh")
	}
	dir, tools := contexts(t), t.TempDir()
	write(t, filepath.Join(dir, "context", "nsc.json"), `{"nsc":"nsc://o/a/u"}`)
	write(t, filepath.Join(dir, "context", "vault.json"), `{"creds":"op://vault/x"}`)
	write(t, filepath.Join(dir, "context", "win.json"), `{"windows_cert_store":"user","windows_cert_match":"x"}`)
	t.Setenv("PATH", tools)
	fails(t, natsconn.Config{Context: "nsc"}, `cannot use NATS context "nsc": cannot find 'nsc'`, "--no-context")
	fails(t, natsconn.Config{Context: "vault"}, "cannot read the credentials op://vault/x", `"op": executable file not found`)
	fails(t, natsconn.Config{Context: "win"}, `certificate store of Windows that NATS context "win" names`, "not compatible")

	tool := write(t, filepath.Join(tools, "nsc"), "#!/bin/sh\necho no such\necho operator\nexit 1\n")
	if err := os.Chmod(tool, 0o700); err != nil {
		t.Fatal(err)
	}
	fails(t, natsconn.Config{Context: "nsc"}, "nsc invoke failed: no such operator")
	write(t, tool, `#!/bin/sh
echo '{"user_creds":"/keys/u.creds","operator":{"service":["nats://a","nats://b"]}}'
`)
	got, err := natsconn.Config{Context: "nsc"}.Resolve()
	if err != nil || got.Creds != "/keys/u.creds" || got.Server != "nats://a,nats://b" {
		t.Errorf("%+v, %v", got, err)
	}
}
