package coreutils

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// pipeSize is the most bytes that are written at a time: the system writes so many to a pipe as a whole, so that the
// lines of several processes that write to one pipe do not mix.
const pipeSize = 4096

// An output writes lines and messages. The goroutine of Main owns all fields.
type output struct {
	p         Process
	exponents bool
	buffer    []byte // whole lines that are not written yet
	err       error  // the first one of the output; then nothing more is written
	code      int    // exit code
}

func newOutput(p Process) *output { return &output{p: p, buffer: make([]byte, 0, 2*pipeSize)} }

// all prints batches as they are answered. It returns false if no more answers are wanted: the output is broken, or an
// answer is not true.
func (o *output) all(inOrder <-chan *batch) bool {
	for {
		var b *batch
		var more bool
		select {
		case b, more = <-inOrder:
		default:
			o.flush()
			b, more = <-inOrder
		}
		if !more {
			return o.err == nil
		}
		select {
		case <-b.done:
		default:
			o.flush()
			<-b.done
		}
		if !o.batch(b) || o.err != nil {
			return false
		}
	}
}

// batch prints one batch. It returns false if an answer is not true.
func (o *output) batch(b *batch) bool {
	switch {
	case b.invalid != nil:
		o.message(b.invalid.Error())
		return true
	case b.err != nil:
		o.message(fmt.Sprintf("internal error, please report: %v", b.err))
		return false
	}
	for i, n := range b.numbers {
		o.line(n, b.answers[i].Factors)
	}
	return true
}

// line appends the line of one number.
func (o *output) line(n nat.Nat, factors []task.Factor) {
	at := len(o.buffer)
	o.buffer = append(n.AppendDecimal(o.buffer), ':')
	for i := range factors {
		f := &factors[i]
		if o.exponents && f.Exp > 1 {
			o.buffer = fmt.Appendf(f.P.AppendDecimal(append(o.buffer, ' ')), "^%d", f.Exp)
			continue
		}
		for range f.Exp {
			o.buffer = f.P.AppendDecimal(append(o.buffer, ' '))
		}
	}
	o.buffer = append(o.buffer, '\n')
	if len(o.buffer) > pipeSize { // the lines before fit
		o.write(o.buffer[:at])
		o.buffer = append(o.buffer[:0], o.buffer[at:]...)
	}
}

// text prints a text of several lines.
func (o *output) text(s string) { o.buffer = append(o.buffer, s...) }

// flush writes all lines.
func (o *output) flush() {
	o.write(o.buffer)
	o.buffer = o.buffer[:0]
}

// write writes whole lines.
func (o *output) write(b []byte) {
	if len(b) == 0 || o.err != nil {
		return
	}
	if o.p.CheckStdout != nil && o.p.CheckStdout() != nil {
		o.err = syscall.EBADF
		return
	}
	o.p.CheckStdout = nil
	_, o.err = o.p.Out.Write(b)
	if errors.Is(o.err, os.ErrClosed) {
		o.err = syscall.EBADF
	}
}

// message prints a message on standard error, after the lines before it. The exit code is then 1.
func (o *output) message(text string) {
	o.flush()
	o.code = 1
	fmt.Fprintf(o.p.Err, "%s: %s\n", o.p.Args[0], text)
}
