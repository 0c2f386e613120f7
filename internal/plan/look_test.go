package plan

import (
	"testing"
	"time"

	"factorfleet/internal/task"
)

// TestLook: a process that sees only counts gets a share that does not decrease, and an ETA once answers arrive.
func TestLook(t *testing.T) {
	sizes := NewTally(Expectation{Kind: task.KindFactor})
	for range 1000 {
		sizes.Add(200)
	}
	j := &task.Job{ID: "j", Kind: task.KindFactor, State: task.Open}
	var p JobProgress
	now, last := start, 0.0
	see := func(stored, answered uint64) Snapshot {
		now = now.Add(time.Second)
		s := p.Look(now, Seen{Job: j, Stored: stored, Answered: answered, Capacity: Capacity{Cores: 2, One: 1}})
		if s.Share < last || s.Share > 1 {
			t.Fatalf("share %v after %v", s.Share, last)
		}
		last = s.Share
		return s
	}
	for i := range uint64(3) {
		if s := see(100*i, 5*i); s.Known || s.Share != 0 || s.Total != 100*i || s.Sealed {
			t.Errorf("while the input is read: %+v", s)
		}
	}
	j.State, j.Count, j.Sizes = task.Sealed, 1000, sizes.Sizes()
	var s Snapshot
	for i := uint64(1); i <= 50; i++ {
		s = see(1000, 10+10*i)
	}
	if !s.Known || s.Done != 510 || s.Total != 1000 || !near(s.ETA.Seconds(), 49, 0.2) || !near(s.Rate, 10, 0.1) {
		t.Errorf("half-way: %+v", s)
	}
	if s := see(1000, 400); s.Done != 510 { // a range was lost and is computed again
		t.Errorf("fewer answers: %+v", s)
	}
	if s := p.Look(now.Add(time.Second), Seen{Job: j, Stored: 1000, Answered: 511, Waits: "paused", Capacity: Capacity{Cores: 2}}); s.Known || s.Waits != "paused" {
		t.Errorf("paused: %+v", s)
	}
	if s := p.Look(now.Add(2*time.Second), Seen{Job: j, Stored: 1000, Answered: 512}); s.Known {
		t.Errorf("without workers: %+v", s)
	}
	if s := see(1000, 1000); !s.Known || s.Share != 1 || s.ETA != 0 {
		t.Errorf("at the end: %+v", s)
	}
}

// TestLookRate: the limits of a throttled job hold for its ETA.
func TestLookRate(t *testing.T) {
	sizes := NewTally(Expectation{Kind: task.KindFactor})
	for range 1000 {
		sizes.Add(150)
	}
	j := &task.Job{ID: "j", Kind: task.KindFactor, State: task.Sealed, Count: 1000, Sizes: sizes.Sizes(), Rate: 2}
	var p JobProgress
	var s Snapshot
	for i := range uint64(20) {
		s = p.Look(start.Add(time.Duration(i)*time.Second), Seen{Job: j, Stored: 1000, Answered: 2 * i, Capacity: Capacity{Cores: 16, One: 1}})
	}
	if !s.Known || s.ETA < 470*time.Second {
		t.Errorf("2 a second: %+v", s)
	}
}
