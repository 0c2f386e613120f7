package execkind

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// A slot is what a Kind keeps for a slot of the worker.
type slot struct {
	mu sync.Mutex // held while Run runs in the slot; guards what follows

	arena []byte   // memory of items
	items [][]byte // memory of the list of items

	// In mode server: server is the process that waits for the next item, nil if there is none, since used; idle is the
	// timer that stops it.
	server *process
	used   time.Time
	idle   *time.Timer
}

// slot returns the slot of index i.
func (k *Kind) slot(i int) *slot {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.slots) <= i {
		k.slots = append(k.slots, new(slot))
	}
	return k.slots[i]
}

// runServer is Run in mode server. After an item that has failed its process is stopped: nobody knows what it would
// write next.
func (r *run) runServer(items [][]byte) error {
	s := r.slot
	if s.idle != nil {
		s.idle.Stop()
	}
	var spent time.Duration // CPU time of s.server before this call
	meter := s.server
	if meter != nil {
		spent, _ = runningTime(meter.cmd.Process.Pid)
	}
	for _, item := range items {
		line, err := r.ask(item)
		if err == nil {
			err = r.check(line)
		}
		if err != nil {
			p := s.server
			r.retire()
			if r.isInterrupted(err) {
				return err
			}
			return r.failed(item, err, p)
		}
		r.take(line, time.Now())
	}
	if r.keep(); len(items) > 0 {
		if now, ok := runningTime(s.server.cmd.Process.Pid); ok {
			if s.server != meter {
				spent = 0
			}
			share((*r.done)[len(*r.done)-len(items):], max(now-spent, 0))
		}
	}
	return nil
}

// retire stops the process of the slot.
func (r *run) retire() {
	if r.slot.server != nil {
		r.slot.server.terminate()
		r.slot.server = nil
	}
}

// keep leaves the process of the slot to the next call, or to the timer.
func (r *run) keep() {
	s, k := r.slot, r.k
	s.used = time.Now()
	if s.idle == nil {
		s.idle = time.AfterFunc(k.idle, func() { k.stopIdle(s) })
		return
	}
	s.idle.Reset(k.idle)
}

// stopIdle stops the process of a slot that has had no item for the idle time.
func (k *Kind) stopIdle(s *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil && time.Since(s.used) >= k.idle {
		s.server.terminate()
		s.server = nil
	}
}

// ask sends an item to the process of the slot, which it starts if there is none, and returns the answer. A process may
// end between two items with status 0: such an item gets another process.
func (r *run) ask(item []byte) ([]byte, error) {
	r.begin(time.Now())
	if r.ctx.Err() != nil {
		return nil, context.Cause(r.ctx)
	}
	s := r.slot
	used := s.server != nil && s.server.format == r.format && !s.server.hasExited() && s.server.out.isQuiet(r.began)
	if used {
		line, err := r.exchange(s.server, item)
		if e := asEnd(err); e == nil || e.status != 0 || e.partial {
			return line, err
		}
	}
	r.retire()
	p, err := r.k.start(nil, r.variables(1), r.o.Slot)
	if err != nil {
		return nil, err
	}
	p.format = r.format
	s.server = p
	line, err := r.exchange(p, item)
	if err == nil && !p.staysQuiet() {
		return nil, errMany
	}
	return line, err
}

// staysQuiet reports whether a process that has answered its first item writes nothing more for a while, lookEvery/2 at
// least. A command that writes two lines for each item would else give each item but the first a line of another one:
// what comes after the next item was sent cannot be told from its answer.
func (p *process) staysQuiet() bool {
	var b [1]byte
	n, _ := p.out.read(b[:], time.Now())
	return n == 0
}

// exchange sends an item to p, and returns the answer. The error is an *endError if p has ended.
func (r *run) exchange(p *process, item []byte) ([]byte, error) {
	if err := r.send(p, append(item, r.separator)); err != nil {
		return nil, err
	}
	line, err := r.line(p)
	switch {
	case err == io.EOF:
		if err := r.await(p); err != nil {
			return nil, err
		}
		e := r.ended(p)
		e.partial = len(line) > 0
		return nil, e
	case err == nil && len(p.rest) > 0:
		return nil, errMany
	}
	return line, err
}

// send writes data to p. If p does not read any more, what it has written says more.
func (r *run) send(p *process, data []byte) error {
	for len(data) > 0 {
		n, err := p.in.write(data, time.Now())
		data = data[n:]
		if err == nil {
			continue
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err := r.look(time.Now()); err != nil {
			return err
		}
		if p.hasExited() {
			return nil
		}
	}
	return nil
}
