package test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// outputs is a directory with files for -o.
type outputs struct {
	t   *testing.T
	dir string
}

func newOutputs(t *testing.T) outputs { return outputs{t, t.TempDir()} }

func (o outputs) path(name string) string { return filepath.Join(o.dir, name) }

// write makes a file.
func (o outputs) write(name, text string, mode os.FileMode) string {
	o.t.Helper()
	if err := os.WriteFile(o.path(name), []byte(text), mode); err != nil {
		o.t.Fatal(err)
	}
	if err := os.Chmod(o.path(name), mode); err != nil { // whatever the umask
		o.t.Fatal(err)
	}
	return o.path(name)
}

// want checks the names and contents of all files.
func (o outputs) want(files map[string]string) {
	o.t.Helper()
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, e := range entries {
		if _, ok := files[e.Name()]; !ok {
			o.t.Errorf("there is a file %s", e.Name())
		}
	}
	for name, text := range files {
		if got, err := os.ReadFile(o.path(name)); err != nil || string(got) != text {
			o.t.Errorf("%s: %q, %v, want %q", name, got, err, text)
		}
	}
}

const factors360 = "360: 2 2 2 3 3 5\n"

// The answers replace a file once they are complete. Its mode stays.
func TestOutputReplacesFile(t *testing.T) {
	t.Parallel()
	o := newOutputs(t)
	path := o.write("x", "old\n", 0o640)
	before, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	run(t, "embedded", "submit 360 -o "+path).wantCode(0).wantStdout("").wantStderr("")
	o.want(map[string]string{"x": factors360})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if text, err := io.ReadAll(before); err != nil || string(text) != "old\n" {
		t.Errorf("the old file was written: %q, %v", text, err)
	}
	run(t, "embedded", "submit 360 -o "+o.path("new")).wantCode(0)
	made, err := os.Stat(o.path("new"))
	if err != nil {
		t.Fatal(err)
	}
	usual, err := os.Create(filepath.Join(t.TempDir(), "usual"))
	if err != nil {
		t.Fatal(err)
	}
	defer usual.Close()
	if info, err := usual.Stat(); err != nil || info.Mode() != made.Mode() {
		t.Errorf("mode of a new file: %v, %v", made.Mode(), err)
	}
	run(t, "embedded", "submit --format csv -o "+path, feed("")).wantCode(0)
	o.want(map[string]string{"x": "index,n,status,factors,method,cpu_s,worker,wall_s\n", "new": factors360})
}

// The output is never an input, however the two are named.
func TestOutputIsInput(t *testing.T) {
	t.Parallel()
	o := newOutputs(t)
	o.write("x", "360\n", 0o600)
	o.write("y.partial", "15\n", 0o600)
	if err := os.Link(o.path("x"), o.path("same")); err != nil {
		t.Fatal(err)
	}
	there := workDir(o.dir)
	in, err := os.Open(o.path("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, command := range []string{"-f x -o x", "-f same -o ./x", "7 -f y.partial -o y", "-f y.partial -o y.partial", "-o x -f -"} {
		refusal{"embedded", "submit " + command, 2, " would overwrite the input file "}.check(t, there, stdin(in))
	}
	refusal{"embedded", "submit -o x", 2, "-o x would overwrite the input file standard input: write the answers to another file"}.check(t, there, stdin(in))
	out, err := os.OpenFile(o.path("x"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	run(t, "embedded", "submit -f x", there, stdoutTo(out)).wantCode(2).wantSaid("standard output is the input file x")
	o.want(map[string]string{"x": "360\n", "same": "360\n", "y.partial": "15\n"})
}

// A command that prints no answer changes no file.
func TestOutputOfUnknownJob(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.run("producer", "init").wantCode(0)
	o := newOutputs(t)
	o.write("x", "old answers\n", 0o600)
	o.write("x.partial", "some answers\n", 0o600)
	for _, command := range []string{"wait nojob", "results nojob", "results nojob --format csv"} {
		s.run("producer", command+" -o "+o.path("x")).wantCode(7)
		s.run("producer", command+" -o "+o.path("new")).wantCode(7)
	}
	run(t, "producer", "wait j -s nats://127.0.0.1:1 -o "+o.path("new")).wantCode(3)
	o.want(map[string]string{"x": "old answers\n", "x.partial": "some answers\n"})
}

// A program that ends early keeps the answers so far beside the old file, and says where. So does one
// that is killed. The next one starts again.
func TestOutputEndsEarly(t *testing.T) {
	t.Parallel()
	o := newOutputs(t)
	path := o.write("x", "old\n", 0o600)
	for _, end := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}, {syscall.SIGHUP, 129}, {syscall.SIGKILL, -1}} {
		in, w := pipe(t)
		p := start(t, "embedded", "submit -o "+path, in)
		io.WriteString(w, "360\n")
		eventually(t, "the first answer is in the partial file", func() bool {
			text, _ := os.ReadFile(path + ".partial")
			return string(text) == factors360
		})
		run(t, "embedded", "submit 15 -o "+path).wantCode(75).wantSaid("another process is writing " + path + ".partial")
		if end.signal == syscall.SIGKILL {
			p.kill()
		} else {
			p.signal(end.signal)
			p.wantCode(end.code).wantSaid("embedded: the answers so far are in " + path + ".partial\n")
		}
		o.want(map[string]string{"x": "old\n", "x.partial": factors360})
		if info, err := os.Stat(path + ".partial"); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode of the partial file: %v, %v", info.Mode(), err)
		}
		if err := os.Truncate(path+".partial", 3); err != nil { // so that the next one is seen
			t.Fatal(err)
		}
	}
	in, w := pipe(t)
	p := start(t, "embedded", "submit --deadline 1s -o "+path, in)
	io.WriteString(w, "360\n")
	p.wantCode(4).wantSaid("embedded: the answers so far are in " + path + ".partial\n")
	o.want(map[string]string{"x": "old\n", "x.partial": factors360})
	run(t, "embedded", "submit 15 -o "+path).wantCode(0)
	o.want(map[string]string{"x": "15: 3 5\n"})
}

// An output that is a link is refused, and a link in place of the partial file too.
func TestOutputIsLink(t *testing.T) {
	t.Parallel()
	o := newOutputs(t)
	target := secret(t)
	for _, name := range []string{"link", "y.partial"} {
		if err := os.Symlink(target, o.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(o.write("inside", "inside\n", 0o600), o.path("z.partial")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(o.path("inside"), o.path("w.partial")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", o.path("dangling")); err != nil {
		t.Fatal(err)
	}
	there := workDir(o.dir)
	refusal{"embedded", "submit 360 -o link", 2, "-o link is a symbolic link: name the file to write, or remove the link"}.check(t, there)
	refusal{"embedded", "submit 360 -o dangling", 2, "-o dangling is a symbolic link"}.check(t, there)
	for _, name := range []string{"y", "z", "w"} {
		refusal{"embedded", "submit 360 -o " + name, 74, "create " + name + ".partial: a link or another kind of file has this name: remove it"}.check(t, there)
	}
	if text, err := os.ReadFile(o.path("inside")); err != nil || string(text) != "inside\n" {
		t.Errorf("inside: %q, %v", text, err)
	}
	refusal{"embedded", "submit 360 -o " + o.dir, 74, o.dir + ": is a directory"}.check(t)
}

// What cannot be replaced is written directly.
func TestOutputIsNoRegularFile(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/dev/stdout", "-"} {
		run(t, "embedded", "submit 360 -o "+path).wantCode(0).wantStdout(factors360)
	}
	run(t, "embedded", "submit 360 -o /dev/null").wantCode(0).wantStdout("").wantStderr("")
	run(t, "embedded", "submit 360 -o /dev/stderr").wantCode(0).wantStdout("").wantStderr(factors360)
	run(t, "embedded", "submit 360 -o /dev/full").wantCode(74).wantSaid("write results: write /dev/full: no space left on device")
	script := exec.Command("sh", "-c", `"$0" submit 360 -o /dev/fd/3 3>&1`, binary(t, "embedded"))
	startCommand(t, script).wantCode(0).wantStdout(factors360)

	o := newOutputs(t)
	if err := syscall.Mkfifo(o.path("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "embedded", "submit 360 -o "+o.path("fifo"))
	fifo, err := os.Open(o.path("fifo"))
	if err != nil {
		t.Fatal(err)
	}
	defer fifo.Close()
	if line, err := bufio.NewReader(fifo).ReadString('\n'); err != nil || line != factors360 {
		t.Errorf("%q, %v", line, err)
	}
	p.wantCode(0)
	// A regular file behind standard output is appended to, as the shell has opened it.
	file := o.write("file", "before\n", 0o600)
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	run(t, "embedded", "submit 360 -o /dev/stdout", stdoutTo(out)).wantCode(0)
	if text, err := os.ReadFile(file); err != nil || string(text) != "before\n"+factors360 {
		t.Errorf("%q, %v", text, err)
	}
}

// A full disk is reported, and the old answers stay.
func TestOutputOnFullDisk(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, "size=32k")
	path := filepath.Join(disk, "x")
	if err := os.WriteFile(path, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "embedded", "submit --range 1:10000 -o "+path).wantCode(74).
		wantSaid("write results: write "+path+".partial: no space left on device", "the answers so far are in "+path+".partial")
	if text, err := os.ReadFile(path); err != nil || string(text) != "old\n" {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := os.ReadFile(path + ".partial"); err != nil || !strings.HasPrefix(string(text), "1:\n2: 2\n3: 3\n") {
		t.Errorf("%.20q, %v", text, err)
	}
}

// A file that this user may not write is refused before the job starts.
func TestOutputNotPermitted(t *testing.T) {
	t.Parallel()
	needRoot(t) // to be somebody else
	dir, program := openDir(t, 0o755), embeddedForAll(t)
	if err := os.WriteFile(filepath.Join(dir, "x"), []byte("old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x", "new"} {
		p := startCommand(t, exec.Command(program, "submit", "360", "-o", filepath.Join(dir, name)), asStranger(t))
		p.wantCode(74).wantStdout("").wantSaid("permission denied")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// A closed standard output is an error: the answers would be lost.
func TestClosedOutput(t *testing.T) {
	t.Parallel()
	closed := func(args string) *program {
		return startCommand(t, exec.Command("sh", "-c", `exec "$0" `+args, binary(t, "embedded")))
	}
	const says = "embedded: error: standard output is closed, or opened to discard everything: "
	closed("submit 360 >&-").wantCode(74).wantStderr(says + "the answers would be lost; name a file by -o FILE, or discard them by -o /dev/null\n")
	store := t.TempDir()
	closed("submit --detach 360 --store " + store + " >&-").wantCode(74).wantStderr(says + "the id of the job would be lost; choose one by --id JOB\n")
	closed("submit --detach --id a 360 --store " + store + " >&-").wantCode(0)
	closed("submit --id a 360 --store " + store + " >/dev/null").wantCode(0).wantStderr("")
	closed("submit 360 >&- -o " + filepath.Join(store, "x")).wantCode(0)
	closed("submit 360 >&- -o /dev/null").wantCode(0)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	run(t, "embedded", "submit 360", stdoutTo(null), stdin(null)).wantCode(0).wantStderr("") // as Python's DEVNULL, or daemon(3)
	closed("submit 360 >&- 2>&- <&-").wantCode(74)
	closed("submit 360 <&-").wantCode(0).wantStdout(factors360)
}
