package test

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/jsm.go/natscontext"
	"github.com/nats-io/nats.go"

	"factorfleet/internal/identity"
)

// Remote connections are accepted only with --secure or --insecure.
func TestListenRefusesEverybody(t *testing.T) {
	t.Parallel()
	const how = "embedded: hint: add --secure DIR, which creates keys and prints how other machines join; or --insecure in a network where you trust every user\n"
	for _, r := range []refusal{
		{"embedded", "run --listen 0.0.0.0:0", 2, "embedded: error: --listen 0.0.0.0:0 needs --secure or --insecure: other machines can reach it\n" + how},
		{"embedded", "run --listen :0", 2, how},
		{"embedded", "run --listen [::]:0", 2, how},
		{"embedded", "run --listen 192.0.2.1:4222", 2, how},
		{"embedded", "run --listen somewhere.invalid:4222", 2, how},
		{"embedded", "run --secure d --insecure", 2, "exclude each other"},
		{"embedded", "run --san x", 2, "--san needs --secure"},
		{"embedded", "keys", 2, "missing command: expected add, renew, revoke, ls"},
		{"embedded", "keys ls", 2, "--secure DIR is missing"},
		{"embedded", "keys ls --secure nowhere", 7, "nowhere: no keys\nembedded: hint: `embedded run --secure DIR`"},
		{"embedded", "keys add worker", 2, "needs a ROLE and a NAME"},
		{"embedded", "keys add wroker attic --secure nowhere", 2, `"wroker" is not a role: use worker, producer, observer or admin`},
		{"embedded", "keys add worker At.tic --secure nowhere", 2, `"At.tic" is not a worker name`},
		{"embedded", "keys add worker sweeper --secure nowhere", 2, `"sweeper" is not a name for a worker`},
		{"embedded", "keys add worker attic --src 10.0.0.0/64 --secure nowhere", 2, `--src "10.0.0.0/64" must be a network`},
		{"embedded", "keys add worker attic --expires 1ms --secure nowhere", 2, "--expires must be at least 1s"},
		{"embedded", "keys renew --secure nowhere", 2, "name the identities to renew, or use --all"},
		{"embedded", "keys renew --all attic --secure nowhere", 2, "name the identities to renew, or use --all"},
		{"embedded", "keys renew attic --expires 1ms --secure nowhere", 2, "--expires must be at least 1s"},
		{"embedded", "keys renew attic --secure nowhere", 7, "no keys"},
		{"embedded", "keys revoke ../x --secure nowhere", 7, "no keys"},
		{"producer", "init --print-server-conf", 2, "--print-server-conf needs --secure DIR"},
		{"producer", "init --print-server-conf --secure d --listen x", 2, `--listen "x" is not host:port`},
	} {
		t.Run(r.program+" "+r.args, func(t *testing.T) {
			t.Parallel()
			r.check(t, workDir(t.TempDir()))
		})
	}
	for _, args := range []string{"run -n 0 --listen 127.0.0.1:0", "run -n 0 --listen localhost:0", "run -n 0 --listen [::1]:0", "run -n 0 --listen 0.0.0.0:0 --insecure"} {
		p := start(t, "embedded", args)
		p.await(&p.stderr, "listening on nats://")
		p.signal(syscall.SIGTERM)
		p.wantCode(0)
	}
}

// A fortress is `embedded run --secure`.
type fortress struct {
	*program
	keys  string   // directory
	lines []string // what it says, without its name in front
	url   string
	heard *[]*program // all programs of the test
}

func fortify(t *testing.T, keys, listen string) *fortress {
	t.Helper()
	f := &fortress{program: start(t, "embedded", "--log-level debug run --listen "+listen, arguments("--secure", keys)), keys: keys, heard: new([]*program)}
	*f.heard = append(*f.heard, f.program)
	f.await(&f.stderr, "worker NAME\n")
	for line := range strings.Lines(f.stderr.String()) {
		if said, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "embedded: "); ok {
			f.lines = append(f.lines, said)
		}
	}
	f.url = regexp.MustCompile(`tls://\S*\d`).FindString(f.lines[0])
	return f
}

// says returns the rest of a printed line with the given beginning.
func (f *fortress) says(begin string) (list []string) {
	f.t.Helper()
	for _, line := range f.lines {
		if rest, ok := strings.CutPrefix(line, begin); ok {
			list = append(list, rest)
		}
	}
	if len(list) == 0 {
		f.t.Fatalf("it does not say %q:\n%s", begin, strings.Join(f.lines, "\n"))
	}
	return list
}

// machine runs a line in a shell on another machine, which has the programs, and an scp that copies.
func (f *fortress) machine(line string) *program {
	f.t.Helper()
	dir, err := binaries()
	if err != nil {
		f.t.Fatal(err)
	}
	tools := f.t.TempDir()
	if err := os.WriteFile(filepath.Join(tools, "scp"), []byte("#!/bin/sh\nexec cp -p \"${1#*:}\" \"$2\"\n"), 0o700); err != nil {
		f.t.Fatal(err)
	}
	// exec replaces the shell, so that signals reach the program.
	first, last, two := strings.Cut(line, " && ")
	if !two {
		first, last = "true", line
	}
	p := startCommand(f.t, exec.Command("sh", "-c", first+" && exec "+last), workDir(f.t.TempDir()),
		environment("PATH="+strings.Join([]string{tools, dir, os.Getenv("PATH")}, string(os.PathListSeparator))))
	p.line = line
	*f.heard = append(*f.heard, p)
	return p
}

// worker runs a line that starts a worker, until the worker is ready.
func (f *fortress) worker(line string) *program {
	f.t.Helper()
	p := f.machine(strings.Replace(line, "consumer run", "consumer --log-level debug run -n 1", 1))
	p.await(&p.stderr, "worker ready")
	return p
}

// runs runs a line to its end.
func (f *fortress) runs(line string) *program {
	f.t.Helper()
	p := f.machine(line)
	p.wait()
	return p
}

func (f *fortress) manage(args string) *program {
	f.t.Helper()
	return f.runs("embedded keys " + args + " --secure '" + f.keys + "'")
}

// add creates an identity and returns the line that uses it.
func (f *fortress) add(args string) string {
	f.t.Helper()
	return strings.TrimSuffix(f.manage("add "+args).wantCode(0).stdout.String(), "\n")
}

// submit factors a number as the producer whose line the fortress has printed.
func (f *fortress) submit() {
	f.t.Helper()
	f.runs(strings.Replace(f.says("submit here: ")[0], "NUMBER...", "10403 360", 1)).wantCode(0).wantStdout("10403: 101 103\n360: 2 2 2 3 3 5\n")
}

// from returns a route to the server on which it sees connections from another address.
func (f *fortress) from(address string) (url string) {
	f.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { l.Close() })
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := dialer.Dial("tcp", strings.TrimPrefix(f.url, "tls://"))
			if err != nil {
				f.t.Errorf("from %s: %v", address, err)
				client.Close()
				return
			}
			go func() { io.Copy(server, client); server.Close() }()
			go func() { io.Copy(client, server); client.Close() }()
		}
	}()
	return "tls://" + l.Addr().String()
}

// One command creates the fleet, and one more adds each machine: the lines are run as they are printed.
// Then identities are added and revoked while the fleet runs.
func TestSecureFleet(t *testing.T) {
	t.Parallel()
	f := fortify(t, filepath.Join(t.TempDir(), "the keys"), "127.0.0.1:0 -n 0")
	joins := f.says("on the next machine: ")
	first, second := f.worker(joins[0]), f.worker(joins[1])
	f.submit()
	list := regexp.MustCompile(`U[A-Z2-7]{55}`).ReplaceAllString(f.manage("ls").wantCode(0).stdout.String(), "U...")
	if list != `NAME      ROLE      FROM      EXPIRES  PERMISSIONS  KEY
admin     admin     anywhere  never    current      U...
observer  observer  anywhere  never    current      U...
producer  producer  anywhere  never    current      U...
worker-1  worker    anywhere  never    current      U...
worker-2  worker    anywhere  never    current      U...
` {
		t.Errorf("keys ls:\n%s", list)
	}

	f.manage("revoke worker-1").wantCode(0)
	first.wantCode(3).wantSaid("consumer: error: NATS at "+f.url+" refuses the credentials in worker-1.creds: ", "they were revoked, or belong to another server")
	f.manage("revoke worker-1").wantCode(7).wantSaid("no such identity: worker-1\nembedded: hint: `embedded keys ls` lists them")
	f.manage("add worker worker-2").wantCode(8).wantSaid("the name worker-2 is taken; use another name, or revoke that identity first")
	f.manage("revoke worker-2").wantCode(0)
	second.wantCode(3)

	attic := f.worker(f.add("worker attic"))
	f.submit()
	f.runs(f.add("worker shed") + " --name barn").wantCode(2).wantSaid("--name barn: the credentials are those of worker shed")
	f.runs(f.add("observer eye")).wantCode(0).wantSaid()
	f.runs(f.add("producer second") + " 15").wantCode(0).wantStdout("15: 3 5\n")
	f.runs(strings.Replace(f.add("producer third"), "producer submit", "consumer run", 1)).wantCode(3).
		wantSaid(`consumer: error: NATS does not let producer third subscribe to "FACTOR.ctl.>"`)

	// When an identity expires, its connection is closed too.
	brief := f.add("worker brief --expires 2s")
	f.worker(brief).wantCode(3).wantSaid("brief.creds: ", "; they expired at 20")
	f.runs(brief).wantCode(3).wantSaid("; they expired at 20")

	// Networks from which an identity may connect.
	cellar := f.add("worker cellar --src 127.0.0.2")
	f.runs(cellar).wantCode(3).wantSaid("they are valid only for connections from 127.0.0.2/32, or were revoked")
	f.worker(strings.Replace(cellar, f.url, f.from("127.0.0.2"), 1))
	loft := f.add("producer loft --src 10.0.0.0/8 --src 127.0.0.1") + " 21"
	f.runs(loft).wantCode(0).wantStdout("21: 3 7\n")
	f.runs(strings.Replace(loft, f.url, f.from("127.0.0.2"), 1)).wantCode(3).wantSaid("from 10.0.0.0/8, 127.0.0.1/32")

	// The same keys on the same port: existing identities continue to work.
	f.signal(syscall.SIGTERM)
	f.wantCode(0)
	again := fortify(t, f.keys, strings.TrimPrefix(f.url, "tls://")+" -n 0")
	again.heard = f.heard
	*f.heard = append(*f.heard, again.program)
	eventually(t, "attic is there again", func() bool {
		return strings.Count(attic.stderr.String(), "reconnected to NATS") > 0
	})
	again.submit()
	f.runs(f.add("worker last") + " --name x").wantCode(2)
	again.tellsNothing()
}

// tellsNothing checks that no printed or logged line contains a secret.
func (f *fortress) tellsNothing() {
	f.t.Helper()
	secrets := make(map[string]string)
	files, err := filepath.Glob(filepath.Join(f.keys, "*"))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, seed := range regexp.MustCompile(`S[UAO][A-Z2-7]{56}`).FindAllString(string(text), -1) {
			secrets[seed] = file
		}
		if strings.HasSuffix(file, ".key") {
			secrets[strings.Split(string(text), "\n")[1]] = file
		}
	}
	if len(secrets) < 10 {
		f.t.Fatalf("found only %d secrets", len(secrets))
	}
	length := 0
	for _, p := range *f.heard {
		said := p.stdout.String() + p.stderr.String()
		length += len(said)
		for secret, file := range secrets {
			if strings.Contains(said, secret) {
				f.t.Errorf("%s: it tells the secret of %s", p.line, file)
			}
		}
	}
	if length < 5000 {
		f.t.Errorf("only %d bytes were said: the log was not looked at", length)
	}
}

// A client without keys, with foreign keys, or without a trusted certificate, gets one line with a
// hint.
func TestUnknownClients(t *testing.T) {
	t.Parallel()
	f := fortify(t, filepath.Join(t.TempDir(), "keys"), "127.0.0.1:0 -n 0")
	other := filepath.Join(t.TempDir(), "other")
	if _, err := identity.Prepare(other); err != nil {
		t.Fatal(err)
	}
	creds, err := os.ReadFile(filepath.Join(f.keys, "producer.creds"))
	if err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(t.TempDir(), "bare.creds")
	if err := os.WriteFile(bare, creds[:bytes.Index(creds, []byte("-----BEGIN CERTIFICATE"))], 0o600); err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(f.keys, "ca.crt")
	for _, r := range []refusal{
		{"producer", "ls -s " + f.url, 3, "its certificate is signed by an unknown authority; name the authority with --tlsca FILE"},
		{"producer", "ls -s " + f.url + " --creds " + bare, 3, "its certificate is signed by an unknown authority; name the authority with --tlsca FILE"},
		{"producer", "ls -s " + f.url + " --creds " + bare + " --tlsca " + other + "/ca.crt", 3, "unknown authority"},
		{"producer", "ls -s " + f.url + " --tlsca " + ca, 3, "requires a login; use --creds FILE"},
		{"producer", "ls -s " + strings.Replace(f.url, "tls:", "nats:", 1) + " --tlsca " + ca, 3, "requires a login; use --creds FILE"},
		{"producer", "ls -s " + f.url + " --tlsca " + ca + " --user alice --password x", 3, `refuses user "alice"`},
		{"producer", "ls -s " + f.url + " --tlsca " + ca + " --token x", 3, "refuses the token"},
		{"consumer", "run -s " + f.url + " --tlsca " + ca + " --creds " + other + "/worker-1.creds", 3, "they were revoked, or belong to another server"},
		{"producer", "ls -s " + strings.Replace(f.url, "127.0.0.1", "127.0.0.2", 1) + " --creds " + f.keys + "/producer.creds", 3, "127.0.0.2"},
		{"producer", "ls --context " + f.keys + "/prodcer.json", 3, "prodcer.json: no such file"},
		{"producer", "submit --context " + f.keys + "/observer.json 15", 3, `NATS does not let observer observer publish to "$KV.FACTOR_JOBS.`},
		{"producer", "ls --context " + f.keys + "/worker-1.json", 3, `NATS does not let worker worker-1 publish to "$JS.API.STREAM.INFO.`},
	} {
		t.Run(r.program+" "+r.args, func(t *testing.T) { r.check(t, workDir(t.TempDir())) })
	}
	run(t, "producer", "ls -s "+f.url+" --creds "+bare+" --tlsca "+ca).wantCode(0)

	loose := filepath.Join(f.keys, "account.nk")
	if err := os.Chmod(loose, 0o640); err != nil {
		t.Fatal(err)
	}
	refusal{"embedded", "keys ls --secure " + f.keys, 3, "the key file " + loose + " is open to other users: its mode is 0640; run chmod 600 " + loose + ", and replace the key"}.check(t)
	refusal{"embedded", "run --listen 127.0.0.1:0 --secure " + f.keys, 3, "open to other users"}.check(t)
}

// The contexts work with the nats command. So does the credentials file alone, which also holds the
// certificate of the authority.
func TestKeysForNatsCommand(t *testing.T) {
	t.Parallel()
	f := fortify(t, filepath.Join(t.TempDir(), "keys"), "127.0.0.1:0 -n 1")
	f.submit() // its own worker has keys too
	for _, name := range []string{"admin", "producer", "observer", "worker-1"} {
		file := filepath.Join(f.keys, name)
		saved, err := natscontext.NewFromFile(file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		nc, err := saved.Connect()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if prefix := "_INBOX_" + name; saved.InboxPrefix() != prefix || !strings.HasPrefix(nc.NewInbox(), prefix+".") {
			t.Errorf("%s: inbox %s", name, nc.NewInbox())
		}
		nc.Close()
		if nc, err = nats.Connect(f.url, nats.UserCredentials(file+".creds"), nats.RootCAs(file+".creds")); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		nc.Close()
	}
}

// Passwords and tokens are not printed either, wherever they were given.
func TestLoginsAreNotTold(t *testing.T) {
	t.Parallel()
	const secret = "s3cret-s3cret"
	ports := freePorts(t, 2)
	user := "-a 127.0.0.1 -js --user alice --pass " + secret + " -p " + ports[0] + " -sd " + t.TempDir()
	token := "-a 127.0.0.1 -js --auth " + secret + " -p " + ports[1] + " -sd " + t.TempDir()
	for i, logins := range [][]string{
		{"-s nats://alice:" + secret + "@127.0.0.1:" + ports[0], "-s nats://127.0.0.1:" + ports[0] + " --user alice --password " + secret},
		{"-s nats://" + secret + "@127.0.0.1:" + ports[1], "-s nats://127.0.0.1:" + ports[1] + " --token " + secret, "-s nats://127.0.0.1:" + ports[1] + " --user " + secret},
	} {
		server := start(t, "nats-server", []string{user, token}[i])
		server.await(&server.stderr, "Server is ready")
		var heard []*program
		for j, login := range logins {
			if j == 0 {
				heard = append(heard, run(t, "producer", "--log-level debug init "+login).wantCode(0))
			}
			heard = append(heard, run(t, "producer", "--log-level debug ls "+login).wantCode(0))
			heard = append(heard, run(t, "producer", "--log-level debug ls "+strings.ReplaceAll(login, secret, secret+"!")).wantCode(3))
			worker := start(t, "consumer", "--log-level debug run -n 1 "+login)
			worker.await(&worker.stderr, "worker ready")
			heard = append(heard, worker)
		}
		server.kill()
		for _, p := range heard {
			if strings.Contains(p.line, "consumer") {
				p.await(&p.stderr, "connection to NATS lost")
				p.kill()
			}
			if said := p.stdout.String() + p.stderr.String(); strings.Contains(said, secret) || said == "" {
				t.Errorf("%s: it says\n%s", p.line, said)
			}
		}
		_, shown, _ := strings.Cut(run(t, "producer", "ls --timeout 1s "+logins[0]).wantCode(3).stderr.String(), "error: ")
		if strings.Contains(shown, secret) {
			t.Error(shown)
		}
	}
}
