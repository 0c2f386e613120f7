package worker

import (
	"fmt"
	"time"

	"factorfleet/internal/attempt"
	"factorfleet/internal/task"
)

// inspectLocked reports whether the computation in s has made progress since the last scan. It interrupts
// a computation that is overdue or does not tick, and gives its slot up if it does not end then. Requires
// that s runs a delivery. step is the time since the last scan, at most beatEvery.
//
//	stalled = (steps without progress, or since fault) + beatEvery/2
//
//	fault set, stalled >= stopLimit        the slot is lost
//	no tick, stalled >= silenceLimit       interrupt: silent
//	present number takes >= slot.limit     interrupt: overdue
//
// The times are counted in scans, and skipLocked corrects numberSince: while the process is suspended, or other
// processes have the cores, no computation can make progress. Half a scan is added, because tickers are not exact: two steps of a ticker
// may sum up to slightly less than the limit of two sixths.
//
// A computation that ticks although it was interrupted counts as stalled from fault on.
func (w *Worker) inspectLocked(s *slot, now time.Time, step time.Duration) bool {
	if s.task == nil { // not computed yet, or computed: this is progress
		return true
	}
	p := s.progress.Load()
	moved := p != s.lastProgress
	if s.stalledFor += step; moved && s.fault == nil {
		s.stalledFor = 0
	}
	if (p^s.lastProgress)&indexMask != 0 {
		s.numberSince = now
	}
	s.lastProgress = p
	stalled := s.stalledFor + w.beatEvery()/2
	switch {
	case s.fault != nil:
		if stalled >= w.stopLimit() {
			w.loseSlotLocked(s)
		}
		return false
	case stalled >= w.silenceLimit():
		s.interruptAtLocked(errSilent, now)
		return false
	case now.Sub(s.numberSince) >= time.Duration(s.limit.Load()):
		s.interruptAtLocked(errOverdue, now)
		return false
	}
	return moved
}

// interruptAtLocked interrupts the computation of s because of fault, and starts the time within which the
// computation has to end. A drain or an order may have interrupted the computation before: they start no such
// time, because a computation that still ticks is healthy until its number is overdue.
func (s *slot) interruptAtLocked(fault error, now time.Time) {
	s.interruptLocked(fault)
	s.fault, s.faultIndex, s.interruptedAt, s.stalledFor = fault, int(s.lastProgress&indexMask), now, 0
}

// loseSlotLocked gives up the slot of a computation that does not end although it was interrupted. A copy
// of the delivery is settled, because the slot's goroutine still uses the original. Requires that s runs a
// delivery and that s.task and s.fault are set.
//
// The answers before the number at hand that are not stored yet are lost: they are in memory that the computation may
// still write.
// The copy takes the original's place in all counts but busy. If all slots are lost only a new process helps.
func (w *Worker) loseSlotLocked(s *slot) {
	d := s.current
	d.state = hung
	w.held.remove(d)
	rest := &Delivery{
		Address: d.Address, Attempt: d.Attempt, Handle: d.Handle, scan: w.scans,
		heard: d.heard, lapsed: d.lapsed, alone: d.alone, urgent: true, expendable: d.expendable,
	}
	w.held.add(rest)
	w.failHungLocked(s, rest)
	w.settleLaterLocked(rest)
	w.setPrefetchLocked(s, 0)
	s.samples = 0
	w.busy--
	w.lostSlots++
	if !d.expendable {
		w.failures++
	}
	about(w.config.Log.Error(), d).Int("attempt", d.Attempt).
		Int("slots_left", len(w.slots)-w.lostSlots).Msg("computation hangs, its slot is lost")
	if w.lostSlots == len(w.slots) {
		w.fail(fmt.Errorf("%w: the computations of all %d slots hang", ErrRestart, w.lostSlots))
	}
}

// failHungLocked executes the decisions about d, a copy of the delivery whose computation hangs in s. It reads
// s.task, whose numbers no goroutine writes. The index of the number at hand is that of the last scan.
func (w *Worker) failHungLocked(s *slot, d *Delivery) {
	if d.expendable || w.isCancelledLocked(d.Job) {
		d.outcome.drop()
		return
	}
	t := s.task
	at := min(int(s.lastProgress&indexMask), len(t.Numbers)-1)
	err := w.interruptionError(s, s.fault, t)
	stored := &s.current.stored
	for at < len(t.Numbers)-1 && stored.Contains(task.Range{First: d.Range.First + uint64(at), Count: 1}) {
		at++ // finished since the last scan
	}
	for _, p := range attempt.Hung(d.Range, uint64(at)) {
		if !p.Failed {
			for r := range stored.Gaps(p.Range) {
				d.outcome.handBack(r, asReturn(p.Decision, ""))
			}
			continue
		}
		w.config.Recorder.Failed(FailedHang)
		detail := fmt.Errorf("%w, and the computation did not end when interrupted", err)
		d.outcome.addFailed(p, d.Range, w.failure(d, t, t.Numbers[at:at+1], detail, time.Since(s.numberSince)), err)
	}
}

// regainSlotLocked takes a slot back whose hanging computation has ended after all. Its answers are not
// used: the copy of the delivery is settled.
func (w *Worker) regainSlotLocked(d *Delivery) {
	w.lostSlots--
	about(w.config.Log.Warn(), d).Msg("hanging computation ended, its slot is back")
}
