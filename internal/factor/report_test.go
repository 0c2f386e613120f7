package factor

import (
	"testing"
	"time"
)

// TestPace: a steady count predicts the remaining time to the second. Pauses of some seconds after
// ten minutes change it by a quarter at most, and a second core halves it within a few minutes.
func TestPace(t *testing.T) {
	const total = 3_000_000
	var p pace
	now, count := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), uint64(0)
	run := func(d time.Duration, rate uint64) (left time.Duration) {
		for end := now.Add(d); now.Before(end); {
			left = p.left(now, count, total)
			now = now.Add(time.Second)
			count += rate
		}
		return left
	}
	check := func(what string, left, most, least time.Duration) {
		t.Helper()
		if left > most || left < least {
			t.Errorf("%s: %v are left, want %v to %v", what, left, least, most)
		}
	}
	if left := run(time.Second, 1000); left != 0 {
		t.Errorf("%v are left at the first look", left)
	}
	steady := func(rate uint64) time.Duration { return time.Duration((total-count)/rate+1) * time.Second }
	check("a minute", run(time.Minute, 1000), steady(1000), steady(1000)-2*time.Second)
	run(9*time.Minute, 1000)
	for range 3 {
		stood := run(8*time.Second, 0)
		check("a pause", stood, steady(1000)*5/4, steady(1000)*9/10)
		run(time.Minute, 1000)
	}
	check("two cores", run(3*time.Minute, 2000), steady(2000)*11/10, steady(2000)*9/10)
	if left := p.left(now, total, total); left != 0 {
		t.Errorf("%v are left of nothing", left)
	}
	check("another number", func() time.Duration { count = 0; return run(30*time.Second, 500) }(), steady(500), steady(500)-time.Minute)
}
