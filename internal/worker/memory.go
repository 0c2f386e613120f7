package worker

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"
)

const (
	// guardEvery is the time between two readings of the size of the heap. A computation that allocates
	// 2 GB/s exceeds the limit by 100 MB before it is interrupted.
	guardEvery = 50 * time.Millisecond
	// guardStopLimit is how long an interrupted computation may take to end, ten times what a Kind promises.
	// Unlike stopLimit it does not depend on AckWait: memory runs out meanwhile.
	guardStopLimit = time.Second
)

var errNoMemory = errors.New("it needs more memory than a worker may use")

// A baseline is the size of the heap when the guard first saw a slot at a number. Go does not count memory by
// goroutine, so growth since then is all that is known about the number.
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
		if arrival := w.Idle(); arrival != nil {
			ticker.Stop()
			select {
			case <-arrival:
			case <-w.quit:
			}
			ticker.Reset(guardEvery)
		}
	}
}

// checkMemory interrupts one computation if too much memory is in use. A collection comes first: only what it
// cannot free counts. While one computation is ending no second one is interrupted, because the memory of the
// first is not free yet. The heap is read without mu, which a collection would hold for long.
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
// not end. A lost slot would keep the memory. The other computations are stopped as well, because they would be
// interrupted for it one after the other.
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
// heap has grown by some bytes since it was first seen:
//
//	growth(s) = heap now - heap when the number in s was first seen
//
// The growth of an old number contains that of all younger ones. So of the numbers with at least half of the
// largest growth, it is the one that was seen last, with the smallest growth. A younger number is suspected in
// its place only if half of the growth came after its start. nil = no number has grown the heap.
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
