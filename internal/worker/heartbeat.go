package worker

import (
	"fmt"
	"time"

	"factorfleet/internal/task"
)

// staleSweep is how often the buffer is looked through. What was pulled ahead is 50
// ms of work; a task that is still there after a whole sweep waits behind longer
// ones than were expected, and goes back.
const staleSweep = time.Second

// limit is the wall-clock time after which one number counts as overdue:
//
//	2*budget + Config.Grace
//
// A sound computation ends at its budget by itself. A task of n numbers thus has
// n*limit at most.
func (w *Worker) limit(budget time.Duration) time.Duration {
	const month = 30 * 24 * time.Hour // a budget comes from outside: no overflow
	return 2*min(budget, month) + w.config.Grace
}

// beatEvery is the time between two walks.
func (w *Worker) beatEvery() time.Duration { return max(w.config.AckWait/6, time.Millisecond) }

// silence is how long a computation may go without a tick, and patience how long one may
// take to end that was told to. What follows has to be settled before the server hands
// the task to somebody else, because nobody speaks for it in these times. In sixths of
// AckWait, of which the server gives six:
//
//	1  until the first walk that sees it stand still
//	2  silence
//	1  patience, or a second where that is more
//
// so two are left for it. Below an AckWait of some four seconds they are not: see lapsed.
func (w *Worker) silence() time.Duration  { return max(w.config.AckWait/3, time.Second) }
func (w *Worker) patience() time.Duration { return max(w.config.AckWait/6, time.Second) }

// heartbeat speaks for the held deliveries until Run returns.
func (w *Worker) heartbeat() {
	beat := time.NewTicker(w.beatEvery())
	defer beat.Stop()
	sweep := time.NewTicker(staleSweep)
	defer sweep.Stop()
	for {
		select {
		case <-beat.C:
			w.walk(time.Now())
		case <-sweep.C:
			w.sweep(time.Now())
		case <-w.quit:
			return
		}
	}
}

// walk tells the server of every delivery that is not stuck. One that arrived since
// the last walk needs no word yet: its timer has run for at most a sixth of AckWait.
func (w *Worker) walk(now time.Time) {
	w.mu.Lock()
	w.walks++
	w.beats = w.beats[:0]
	step := min(now.Sub(w.walked), w.beatEvery())
	w.walked = now
	var younger *Delivery
	for d := w.held.oldest; d != nil; d = younger {
		younger = d.younger // inspectLocked may take d off the list
		if d.state == running && !w.inspectLocked(d.slot, now, step) || w.lapsedLocked(d, now) {
			continue
		}
		if w.walks-d.walk >= 2 {
			d.spoken = now
			w.beats = append(w.beats, d)
		}
	}
	w.mu.Unlock()
	for i, d := range w.beats {
		if err := d.Handle.InProgress(); err != nil {
			w.config.Log.Debug().Err(err).Str("job", d.Job).Stringer("range", d.Range).Msg("heartbeat failed")
		}
		w.beats[i] = nil
	}
}

// lapsedLocked reports whether the server has heard nothing of d for all of AckWait: the
// process stood still, or a hanging computation took too long to be given up. The task
// is, or will be, somebody else's then, and stays it whatever this worker says.
func (w *Worker) lapsedLocked(d *Delivery, now time.Time) bool {
	d.lapsed = d.lapsed || now.Sub(d.spoken) >= w.config.AckWait
	return d.lapsed
}

// inspectLocked reports whether the computation in s has moved since the last walk.
// One that is overdue or silent is interrupted, and abandoned if that does not help.
//
// Both times are counted in walks, step after step: while the process itself stood
// still no computation could move. Half a walk is nothing, for tickers are not exact.
func (w *Worker) inspectLocked(s *slot, now time.Time, step time.Duration) bool {
	if s.task == nil { // not yet, or no more: it moves
		return true
	}
	p := s.progress.Load()
	moved := p != s.seen
	if s.still += step; moved && s.overdue.IsZero() {
		s.still = 0
	}
	if (p^s.seen)&(1<<indexBits-1) != 0 {
		s.since = now
	}
	s.seen = p
	still := s.still + w.beatEvery()/2
	switch {
	case s.overdue.IsZero() && still >= w.silence():
		s.interruptLocked(errSilent)
		s.overdue, s.still = now, 0
		return false
	case s.overdue.IsZero() && now.Sub(s.since) >= time.Duration(s.limit.Load()):
		s.interruptLocked(errOverdue)
		s.overdue, s.still = now, 0
		return false
	case !s.overdue.IsZero():
		if still >= w.patience() {
			w.abandonLocked(s)
		}
		return false
	}
	return moved
}

// abandonLocked gives up the computation of s, which did not end when it was told
// to. The delivery is settled all the same, as far as it goes without the slot: the
// number at hand has failed, the others go back.
//
// The number at hand is the one of the last tick: the one that hangs is that or a later
// one. Those behind it go back in pieces, so that it is found in any case.
func (w *Worker) abandonLocked(s *slot) {
	d := s.current
	d.state = abandoned
	w.held.remove(d)
	rest := &Delivery{
		Address: d.Address, Attempt: d.Attempt, MaxDeliver: d.MaxDeliver, Handle: d.Handle, walk: w.walks,
		spoken: d.spoken, lapsed: d.lapsed, alone: d.alone, urgent: true,
	}
	w.held.add(rest)
	w.failAtLocked(s, rest)
	w.settleLaterLocked(rest)
	w.setAheadLocked(s, 0)
	s.samples = 0
	w.busy--
	w.lost++
	w.failures++
	w.config.Log.Error().Str("job", d.Job).Stringer("range", d.Range).Int("attempt", d.Attempt).
		Int("slots_left", len(w.slots)-w.lost).Msg("computation hangs, its slot is lost")
	if w.lost == len(w.slots) {
		w.fail(fmt.Errorf("%w: the computations of all %d slots hang", ErrRestart, w.lost))
	}
}

// failAtLocked leaves in d, which is the delivery of s without what s knows of it, that
// the number at hand failed.
func (w *Worker) failAtLocked(s *slot, d *Delivery) {
	if w.isCancelledLocked(d.Job) {
		d.outcome.drop()
		return
	}
	t, now := s.task, time.Now()
	at := min(int(s.seen&(1<<indexBits-1)), len(t.Numbers)-1)
	err := w.stuck(s, s.interruption, t)
	letter := w.failure(d, t, t.Numbers[at:at+1], fmt.Errorf("%w, and the computation did not end when told to", err), now.Sub(s.since))
	if len(t.Numbers) == 1 {
		d.outcome.fail(letter, err)
		return
	}
	first := d.Range.First + uint64(at)
	if at > 0 {
		d.outcome.handBack(task.Span(d.Range.First, first), task.Return{Reason: task.Isolate, Detail: "a later number of the chunk hangs"})
	}
	d.outcome.isolate(task.Range{First: first, Count: 1}, letter, err)
	if behind := task.Span(first+1, d.Range.End()); behind.Count > 0 {
		d.outcome.handBack(behind, task.Return{
			Reason: task.Isolate, Pieces: uint32(behind.IsolationPieces()), Detail: "an earlier number of the chunk hangs",
		})
	}
}

// regainLocked takes a slot back whose abandoned computation ended after all. What
// it computed is not used: the task is another worker's by now.
func (w *Worker) regainLocked(d *Delivery) {
	w.lost--
	w.config.Log.Warn().Str("job", d.Job).Stringer("range", d.Range).Msg("hanging computation ended, its slot is back")
}

// sweep hands back what has waited too long, and forgets what it may forget.
func (w *Worker) sweep(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sweeps++
	if w.unsettled.len >= maxUnsettled { // slots wait for the server: this does not count
		for d := w.buffer.head; d != nil; d = d.next {
			d.sweep = w.sweeps
		}
	}
	for w.buffer.head != nil && w.sweeps-w.buffer.head.sweep >= 2 {
		d := w.buffer.pop()
		if d.Attempt > 1 && d.Range.Count == 1 { // it would have three deliveries more
			d.sweep = w.sweeps
			w.buffer.push(d)
			continue
		}
		w.handBackLocked(d, "waited behind longer tasks")
	}
	w.wakePullerLocked()
	w.forgetLocked(now)
}
