package cli

import (
	"testing"

	"github.com/urfave/cli/v2"
)

func TestInJSON(t *testing.T) {
	for _, test := range []struct {
		format            string
		service, terminal bool
		want              bool
	}{
		{"auto", true, false, true}, {"auto", true, true, false}, {"auto", false, false, false}, {"auto", false, true, false},
		{"json", false, true, true}, {"json", true, true, true}, {"text", true, false, false}, {"text", false, false, false}, {"xml", true, false, false},
	} {
		if got := inJSON(test.format, test.service, test.terminal); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
	app := &cli.App{Metadata: map[string]any{ServiceKey: "run"}}
	for command, want := range map[string]bool{"x run": true, "x runs": false, "x": false, "x keys run": false, "": false} {
		if isService(app, command) != want {
			t.Errorf("%q: %v", command, !want)
		}
	}
	if isService(new(cli.App), "x run") {
		t.Error("an app without a service has one")
	}
}

// TestMonitorCodes: each error of a command of monitoring systems has exit code 3, and none of other commands.
func TestMonitorCodes(t *testing.T) {
	app := &cli.App{Metadata: map[string]any{MonitorKey: "check"}}
	for command, want := range map[string]ExitCode{"x check": 3, "x check queue": 3, "x checks": Usage, "x": Usage, "x status": Usage} {
		if got := codeOf(app, command, Usage); got != want {
			t.Errorf("%q: %d", command, got)
		}
	}
}
