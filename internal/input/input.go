// Package input turns text into numbers: arguments, standard input, files and ranges,
// one after the other. It streams: the memory does not depend on the length of the
// input.
//
// A token is a run of bytes between white space (space, \t, \n, \v, \f, \r). It is a
// number if it matches [+]?[0-9]+ and its value is from 0 to 2^task.MaxBits - 1.
// Leading zeros are allowed. An argument is one token and may have leading spaces.
// There are no comments, no hexadecimal numbers and no expressions.
//
// A token n=p*q^2*... is the number n with factors that are known of it, as a line of format factordb. They need not be prime,
// nor all; their product must divide n.
//
// Else these are the rules of coreutils factor, with three exceptions. factor takes \v, \f
// and \r as part of a token, and so refuses every number of a file with CRLF lines.
// factor silently drops the rest of a token after a NUL. factor refuses the UTF-8 byte
// order mark, which may begin a file here.
//
// An invalid token is reported and skipped. It never affects another token.
//
// The input of a job of a kind exec:NAME are items instead: see items. They are read as numbers, task.ItemNumber.
package input

import (
	"io"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A Source yields numbers. Args, From, File, Steps and ParseRange return one, and those of items. It can be
// read once, by one Reader.
type Source interface {
	// read stores numbers into dst, which is not empty, and reports invalid tokens to
	// bad. It returns 0 only with an error; io.EOF is returned with or after the last
	// number.
	read(dst []nat.Nat, bad func(task.BadToken)) (int, error)
}

// A Reader reads the numbers of several sources in order. It is not safe for
// concurrent use.
type Reader struct {
	sources []Source // the first one is being read
	onBad   func(task.BadToken)
	err     error        // final; set once all numbers before it were returned
	known   []task.Known // of the last Read
}

// A knower is a Source of numbers of which some have known factors.
type knower interface {
	// takeKnown returns the known factors of the numbers of the last read, by index, ascending.
	takeKnown() []task.Known
}

// Known returns the known factors of the numbers of the last Read, by index in dst, ascending. The caller may keep them.
func (r *Reader) Known() []task.Known { return r.known }

// New returns a Reader of sources. It calls onBad during Read for each invalid token,
// whose Text is quoted and shortened to 40 bytes.
func New(onBad func(task.BadToken), sources ...Source) *Reader {
	return &Reader{sources: sources, onBad: onBad}
}

// Read stores at least one number into dst and returns how many. Like an io.Reader it
// returns early instead of waiting for input that has not arrived yet. After the last
// number it returns 0, io.EOF. If a file cannot be opened or read, Read returns the
// numbers before the failure, and from then on 0 and an error that names the file.
func (r *Reader) Read(dst []nat.Nat) (int, error) {
	r.known = nil
	if len(dst) == 0 {
		return 0, r.err
	}
	for r.err == nil {
		if len(r.sources) == 0 {
			r.err = io.EOF
			break
		}
		n, err := r.sources[0].read(dst, r.onBad)
		if k, ok := r.sources[0].(knower); ok {
			r.known = k.takeKnown()
		}
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

// Describe returns b as a message for the user:
//
//	numbers.txt: line 17: not a non-negative decimal integer: "12x"
func Describe(b task.BadToken) string {
	source := b.Source
	if source == stdin {
		source = "standard input"
	}
	return source + ": " + line(b.Line) + b.Why + ": " + b.Text
}
