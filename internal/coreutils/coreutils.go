// Package coreutils is the program factor of GNU coreutils, on the engine of this module: the same
// options, output, messages and exit codes. It needs no server.
//
// It behaves as release 9.7 of coreutils does in the locale C, with these differences:
//
//   - Answers appear as soon as they are known. The original holds up to 512 bytes back if neither its
//     input nor its output is a terminal.
//   - An answer is printed only if package verify has confirmed it.
//   - A number has at most 16,384 bits. A larger one is reported as too large.
//   - Messages are not translated.
//
// The data flow, where each arrow is a channel:
//
//	arguments or standard input ──tokens──> read ──batches──> solvers, one a core ──> write
//
// Each batch also goes to write at once, in order, and write waits until a solver has answered it. So the
// output has the order of the input, and the memory is bounded by the batches on their way.
//
//	options.go   the command line, as getopt_long reads it
//	tokens.go    words of the input, and the numbers that they are
//	solve.go     batches and solvers
//	write.go     lines of the output, and messages
package coreutils

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode"
)

// A Process is what the program knows of its process.
type Process struct {
	Args        []string // with the name of the program
	In          io.Reader
	Out, Err    io.Writer
	Version     string
	CheckStdout func() error // an error if Out discards what is written because it was closed; may be nil
}

// Name is the base name of the program, without the suffix of an executable.
const Name = "factor"

// IsName reports whether a program that was called by this path is to be factor.
func IsName(path string) bool {
	base := filepath.Base(path)
	if strings.EqualFold(filepath.Ext(base), ".exe") {
		base = base[:len(base)-len(".exe")]
	}
	return base == Name
}

// Main runs the program and returns its exit code: 0, or 1 if a word was no number, the input could not be
// read, or the output not be written.
func Main(p Process) int {
	o, err := parse(p.Args[1:])
	out := newOutput(p)
	switch {
	case err != nil:
		fmt.Fprintf(p.Err, "%s: %v\nTry '%s --help' for more information.\n", p.Args[0], err, p.Args[0])
		return 1
	case o.help:
		out.text(usage(p.Args[0]))
	case o.version:
		out.text(fmt.Sprintf("%s (factorfleet) %s\n", Name, p.Version))
	default:
		out.exponents = o.exponents
		run(words(p, o.operands), out)
	}
	out.flush()
	if out.err != nil {
		out.message("write error: " + reason(out.err))
	}
	return out.code
}

// words returns the source of the words: the operands, or standard input if there are none.
func words(p Process, operands []string) source {
	if len(operands) > 0 {
		return &operandSource{operands}
	}
	return newStream(p.In)
}

// reason returns what the system says about an error, as coreutils writes it.
func reason(err error) string {
	var number syscall.Errno
	if !errors.As(err, &number) {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return err.Error()
	}
	text := []rune(number.Error())
	text[0] = unicode.ToUpper(text[0])
	return string(text)
}

// usage returns the text of --help.
func usage(name string) string {
	return fmt.Sprintf(`Usage: %s [OPTION] [NUMBER]...
Print the prime factors of each specified integer NUMBER.  If none
are specified on the command line, read them from standard input.

  -h, --exponents   print repeated factors in form p^e unless e is 1
      --help        display this help and exit
      --version     output version information and exit

A NUMBER has at most 16384 bits, which is about 4932 digits.  There is no
limit of time: a NUMBER of up to 100 digits takes at most hours, and a
longer one with two large factors may never end.  Factors below 2^64 are
proved to be prime, and larger ones are probable primes (Baillie-PSW).
Each line is verified before it is printed.

This is the program embedded of factorfleet, called by the name factor.
For more options, try 'embedded submit --help'.
`, name)
}
