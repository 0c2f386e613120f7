package cli

import (
	"os"
	"strconv"

	"github.com/mattn/go-isatty"
)

// isTerminal reports whether f is a terminal on which the cursor can be moved.
func isTerminal(f *os.File) bool {
	return os.Getenv("TERM") != "dumb" && (isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()))
}

// IsTyped reports whether standard input is a terminal, so that a user types what the program reads.
func IsTyped() bool { return isTerminal(os.Stdin) }

// terminalWidth returns the columns of the terminal f, else the value of COLUMNS, else 80.
func terminalWidth(f *os.File) int {
	if n := consoleWidth(f); n > 0 {
		return n
	}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		return n
	}
	return 80
}
