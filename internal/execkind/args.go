package execkind

import (
	"bytes"
	"context"
	"io"
	"time"

	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// runEach is Run in mode args: one process for each item.
func (r *run) runEach(items [][]byte) error {
	for _, item := range items {
		if err := r.runOne(item); err != nil {
			return err
		}
	}
	return nil
}

// runOne has a process answer one item.
func (r *run) runOne(item []byte) error {
	r.begin(time.Now())
	if bytes.IndexByte(item, 0) >= 0 {
		return &itemError{bytes.Clone(item), "an argument of a command cannot have a NUL byte", worker.ErrNever}
	}
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	argument := string(item)
	p, err := r.k.start(&argument, r.variables(1), r.o.Slot)
	if err != nil {
		return r.failed(item, err, nil)
	}
	defer p.terminate()
	answer, err := r.output(p)
	if err == nil {
		err = r.check(answer)
	}
	switch {
	case err != nil && r.isInterrupted(err):
		return err
	case err != nil:
		return r.failed(item, err, p)
	}
	r.take(answer, time.Now())
	(*r.done)[len(*r.done)-1].CPU = p.cpuTime()
	return nil
}

// output returns what p writes until it ends with status 0, without one newline at the end.
func (r *run) output(p *process) ([]byte, error) {
	for {
		if err := r.more(p); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		if len(p.rest) > task.MaxItem+len("\r\n") {
			return nil, errLong
		}
	}
	if err := r.await(p); err != nil {
		return nil, err
	}
	if !p.state.Success() {
		err := r.ended(p)
		return nil, err
	}
	answer, ok := bytes.CutSuffix(p.rest, []byte("\n"))
	if ok {
		answer = cutCR(answer)
	}
	return answer, nil
}

// variables returns the environment of a process that answers the next count items.
func (r *run) variables(count int) []string {
	first := r.o.Range.First + uint64(len(*r.done)-r.from)
	return r.k.variables(&r.o, r.format, task.Range{First: first, Count: uint64(count)})
}

// share gives each of answers an equal part of t as its CPU time.
func share(answers []task.Factorization, t time.Duration) {
	for i := range answers {
		answers[i].CPU = t / time.Duration(len(answers))
	}
}
