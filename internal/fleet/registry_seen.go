package fleet

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A worker that dies leaves no record of the attempt that killed it, except of the last one. So each supervisor
// remembers which tasks a process named when it fell silent or left, and which single numbers workers handed back.
// A process names a task in its heartbeats, and announces a redelivered single number before it begins it: an earlier
// worker may have died of it at once. An announcement names all announced tasks that its slots still run, because it
// replaces the one before. The supervisor that gives a number up writes what it remembers into the dead letter. It is
// for people: no decision reads it, and an announcement is no sign of life.
//
// Nothing is remembered of a task that a live process stops to name: it was answered, or its worker has stored a record.

// maxSeen is how many ends of attempts are remembered of one name.
const maxSeen = 64

// A seen is an attempt at a task of a job. Its times are on the clock of this process.
type seen struct {
	job string
	task.Seen
}

// A history is what is remembered of the attempts of one name.
type history struct {
	ended []seen      // the oldest first, at most maxSeen
	begun []announced // at most maxInstances
}

// An announced is a task that the last announcement of a process names, if no heartbeat followed.
type announced struct {
	process string
	seen
}

// begin notes an announcement of a process. One that is older than its last heartbeat is old news. A task that its last
// heartbeat names is known.
func (n *namesake) begin(process string, b beat, now time.Time) {
	names, ok := strings.CutPrefix(string(b.value), worker.BegunPrefix)
	p := n.present[process]
	if !ok || p != nil && !p.status.Seen.Before(b.created) {
		return
	}
	before := n.takeBegun(process)
	author, _, _ := cutKey(b.key)
	for name := range strings.FieldsSeq(names) {
		at, ok := worker.ParseTaskName(name)
		if !ok || len(n.begun) >= maxInstances || p != nil && !p.since[name].IsZero() {
			continue
		}
		s := seen{at.Job, task.Seen{Worker: author, Range: at.Range, Round: at.Round, From: now, Until: now}}
		for _, a := range before {
			if a.job == s.job && a.Range == s.Range && a.Round == s.Round {
				s.From = a.From
			}
		}
		n.begun = append(n.begun, announced{process, s})
	}
}

// takeBegun removes what a process has announced, and returns it.
func (h *history) takeBegun(process string) (list []seen) {
	h.begun = slices.DeleteFunc(h.begun, func(a announced) bool {
		if a.process == process {
			list = append(list, a.seen)
		}
		return a.process == process
	})
	return list
}

// end notes that a process has ended; p is its presence, which may be nil. One that has left has settled its tasks
// before, except those that its last heartbeat names.
func (n *namesake) end(process string, p *presence, end task.SeenEnd) {
	for _, s := range n.takeBegun(process) {
		if end == task.SeenSilent {
			s.End = end
			n.remember(s)
		}
	}
	if p != nil {
		for _, s := range p.named(end) {
			n.remember(s)
		}
	}
}

// expire notes the end of processes that have announced a task and then sent nothing for schema.WorkerTTL.
func (h *history) expire(now time.Time) {
	h.begun = slices.DeleteFunc(h.begun, func(a announced) bool {
		silent := now.Sub(a.Until) > schema.WorkerTTL
		if silent {
			a.End = task.SeenSilent
			h.remember(a.seen)
		}
		return silent
	})
}

// remember adds s, and forgets the oldest entry if there are too many.
func (h *history) remember(s seen) {
	if len(h.ended) == maxSeen {
		h.ended = slices.Delete(h.ended, 0, 1)
	}
	h.ended = append(h.ended, s)
}

// named returns the tasks that the last heartbeat of p names, with that end.
func (p *presence) named(end task.SeenEnd) (list []seen) {
	for name, from := range p.since {
		if at, ok := worker.ParseTaskName(name); ok {
			list = append(list, p.attempt(at, from, end))
		}
	}
	return list
}

// attempt returns an attempt of p that its heartbeats have named since from.
func (p *presence) attempt(at task.Address, from time.Time, end task.SeenEnd) seen {
	return seen{at.Job, task.Seen{Worker: p.status.Name, Range: at.Range, Round: at.Round, From: from, Until: p.arrived, End: end}}
}

// attempts returns what is remembered of attempts at a number of a job, also among others, the last task.MaxSeen, the
// oldest first. A process counts as silent if nothing of it has arrived for two thirds of an ack wait: a live one sends a
// heartbeat every half, and the server has last heard of a task up to a third before it was announced (Worker.scan).
func (r *roster) attempts(job string, number task.Range, now time.Time, ackWait time.Duration) []task.Seen {
	var list []task.Seen
	add := func(s seen) {
		if s.job != job || !s.Range.Contains(number) {
			return
		}
		if s.End == task.SeenOpen && now.Sub(s.Until) >= ackWait*2/3 {
			s.End = task.SeenSilent
		}
		list = append(list, s.Seen)
	}
	for _, n := range r.names {
		for _, s := range n.ended {
			add(s)
		}
		for _, a := range n.begun {
			add(a.seen)
		}
	}
	for name, named := range r.tasks[job] {
		at, _ := worker.ParseTaskName(name) // the registry has no other names
		if !at.Range.Contains(number) {
			continue
		}
		for p := range named {
			add(p.attempt(at, p.since[name], task.SeenOpen))
		}
	}
	slices.SortFunc(list, func(a, b task.Seen) int { return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.Worker, b.Worker)) })
	return list[max(0, len(list)-task.MaxSeen):]
}

// Attempts returns what this process has seen of attempts at a number of a job, by the server's clock: the last
// task.MaxSeen, the oldest first.
func (r *Registry) Attempts(job string, number task.Range) (list []task.Seen) {
	now := time.Now()
	r.look(func(o *roster) { list = o.attempts(job, number, now, r.ackWait) })
	offset := r.f.now().Sub(now)
	for i := range list {
		for _, t := range []*time.Time{&list[i].From, &list[i].Until} {
			if !t.IsZero() {
				*t = t.Add(offset)
			}
		}
	}
	return list
}

// noteReturn remembers that a worker has handed a single number back, which has not failed there; stored is when, by
// the server's clock.
func (r *Registry) noteReturn(at schema.Place, stored time.Time) {
	until := time.Now().Add(stored.Sub(r.f.now()))
	r.look(func(o *roster) {
		if n := o.name(at.Worker); n != nil {
			n.remember(seen{at.Job, task.Seen{Worker: at.Worker, Range: at.Range, Round: at.Round, Until: until, End: task.SeenReturned}})
		}
	})
}
