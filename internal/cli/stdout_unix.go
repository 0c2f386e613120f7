//go:build unix

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// CheckStdout returns an error if the process was started with a closed standard output. The Go runtime has
// then opened /dev/null for reading and writing in its place, where output is lost without an error.
//
// A caller may also open /dev/null, to discard the output. That is no error if it can be told apart: a shell opens it
// only for writing, and daemon(3), start-stop-daemon and Python's DEVNULL use one open file for two or three of the
// standard streams, while the runtime opens one for each.
func CheckStdout() error {
	flags, err := unix.FcntlInt(os.Stdout.Fd(), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_ACCMODE != unix.O_RDWR {
		return nil // an error of the file is reported by Write
	}
	if !isNull(os.Stdout) || sharesOpenFile(os.Stdout, flags, os.Stdin, os.Stderr) {
		return nil
	}
	return errStdoutClosed
}

// sharesOpenFile reports whether one of the others refers to the same open file as f, which has the status flags
// flags: then a flag that is changed in the one changes in the other. The flag is O_APPEND, which has no effect on
// the null device, and it is restored.
func sharesOpenFile(f *os.File, flags int, others ...*os.File) bool {
	for _, other := range others {
		before, err := unix.FcntlInt(other.Fd(), unix.F_GETFL, 0)
		if err != nil || !isNull(other) {
			continue
		}
		unix.FcntlInt(f.Fd(), unix.F_SETFL, flags^unix.O_APPEND)
		after, err := unix.FcntlInt(other.Fd(), unix.F_GETFL, 0)
		unix.FcntlInt(f.Fd(), unix.F_SETFL, flags)
		if err == nil && after != before {
			return true
		}
	}
	return false
}

// isNull reports whether f is the null device.
func isNull(f *os.File) bool {
	null, err := os.Stat(os.DevNull)
	if err != nil {
		return false
	}
	info, err := f.Stat()
	return err == nil && os.SameFile(null, info)
}
