// Package input turns text into numbers: arguments, standard input, files and ranges,
// one after the other. It streams: the memory does not depend on the length of the
// input.
//
// A number is [+]?[0-9]+, leading zeros allowed, with a value from 0 to 2^task.MaxBits - 1; or an expression of package
// expr, such as 2^127-1. An argument is one of these. In a text white space (space, \t, \n, \v, \f, \r) separates tokens,
// and a token is a number. White space belongs to an expression
//
//	within parentheses                                  (10^40 - 1)
//	before and after an operator                        2^127 - 1, 2 *3, 10! / 7!
//	between the name of a function and its argument     fib (100)
//
// but not before a sign that has white space before it and none behind it: 12 -5 are two tokens, as 12 +5 always were. A
// token does not extend over several lines, so that an invalid one affects nothing beyond its line. A # at the beginning
// of a word begins a comment, which ends with the line; in 20# it is the primorial.
//
// A token n=p*q^2*... is the number n, which may be an expression, with factors that are known of it, as a line of format
// factordb. They are decimal, and have no white space among them. They need not be prime, nor all; their product must
// divide n.
//
// A text may be compressed by gzip or zstd. Its first bytes decide, whatever its name.
//
// With Syntax.Strict there are no expressions, no known factors and no comments: a token is a run of bytes between white
// space, and a number is digits, with + before them or not. These are the rules of coreutils factor, with three exceptions.
// factor takes \v, \f and \r as part of a token, and so refuses every number of a file with CRLF lines. factor silently
// drops the rest of a token after a NUL. factor refuses the UTF-8 byte order mark, which may begin a file here.
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
	// read stores numbers into dst, which is not empty, and reports to the sink. It
	// returns 0 only with an error; io.EOF is returned with or after the last number.
	read(dst []nat.Nat, to *sink) (int, error)
}

// A sink takes what a Source reports beside the numbers.
type sink struct {
	bad     func(task.BadToken) // gets each invalid token
	written []task.Written      // of the numbers of this read that are expressions
	known   []task.Known        // of the numbers of this read that have known factors
}

// took notes what a token says beside its number, which is at dst[i].
func (s *sink) took(i int, x content) {
	if x.written != "" {
		s.written = append(s.written, task.Written{At: uint64(i), Text: x.written})
	}
	if len(x.known) > 0 {
		s.known = append(s.known, task.Known{At: i, Factors: x.known})
	}
}

// A Reader reads the numbers of several sources in order. It is not safe for
// concurrent use.
type Reader struct {
	sources []Source // the first one is being read
	sink    sink
	err     error // final; set once all numbers before it were returned
}

// New returns a Reader of sources. It calls onBad during Read for each invalid token,
// whose Text is quoted and shortened to 40 bytes.
func New(onBad func(task.BadToken), sources ...Source) *Reader {
	return &Reader{sources: sources, sink: sink{bad: onBad}}
}

// Read stores at least one number into dst and returns how many. Like an io.Reader it
// returns early instead of waiting for input that has not arrived yet. After the last
// number it returns 0, io.EOF. If a file cannot be opened or read, Read returns the
// numbers before the failure, and from then on 0 and an error that names the file.
func (r *Reader) Read(dst []nat.Nat) (int, error) {
	r.sink.written, r.sink.known = nil, nil
	if len(dst) == 0 {
		return 0, r.err
	}
	for r.err == nil {
		if len(r.sources) == 0 {
			r.err = io.EOF
			break
		}
		n, err := r.sources[0].read(dst, &r.sink)
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

// Written returns how the numbers of the last Read were written that are expressions of at most task.MaxWritten bytes, by
// their index in dst, in ascending order. White space is reduced to single spaces. The caller may keep the slice.
func (r *Reader) Written() []task.Written { return r.sink.written }

// Known returns the factors that are known of numbers of the last Read, by their index in dst, in ascending order. The
// caller may keep the slice.
func (r *Reader) Known() []task.Known { return r.sink.known }

// Describe returns b as a message for the user:
//
//	numbers.txt: line 17: column 3: unexpected "x": "12x"
func Describe(b task.BadToken) string {
	source := b.Source
	if source == stdin {
		source = "standard input"
	}
	return source + ": " + line(b.Line) + b.Why + ": " + b.Text
}
