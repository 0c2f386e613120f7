package worker

import (
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/task"
)

// TestAnnounce: a worker announces redelivered single numbers before it computes them, and nothing else.
func TestAnnounce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 1)
		r.config.Announce = func(a task.Address) { r.journal.add("announced %v", a.Range) }
		first, second, last, chunk := r.chunk(0, 1), r.chunk(1, 1), r.chunk(2, 1), r.chunk(3, 1, 1)
		second.Attempt, last.Attempt, chunk.Attempt = 2, 3, 2
		r.start()
		for _, d := range []*Delivery{first, second, last, chunk} {
			r.offer(d)
			time.Sleep(time.Second)
		}
		r.wantLines("result 0-1", "ack", "announced 1-1", "result 1-1", "ack", "failed 2-1 #3", "announced 2-1", "result 2-1", "ack",
			"return 3-2 isolate in 2", "ack")
		r.drain()
	})
}
