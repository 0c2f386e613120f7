package campaign

import (
	"fmt"
	"sort"
	"time"
)

// openTasks are the tasks of this machine whose yields may still count: the last maxOpen ones, ascending.
type openTasks struct{ list []openTask }

// An openTask is a range of groups that was issued as one task.
type openTask struct {
	first, size uint64
	b1, b2      uint64
	counted     []uint64 // a bit for each group; nil: none
}

// maxOpen bounds the memory, to 2 MiB. It is four tasks for each slot of a fleet of 4096.
const maxOpen = 1 << 14

// add notes n tasks such as t, the first of which begins with the group first.
func (o *openTasks) add(t *Issue, first uint64, n int) {
	for range n {
		o.list = append(o.list, openTask{first: first, size: t.Size, b1: t.B1, b2: t.B2})
		first += t.Size
	}
	if len(o.list) >= 2*maxOpen {
		o.list = append(o.list[:0], o.list[len(o.list)-maxOpen:]...)
	}
}

// of returns the task to which the groups first to end-1 belong, nil if there is none.
func (o *openTasks) of(first, end uint64) *openTask {
	list := o.list[max(0, len(o.list)-maxOpen):]
	i := sort.Search(len(list), func(i int) bool { return list[i].first+list[i].size > first })
	if i == len(list) || first < list[i].first || end <= first || end > list[i].first+list[i].size {
		return nil
	}
	return &list[i]
}

// count counts the groups first to end-1 of t, and returns how many were not counted before.
func (t *openTask) count(first, end uint64) (fresh uint64) {
	if t.counted == nil {
		t.counted = make([]uint64, (t.size+63)/64)
	}
	for g := first - t.first; g < end-t.first; g++ {
		if bit := uint64(1) << (g % 64); t.counted[g/64]&bit == 0 {
			t.counted[g/64] |= bit
			fresh++
		}
	}
	return fresh
}

// yield handles a yield.
func (m *CurveMachine) yield(y *Yield, now time.Time) {
	if m.phase != Curving {
		return
	}
	if y.Divisor != nil {
		m.claim(y)
		return
	}
	t := m.tasks.of(y.First, y.End)
	w := m.curvers.of(y.Worker)
	switch {
	case t == nil:
		m.put(Drop{y.name(), fmt.Sprintf("the groups %d to %d were not issued, or long ago", y.First, y.End)})
	case t.b1 != y.B1:
		m.put(Refuse{y.name(), fmt.Sprintf("the groups %d to %d were issued with B1=%d, not %d", y.First, y.End, t.b1, y.B1)})
	case uint64(len(y.Data)) != (y.End-y.First)*GroupCurves*EvidenceBytes:
		m.put(Refuse{y.name(), fmt.Sprintf("%d bytes are not the evidence of %d groups of curves", len(y.Data), y.End-y.First)})
	case w == nil || w.refuted:
		m.put(Drop{y.name(), "curves of this worker do not count"})
		if w != nil && !w.honest {
			m.ask(w, y)
		}
	case !w.checked:
		m.curvers.hold(w, y)
		m.ask(w, y)
	default:
		m.accept(w, y)
		m.pace.sawWorker(y.Worker, now)
	}
}

// claim handles a yield with a divisor.
func (m *CurveMachine) claim(y *Yield) {
	if !m.found(y) {
		m.put(Refuse{y.name(), "its divisor does not divide the composite properly"})
	}
}

// found ends the search if the divisor of a yield divides the number, and reports whether it does.
func (m *CurveMachine) found(y *Yield) bool {
	if !divides(y.Divisor, m.number) {
		return false
	}
	var curve *Curve
	if t := m.tasks.of(y.First, y.End); t != nil && t.b1 == y.B1 && y.Sigma > 0 {
		curve = &Curve{B1: t.b1, B2: t.b2, Sigma: y.Sigma}
	}
	m.store()
	return m.split(y.Divisor, curve)
}

// count counts groups of a worker, and returns how many had not been counted before.
func (m *CurveMachine) count(w *curver, first, end uint64) (fresh uint64) {
	t := m.tasks.of(first, end)
	if t == nil {
		return 0 // too many tasks were issued while the yield was held
	}
	if fresh = t.count(first, end); fresh > 0 {
		m.effort = m.effort.with(t.b1, fresh*GroupCurves)
		w.counted = w.counted.with(t.b1, fresh*GroupCurves)
	}
	return fresh
}
