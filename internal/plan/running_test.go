package plan

import (
	"math"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// hardJob returns a sealed job of count products of two primes of 65 digits.
func hardJob(count int) *JobProgress {
	p := new(JobProgress)
	numbers := NewTally(Expectation{Kind: task.KindFactor})
	for range count {
		numbers.Add(215)
	}
	p.Submitted(numbers)
	p.Seal()
	return p
}

// TestNoETA: there is none while nothing is known, and none if the end of a number cannot be predicted.
func TestNoETA(t *testing.T) {
	p := hardJob(8)
	workers := Capacity{Cores: 2, One: 2}
	for _, at := range []time.Duration{0, time.Second, time.Hour} {
		p.Running(start.Add(at), nil, workers)
		if s := p.Snapshot(start.Add(at)); s.Known {
			t.Errorf("%v without a running number: %+v", at, s)
		}
	}
	now := start.Add(time.Hour)
	p.Running(now, []Running{{Position: 0, Digits: 65, Cores: 2, Endless: true}}, workers)
	if s := p.Snapshot(now); s.Known {
		t.Errorf("an end that nobody knows: %+v", s)
	}
	p.Running(now, []Running{{Position: 0, Digits: 65, Cores: 1, Spent: time.Second, Left: time.Second}}, Capacity{})
	if s := p.Snapshot(now); s.Known {
		t.Errorf("without workers: %+v", s)
	}
	p.Running(now, []Running{{Position: 0, Digits: 65, Cores: 1, Spent: time.Second, Left: time.Second}}, workers)
	p.Snapshot(now)
	now = now.Add(time.Second)
	if s := p.Snapshot(now); !s.Known || s.ETA < 5*time.Second || s.ETA > 12*time.Second || s.Share <= 0.02 || s.Share > 0.2 {
		t.Errorf("a running number: %+v", s)
	}
}

// TestRunningBudget: a number that its budget ends takes the rest of the budget, whatever the sieve would take.
func TestRunningBudget(t *testing.T) {
	p := hardJob(1)
	p.Running(start, []Running{{Position: 0, Digits: 65, Cores: 2, Spent: 40 * time.Second, Left: time.Hour, Budget: 60 * time.Second}}, Capacity{Cores: 2, One: 2})
	if s := p.Snapshot(start); !s.Known || !near(s.ETA.Seconds(), 30, 0.1) {
		t.Errorf("%+v", s)
	}
}

// TestRunningAbsurd: what a worker claims of a number does not make a share or a time that is not a number.
func TestRunningAbsurd(t *testing.T) {
	const most = math.MaxInt64
	last := 0.0
	p := hardJob(3)
	for i, r := range []Running{
		{Position: most, Digits: most, Cores: most, Spent: most, Left: most, Budget: most, Share: math.Inf(1), Final: true},
		{Position: 1, Digits: -5, Cores: -1, Spent: -1, Left: -1, Budget: -1, Share: math.NaN(), Final: true},
		{Position: 1, Task: task.Range{First: 2, Count: most}, Cores: 4096, Spent: most, Left: 1},
		{Position: 2, Cores: 1, Spent: 1, Left: most},
		{},
	} {
		now := start.Add(time.Duration(i) * time.Second)
		p.Running(now, []Running{r}, Capacity{Cores: 2, One: 9})
		s := p.Snapshot(now)
		if s.ETA < 0 || !(s.Share >= last && s.Share <= 1) || math.IsNaN(s.Rate) {
			t.Errorf("%+v: %+v after a share of %v", r, s, last)
		}
		last = s.Share
	}
}
