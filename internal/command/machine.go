package command

import (
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/machine"
)

// machineCategory is the section of the flags in the help that say how a worker shares its machine.
const machineCategory = "sharing the machine"

// MachineFlags returns the flags that restrict what the process uses of its machine.
func MachineFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.IntFlag{Name: "nice", DefaultText: "that of the shell", Category: machineCategory, Usage: "`NICENESS` of the process, from 0 to 19: with 19 it computes only while no other program wants the processor"},
		&ucli.StringFlag{Name: "affinity", DefaultText: "all", Category: machineCategory, Usage: "`CPUS` that the process may use, such as 0-3,7 (Linux only)"},
		&ucli.IntFlag{Name: "keep-free", Category: machineCategory, Usage: "`NUMBER` of CPUs that stay free for other programs, of those that the process may use"},
	}
}

// A Machine says what the process may use of its machine. The zero value means all.
type Machine struct {
	niced    bool // the niceness is to be nice
	nice     int
	affinity []int
	cpus     string // affinity as the user wrote it
	keepFree int
}

// ReadMachine reads MachineFlags. All its errors have exit code Usage.
func ReadMachine(c *ucli.Context) (m Machine, err error) {
	m = Machine{niced: c.IsSet("nice"), nice: c.Int("nice"), cpus: c.String("affinity"), keepFree: c.Int("keep-free")}
	if m.nice < 0 || m.nice > machine.MaxNice {
		return m, cli.Usagef("--nice must be from 0 to %d, not %d", machine.MaxNice, m.nice)
	}
	if c.IsSet("affinity") {
		if m.affinity, err = machine.ParseCPUs(m.cpus); err != nil {
			return m, cli.Usagef("--affinity: %w", err)
		}
	}
	if m.keepFree < 0 {
		return m, cli.Usagef("--keep-free must not be negative")
	}
	return m, nil
}

// Apply restricts the process, from now on and with all its threads. It comes first in a command: the default number of
// tasks follows. All its errors have exit code Usage.
func (m Machine) Apply() error {
	if m.affinity != nil {
		if err := machine.SetAffinity(m.affinity); err != nil {
			return cli.Usagef("--affinity %s: %w", m.cpus, err)
		}
	}
	if err := machine.KeepFree(m.keepFree); err != nil {
		return cli.Usagef("--keep-free %d: %w", m.keepFree, err)
	}
	if m.niced {
		if err := machine.SetNice(m.nice); err != nil {
			return cli.Usagef("--nice %d: %w", m.nice, err)
		}
	}
	return nil
}
