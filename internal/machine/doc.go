// Package machine says what this process may use of its machine, and how much others use of it:
//
//	cores.go             the cores, by affinity and the CPU quota of a container
//	memory.go            the memory, by the limit of a container
//	cgroup.go            the control groups of the process, of version 1 and 2
//	load.go, threads.go  the load of the machine without that of this process and its children
//	affinity.go          restricts the process to some CPUs
//	nice.go              the niceness of the process
//
// All files of the kernel are read below an fs.FS, so that tests can have their own. The package keeps no state but that
// of a Load.
package machine

import (
	"io/fs"
	"os"
)

// Root returns the files of this machine.
func Root() fs.FS { return os.DirFS("/") }
