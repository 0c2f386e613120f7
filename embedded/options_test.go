package main

import (
	"reflect"
	"strings"
	"testing"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/natsserver"
)

// TestNodeOptions: the defaults, each flag, and each value that is refused.
func TestNodeOptions(t *testing.T) {
	read := func(line string) (o nodeOptions, err error) {
		app := &ucli.App{Flags: submitCommand().Flags, Action: func(c *ucli.Context) error { o, err = readNodeOptions(c); return nil }}
		if e := app.Run(append([]string{"embedded"}, strings.Fields(line)...)); e != nil {
			t.Fatalf("%s: %v", line, e)
		}
		return o, err
	}
	always, never := mustSync(t, "always"), mustSync(t, "never")
	for line, want := range map[string]nodeOptions{
		"":                           {sync: never, ackWait: 30 * time.Second, fullWait: time.Minute},
		"--store d":                  {store: "d", sync: always, ackWait: 30 * time.Second, fullWait: time.Minute},
		"--store d --sync never":     {store: "d", sync: never, ackWait: 30 * time.Second, fullWait: time.Minute},
		"-n 3 --ack-wait 2s":         {sync: never, slots: 3, ackWait: 2 * time.Second, fullWait: time.Minute},
		"-n 0 --full-wait 0s":        {sync: never, slots: -1, ackWait: 30 * time.Second},
		"--max-store 4MiB --sync 1s": {sync: mustSync(t, "1s"), maxStore: 4 << 20, ackWait: 30 * time.Second, fullWait: time.Minute},
	} {
		if got, err := read(line); !reflect.DeepEqual(got, want) || err != nil {
			t.Errorf("%q: %+v, %v, want %+v", line, got, err, want)
		}
	}
	for line, want := range map[string]string{
		"-n -1":            "-n must not be negative",
		"--ack-wait 99ms":  "--ack-wait must be at least 100ms",
		"--full-wait -1s":  "--full-wait must not be negative",
		"--max-store 1K":   "--max-store 1K is too small: it must be at least 4MiB",
		"--max-store much": `--max-store "much" is not a size such as 500MB or 2GiB`,
	} {
		if _, err := read(line); cli.Code(err) != cli.Usage || err.Error() != want {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
}

func mustSync(t *testing.T, value string) natsserver.Sync {
	t.Helper()
	s, err := natsserver.ParseSync(value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
