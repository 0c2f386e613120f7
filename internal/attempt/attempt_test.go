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

// TestPiecesWithin: a split of a job with a limit of running tasks fills the room that there is, and isolates a number
// all the same.
func TestPiecesWithin(t *testing.T) {
	for _, test := range []struct{ pieces, running, queued, want uint64 }{
		{64, 0, 9, 64}, {64, 100, 0, 64}, {64, 10, 4, 6}, {64, 10, 8, 2}, {64, 10, 9, 2}, {64, 10, 500, 2}, {64, 1, 0, 2}, {64, 1, 1, 2},
		{1, 1, 5, 1}, {2, 1, 5, 2}, {3, 4, 1, 3}, {0, 1, 0, 0},
	} {
		if got := PiecesWithin(test.pieces, test.running, test.queued); got != test.want {
			t.Errorf("PiecesWithin(%d, %d, %d) = %d, want %d", test.pieces, test.running, test.queued, got, test.want)
		}
	}
	splits := 0
	for n := uint64(task.MaxCount); n > 1; splits++ {
		r := task.Range{Count: n}
		n = r.Pieces(PiecesWithin(Pieces(n), 1, 1))[0].Count
	}
	if splits != 12 {
		t.Errorf("%d numbers are alone after %d splits", task.MaxCount, splits)
	}
}

// TestBackoff: the first retries come after some 5, 10, 20, ... seconds, at most 2 minutes.
func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{
		1: 5 * time.Second, 2: 10 * time.Second, 3: 20 * time.Second, 5: 80 * time.Second, 6: 2 * time.Minute, 1000: 2 * time.Minute,
	} {
		for random, factor := range map[float64]float64{0: 0.8, 0.5: 1, 0.75: 1.1} {
			got := Backoff(nil, n, random)
			if diff := got.Seconds() - want.Seconds()*factor; diff < -1e-6 || diff > 1e-6 {
				t.Errorf("Backoff(%d, %v) = %v, want %v of %v", n, random, got, factor, want)
			}
		}
	}
}

// TestBackoffList: the pauses of a job, the last one for all further attempts.
func TestBackoffList(t *testing.T) {
	list := []time.Duration{time.Second, 0, 30 * time.Second}
	for n, want := range map[int]time.Duration{0: time.Second, 1: time.Second, 2: 0, 3: 30 * time.Second, 4: 30 * time.Second, 99: 30 * time.Second} {
		if got := Backoff(list, n, 0.5); got != want {
			t.Errorf("Backoff(%d) = %v, want %v", n, got, want)
		}
	}
	if got := Backoff([]time.Duration{1 << 62}, 1, 1); got > 2*task.MaxBackoff {
		t.Errorf("Backoff = %v", got)
	}
}

// TestLimits: after which attempts a number is given up, for all values of a task.
func TestLimits(t *testing.T) {
	for most, want := range map[int][2]int{-1: {3, 3}, 0: {3, 3}, 1: {1, 3}, 2: {2, 3}, 3: {3, 3}, 4: {4, 4}, 100: {100, 100}, 1 << 30: {100, 100}} {
		if got := [2]int{FailuresOf(most), LastOf(most)}; got != want {
			t.Errorf("%d: %v, want %v", most, got, want)
		}
	}
	seen := make(map[int]bool) // no two attempts of one number have the same record
	for attempt := 1; attempt <= 100; attempt++ {
		record := Record(attempt, attempt == 100)
		if seen[record] || IsLastRecord(record, 100) != (attempt == 100) {
			t.Errorf("attempt %d: record %d", attempt, record)
		}
		seen[record] = true
	}
	for record := 1; record < 6; record++ { // of a job that says nothing, also by a worker that counts on
		if IsLastRecord(record, 0) != (record >= 3) || IsLastRecord(record, 2) != (record >= 3) {
			t.Errorf("record %d", record)
		}
	}
}

// TestNumber: deliveries of earlier rounds and deaths count, but a delivered task has one left.
func TestNumber(t *testing.T) {
	for _, test := range []struct{ delivered, spent, deaths, want int }{
		{1, 0, 0, 1}, {3, 0, 0, 3}, {1, 2, 0, 3}, {1, 100, 0, 3}, {2, 2, 0, 4}, {1, 0, 1, 2}, {2, 0, 1, 2}, {1, 0, 5, 6}, {1, 2, 1, 3},
	} {
		d := Delivery{Attempt: Number(test.delivered, test.spent, 0), Count: 1}.WithDeaths(test.deaths)
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

// TestElsewhereDelay: the pauses grow up to a limit.
func TestElsewhereDelay(t *testing.T) {
	for of, want := range map[[2]int]time.Duration{
		{-1, -1}: time.Second, {0, 0}: time.Second, {0, 8}: time.Second, {0, 9}: 2 * time.Second, {0, 12}: 16 * time.Second, {0, 13}: 30 * time.Second, {0, 1 << 40}: 30 * time.Second,
		{1, 0}: 5 * time.Second, {2, 9}: 10 * time.Second, {6, 0}: 2 * time.Minute, {1 << 40, 0}: 2 * time.Minute,
	} {
		if got := ElsewhereDelay(of[0], of[1]); got != want {
			t.Errorf("%v: %v, want %v", of, got, want)
		}
	}
}
