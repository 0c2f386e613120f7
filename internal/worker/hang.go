package worker

import (
	"fmt"
	"time"

	"factorfleet/internal/attempt"
)

// inspectLocked reports whether the computation in s has made progress since the last scan. It interrupts
// a computation that is overdue or does not tick, and gives its slot up if it does not end then.
//
// Both times are counted in scans, of step each: while the process is suspended no computation can make
// progress. Half a scan is added, because tickers are not exact.
func (w *Worker) inspectLocked(s *slot, now time.Time, step time.Duration) bool {
	if s.task == nil { // not computed yet, or computed: this is progress
		return true
	}
	p := s.progress.Load()
	moved := p != s.lastProgress
	if s.stillFor += step; moved && s.fault == nil {
		s.stillFor = 0
	}
	if (p^s.lastProgress)&indexMask != 0 {
		s.numberSince = now
	}
	s.lastProgress = p
	still := s.stillFor + w.beatEvery()/2
	switch {
	case s.fault != nil:
		if still >= w.patience() {
			w.loseSlotLocked(s)
		}
		return false
	case still >= w.silence():
		s.interruptAtLocked(errSilent, now)
		return false
	case now.Sub(s.numberSince) >= time.Duration(s.limit.Load()):
		s.interruptAtLocked(errOverdue, now)
		return false
	}
	return moved
}

// interruptAtLocked interrupts the computation of s because of fault, and starts the time within which the
// computation has to end. It does so as well if a drain or an order has interrupted the computation before:
// the time of a computation that is only asked to leave does not run.
func (s *slot) interruptAtLocked(fault error, now time.Time) {
	s.interruptLocked(fault)
	s.fault, s.interruptedAt, s.stillFor = fault, now, 0
}

// loseSlotLocked gives up the slot of a computation that does not end although it was interrupted. A copy
// of the delivery is settled, because the slot's goroutine still uses the original.
func (w *Worker) loseSlotLocked(s *slot) {
	d := s.current
	d.state = hung
	w.held.remove(d)
	rest := &Delivery{
		Address: d.Address, Attempt: d.Attempt, Handle: d.Handle, scan: w.scans,
		heard: d.heard, lapsed: d.lapsed, alone: d.alone, urgent: true,
	}
	w.held.add(rest)
	w.failHungLocked(s, rest)
	w.settleLaterLocked(rest)
	w.setAheadLocked(s, 0)
	s.samples = 0
	w.busy--
	w.lostSlots++
	w.failures++
	about(w.config.Log.Error(), d).Int("attempt", d.Attempt).
		Int("slots_left", len(w.slots)-w.lostSlots).Msg("computation hangs, its slot is lost")
	if w.lostSlots == len(w.slots) {
		w.fail(fmt.Errorf("%w: the computations of all %d slots hang", ErrRestart, w.lostSlots))
	}
}

// failHungLocked executes the decisions about d, a copy of the delivery whose computation hangs in s.
func (w *Worker) failHungLocked(s *slot, d *Delivery) {
	if w.isCancelledLocked(d.Job) {
		d.outcome.drop()
		return
	}
	t := s.task
	at := min(int(s.lastProgress&indexMask), len(t.Numbers)-1)
	err := w.stuck(s, s.fault, t)
	for _, p := range attempt.Hung(d.Range, uint64(at)) {
		if !p.Failed {
			d.outcome.handBack(p.Range, asReturn(p.Decision, ""))
			continue
		}
		detail := fmt.Errorf("%w, and the computation did not end when interrupted", err)
		d.outcome.addFailed(p, w.failure(d, t, t.Numbers[at:at+1], detail, time.Since(s.numberSince)), err)
	}
}

// regainSlotLocked takes a slot back whose hanging computation has ended after all. Its answers are not
// used: the copy of the delivery is settled.
func (w *Worker) regainSlotLocked(d *Delivery) {
	w.lostSlots--
	about(w.config.Log.Warn(), d).Msg("hanging computation ended, its slot is back")
}
