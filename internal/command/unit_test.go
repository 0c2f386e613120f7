package command

import (
	"strings"
	"testing"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/unit"
)

// TestUnitCommand: each kind is printed, with the flags that the user gives; a bad command line prints nothing.
func TestUnitCommand(t *testing.T) {
	for _, test := range []struct {
		program, line, want string
		code                cli.ExitCode
	}{
		{unit.Consumer, "--print systemd", "-s \"nats://127.0.0.1:4222\" \\\n", cli.OK},
		{unit.Consumer, "--print systemd -n 3 --memory 1GiB --drain-timeout 2m", "TimeoutStopSec=130s\n", cli.OK},
		{unit.Consumer, "--print systemd -n 3 --memory 1GiB", "MemoryMax=1024M\n", cli.OK},
		{unit.Consumer, "--print systemd --name w-7", "--name \"w-7\"", cli.OK},
		{unit.Producer, "--print systemd", "\"/usr/local/bin/producer\" serve \\\n", cli.OK},
		{unit.Consumer, "--print docker", "ENTRYPOINT [\"/usr/local/bin/consumer\"]\n", cli.OK},
		{unit.Producer, "--print docker", "CMD [\"serve\", ", cli.OK},
		{unit.Consumer, "--print compose", "  consumer:\n", cli.OK},
		{unit.Producer, "--print k8s --scrape", "secretName: factorfleet-web\n", cli.OK},
		{unit.Consumer, "--print keda --account A", "account: \"A\"\n", cli.OK},
		{unit.Producer, "--print grafana", "\"title\": \"factorfleet\"", cli.OK},
		{unit.Producer, "--print prometheus-rules", "- alert: FactorfleetNoSupervisor\n", cli.OK},
		{unit.Consumer, "", "", cli.Usage},
		{unit.Consumer, "--print k9s", "", cli.Usage},
		{unit.Producer, "--print keda", "", cli.Usage},
		{unit.Consumer, "--print k8s more", "", cli.Usage},
		{unit.Consumer, "--print k8s -n 0", "", cli.Usage},
		{unit.Consumer, "--print k8s -n 4097", "", cli.Usage},
		{unit.Consumer, "--print k8s --memory 127MiB", "", cli.Usage},
		{unit.Consumer, "--print k8s --memory much", "", cli.Usage},
		{unit.Consumer, "--print k8s --name A", "", cli.Usage},
		{unit.Consumer, "--print k8s --drain-timeout 0s", "", cli.Usage},
		{unit.Consumer, "--print k8s --image a\x07b", "", cli.Usage},
	} {
		var out strings.Builder
		app := &ucli.App{Name: test.program, Writer: &out, Flags: cli.ConnectionFlags(), Commands: []*ucli.Command{UnitCommand(test.program)}, ExitErrHandler: func(*ucli.Context, error) {}}
		err := app.Run(append([]string{test.program, "unit"}, strings.Fields(test.line)...))
		if cli.Code(err) != test.code || !strings.Contains(out.String(), test.want) || test.code != cli.OK && out.Len() > 0 {
			t.Errorf("%s unit %s: code %d (%v), want %q in\n%s", test.program, test.line, cli.Code(err), err, test.want, out.String())
		}
	}
}
