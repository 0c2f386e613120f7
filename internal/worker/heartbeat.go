package worker

import "time"

// beatEvery is the time between two scans. A sixth of AckWait leaves room for the table below, and a
// lost heartbeat does no harm.
func (w *Worker) beatEvery() time.Duration { return max(w.config.AckWait/6, time.Millisecond) }

// silenceLimit is how long a computation may run without a tick, and stopLimit how long it may take to end
// after it was interrupted. No heartbeat is sent in these times, so what follows has to be settled before
// the server redelivers the task. In sixths of AckWait, of which the server grants six, for a computation
// that hangs as soon as its delivery has arrived:
//
//	1  until the first scan: it sees a tick, and a new delivery gets no heartbeat yet
//	2  silenceLimit
//	1  stopLimit
//
// Two are left to settle the delivery. Both limits are at least a second, ten times what a Kind promises. With
// an AckWait below about 4 s nothing is left, and the delivery may lapse.
func (w *Worker) silenceLimit() time.Duration { return max(w.config.AckWait/3, time.Second) }

// stopLimit: see silenceLimit.
func (w *Worker) stopLimit() time.Duration { return max(w.config.AckWait/6, time.Second) }

// heartbeat scans the held deliveries, and checks the buffer for stale ones, until Run returns. It rests while there
// are none.
func (w *Worker) heartbeat() {
	w.scanned = time.Now()
	beat := time.NewTicker(w.beatEvery())
	defer beat.Stop()
	stale := time.NewTicker(staleEvery)
	defer stale.Stop()
	for {
		select {
		case <-beat.C:
			w.scan(time.Now())
		case <-stale.C:
			w.returnStale()
		case <-w.quit:
			return
		}
		if arrival := w.Idle(); arrival != nil {
			beat.Stop()
			stale.Stop()
			select {
			case <-arrival:
			case <-w.quit:
				return
			}
			w.scanned = time.Now() // else the rest would count as a suspension of the process
			beat.Reset(w.beatEvery())
			stale.Reset(staleEvery)
		}
	}
}

// scan sends a heartbeat for each held delivery that makes progress or waits. A delivery that has arrived
// since the last scan needs none yet: its redelivery timer has run for at most a sixth of AckWait. So short
// tasks, of which there are thousands, usually cost no heartbeat.
//
// Only the heartbeat's goroutine calls it. It must not hold mu: InProgress writes to a connection.
func (w *Worker) scan(now time.Time) {
	used := w.usedCPU()
	w.mu.Lock()
	w.scans++
	w.beats = w.beats[:0]
	passed := now.Sub(w.scanned)
	step := min(passed, w.beatEvery())
	w.scanned = now
	w.skipLocked(now, passed-w.timeLocked(step, used))
	var younger *Delivery
	for d := w.held.oldest; d != nil; d = younger {
		younger = d.younger // inspectLocked may take d off the list
		if d.state == running && !w.inspectLocked(d.slot, now, step) || w.lapsedLocked(d, now) {
			continue
		}
		if w.scans-d.scan >= 2 {
			w.beats = append(w.beats, d)
		}
	}
	w.mu.Unlock()
	w.sendBeats(now)
}

// sendBeats sends the heartbeats of a scan. heard is set only after a heartbeat was sent: a delivery whose
// heartbeats fail for AckWait has lapsed. Some of the deliveries may have ended meanwhile. The server ignores
// a heartbeat for these.
func (w *Worker) sendBeats(now time.Time) {
	sent := w.beats[:0]
	for _, d := range w.beats {
		if err := d.Handle.InProgress(); err != nil {
			about(w.config.Log.Debug(), d).Err(err).Msg("cannot send a heartbeat")
			continue
		}
		sent = append(sent, d)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range sent {
		d.heard = now
	}
	clear(w.beats) // ended deliveries are not kept alive until the next scan
}

// skipLocked does not count gap against the present numbers: the process was suspended, or others had the cores.
// The time of a number that has started after the gap begins anew, because the scan cannot tell when it started.
func (w *Worker) skipLocked(now time.Time, gap time.Duration) {
	for _, s := range w.slots {
		if s.numberSince = s.numberSince.Add(gap); s.numberSince.After(now) {
			s.numberSince = now
		}
	}
}

// lapsedLocked reports whether the server has not heard of d for AckWait: the process was suspended, or a
// hanging computation took too long to be given up. The server then redelivers the task to another
// worker, whatever this worker says later. So lapsed never becomes false again.
//
// heard does not skip the time for which the process was suspended: the server's timer does not stop.
func (w *Worker) lapsedLocked(d *Delivery, now time.Time) bool {
	d.lapsed = d.lapsed || now.Sub(d.heard) >= w.config.AckWait
	return d.lapsed
}
