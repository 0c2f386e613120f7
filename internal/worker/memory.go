package worker

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"
)

// The guard looks at the heap every guardEvery, and gives a computation that it has
// ended guardPatience to go.
const (
	guardEvery    = 50 * time.Millisecond
	guardPatience = time.Second
)

// A mark is the heap as it was when a slot was first seen at a number.
type mark struct {
	d    *Delivery
	at   uint64 // the number's index
	heap uint64
}

// heapInUse returns the bytes of objects, dead ones not yet swept included.
func heapInUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// guard ends computations while more than Config.MaxMemory is in use, until Run
// returns. What one allocates faster than it looks, the operating system has to stop.
func (w *Worker) guard() {
	ticker := time.NewTicker(guardEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			w.watchMemory(now)
		case <-w.quit:
			return
		}
	}
}

func (w *Worker) watchMemory(now time.Time) {
	used := w.heap()
	if used > w.config.MaxMemory {
		runtime.GC()
		used = w.heap()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.slots {
		at := s.progress.Load() & (1<<indexBits - 1)
		if s.task == nil {
			s.mark = mark{}
		} else if s.mark.d != s.current || s.mark.at != at {
			s.mark = mark{s.current, at, used}
		}
	}
	if used <= w.config.MaxMemory {
		return
	}
	for _, s := range w.slots {
		if s.task == nil || s.interruption != errMemory {
			continue
		}
		if now.Sub(s.overdue) < guardPatience {
			return
		}
		if s.current.state != abandoned {
			s.seen = s.progress.Load()
			w.abandonLocked(s)
			w.Hurry()
			w.fail(fmt.Errorf("%w: a computation that has used up the memory does not end", ErrRestart))
		}
		return
	}
	if s := w.suspectLocked(used); s != nil {
		w.config.Log.Warn().Str("job", s.current.Job).Stringer("range", s.current.Range).Uint64("heap", used).
			Uint64("limit", w.config.MaxMemory).Msg("computation ended for want of memory")
		s.seen = s.progress.Load()
		s.interruptLocked(errMemory)
		s.overdue, s.still = now, 0
	}
}

// suspectLocked returns the slot at the number that the memory most likely went to: of
// those since whose beginning the heap has grown by at least half of what it has for
// any, the last one. nil means that it is none of them.
func (w *Worker) suspectLocked(used uint64) (suspect *slot) {
	growth := func(s *slot) uint64 { return used - min(s.mark.heap, used) }
	most := uint64(0)
	for _, s := range w.slots {
		if s.mark.d != nil && s.interruption == nil {
			most = max(most, growth(s))
		}
	}
	for _, s := range w.slots {
		if s.mark.d == nil || s.interruption != nil || growth(s) == 0 || growth(s) < most/2 {
			continue
		}
		if suspect == nil || growth(s) < growth(suspect) {
			suspect = s
		}
	}
	return suspect
}

var errNoMemory = errors.New("it needs more memory than a worker may use")
