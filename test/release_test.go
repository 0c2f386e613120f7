package test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
)

// unpack unpacks an archive of testdata/release and returns the directory.
func unpack(t testing.TB, name string) (dir string) {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "release", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for archive := tar.NewReader(unzipped); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o700)
		} else if content, readErr := io.ReadAll(archive); readErr != nil {
			err = readErr
		} else {
			err = os.WriteFile(path, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func readText(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// touchJob writes the manifest of a job once more, as it is. A job that never ended is removed 30 days after that,
// and the archives may be years old.
func touchJob(t testing.TB, js jetstream.JetStream, id string) {
	t.Helper()
	kv, err := js.KeyValue(t.Context(), "FACTOR_JOBS")
	if err != nil {
		t.Fatal(err)
	}
	entry, err := kv.Get(t.Context(), id)
	if err == nil {
		_, err = kv.Put(t.Context(), id, entry.Value())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// This version opens a store that the last release has written: `embedded run` brings it up to date, the open job
// is finished, and what has ended can be read. testdata/release/make.sh says what the store contains.
func TestStoreOfRelease(t *testing.T) {
	t.Parallel()
	dir := unpack(t, "store.tar.gz")
	store := filepath.Join(dir, "store")
	s := &server{program: start(t, "nats-server", "-a 127.0.0.1 -p -1 -js -sd "+store)}
	s.await(&s.stderr, "Server is ready")
	s.url = listens(t, s.program)
	for _, name := range []string{"FACTOR_INPUTS", "FACTOR_TASKS", "FACTOR_RESULTS", "FACTOR_RETURNS", "FACTOR_DEAD"} {
		if n := s.stream(name).CachedInfo().State.Msgs; n == 0 {
			t.Errorf("%s of the archive is empty", name)
		}
	}
	_, js := s.connect()
	touchJob(t, js, "open")
	s.signal(syscall.SIGTERM)
	s.wait()

	node, url := serveStore(t, "-n 2 --store "+store)
	s = &server{program: node, url: url}
	checkAnswers(t, readText(t, filepath.Join(dir, "open.txt")), s.run("producer", "wait open").wantCode(0).stdout.String())
	checkAnswers(t, sequence(1_000_000_001, 1_000_000_180, 1), s.run("producer", "results done").wantCode(0).stdout.String())
	s.run("producer", "results dead").wantStdout("21: 3 7\n").wantSaid("was given up: its worker died")
	if dead := s.run("producer", "dead ls dead").wantCode(0).stdout.String(); strings.Count(dead, "\n") != 2 {
		t.Errorf("dead ls:\n%s", dead)
	}
	workers := s.run("producer", "workers ls").wantCode(0).stdout.String()
	for _, want := range []string{"worker-b  quarantined", "worker-c  gone", "complaints: 3 returns dropped"} {
		if !strings.Contains(workers, want) {
			t.Errorf("workers ls does not say %q:\n%s", want, workers)
		}
	}
	if made := s.run("producer", "init --dry-run").wantCode(0).stdout.String(); strings.Contains(made, "would") {
		t.Errorf("the store was not brought up to date:\n%s", made)
	}
	s.run("producer", "submit 10403").wantCode(0).wantStdout("10403: 101 103\n")
	node.signal(syscall.SIGTERM)
	node.wantCode(0)
	if said := node.stderr.String(); strings.Contains(said, "not healthy") || strings.Contains(said, "ERR") {
		t.Errorf("the node says:\n%s", said)
	}
}

// touchSecure is touchJob for job open in a store with keys.
func touchSecure(t testing.TB, keys, store string) {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "server.conf")
	printed := run(t, "producer", "init --print-server-conf --secure "+keys+" --listen 127.0.0.1:"+freePorts(t, 1)[0]+" --store "+store).wantCode(0).stdout.String()
	if err := os.WriteFile(conf, []byte(printed), 0o600); err != nil {
		t.Fatal(err)
	}
	g := &guarded{server: &server{program: start(t, "nats-server", "-c "+conf)}, keys: keys}
	g.await(&g.stderr, "Server is ready")
	g.url = strings.Replace(listens(t, g.program), "nats:", "tls:", 1)
	nc, err := g.dial("admin")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	touchJob(t, js, "open")
	g.signal(syscall.SIGTERM)
	g.wait()
}

// The same with keys. Credentials of the last release are accepted, from their old files.
func TestKeysOfRelease(t *testing.T) {
	t.Parallel()
	dir := unpack(t, "secure.tar.gz")
	keys := filepath.Join(dir, "keys")
	creds := func(name string) string {
		copied := filepath.Join(t.TempDir(), name+".creds") // as on another machine
		if err := os.WriteFile(copied, []byte(readText(t, filepath.Join(keys, name+".creds"))), 0o600); err != nil {
			t.Fatal(err)
		}
		return " --creds " + copied
	}
	producer, worker := creds("producer"), creds("worker-1")
	touchSecure(t, keys, filepath.Join(dir, "store"))
	f := fortify(t, keys, "127.0.0.1:0 -n 0 --store "+filepath.Join(dir, "store"))
	at := " -s " + f.url
	run(t, "producer", "results done"+at+producer).wantCode(0)
	open := start(t, "producer", "wait open"+at+producer)
	w := start(t, "consumer", "run -n 2"+at+worker)
	checkAnswers(t, readText(t, filepath.Join(dir, "open.txt")), open.wantCode(0).stdout.String())
	run(t, "producer", "submit 10403"+at+producer).wantCode(0).wantStdout("10403: 101 103\n")
	list := f.manage("ls").wantCode(0).stdout.String()
	if strings.Count(list, "\n") != 6 || strings.Contains(list, "foreign") {
		t.Errorf("keys ls:\n%s", list)
	}
	f.manage("renew --all").wantCode(0)
	if list := f.manage("ls").wantCode(0).stdout.String(); strings.Count(list, "current") != 5 {
		t.Errorf("keys ls after renew:\n%s", list)
	}
	run(t, "producer", "status --context "+filepath.Join(keys, "observer.json")).wantCode(0)
	w.signal(syscall.SIGTERM)
	w.wantCode(0)
}
