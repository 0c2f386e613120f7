package worker

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestIdle: a worker without tasks looks after nothing. With the first task it looks at memory and sends heartbeats as
// if it had never rested.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.Worker.config.MaxMemory = 1 << 40
		var looks atomic.Int64
		r.Worker.heap = func() uint64 { looks.Add(1); return 0 }
		r.start()
		for range 2 {
			time.Sleep(time.Second)
			looks.Store(0)
			time.Sleep(time.Hour)
			r.mu.Lock()
			scans := r.Worker.scans
			r.mu.Unlock()
			if n := looks.Load(); n > 0 || scans > 20 {
				t.Errorf("an idle worker has read the size of the heap %d times, and has scanned %d times", n, scans)
			}
			arrival := r.Idle()
			r.offer(r.chunk(0, 5000))
			<-arrival
			if r.Idle() != nil {
				t.Error("a worker with a task is idle")
			}
			time.Sleep(4500 * time.Millisecond)
			if n, beats := looks.Load(), r.journal.count("beat"); n < 80 || beats < 2 || beats > 4 {
				t.Errorf("the size of the heap was read %d times, %d heartbeats were sent in 4.5 s", n, beats)
			}
			time.Sleep(time.Second)
			if r.journal.count("result 0-1") != 1 || r.journal.count("ack") != 1 {
				t.Errorf("%q", r.journal.take())
			}
			r.journal.take()
		}
		r.drain()
	})
}

// TestIdleCancelled: a worker that rests forgets cancelled jobs as well.
func TestIdleCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.start()
		for range 100 {
			r.Cancel(time.Now().String())
			time.Sleep(rememberCancel + time.Second)
		}
		if n := len(r.Worker.cancelled); n > 2 {
			t.Errorf("%d cancelled jobs are remembered", n)
		}
		r.drain()
	})
}
