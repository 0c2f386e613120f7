package command

import (
	"fmt"
	"strings"
	"testing"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
)

// readLine returns what the flags of a worker say, written with all defaults.
func readLine(t *testing.T, line string) (text string, err error) {
	t.Helper()
	app := &ucli.App{Name: "x", DisableSliceFlagSeparator: true, Flags: append(append(MachineFlags(), AvailabilityFlags()...), EndFlags()...)}
	app.Action = func(c *ucli.Context) error {
		m, e := ReadMachine(c)
		a, e2 := ReadAvailability(c)
		if err = e; e == nil {
			err = e2
		}
		text = fmt.Sprintf("%v %d %v %d, %v %v %v %v %v", m.niced, m.nice, m.affinity, m.keepFree, a.Hours, a.MaxLoad, a.ExitIdle, a.MaxTime, a.Once)
		return nil
	}
	if e := app.Run(append([]string{"x"}, strings.Fields(line)...)); e != nil {
		t.Fatalf("%s: %v", line, e)
	}
	return text, err
}

func TestReadMachine(t *testing.T) {
	for line, want := range map[string]string{
		"":         "false 0 [] 0, [] 0 0s 0s false",
		"--nice 0": "true 0 [] 0, [] 0 0s 0s false",
		"--nice 19 --affinity 0-1,3 --keep-free 2":  "true 19 [0 1 3] 2, [] 0 0s 0s false",
		"--active 22:00-07:00 --active 12:00-13:00": "false 0 [] 0, [22:00-07:00 12:00-13:00] 0 0s 0s false",
		"--exit-when-idle 5m --max-time 1h --once":  "false 0 [] 0, [] 0 5m0s 1h0m0s true",
	} {
		if got, err := readLine(t, line); got != want || err != nil {
			t.Errorf("%q: %s, %v, want %s", line, got, err, want)
		}
	}
	for line, want := range map[string]string{
		"--nice -1":           "--nice must be from 0 to 19, not -1",
		"--nice 20":           "--nice must be from 0 to 19, not 20",
		"--affinity 3-1":      `--affinity: "3-1" is not a list of CPUs from 0 to 1023 such as 0-3,7`,
		"--affinity=":         `--affinity: "" is not a list of CPUs from 0 to 1023 such as 0-3,7`,
		"--keep-free -1":      "--keep-free must not be negative",
		"--max-load 0":        "--max-load must be a positive number",
		"--max-load -1":       "--max-load must be a positive number",
		"--max-load NaN":      "--max-load must be a positive number",
		"--max-load Inf":      "--max-load must be a positive number",
		"--active 22:00":      `--active: "22:00" is not a period of the day such as 22:00-07:00`,
		"--active 7:00-7:00":  `--active: "7:00-7:00" ends when it begins`,
		"--exit-when-idle 0s": "--exit-when-idle must be positive",
		"--max-time -1s":      "--max-time must be positive",
	} {
		if _, err := readLine(t, line); cli.Code(err) != cli.Usage || err.Error() != want {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
	if err := (Machine{}).Apply(); err != nil {
		t.Errorf("nothing: %v", err)
	}
	if err := (Machine{keepFree: 5000}).Apply(); cli.Code(err) != cli.Usage || !strings.HasPrefix(err.Error(), "--keep-free 5000: this process may use only ") {
		t.Errorf("all: %v", err)
	}
}
