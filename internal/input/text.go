package input

import (
	"bytes"
	"io"
	"strconv"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// A text is a Source of tokens separated by white space.
//
// Its state, for a token of several words such as 2^127 - 1:
//
//	idle ──digit──► word ──space──► gap ──operator, inside (...)──► word
//	 ▲ ▲             │               │ ├──sign──► sign ──space──► gap
//	 │ └──newline────┴───────────────┘ │           └──other──► (token ends) word
//	 └──(token ends)───────────────────┘
//	idle, gap ──#──► comment ──newline──► idle
type text struct {
	file
	syntax Syntax
	line   uint64 // of buf[pos], from 1; 0 before the first read
	lineAt int    // where the line begins: an index of buf, negative if it began in an earlier read

	state textState
	token token // what was read of a token, unless idle or comment
	sign  byte  // of state sign: a + or - behind a gap
}

// A textState says what the next byte can be.
type textState uint8

const (
	textIdle    textState = iota // the begin of a token or comment
	textWord                     // the rest of a word
	textGap                      // white space behind a word; the next word may belong to the same token
	textSign                     // the byte behind a sign that has white space before it
	textComment                  // the rest of a comment
)

func (t *text) read(dst []nat.Nat, to *sink) (n int, err error) {
	if t.line == 0 {
		t.line = 1
		t.open(true)
		t.skipByteOrderMark()
		t.lineAt = t.pos
	}
	for {
		n = t.scan(dst, n, to)
		switch {
		case n == len(dst):
			return n, nil
		case t.err == io.EOF: // the last token is complete
			return t.finish(dst, n, to), io.EOF
		case t.err != nil: // the last token may be incomplete: drop it
			return n, t.err
		case n > 0:
			return n, nil
		}
		t.lineAt -= t.end // all of buf is used up
		t.fill()
	}
}

// scan reads numbers from buf, behind dst[:n], until dst is full or buf is used up. A token at the end of buf may
// continue in the next read and stays in t.token. It returns the new n.
func (t *text) scan(dst []nat.Nat, n int, to *sink) int {
	buf := t.buf[:t.end]
	for n < len(dst) && t.pos < len(buf) {
		c := buf[t.pos]
		switch {
		case t.state != textIdle:
			n = t.step(dst, n, to)
		case space[c]:
			t.pos++
			if c == '\n' {
				t.newLine()
			}
		default:
			if w, size := word(buf[t.pos:]); size > 0 && t.endsToken(buf[t.pos+size:]) {
				dst[n] = nat.New(w)
				n++
				t.pos += size
				continue
			}
			if x, size := long(buf[t.pos:]); size > 0 && t.endsToken(buf[t.pos+size:]) {
				dst[n] = x
				n++
				t.pos += size
				continue
			}
			t.begin(c)
		}
	}
	return n
}

// begin enters the state of a token or comment that begins with c, at pos.
func (t *text) begin(c byte) {
	t.state = textWord
	if c == '#' && !t.syntax.Strict {
		t.state = textComment
	}
	t.token.column = t.pos - t.lineAt + 1
}

// newLine begins a line at pos.
func (t *text) newLine() {
	t.line++
	t.lineAt = t.pos
}

// endsToken reports whether a number that is followed by rest, which begins with white space, is the whole token. It
// returns false if rest is too short to tell.
func (t *text) endsToken(rest []byte) bool {
	if rest[0] == '\n' || t.syntax.Strict {
		return true
	}
	for _, c := range rest {
		if c == '\n' || !space[c] {
			return !joins[c]
		}
	}
	return false
}

// step takes the next bytes of buf in a state other than idle, and returns the new n.
func (t *text) step(dst []nat.Nat, n int, to *sink) int {
	buf := t.buf[t.pos:t.end]
	switch c := buf[0]; {
	case t.state == textComment:
		if size := bytes.IndexByte(buf, '\n'); size >= 0 {
			t.state = textIdle
			t.pos += size
		} else {
			t.pos = t.end
		}
	case c == '\n' || space[c] && (t.syntax.Strict || t.token.equals):
		n = t.finish(dst, n, to) // idle takes c
	case t.state == textSign && !space[c]:
		n = t.finish(dst, n, to)
		t.token.column = t.pos - t.lineAt // that of the sign
		t.token.add([]byte{t.sign})
		t.state = textWord
	case t.state == textSign:
		t.joinSign()
		t.state = textGap
	case space[c]:
		t.token.white(c)
		t.state = textGap
		t.pos++
	case t.state == textGap && t.token.continues(c):
		t.token.joined = true
		t.state = textWord
	case t.state == textGap && (c == '+' || c == '-'):
		t.state, t.sign = textSign, c
		t.pos++
	case t.state == textGap:
		n = t.finish(dst, n, to) // idle takes c
	default:
		size := 1
		for size < len(buf) && !space[buf[size]] {
			size++
		}
		t.token.add(buf[:size])
		t.pos += size
	}
	return n
}

// joinSign makes the sign an operator of the token.
func (t *text) joinSign() {
	t.token.joined = true
	t.token.add([]byte{t.sign})
}

// finish ends the token that is being read, if there is one: it stores its number into dst[n] or reports it. The
// next byte is taken in state idle. It returns the new n.
func (t *text) finish(dst []nat.Nat, n int, to *sink) int {
	if !t.token.started {
		t.state = textIdle
		return n
	}
	if t.state == textSign && (t.pos == t.end || space[t.buf[t.pos]]) {
		t.joinSign()
	}
	t.state = textIdle
	x, why := t.token.read(t.syntax)
	if why != "" {
		to.bad(task.BadToken{Source: t.name, Line: t.line, Text: t.token.quoted(), Why: why})
	} else {
		dst[n] = x.n
		to.took(n, x)
		n++
	}
	t.token.reset()
	return n
}

// line returns "line <n>: ", or "" for 0.
func line(n uint64) string {
	if n == 0 {
		return ""
	}
	return "line " + strconv.FormatUint(n, 10) + ": "
}
