package test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts runs testdata/script. The scripts compare the output of the programs byte for byte, for a user who
// types one command after the other. In addition to the commands of testscript there are
//
//	code N program [args...]   runs a program that must end with exit code N
//	fleet [args...]            starts a nats-server with streams, and a consumer with args
//
// stdout and stderr are then those of the program, as after exec.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               scriptSetup,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"code": scriptCode, "fleet": scriptFleet},
	})
}

// scriptSetup puts the programs on PATH and removes the user's environment.
func scriptSetup(env *testscript.Env) error {
	dir, err := binaries()
	if err != nil {
		return err
	}
	home := filepath.Join(env.WorkDir, ".home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	env.Setenv("HOME", home)
	env.Setenv("PATH", dir+string(filepath.ListSeparator)+env.Getenv("PATH"))
	env.Setenv("FACTOR_LOG_FORMAT", "text") // as on a terminal
	env.Values[testingKey{}] = env.T()
	return nil
}

type testingKey struct{}

func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, not %d", got, want)
	}
}

func scriptFleet(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! fleet")
	}
	s := startFleet(ts.Value(testingKey{}).(testing.TB))
	s.consumer(strings.Join(slices.Concat([]string{"-n 1"}, args), " "))
	ts.Setenv("NATS_URL", s.url)
}
