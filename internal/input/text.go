package input

import (
	"io"
	"strconv"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A text is a Source of tokens separated by white space.
type text struct {
	file
	line  uint64 // of buf[pos], from 1; 0 before the first read
	token token  // the beginning of a token that continues at buf[pos]

	known []task.Known // factors of numbers of the present read
}

// takeKnown implements knower.
func (t *text) takeKnown() (known []task.Known) {
	known, t.known = t.known, nil
	return known
}

// From returns the numbers in the text of r. name is the source in reports of invalid
// tokens, "-" for standard input. It does not close r.
func From(name string, r io.Reader) Source { return &text{file: file{name: name, r: r}} }

// File returns the numbers in the text of a file. The file is opened by the first read
// of the Source and closed at its end.
func File(path string) Source { return &text{file: file{name: path}} }

func (t *text) read(dst []nat.Nat, bad func(task.BadToken)) (n int, err error) {
	if t.line == 0 {
		t.line = 1
		t.open()
		t.skipByteOrderMark()
	}
	for {
		n += t.scan(dst[n:], bad)
		switch {
		case n == len(dst):
			return n, nil
		case t.err == io.EOF: // the last token is complete
			n += t.finish(dst, n, bad)
			return n, io.EOF
		case t.err != nil: // the last token may be incomplete: drop it
			return n, t.err
		case n > 0:
			return n, nil
		}
		t.fill()
	}
}

// scan reads numbers from buf until dst is full or buf is used up. A token at the end of
// buf may continue in the next read and stays in t.token.
func (t *text) scan(dst []nat.Nat, bad func(task.BadToken)) (n int) {
	buf := t.buf[:t.end]
	for n < len(dst) && t.pos < len(buf) {
		if c := buf[t.pos]; space[c] {
			n += t.finish(dst, n, bad)
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

// finish ends t.token: it stores its number into dst[at] or reports it. It returns how many
// numbers it stored, 0 or 1. dst[0] is the first number of the present read.
func (t *text) finish(dst []nat.Nat, at int, bad func(task.BadToken)) int {
	if !t.token.started {
		return 0
	}
	n, why := t.token.number()
	if why == "" && t.token.equals {
		var factors []nat.Nat
		if factors, why = knownFactors(n, t.token.list); len(factors) > 0 {
			t.known = append(t.known, task.Known{At: at, Factors: factors})
		}
	}
	if why != "" {
		bad(task.BadToken{Source: t.name, Line: t.line, Text: t.token.quoted(), Why: why})
	}
	t.token.reset()
	if why != "" {
		return 0
	}
	dst[at] = n
	return 1
}

// line returns "line <n>: ", or "" for 0.
func line(n uint64) string {
	if n == 0 {
		return ""
	}
	return "line " + strconv.FormatUint(n, 10) + ": "
}
