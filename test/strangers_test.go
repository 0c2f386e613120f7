package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stranger is the user id of "another user" in these tests.
const stranger = 65534

// needRoot skips a test that must give files to another user.
func needRoot(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		t.Skip("NOT TESTED: only root can give a file to another user")
	}
}

// asStranger runs a program as another user, with a $TMPDIR of that user.
func asStranger(t *testing.T) setting {
	temp := openDir(t, 0o700)
	giveToStranger(t, temp)
	return func(c *exec.Cmd) {
		c.Env, c.Dir = append(c.Env, "TMPDIR="+temp), "/"
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	}
}

// strangerRuns runs a shell script as another user.
func strangerRuns(t *testing.T, script string, arguments ...string) {
	t.Helper()
	c := exec.Command("sh", append([]string{"-ec", script, "sh"}, arguments...)...)
	asStranger(t)(c)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("as another user: %s: %v\n%s", script, err, out)
	}
}

// openDir makes a directory that every user can reach: t.TempDir is below one of mode 0700.
func openDir(t *testing.T, mode os.FileMode) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "factorfleet-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// secret makes a file that no test may change, and checks that at the end.
func secret(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "secret")
	const text = "do not overwrite\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%s was changed: %q, %v", path, got, err)
		}
	})
	return path
}

// Another user plants the name of a temporary store, with links in it, in a directory that all users share.
func TestPlantedTemporaryStore(t *testing.T) {
	t.Parallel()
	needRoot(t)
	temp, target := openDir(t, 0o777|os.ModeSticky), secret(t)
	strangerRuns(t, `cd "$1"; mkdir factorfleet-store-1 other; ln -s "$2" factorfleet-store-1/LOCK
		ln -s other factorfleet-store-2; touch -d '1 hour ago' other/LOCK`, temp, target)
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(target, old, old); err != nil {
		t.Fatal(err)
	}
	p := start(t, "embedded", "submit 360", environment("TMPDIR="+temp))
	p.wantCode(0).wantStdout("360: 2 2 2 3 3 5\n").wantStderr("")
	for _, left := range []string{"factorfleet-store-1/LOCK", "factorfleet-store-2", "other/LOCK"} {
		if _, err := os.Lstat(filepath.Join(temp, left)); err != nil {
			t.Errorf("a file of another user was removed: %v", err)
		}
	}
}

// A temporary store is made only where no other user can replace it.
func TestTemporaryDirectoryOfOthers(t *testing.T) {
	t.Parallel()
	needRoot(t)
	foreign, loose := openDir(t, 0o700), openDir(t, 0o777)
	giveToStranger(t, foreign)
	refusal{"embedded", "submit 360", 74, foreign + " is open to other users: it belongs to the user with id 65534"}.check(t, environment("TMPDIR="+foreign))
	refusal{"embedded", "submit 360", 74, loose + " is open to other users: its mode is 0777 without the sticky bit; set TMPDIR to a directory of your own"}.check(t, environment("TMPDIR="+loose))
}

// giveToStranger gives a file to the stranger.
func giveToStranger(t *testing.T, path string) {
	t.Helper()
	if err := os.Lchown(path, stranger, stranger); err != nil {
		t.Fatal(err)
	}
}

// A store in a directory of another user is refused before anything is written into it.
func TestStoreOfAnotherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, planted := range []string{"LOCK", "DEATHS.new", "DEATHS", "RUNNING", "jetstream"} {
		dir := openDir(t, 0o777)
		strangerRuns(t, `mkdir "$1/store"; ln -s "$2" "$1/store/$3"`, dir, secret(t), planted)
		store := filepath.Join(dir, "store")
		for _, command := range []string{"submit 360", "run --listen 127.0.0.1:0"} {
			refusal{"embedded", command + " --store " + store, 74, store + " is open to other users: it belongs to the user with id 65534; use a directory of your own"}.check(t)
		}
		if entries, err := os.ReadDir(store); err != nil || len(entries) != 1 {
			t.Errorf("%s: %v, %v", planted, entries, err)
		}
		// The directory changes hands, the link stays.
		if err := os.Chown(store, 0, 0); err != nil {
			t.Fatal(err)
		}
		refusal{"embedded", "submit 360 --store " + store, 1, filepath.Join(store, planted) + " is a symbolic link"}.check(t)
	}
	dir, mine := openDir(t, 0o777), t.TempDir()
	strangerRuns(t, `ln -s "$2" "$1/store"`, dir, mine)
	refusal{"embedded", "submit 360 --store " + dir + "/store", 74, "the symbolic link " + dir + "/store is open to other users"}.check(t)
	if entries, err := os.ReadDir(mine); err != nil || len(entries) != 0 {
		t.Errorf("%v, %v", entries, err)
	}
}

// A store into which others may write is refused if it has files. An empty one is made private.
func TestStoreThatOthersMayWrite(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: no permission bits")
	}
	store := openDir(t, 0o775)
	run(t, "embedded", "submit 360 --store "+store).wantCode(0)
	if info, err := os.Stat(store); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the store: %v, %v", info.Mode(), err)
	}
	for _, mode := range []os.FileMode{0o770, 0o777 | os.ModeSticky, 0o702} {
		if err := os.Chmod(store, mode); err != nil {
			t.Fatal(err)
		}
		refusal{"embedded", "submit 360 --store " + store, 74, "its mode is " + fmt.Sprintf("%#o", mode.Perm()) + "; use a new directory in it, or look for files in it that are not yours and then run chmod 700 " + store}.check(t)
		if info, err := os.Stat(store); err != nil || info.Mode().Perm() != mode.Perm() {
			t.Errorf("mode of the refused store: %v, %v", info.Mode(), err)
		}
	}
	if err := os.Chmod(store, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, "embedded", "submit 360 --store "+store).wantCode(0)
}

// Keys are neither made nor read in a directory of another user.
func TestKeysOfAnotherUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := openDir(t, 0o777)
	strangerRuns(t, `mkdir "$1/keys"`, dir)
	keys := filepath.Join(dir, "keys")
	const says = " is open to other users: it belongs to the user with id 65534; use a directory of your own"
	for _, r := range []refusal{
		{"embedded", "run --listen 127.0.0.1:0 --secure ", 3, keys + says},
		{"producer", "init --print-server-conf --secure ", 3, keys + says},
	} {
		r.args += keys
		r.check(t)
		if entries, err := os.ReadDir(keys); err != nil || len(entries) != 0 {
			t.Errorf("%s: %v, %v", r.args, entries, err)
		}
	}
	mine := filepath.Join(t.TempDir(), "keys")
	run(t, "producer", "init --print-server-conf --secure "+mine).wantCode(0)
	giveToStranger(t, filepath.Join(mine, "users"))
	refusal{"embedded", "keys ls --secure " + mine, 3, filepath.Join(mine, "users") + says}.check(t)
	giveToStranger(t, mine)
	refusal{"embedded", "keys ls --secure " + mine, 3, mine + says}.check(t)
	if err := os.Chown(mine, 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(filepath.Join(mine, "users"), 0, 0); err != nil {
		t.Fatal(err)
	}
	giveToStranger(t, filepath.Join(mine, "ca.key"))
	refusal{"embedded", "keys ls --secure " + mine, 3, "the key file " + filepath.Join(mine, "ca.key") + says}.check(t)
}

// embeddedForAll returns the path of an embedded that every user can run.
func embeddedForAll(t *testing.T) string {
	t.Helper()
	path := filepath.Join(openDir(t, 0o755), "embedded")
	if err := os.Link(binary(t, "embedded"), path); err != nil { // a copy may be "text file busy": forks inherit its descriptor
		t.Fatal(err)
	}
	return path
}

// Another user than root uses the programs as before.
func TestUnprivilegedUser(t *testing.T) {
	t.Parallel()
	needRoot(t)
	temp, program := openDir(t, 0o777|os.ModeSticky), embeddedForAll(t)
	strangerRuns(t, `cd "$2"; export TMPDIR="$2"; umask 002; mkdir store
		test "$("$1" submit 360)" = "360: 2 2 2 3 3 5"
		test "$("$1" submit --store store 360)" = "360: 2 2 2 3 3 5"
		test "$("$1" submit --store store 360)" = "360: 2 2 2 3 3 5"`, program, temp)
	// A directory of root is as good as one of this user, but only if no third user may write to it.
	shared := openDir(t, 0o777)
	p := startCommand(t, exec.Command(program, "submit", "360", "--store", shared), asStranger(t))
	p.wantCode(74).wantSaid(shared + " is open to other users: its mode is 0777; use a new directory in it, or ")
	startCommand(t, exec.Command(program, "submit", "360", "--store", shared+"/new"), asStranger(t)).wantCode(0)
	left, err := os.ReadDir(temp)
	if err != nil || len(left) != 1 || !strings.HasPrefix(left[0].Name(), "store") {
		t.Errorf("%v, %v", left, err)
	}
}
