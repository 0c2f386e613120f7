package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
)

// start starts a node with the flags of args, closes it, and returns the error of the start.
func start(t *testing.T, ctx context.Context, args ...string) (err error) {
	t.Helper()
	app := &ucli.App{
		Flags: nodeFlags(),
		Action: func(c *ucli.Context) error {
			o, err := readNodeOptions(c)
			if err != nil {
				return err
			}
			n, err := startNode(&command.Session{Context: ctx, Log: zerolog.Nop()}, o, "", nil, zerolog.Nop())
			if (n == nil) != (err != nil) {
				t.Errorf("node %v with error %v", n, err)
			}
			if n != nil {
				n.drain()
				n.close()
			}
			return err
		},
		ExitErrHandler: func(*ucli.Context, error) {},
	}
	return app.RunContext(t.Context(), append([]string{"embedded", "-n", "1", "--sync", "never"}, args...))
}

// TestStartFails: a start that fails returns its reason with the exit code, and leaves no files.
func TestStartFails(t *testing.T) {
	temp, store := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	if err := start(t, t.Context(), "--store", store); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	interrupted, cancel := context.WithCancelCause(t.Context())
	cancel(cli.SignalError{Signal: os.Interrupt})
	for name, test := range map[string]struct {
		ctx  context.Context
		args []string
		want cli.ExitCode
	}{
		"interrupted":                     {interrupted, nil, 130},
		"interrupted, the store is kept":  {interrupted, []string{"--store", t.TempDir()}, 130},
		"a setting differs":               {t.Context(), []string{"--store", store, "--ack-wait", "5s"}, cli.Conflict},
		"the ledger is a directory":       {t.Context(), []string{"--store", withDirectory(t, "DEATHS")}, cli.FileError},
		"the store is below a plain file": {t.Context(), []string{"--store", filepath.Join(file, "store")}, cli.FileError},
	} {
		err := command.Fail(start(t, test.ctx, test.args...))
		if got := cli.Code(err); got != test.want {
			t.Errorf("%s: exit code %d, want %d: %v", name, got, test.want, err)
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
	if err := start(t, t.Context(), "--store", store); err != nil {
		t.Errorf("the store cannot be used after a start that failed: %v", err)
	}
}

// withDirectory returns a new directory that holds a directory of that name.
func withDirectory(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestStartError(t *testing.T) {
	for _, test := range []struct {
		err  error
		want cli.ExitCode
	}{
		{fmt.Errorf("write: %w", syscall.ENOSPC), cli.Restart},
		{fmt.Errorf("write: %w", syscall.EDQUOT), cli.Restart},
		{fmt.Errorf("open: %w", syscall.EMFILE), cli.Defects},
		{errors.New("other"), cli.Defects},
	} {
		if got := cli.Code(startError(test.err)); got != test.want {
			t.Errorf("%v: exit code %d, want %d", test.err, got, test.want)
		}
	}
}
