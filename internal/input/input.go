// Package input turns text into numbers: arguments, standard input, files and
// ranges, one after the other, as a stream that is never held whole.
//
// A token is a run of bytes between white space (space, \t, \n, \v, \f, \r). It is
// a number if it is an optional "+" and decimal digits, leading zeros allowed, and
// its value has at most task.MaxBits bits. An argument is one token and may have
// leading spaces. These are the rules of coreutils factor with three exceptions:
// it takes \v, \f and \r for part of a token (and so refuses every number of a
// file with CRLF lines), it silently drops the rest of a token after a NUL, and it
// does not know the byte order mark that may begin a file here.
//
// Input that is no number costs its own token, never its neighbours: it is
// reported, and the rest goes on. There are no comments, no hexadecimal numbers,
// no expressions.
package input

import (
	"io"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A Source is where numbers come from: Args, From, File, Steps or ParseRange
// make one. It can be read once, by one Reader.
type Source interface {
	// read stores numbers into dst, which is not empty, and reports what is no
	// number to bad. It returns 0 only with an error; io.EOF comes with or after
	// the last number.
	read(dst []nat.Nat, bad func(task.BadToken)) (int, error)
}

// A Reader reads the numbers of several sources in order. It is not safe for
// concurrent use.
type Reader struct {
	sources []Source // the first is being read
	onBad   func(task.BadToken)
	err     error // set once all numbers before it are returned
}

// New returns a Reader of sources. It calls onBad during Read for each token that
// is no number; the Text of such a token is quoted.
func New(onBad func(task.BadToken), sources ...Source) *Reader {
	return &Reader{sources: sources, onBad: onBad}
}

// Read stores at least one number into dst and returns how many; as an io.Reader
// does, it returns early rather than wait for input that has not arrived yet.
// After the last number it returns 0, io.EOF. If a file cannot be opened or read,
// it returns the numbers before, then 0 and an error that names the file, then
// that error for ever.
func (r *Reader) Read(dst []nat.Nat) (int, error) {
	if len(dst) == 0 {
		return 0, r.err
	}
	for r.err == nil {
		if len(r.sources) == 0 {
			r.err = io.EOF
			break
		}
		n, err := r.sources[0].read(dst, r.onBad)
		if err == io.EOF {
			r.sources = r.sources[1:]
		} else {
			r.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, r.err
}

// Explain returns b as a message for a person:
//
//	numbers.txt: line 17: "12x" is not a natural number
func Explain(b task.BadToken) string {
	source := b.Source
	if source == stdin {
		source = "standard input"
	}
	return source + ": " + line(b.Line) + b.Text + " is " + b.Why
}
