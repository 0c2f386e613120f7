package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
)

// options returns the worker options for a command line of run.
func options(t *testing.T, line string) (o command.WorkerOptions, err error) {
	t.Helper()
	c := runCommand()
	c.Action = func(c *ucli.Context) error { o, err = workerOptions(c); return nil }
	app := &ucli.App{Name: "consumer", Flags: cli.ConnectionFlags(), Commands: []*ucli.Command{c}, DisableSliceFlagSeparator: true}
	if e := app.Run(append([]string{"consumer", "run"}, strings.Fields(line)...)); e != nil {
		t.Fatalf("%s: %v", line, e)
	}
	return o, err
}

func TestWorkerOptions(t *testing.T) {
	old := debug.SetMemoryLimit(777 << 20) // the default
	t.Cleanup(func() { debug.SetMemoryLimit(old) })
	for line, want := range map[string]command.WorkerOptions{
		"":                       {MaxMemory: 777 << 20},
		"--max-mem none":         {},
		"--max-mem 64MiB":        {MaxMemory: 64 << 20},
		"--max-mem 2GiB":         {MaxMemory: 2 << 30},
		"--max-mem 1.5G":         {MaxMemory: 3 << 29},
		"--max-mem 500MB":        {MaxMemory: 500_000_000},
		"--max-mem 100000000":    {MaxMemory: 100_000_000},
		"-n 7 --max-mem none":    {Slots: 7},
		"-n auto --max-mem none": {},
		"--name w-1 --drain-timeout 3s --max-mem none": {Name: "w-1", DrainTimeout: 3 * time.Second},
	} {
		got, err := options(t, line)
		if want.DrainTimeout == 0 {
			want.DrainTimeout = 25 * time.Second
		}
		if err != nil || got.MaxMemory != want.MaxMemory || got.Slots != want.Slots || got.Name != want.Name || got.DrainTimeout != want.DrainTimeout {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for _, line := range []string{
		"--max-mem 0", "--max-mem 63MiB", "--max-mem -1", "--max-mem 2gib", "--max-mem 1e9", "--max-mem None", "--max-mem 9999999999999GiB",
		"-n 0", "-n -1", "-n 4097", "-n two", "--name Upper", "--name a.b", "--drain-timeout 0", "--drain-timeout -1s",
	} {
		if _, err := options(t, line); cli.Code(err) != cli.Usage {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// TestExecFlags: the commands that the flags and the file offer.
func TestExecFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "commands")
	if err := os.WriteFile(file, []byte("ocr:server=./ocr\nocr.timeout=none\n# end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := options(t, "--exec b:args=x,y --exec a=z --exec-file "+file+" --exec-mode server --exec-timeout 90s --exec-nice 3 --exec-cpu-time 1m --exec-memory 1GiB")
	if err != nil {
		t.Fatal(err)
	}
	if got := o.Exec.Offers(); !slices.Equal(got, []string{"exec=a", "exec=b", "exec=ocr"}) {
		t.Errorf("it offers %q", got)
	}
	var got []string
	for _, c := range o.Exec {
		got = append(got, fmt.Sprint(c.Name, " ", c.Mode, " ", c.Line, " ", c.Timeout, " ", c.Limits))
	}
	want := []string{
		"ocr server ./ocr 0s {1073741824 1m0s 3 false}", "b args x,y 1m30s {1073741824 1m0s 3 false}", "a server z 1m30s {1073741824 1m0s 3 false}",
	}
	if runtime.GOOS != "windows" && !slices.Equal(got, want) {
		t.Errorf("commands %q, want %q", got, want)
	}
	for _, line := range []string{
		"--exec a", "--exec a:b=c", "--exec A=b", "--exec a=b --exec a=c", "--exec ocr=x --exec-file " + file, "--exec-mode x", "--exec-timeout 0",
		"--exec-memory 1X", "--exec a=b --exec-nice 20", "--exec a=b --exec-cpu-time 1ms", "--exec a=b --exec-cpu-time -1s",
		"--exec a=b --exec-memory 2", "--exec-mode args", "--exec-timeout 1m", "--exec-memory 1GiB", "--exec-nice 3", "--exec-direct",
	} {
		if _, err := options(t, line); cli.Code(err) != cli.Usage {
			t.Errorf("%s: %v", line, err)
		}
	}
	if _, err := options(t, "--exec-file "+file+"x"); err == nil || !strings.Contains(err.Error(), file+"x") {
		t.Errorf("a file that is not there: %v", err)
	}
}
