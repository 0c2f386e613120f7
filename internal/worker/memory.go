package worker

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"
)

// The memory guard reads the size of the heap every guardEvery, and gives a computation that it has
// interrupted guardStopLimit to end.
const (
	guardEvery     = 50 * time.Millisecond
	guardStopLimit = time.Second
)

var errNoMemory = errors.New("it needs more memory than a worker may use")

// A baseline is the size of the heap when the guard first saw a slot at a number.
type baseline struct {
	d    *Delivery
	at   uint64 // the number's index
	heap uint64 // bytes
}

// heapInUse returns the bytes of objects, including dead ones that are not swept yet.
func heapInUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// guard interrupts computations while more than Config.MaxMemory is in use, until Run returns. A
// computation that allocates faster than the guard reads is left to the operating system.
func (w *Worker) guard() {
	ticker := time.NewTicker(guardEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			w.checkMemory(now)
		case <-w.quit:
			return
		}
	}
}

func (w *Worker) checkMemory(now time.Time) {
	used := w.heap()
	if used > w.config.MaxMemory {
		runtime.GC()
		used = w.heap()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.setBaselinesLocked(used)
	if used <= w.config.MaxMemory {
		return
	}
	for _, s := range w.slots {
		if s.task != nil && s.interruption == errMemory {
			w.endForMemoryLocked(s, now)
			return
		}
	}
	if s := w.suspectLocked(used); s != nil {
		about(w.config.Log.Warn(), s.current).Uint64("heap", used).
			Uint64("limit", w.config.MaxMemory).Msg("computation interrupted: the worker is out of memory")
		s.lastProgress = s.progress.Load()
		s.interruptAtLocked(errMemory, now)
	}
}

// setBaselinesLocked records the size of the heap for each slot that has a new number since the last call.
func (w *Worker) setBaselinesLocked(used uint64) {
	for _, s := range w.slots {
		at := s.progress.Load() & indexMask
		if s.task == nil {
			s.baseline = baseline{}
		} else if s.baseline.d != s.current || s.baseline.at != at {
			s.baseline = baseline{s.current, at, used}
		}
	}
}

// endForMemoryLocked ends the worker if the computation in s, which was interrupted for its memory, does
// not end.
func (w *Worker) endForMemoryLocked(s *slot, now time.Time) {
	if now.Sub(s.interruptedAt) < guardStopLimit || s.current.state == hung {
		return
	}
	s.lastProgress = s.progress.Load()
	w.loseSlotLocked(s)
	w.StopComputing()
	w.fail(fmt.Errorf("%w: a computation that has used up the memory does not end", ErrRestart))
}

// suspectLocked returns the slot whose present number most likely takes the memory. For each number the
// heap has grown by some bytes since it was first seen. Of the numbers with at least half of the largest
// growth, it is the one that was seen last. nil = no number has grown the heap.
func (w *Worker) suspectLocked(used uint64) (suspect *slot) {
	growth := func(s *slot) uint64 { return used - min(s.baseline.heap, used) }
	most := uint64(0)
	for _, s := range w.slots {
		if s.baseline.d != nil && s.interruption == nil {
			most = max(most, growth(s))
		}
	}
	for _, s := range w.slots {
		if s.baseline.d == nil || s.interruption != nil || growth(s) == 0 || growth(s) < most/2 {
			continue
		}
		if suspect == nil || growth(s) < growth(suspect) {
			suspect = s
		}
	}
	return suspect
}
