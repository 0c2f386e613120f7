package plan

import (
	"math"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// TestClaimsOfALiar: a worker that claims absurd times changes what is expected of a class by a bounded factor.
func TestClaimsOfALiar(t *testing.T) {
	for _, lie := range []time.Duration{0, time.Nanosecond, 1000 * time.Hour, math.MaxInt64} {
		c := new(claims)
		for _, worker := range []string{"a", "b", "c", "liar"} {
			answers := NewTally(Expectation{Kind: task.KindFactor})
			for range 10 {
				if took := 200 * time.Millisecond; worker != "liar" {
					answers.AddAnswer(210, took)
				} else {
					answers.AddAnswer(210, lie)
				}
			}
			answers.each(func(_ int, a amount) { c.add(worker, a) })
		}
		sum := c.bounded()
		if mean := sum.cpu / sum.numbers; mean < 0.1 || mean > 0.2*(3+outlier)/4*1.01 {
			t.Errorf("a claim of %v: the mean is %.3f s", lie, mean)
		}
	}
}

// TestClaimsOfMany: the names of workers do not take memory without bound.
func TestClaimsOfMany(t *testing.T) {
	c := new(claims)
	for i := range 1000 {
		c.add(string(rune('a'+i)), amount{1, 1, 1})
	}
	if len(c.names) > heardWorkers || c.bounded().numbers != 1000 {
		t.Errorf("%d names, %v answers", len(c.names), c.bounded().numbers)
	}
}

// TestBelieve: answers of a class teach that class and, less, the next ones.
func TestBelieve(t *testing.T) {
	var evidence [allClasses]amount
	evidence[30] = amount{20, 2, 20} // ten times the prediction
	b := believe(&evidence)
	if r := b.ratio[30]; r < 9 || r > 10 {
		t.Errorf("the ratio of the class is %v", r)
	}
	if r := b.ratio[32]; r < 3 || r > 9.9 {
		t.Errorf("the ratio of a near class is %v", r)
	}
	if r := b.ratio[70]; math.Abs(r-1) > 0.01 {
		t.Errorf("the ratio of a far class is %v", r)
	}
	if !b.learned[30] || !b.learned[31] || b.learned[33] {
		t.Error("learned classes")
	}
}

// TestExperience: jobs that are done teach the next one; a job with absurd claims is outvoted.
func TestExperience(t *testing.T) {
	job := func(id string, each time.Duration) *task.Job {
		return &task.Job{ID: id, Kind: task.KindFactor, State: task.Done, Created: start, Count: 100, Sizes: []task.SizeCount{{Bits: 216, Count: 100, Work: 10 * time.Second, Answered: 100, CPU: 100 * each}}}
	}
	open := job("open", time.Hour)
	open.State = task.Sealed
	if ExperienceOf([]*task.Job{open, {ID: "old", Kind: task.KindFactor, State: task.Done}}) != nil {
		t.Error("jobs that say nothing teach")
	}
	x := ExperienceOf([]*task.Job{job("a", time.Second), job("b", time.Second), job("c", time.Second), job("liar", 1000*time.Hour), open})
	if x == nil || x.Jobs != 4 || x.Answers != 400 {
		t.Fatalf("%+v", x)
	}
	if r, ok := x.ratio(task.SizeClass(216)); !ok || r < 8 || r > 10*(3+outlier)/4*1.1 {
		t.Errorf("ratio %v, %t", r, ok)
	}
	if r, ok := x.ratio(8); ok || r != 1 {
		t.Errorf("64 bits: ratio %v, %t", r, ok)
	}
	if r, ok := (*Experience)(nil).ratio(8); ok || r != 1 {
		t.Errorf("nothing is known: ratio %v, %t", r, ok)
	}
}

// TestHeard: the manifest of a job gets the times of its answers.
func TestHeard(t *testing.T) {
	var p JobProgress
	numbers, answers := NewTally(Expectation{Kind: task.KindFactor}), NewTally(Expectation{Kind: task.KindFactor})
	for range 10 {
		numbers.Add(210)
		answers.AddAnswer(210, time.Second)
	}
	numbers.Add(64)
	p.Submitted(numbers)
	p.Done(start, "w", task.Range{First: 0, Count: 10}, answers)
	sizes := p.Heard(numbers.Sizes())
	if len(sizes) != 2 || sizes[0].Answered != 0 || sizes[1].Bits != 216 || sizes[1].Answered != 10 || sizes[1].CPU != 10*time.Second {
		t.Errorf("%+v", sizes)
	}
}
