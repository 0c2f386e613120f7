package execkind

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"
	"time"

	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// Statuses of a command with a meaning. The values are those of sysexits.h.
const (
	StatusNever     = 65 // EX_DATAERR: no attempt at this item can succeed
	StatusElsewhere = 75 // EX_TEMPFAIL: another worker may have the answer
)

var (
	errLong = fmt.Errorf("the answer is longer than %d KiB", task.MaxItem>>10)
	errLate = errors.New("no answer in time")
	errMany = errors.New("the command gave more answers than it had items")
)

// An itemError says why an item has no answer.
type itemError struct {
	item   []byte
	reason string
	kind   error // worker.ErrNever, worker.ErrElsewhere or nil
}

func (e *itemError) Error() string {
	what := "item " + task.QuoteItem(e.item) + ": " + e.reason
	if e.kind != nil {
		what += " (" + e.kind.Error() + ")"
	}
	return what
}

func (e *itemError) Unwrap() error { return e.kind }

// failed returns the error of an item that has failed with err, which is not one of the context. p, if it is not nil,
// says more.
func (r *run) failed(item []byte, err error, p *process) error {
	e := &itemError{item: bytes.Clone(item), reason: err.Error()}
	if errors.Is(err, errLate) {
		e.reason = fmt.Sprintf("no answer within %v, the command was stopped", r.limit)
	}
	if ended := asEnd(err); ended != nil {
		e.kind = ended.meaning()
	}
	if p != nil {
		if tail := p.tail.String(); tail != "" {
			e.reason += ", standard error: " + tail
		}
	}
	return e
}

// isInterrupted reports whether err is the cause of the context, and no error of an item.
func (r *run) isInterrupted(err error) bool { return r.ctx.Err() != nil && !isItem(err) }

func isItem(err error) bool {
	_, ok := errors.AsType[*itemError](err)
	return ok
}

// An endError says how a command has ended that should have gone on, or with a status that is not 0.
type endError struct {
	status  int // -1 = a signal
	what    string
	partial bool // in mode server: it has given a part of an answer
}

// asEnd returns the endError in err, or nil.
func asEnd(err error) *endError {
	e, _ := errors.AsType[*endError](err)
	return e
}

func (e *endError) Error() string { return e.what }

// meaning returns what the status means to the worker.
func (e *endError) meaning() error {
	switch e.status {
	case StatusNever:
		return worker.ErrNever
	case StatusElsewhere:
		return worker.ErrElsewhere
	}
	return nil
}

// ended returns the error of p, which has exited before it has answered.
func (r *run) ended(p *process) *endError {
	e := &endError{status: p.state.ExitCode(), what: "the command ended with " + p.state.String()}
	if e.status == 0 {
		e.what += " and without an answer"
	}
	if s, ok := p.state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		e.what = "the command was ended by " + p.state.String()
	}
	return e
}

// check returns an error if an answer is too long or not of the format.
func (r *run) check(answer []byte) error {
	if r.total += len(answer); r.total > maxTotal && r.total > len(answer) {
		return fmt.Errorf("the answers of its task exceed %d MiB together", maxTotal>>20)
	}
	if len(answer) > task.MaxItem {
		return errLong
	}
	if err := task.CheckItem(r.format, answer); err != nil {
		return fmt.Errorf("the answer %s is not of the format %s: %w", task.QuoteItem(answer), r.format, err)
	}
	return nil
}

// answer returns the answer of the item at hand, which has ended now.
func (r *run) answer(line []byte, now time.Time) task.Factorization {
	if r.o.Factors == nil {
		r.o.Factors = new([]task.Factor)
	}
	if len(*r.o.Factors) == cap(*r.o.Factors) { // earlier answers keep the old memory
		*r.o.Factors = make([]task.Factor, 0, max(16, min(2*cap(*r.o.Factors), task.MaxCount)))
	}
	at := len(*r.o.Factors)
	*r.o.Factors = append(*r.o.Factors, task.Factor{P: task.ItemNumber(line), Exp: 1, Status: task.Value})
	a := task.Factorization{Factors: (*r.o.Factors)[at : at+1 : at+1], Method: r.k.kind}
	if wall := now.Sub(r.began); wall >= leastWall {
		a.Wall = wall
	}
	return a
}

// take adds the answer of the item at hand to *done, and begins the next item.
func (r *run) take(line []byte, now time.Time) {
	*r.done = append(*r.done, r.answer(line, now))
	r.begin(now)
}
