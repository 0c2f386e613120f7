package input

import (
	"io"
	"strings"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A Syntax says which texts are numbers. The zero value accepts expressions and comments.
type Syntax struct {
	Strict bool // digits only, as coreutils factor reads them
}

// Args is Syntax.Args of the zero value, and so are From, File and ParseRange.
func Args(list []string) Source              { return Syntax{}.Args(list) }
func From(name string, r io.Reader) Source   { return Syntax{}.From(name, r) }
func File(path string) Source                { return Syntax{}.File(path) }
func ParseRange(text string) (Source, error) { return Syntax{}.ParseRange(text) }

// Args returns the numbers of command line arguments. Each argument is one number or one expression, with white space
// around it or, in an expression, within it. A strict argument may have leading spaces only. The source of an invalid
// one is "argument", its line 0.
func (s Syntax) Args(list []string) Source { return &args{syntax: s, rest: list} }

// From returns the numbers in the text of r, which may be compressed by gzip or zstd. name is the source in reports of
// invalid tokens, "-" for standard input. It does not close r.
func (s Syntax) From(name string, r io.Reader) Source {
	return &text{file: file{name: name, r: r}, syntax: s}
}

// File returns the numbers in the text of a file, which may be compressed by gzip or zstd. The file is opened by the
// first read of the Source and closed at its end.
func (s Syntax) File(path string) Source { return &text{file: file{name: path}, syntax: s} }

// parse reads one argument. If it is invalid, parse returns its text and the reason, without a source. written is "" if
// the argument is plain digits.
func (s Syntax) parse(arg string) (n nat.Nat, written string, _ *task.BadToken) {
	b := strings.TrimLeft(arg, " ")
	if !s.Strict {
		b = strings.TrimRight(b, spaces)
	}
	t := token{column: len(arg) - len(strings.TrimLeft(arg, " ")) + 1}
	if b != "" {
		t.add([]byte(b))
	}
	n, written, why := t.number(s)
	if why != "" {
		return n, "", &task.BadToken{Text: t.quoted(), Why: why}
	}
	return n, written, nil
}
