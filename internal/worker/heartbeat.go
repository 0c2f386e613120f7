package worker

import "time"

// beatEvery is the time between two scans.
func (w *Worker) beatEvery() time.Duration { return max(w.config.AckWait/6, time.Millisecond) }

// silence is how long a computation may run without a tick, and patience how long it may take to end
// after it was interrupted. No heartbeat is sent in these times, so what follows has to be settled before
// the server redelivers the task. In sixths of AckWait, of which the server grants six:
//
//	1  until the first scan that sees no progress
//	2  silence
//	1  patience, at least a second
//
// Two are left. With an AckWait below about 4 s they are not left, and the delivery may lapse.
func (w *Worker) silence() time.Duration  { return max(w.config.AckWait/3, time.Second) }
func (w *Worker) patience() time.Duration { return max(w.config.AckWait/6, time.Second) }

// heartbeat scans the held deliveries, and checks the buffer for stale ones, until Run returns.
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
			w.returnStale(time.Now())
		case <-w.quit:
			return
		}
	}
}

// scan sends a heartbeat for each held delivery that makes progress or waits. A delivery that has arrived
// since the last scan needs none yet: its redelivery timer has run for at most a sixth of AckWait.
func (w *Worker) scan(now time.Time) {
	w.mu.Lock()
	w.scans++
	w.beats = w.beats[:0]
	step := min(now.Sub(w.scanned), w.beatEvery())
	w.skipLocked(now, now.Sub(w.scanned)-step)
	w.scanned = now
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

// sendBeats sends the heartbeats of a scan. A heartbeat that cannot be sent leaves the delivery unheard: it
// lapses if that continues for AckWait.
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

// skipLocked does not count gap, the time for which the process was suspended, against the numbers that
// are being computed. Numbers that have started after it keep their start.
func (w *Worker) skipLocked(now time.Time, gap time.Duration) {
	for _, s := range w.slots {
		if s.numberSince = s.numberSince.Add(gap); s.numberSince.After(now) {
			s.numberSince = now
		}
	}
}

// lapsedLocked reports whether the server has not heard of d for AckWait: the process was suspended, or a
// hanging computation took too long to be given up. The server then redelivers the task to another
// worker, whatever this worker says later.
func (w *Worker) lapsedLocked(d *Delivery, now time.Time) bool {
	d.lapsed = d.lapsed || now.Sub(d.heard) >= w.config.AckWait
	return d.lapsed
}
