package input

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// stdin is the name of standard input in reports.
const stdin = "-"

// bufferSize is what a text source holds in memory, but for the token at hand.
const bufferSize = 64 << 10

// byteOrderMark may begin a file and is skipped.
var byteOrderMark = []byte("\xef\xbb\xbf")

// A text is a source of tokens separated by white space.
type text struct {
	name  string
	r     io.Reader
	close func() error // nil if r is not ours
	err   error        // what r returned last; due when buf is used up

	buf      []byte
	pos, end int    // buf[pos:end] is not looked at yet
	line     uint64 // of buf[pos]; 0 before the first read
	token    token  // what buf[:pos] ended in the middle of
}

// From returns the numbers that r holds as text; name stands in reports, "-" for
// standard input. It does not close r.
func From(name string, r io.Reader) Source { return &text{name: name, r: r} }

// File returns the numbers of a file, which is opened when its turn comes.
func File(path string) Source { return &text{name: path} }

func (t *text) read(dst []nat.Nat, bad func(task.BadToken)) (n int, err error) {
	if t.line == 0 {
		t.start()
	}
	for {
		n += t.scan(dst[n:], bad)
		switch {
		case n == len(dst):
			return n, nil
		case t.err == io.EOF: // then what buf ended in the middle of is whole
			n += t.finish(dst[n:], bad)
			return n, io.EOF
		case t.err != nil: // then it may be a part of a number
			return n, t.err
		case n > 0:
			return n, nil
		}
		t.fill()
	}
}

// start opens the file and skips a byte order mark.
func (t *text) start() {
	t.line = 1
	if t.r == nil {
		file, err := os.Open(t.name)
		if err != nil {
			t.err = err
			return
		}
		t.r, t.close = file, file.Close
	}
	t.buf = make([]byte, bufferSize)
	for t.err == nil && t.end < len(byteOrderMark) && bytes.HasPrefix(byteOrderMark, t.buf[:t.end]) {
		t.fill()
	}
	if bytes.HasPrefix(t.buf[:t.end], byteOrderMark) {
		t.pos = len(byteOrderMark)
	}
}

// fill reads once into the free part of buf. On an error it closes the file.
func (t *text) fill() {
	if t.pos == t.end {
		t.pos, t.end = 0, 0
	}
	n := 0
	for try := 0; n == 0 && t.err == nil; try++ {
		n, t.err = t.r.Read(t.buf[t.end:])
		if try == 100 && n == 0 && t.err == nil {
			t.err = io.ErrNoProgress
		}
	}
	t.end += n
	if t.err == nil {
		return
	}
	if t.close != nil {
		t.close() // it was only read: nothing is lost by an error here
	}
	var named *fs.PathError
	if t.err != io.EOF && !errors.As(t.err, &named) {
		t.err = fmt.Errorf("read %s: %w", t.name, t.err)
	}
}

// scan takes numbers out of buf until dst is full or buf is used up. A token that
// touches the end of buf may go on in the next one and stays in t.token.
func (t *text) scan(dst []nat.Nat, bad func(task.BadToken)) (n int) {
	buf := t.buf[:t.end]
	for n < len(dst) && t.pos < len(buf) {
		if c := buf[t.pos]; space[c] {
			n += t.finish(dst[n:], bad)
			if c == '\n' {
				t.line++
			}
			t.pos++
			continue
		}
		if !t.token.started {
			if w, size := word(buf[t.pos:]); size > 0 {
				dst[n] = nat.New(w)
				n++
				t.pos += size
				continue
			}
		}
		from := t.pos
		for t.pos < len(buf) && !space[buf[t.pos]] {
			t.pos++
		}
		t.token.add(buf[from:t.pos])
	}
	return n
}

// finish stores the number of t.token, if there is a token and it is one, and
// returns how many it stored.
func (t *text) finish(dst []nat.Nat, bad func(task.BadToken)) int {
	if !t.token.started {
		return 0
	}
	n, why := t.token.number()
	if why != "" {
		bad(task.BadToken{Source: t.name, Line: t.line, Text: t.token.quoted(), Why: why})
	}
	t.token.reset()
	if why != "" {
		return 0
	}
	dst[0] = n
	return 1
}

// line returns "line <n>: ", or nothing for 0.
func line(n uint64) string {
	if n == 0 {
		return ""
	}
	return "line " + strconv.FormatUint(n, 10) + ": "
}
