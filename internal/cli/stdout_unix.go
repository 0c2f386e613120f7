//go:build unix

package cli

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

var errStdoutClosed = errors.New("standard output is closed, or opened to discard everything")

// CheckStdout returns an error if the process was started with a closed standard output. The Go runtime has
// then opened /dev/null for reading and writing in its place, where output is lost without an error. A shell
// opens /dev/null only for writing, so that >/dev/null is no error. But some libraries that start processes
// open it for both, to discard the output. These two cases cannot be told apart.
func CheckStdout() error {
	flags, err := unix.FcntlInt(os.Stdout.Fd(), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_ACCMODE != unix.O_RDWR {
		return nil // an error of the file is reported by Write
	}
	null, err := os.Stat(os.DevNull)
	if err != nil {
		return nil
	}
	if stdout, err := os.Stdout.Stat(); err == nil && os.SameFile(null, stdout) {
		return errStdoutClosed
	}
	return nil
}
