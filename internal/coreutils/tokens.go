package coreutils

import (
	"bytes"
	"fmt"
	"io"
	"math/big"
	"strings"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A source returns the words of the input.
type source interface {
	// next calls got with each word that is there, and waits only if there is none. The word is valid during
	// the call. At the end of the input the error is io.EOF.
	next(got func(word []byte)) error
}

// An operandSource returns all operands at once.
type operandSource struct{ operands []string }

func (s *operandSource) next(got func([]byte)) error {
	for _, word := range s.operands {
		got([]byte(word))
	}
	return io.EOF
}

// readSize is how many bytes of standard input are read at a time. A pipe holds as many.
const readSize = 64 << 10

// A stream returns the words of a reader. Words end with a space, a tab, a newline, or the end of the input.
type stream struct {
	in     io.Reader
	buffer []byte
	rest   []byte // the beginning of a word whose end was not read yet
}

func newStream(in io.Reader) *stream { return &stream{in: in, buffer: make([]byte, readSize)} }

const delimiters = "\n\t "

func (s *stream) next(got func([]byte)) error {
	n, err := s.in.Read(s.buffer)
	b := s.buffer[:n]
	for len(b) > 0 {
		at := bytes.IndexAny(b, delimiters)
		if at < 0 {
			s.rest = append(s.rest, b...)
			break
		}
		word := b[:at]
		if len(s.rest) > 0 {
			s.rest = append(s.rest, word...)
			word = s.rest
		}
		if len(word) > 0 {
			got(word)
		}
		s.rest, b = s.rest[:0], b[at+1:]
	}
	if err != nil && len(s.rest) > 0 {
		got(s.rest)
		s.rest = nil
	}
	return err
}

// number returns the number that a word is. The original reads strings, so that a word ends at a NUL.
func number(word []byte) (nat.Nat, error) {
	if at := bytes.IndexByte(word, 0); at >= 0 {
		word = word[:at]
	}
	digits := bytes.TrimLeft(word, " ")
	if len(digits) > 0 && digits[0] == '+' {
		digits = digits[1:]
	}
	if len(digits) == 0 || bytes.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) >= 0 {
		return nat.Nat{}, fmt.Errorf("%s is not a valid positive integer", quote(word))
	}
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	if len(digits) < 20 { // below 10^19 < 2^64
		var w uint64
		for _, c := range digits {
			w = 10*w + uint64(c-'0')
		}
		return nat.New(w), nil
	}
	if len(digits) <= task.MaxDigits {
		x, ok := new(big.Int).SetString(string(digits), 10)
		if ok && x.BitLen() <= task.MaxBits {
			return nat.FromBig(x), nil
		}
	}
	return nat.Nat{}, fmt.Errorf("%s is too large", quote(word))
}

// quote returns a word as coreutils shows it in the locale C: between single quotes, with escapes as in the
// language C.
func quote(word []byte) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, c := range word {
		const letters, codes = "abtnvfr", "\a\b\t\n\v\f\r"
		at := strings.IndexByte(codes, c)
		switch {
		case at >= 0:
			b.WriteByte('\\')
			b.WriteByte(letters[at])
		case c == '\\' || c == '\'':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
