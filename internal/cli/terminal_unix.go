//go:build unix

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// consoleWidth returns the columns of a terminal, or 0.
func consoleWidth(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Col)
}

// enableEscapes makes a terminal understand escape sequences, which all do here.
func enableEscapes(*os.File) {}
