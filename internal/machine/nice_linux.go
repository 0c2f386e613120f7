package machine

import "golang.org/x/sys/unix"

// setNice sets the niceness of all threads: in Linux each has its own.
func setNice(n int) error {
	return eachThread(func(id int) error { return unix.Setpriority(unix.PRIO_PROCESS, id, n) })
}
