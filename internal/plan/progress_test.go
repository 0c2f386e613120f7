package plan

import (
	"math"
	"sync"
	"testing"
	"time"

	"factorfleet/internal/task"
)

func near(got, want, tolerance float64) bool { return math.Abs(got/want-1) <= tolerance }

var start = time.Unix(1_700_000_000, 0)

// some returns numbers of 64 bits whose work, which is also their CPU time, is work for each.
func some(count uint64, work time.Duration) *Tally {
	t := NewTally(Expectation{})
	w := (time.Duration(count) * work).Seconds()
	t.put(8, amount{float64(count), w, w})
	return t
}

// run reports count numbers as done, one every interval, and returns the time of the last.
func run(p *JobProgress, now time.Time, count int, interval, work time.Duration) time.Time {
	for range count {
		now = now.Add(interval)
		p.Done(now, "w", task.Range{}, some(1, work))
	}
	return now
}

func TestProgressSteady(t *testing.T) {
	var p JobProgress
	p.Submitted(some(6000, time.Second))
	if s := p.Snapshot(start); s.Known || s.Rate != 0 || s.Total != 6000 || s.Sealed {
		t.Errorf("before anything is done: %+v", s)
	}
	// The first worker starts after an hour. This must not lower the rate.
	now := run(&p, start.Add(time.Hour), 3000, 10*time.Millisecond, time.Second)
	if s := p.Snapshot(now); s.Known || s.Share != 0 || !near(s.Rate, 100, 0.02) {
		t.Errorf("while input comes: %+v", s)
	}
	p.Seal()
	s := p.Snapshot(now)
	if !s.Known || s.Share != 0.5 || s.Done != 3000 || !near(s.Rate, 100, 0.02) || !near(s.ETA.Seconds(), 30, 0.02) {
		t.Errorf("half-way: %+v", s)
	}
	now = run(&p, now, 3000, 10*time.Millisecond, time.Second)
	if s := p.Snapshot(now.Add(time.Hour)); !s.Known || s.ETA != 0 || s.Share != 1 {
		t.Errorf("at the end: %+v", s)
	}
}

func TestProgressFollowsTheSpeed(t *testing.T) {
	var p JobProgress
	p.Submitted(some(1e6, time.Second))
	p.Seal()
	now := run(&p, start, 1000, 100*time.Millisecond, time.Second)
	now = run(&p, now, 4000, 10*time.Millisecond, time.Second) // nine more workers, for 40 s
	if s := p.Snapshot(now); !near(s.Rate, 100, 0.05) {
		t.Errorf("rate %v, want about 100", s.Rate)
	}
	if s := p.Snapshot(now.Add(time.Minute)); s.Rate > 1 || s.ETA < 10*time.Hour {
		t.Errorf("a minute without answers: %+v", s)
	}
}

// TestProgressOfHardNumbers: an answer every 30 s is a steady rate, and does not decay between two answers. The ETA counts
// down meanwhile.
func TestProgressOfHardNumbers(t *testing.T) {
	var p JobProgress
	p.Submitted(some(100, time.Minute))
	p.Seal()
	now := run(&p, start, 10, 30*time.Second, time.Minute)
	for _, later := range []time.Duration{0, 10 * time.Second, 29 * time.Second} {
		if s := p.Snapshot(now.Add(later)); !near((s.ETA + later).Minutes(), 45, 0.01) {
			t.Errorf("%v after an answer: ETA %v, want 45m less that", later, s.ETA)
		}
	}
}

// TestProgressMixed: the ETA is about work, not about numbers. Before a hard number was begun there is none.
func TestProgressMixed(t *testing.T) {
	var p JobProgress
	p.Submitted(some(1000, time.Millisecond))
	hard := NewTally(Expectation{})
	hard.put(30, amount{10, 10000, 10000})
	p.Submitted(hard)
	p.Seal()
	now := run(&p, start, 1000, time.Millisecond, time.Millisecond)
	if s := p.Snapshot(now); s.Share > 0.01 || s.Known {
		t.Errorf("the easy ones are done: %+v", s)
	}
	p.Running(now, []Running{{Position: 1000, Digits: 72, Cores: 1, Spent: time.Second, Left: 999 * time.Second}}, Capacity{1, 1})
	if s := p.Snapshot(now); s.Share > 0.01 || !s.Known || s.ETA < 2*time.Hour || s.ETA > 4*time.Hour {
		t.Errorf("a hard one is at work: %+v", s)
	}
}

func TestProgressFound(t *testing.T) {
	var p JobProgress
	p.Submitted(some(1000, time.Second))
	p.Found("w", some(900, time.Second))
	p.Seal()
	if s := p.Snapshot(start); s.Done != 900 || s.Share != 0.9 || s.Known {
		t.Errorf("after a resume: %+v", s)
	}
	now := run(&p, start, 50, time.Second, time.Second)
	if s := p.Snapshot(now); !near(s.ETA.Seconds(), 50, 0.05) {
		t.Errorf("after a resume: ETA %v, want 50s", s.ETA)
	}
}

// TestProgressEmpty: a job without numbers is done.
func TestProgressEmpty(t *testing.T) {
	var p JobProgress
	p.Seal()
	if s := p.Snapshot(start); !s.Known || s.ETA != 0 || s.Share != 1 {
		t.Errorf("%+v", s)
	}
}

func TestProgressConcurrent(t *testing.T) {
	var p JobProgress
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				p.Submitted(some(1, time.Second))
				p.Done(time.Now(), "w", task.Range{}, some(1, time.Second))
				p.Snapshot(time.Now())
			}
		})
	}
	wg.Wait()
	if s := p.Snapshot(time.Now()); s.Done != 4000 || s.Total != 4000 {
		t.Errorf("%+v", s)
	}
}
