package execkind

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

const (
	// lookEvery is how often Run ticks and looks at its context while the command is busy: half of what the worker
	// requires, so that it does so in time on a busy machine.
	lookEvery = 50 * time.Millisecond
	// reportAfter is how long an item takes before Run reports it as progress, and between two reports.
	reportAfter = time.Second
	// leastWall is the least wall-clock time that an answer states.
	leastWall = time.Millisecond
)

// A run is one call of Kind.Run.
type run struct {
	k         *Kind
	slot      *slot
	ctx       context.Context
	o         worker.RunOptions
	done      *[]task.Factorization
	from      int           // len(*done) at the start
	limit     time.Duration // of one item; 0 = none
	format    task.Format
	separator byte
	total     int // bytes of answers

	// held has the answers that are not in *done yet, until heldUntil at most: see lines.go.
	held      []task.Factorization
	heldUntil time.Time

	began  time.Time // of the item at hand
	report time.Time // of the next report
}

// items returns the items of numbers. The separator stands behind each item in its memory, so that append adds it without
// a copy. If one of them is none, or the format does not permit it, it returns those before it, and the error of that
// one.
func (r *run) items(numbers []nat.Nat) ([][]byte, error) {
	arena, items := r.slot.arena[:0], r.slot.items[:0]
	defer func() { r.slot.arena, r.slot.items = arena, items }()
	for _, n := range numbers {
		from := len(arena)
		var ok bool
		if arena, ok = task.AppendItem(arena, n); !ok {
			return items, &itemError{reason: "the task has a number in place of an item", kind: worker.ErrNever}
		}
		arena = append(arena, r.separator)
		item := arena[from : len(arena)-1 : len(arena)] // it keeps the old memory when the arena grows
		if bytes.IndexByte(item, r.separator) >= 0 {
			return items, &itemError{bytes.Clone(item), "it has a byte that ends items", worker.ErrNever}
		}
		items = append(items, item)
	}
	return items, nil
}

// begin begins the next item.
func (r *run) begin(now time.Time) {
	r.began, r.report = now, now.Add(reportAfter)
	r.tick(now)
}

// tick ticks, after it has released the answers that were held back for long enough.
func (r *run) tick(now time.Time) {
	if len(r.held) > 0 && now.After(r.heldUntil) {
		r.release()
	}
	r.o.Tick()
}

// look ticks. It returns an error if the context has ended, or the time of the item at hand has passed.
func (r *run) look(now time.Time) error {
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	r.tick(now)
	if r.limit > 0 && now.Sub(r.began) >= r.limit {
		return errLate
	}
	if now.After(r.report) && r.o.Progress != nil {
		r.report = now.Add(reportAfter)
		r.o.Progress(worker.NumberProgress{Method: r.k.kind, Cores: 1, Done: uint64(len(*r.done) - r.from)})
	}
	return nil
}

// line returns the next line of the output of p, without its separator. It is valid until the next call. The error is
// io.EOF at the end, with what is behind the last separator; errLong; or that of look.
func (r *run) line(p *process) ([]byte, error) {
	for seen := 0; ; {
		if i := bytes.IndexByte(p.rest[seen:], r.separator); i >= 0 {
			line := p.rest[:seen+i]
			p.rest = p.rest[seen+i+1:]
			if len(line) > task.MaxItem {
				return nil, errLong
			}
			return cutCR(line), nil
		}
		if seen = len(p.rest); seen > task.MaxItem {
			return nil, errLong
		}
		if err := r.more(p); err != nil {
			line := p.rest
			p.rest = nil
			return line, err
		}
	}
}

// more reads more output of p behind p.rest.
func (r *run) more(p *process) error {
	if cap(p.buf) == 0 {
		p.buf = make([]byte, 4<<10)
	}
	if len(p.rest) == 0 {
		p.rest = p.buf[:0]
	} else if cap(p.rest)-len(p.rest) < cap(p.buf)/4 {
		if len(p.rest) > cap(p.buf)/2 {
			p.buf = make([]byte, 4*cap(p.buf))
		}
		p.rest = append(p.buf[:0], p.rest...)
	}
	for {
		now := time.Now()
		n, err := p.out.read(p.rest[len(p.rest):cap(p.rest)], now)
		p.rest = p.rest[:len(p.rest)+n]
		switch {
		case n > 0:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			if err := r.look(time.Now()); err != nil {
				return err
			}
			if p.hasExited() { // another process, outside of the group, has the output open
				return io.EOF
			}
		case err != nil: // of a pipe it is the end
			return io.EOF
		}
	}
}

// await waits until p has exited, after the end of its output. Its error is that of look.
func (r *run) await(p *process) error {
	if p.hasExited() {
		return nil
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-p.exited:
			return nil
		case <-ticker.C:
			if err := r.look(time.Now()); err != nil {
				return err
			}
		}
	}
}
