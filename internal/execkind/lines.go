package execkind

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"
)

// In mode lines one process gets all items of a call of Run at once: many programs write nothing before their input has
// ended. The answer of line n is taken for item n, so two kinds of commands need care.
//
// A command that dies may have had answers in a buffer, and then the first item without an answer is not the one that it
// died of. So that item runs again, alone, in a process of its own, and fails only if it fails there. From then on
// the items of the call run one by one.
//
// A command may leave out lines, as grep does. Then later answers belong to other items than it seems. So the answers of
// the first second are held back. If a process ends within this time with another status than 0, or has not given exactly
// one answer for each item, these are thrown away, and the items run one by one. An interruption within this time throws
// them away, too: nobody knows how the process would have ended. After this time the answers are taken
// as they come: the worker stores them while the command works on.
const holdTime = time.Second

// errDoubt says that a process has ended, and that it is not known which of several items is at fault.
var errDoubt = errors.New("which item is at fault is not known")

// runLines is Run in mode lines.
func (r *run) runLines(items [][]byte) error {
	for singly := false; len(items) > 0; {
		n := len(items)
		if singly {
			n = 1
		}
		if r.ctx.Err() != nil {
			return context.Cause(r.ctx)
		}
		before := len(*r.done)
		err := r.runTogether(items[:n])
		items = items[len(*r.done)-before:]
		if singly = singly || err != nil; err != nil && !errors.Is(err, errDoubt) {
			return err
		}
	}
	return nil
}

// runTogether has one process answer the items. After an error, those before the one at fault have their answers.
func (r *run) runTogether(items [][]byte) error {
	now := time.Now()
	r.begin(now)
	p, err := r.k.start(nil, r.variables(len(items)), r.o.Slot)
	if err != nil {
		return r.failed(items[0], err, nil)
	}
	defer p.terminate()
	end := []byte{r.separator}
	go p.feed(append(bytes.Join(items, end), end...)) // a copy: the memory of items serves the next call
	from := len(*r.done)
	r.heldUntil = now.Add(r.k.hold)
	i, err := r.readAnswers(p, len(items))
	if err != nil {
		err = r.conclude(p, items, i, err, len(*r.done) > from)
	} else {
		r.release()
	}
	if p.hasExited() {
		share((*r.done)[from:], p.cpuTime())
	}
	return err
}

// feed writes the input of the process and closes it. It is the goroutine feeder. An error says that the process does not
// read any more.
func (p *process) feed(input []byte) {
	p.in.f.Write(input)
	p.in.f.Close()
}

// readAnswers takes the answers of count items. The last one counts only if the process then ends with status 0 and without
// more output. It returns the index of the item at hand when an error occurred.
func (r *run) readAnswers(p *process, count int) (int, error) {
	for i := range count {
		if r.ctx.Err() != nil {
			return i, context.Cause(r.ctx)
		}
		line, err := r.line(p)
		if err == io.EOF {
			if err = r.end(p); err == nil && (len(line) == 0 || i < count-1) {
				err = r.ended(p)
			}
		}
		if err == nil {
			err = r.check(line)
		}
		if err != nil {
			return i, err
		}
		now := time.Now()
		answer := r.answer(line, now)
		if i == count-1 {
			if err := r.end(p); err != nil {
				return i, err
			}
		}
		r.held = append(r.held, answer)
		r.begin(now)
	}
	return count, nil
}

// release moves the answers that were held back to *done.
func (r *run) release() {
	*r.done = append(*r.done, r.held...)
	r.held = r.held[:0]
}

// end waits until p, which has given its answers, has ended. It returns an error if p gives more output, or ends with
// another status than 0.
func (r *run) end(p *process) error {
	for err := error(nil); err != io.EOF; {
		if len(p.rest) > 0 && err == nil {
			return errMany
		}
		if err = r.more(p); err != nil && err != io.EOF {
			return err
		}
	}
	if err := r.await(p); err != nil {
		return err
	}
	if p.state.Success() {
		return nil
	}
	return r.ended(p)
}

// conclude returns the error of runTogether, after err at the item of index i. taken: there are answers in *done already.
func (r *run) conclude(p *process, items [][]byte, i int, err error, taken bool) error {
	doubt := len(items) > 1 && (errors.Is(err, errMany) || asEnd(err) != nil)
	if (doubt || r.isInterrupted(err)) && !taken {
		r.held, r.total = r.held[:0], 0 // it is the first process of this call
	}
	r.release()
	switch {
	case r.isInterrupted(err):
		return err
	case doubt:
		return errDoubt
	}
	return r.failed(items[i], err, p)
}
