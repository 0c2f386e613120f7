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

// enableEscapes does nothing: all terminals of Unix interpret escape sequences.
func enableEscapes(*os.File) {}
