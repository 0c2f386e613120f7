package machine

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// SetAffinity restricts all threads of this process, those that it creates later and its children to a list of CPUs as
// from ParseCPUs. GOMAXPROCS follows, unless the user has set it in the environment. An error names a CPU that the process
// may not use.
func SetAffinity(cpus []int) error {
	var allowed, wanted unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return fmt.Errorf("read the CPUs of this process: %w", err)
	}
	for _, cpu := range cpus {
		if !allowed.IsSet(cpu) {
			return fmt.Errorf("this process may not use CPU %d: it may use %s", cpu, FormatCPUs(listOf(&allowed)))
		}
		wanted.Set(cpu)
	}
	err := eachThread(func(id int) error { return unix.SchedSetaffinity(id, &wanted) })
	if err != nil {
		return fmt.Errorf("restrict this process to CPUs %s: %w", FormatCPUs(cpus), err)
	}
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.SetDefaultGOMAXPROCS()
	}
	return nil
}

// listOf returns the CPUs of a set in ascending order.
func listOf(set *unix.CPUSet) (list []int) {
	for cpu := range maxCPU + 1 {
		if set.IsSet(cpu) {
			list = append(list, cpu)
		}
	}
	return list
}
