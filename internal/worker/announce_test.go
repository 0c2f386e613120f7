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
		r.config.Announce = func(running func() []task.Address) { r.journal.add("announced %v", running()[0].Range) }
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

// TestAnnounceBeside: an announcement names the announced tasks that other slots still run.
func TestAnnounceBeside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 3)
		r.config.Announce = func(running func() []task.Address) {
			text := "announced"
			for _, a := range running() {
				text += " " + a.Range.String()
			}
			r.journal.add("%s", text)
		}
		long, beside, short, last := r.chunk(0, 5000), r.chunk(1, 8000), r.chunk(2, 1), r.chunk(3, 1)
		long.Attempt, short.Attempt, last.Attempt = 2, 2, 2
		r.start()
		for _, d := range []*Delivery{long, beside, short, last} {
			r.offer(d)
			time.Sleep(time.Second)
		}
		r.wantLines("announced 0-1", "announced 2-1 0-1", "result 2-1", "ack", "announced 3-1 0-1", "result 3-1", "ack")
		r.drain()
	})
}
