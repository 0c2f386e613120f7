package attempt

import (
	"testing"
	"time"

	"factorfleet/internal/task"
)

// TestPieces: two splits bring every chunk down to single numbers.
func TestPieces(t *testing.T) {
	for n := range uint64(task.MaxCount) {
		r := task.Range{First: 7, Count: n + 1}
		for range 2 {
			r = r.Pieces(Pieces(r.Count))[0] // none is larger than the first
		}
		if r.Count != 1 {
			t.Errorf("two splits leave %d of %d numbers together", r.Count, n+1)
		}
	}
}

// TestBackoff: the first retries come after some 5, 10, 20, ... seconds, at most 2 minutes.
func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{
		1: 5 * time.Second, 2: 10 * time.Second, 3: 20 * time.Second, 5: 80 * time.Second, 6: 2 * time.Minute, 1000: 2 * time.Minute,
	} {
		for random, factor := range map[float64]float64{0: 0.8, 0.5: 1, 0.75: 1.1} {
			got := Backoff(n, random)
			if diff := got.Seconds() - want.Seconds()*factor; diff < -1e-6 || diff > 1e-6 {
				t.Errorf("Backoff(%d, %v) = %v, want %v of %v", n, random, got, factor, want)
			}
		}
	}
}

// TestNumber: deliveries of earlier rounds and deaths count, but a delivered task has one left.
func TestNumber(t *testing.T) {
	for _, test := range []struct{ delivered, spent, deaths, want int }{
		{1, 0, 0, 1}, {3, 0, 0, 3}, {1, 2, 0, 3}, {1, 100, 0, 3}, {2, 2, 0, 4}, {1, 0, 1, 2}, {2, 0, 1, 2}, {1, 0, 5, 6}, {1, 2, 1, 3},
	} {
		d := Delivery{Attempt: Number(test.delivered, test.spent), Count: 1}.WithDeaths(test.deaths)
		if d.Attempt != test.want || d.Deaths != test.deaths {
			t.Errorf("%+v: %+v", test, d)
		}
	}
}

// TestWithdraws: the last-attempt record of a worker is withdrawn if the attempt has ended and has not failed.
func TestWithdraws(t *testing.T) {
	for _, count := range counts {
		for _, reason := range []task.Reason{task.Drained, task.Elsewhere, task.Isolate, task.Unsupported, task.Postponed, ""} {
			want := count == 1 && (reason == task.Drained || reason == task.Elsewhere)
			if got := (Returned{Reason: reason, Count: count}).Withdraws(); got != want {
				t.Errorf("%q of %d numbers: %v", reason, count, got)
			}
		}
	}
}
