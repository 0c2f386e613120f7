package input

import (
	"io"
	"strings"
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
// around it or, in an expression, within it; a number may come with known factors. A strict argument may have leading spaces only. The source of an invalid
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

// token returns the token of one argument.
func (s Syntax) token(arg string) token {
	b := strings.TrimLeft(arg, " ")
	t := token{column: len(arg) - len(b) + 1}
	if !s.Strict {
		b = strings.TrimRight(b, spaces)
	}
	if b != "" {
		t.add([]byte(b))
	}
	return t
}
