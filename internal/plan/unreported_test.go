package plan

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestSimulatedUnstated: the numbers that are done and not reported count, though no worker states one of them: each takes
// less than a tenth of a second, and many of them are in one task.
func TestSimulatedUnstated(t *testing.T) {
	random := func() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }
	hard := append(listOf(random(), 20_000, 63, 5*time.Microsecond), listOf(random(), 200, 133, 65*time.Millisecond)...)
	busy := func(time.Duration) (float64, int) { return 0.4, 2 }
	for name, job := range map[string]*simulated{
		"easy then hard":  {numbers: hard, chunk: 40, slots: slotsOf(2)},
		"one task a slot": {numbers: hard, chunk: 100, slots: slotsOf(2)},
		"a busy machine":  {numbers: hard, chunk: 40, slots: slotsOf(2), other: busy},
	} {
		t.Run(name, func(t *testing.T) {
			job.look = 250 * time.Millisecond
			job.run(t)
			job.check(t, 0.15, 75, 90)
			for _, look := range job.shown {
				if part := look.at.Seconds() / job.ended.Seconds(); part > 0.88 && part < 0.92 && look.Share < 0.75 {
					t.Errorf("at %.0f %% of the time the share is %.0f %%", 100*part, 100*look.Share)
				}
			}
		})
	}
}

// TestFoundWhileRunning: answers of the cache that arrive while numbers are at work say nothing of the speed, and nothing of
// the time of the other numbers.
func TestFoundWhileRunning(t *testing.T) {
	for _, cached := range []bool{false, true} {
		var p JobProgress
		p.Submitted(some(100, 10*time.Second))
		p.Seal()
		now := run(&p, start, 10, 10*time.Second, 10*time.Second)
		now = now.Add(time.Minute)
		p.Running(now, []Running{{Position: 50, Cores: 1, Spent: time.Minute, Left: time.Minute}}, Capacity{1, 1})
		if cached {
			p.Known(some(10, time.Microsecond))
		} else {
			p.Found("w", some(10, 10*time.Second))
		}
		now = now.Add(time.Second)
		p.Running(now, []Running{{Position: 50, Cores: 1, Spent: 61 * time.Second, Left: 59 * time.Second}}, Capacity{1, 1})
		if s := p.Snapshot(now); s.Done != 20 || !near(s.ETA.Seconds(), 59+79*10, 0.1) {
			t.Errorf("cached %t: %d done, ETA %v, want about 14 minutes", cached, s.Done, s.ETA)
		}
	}
}
