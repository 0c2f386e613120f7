package kind

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestSquareSleep: each number takes the time of the task, with ticks, and the answers are those without it.
func TestSquareSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		numbers := []nat.Nat{nat.New(3411), nat.New(0), nat.New(12)}
		began, ticks := time.Now(), 0
		var done []task.Factorization
		var ends []time.Duration
		err := All()[task.KindSquare].Run(t.Context(), numbers, worker.RunOptions{Sleep: time.Second, Tick: func() {
			ticks++
			for len(ends) < len(done) {
				ends = append(ends, time.Since(began))
			}
		}}, &done)
		if took := time.Since(began); err != nil || took != 3*time.Second || ticks < 30 {
			t.Fatalf("took %v with %d ticks, %v", took, ticks, err)
		}
		for i, want := range []string{"11634921", "0", "144"} {
			a := done[i]
			if len(a.Factors) != 1 || a.Factors[0].P.String() != want || a.Factors[0].Status != task.Value || a.Wall != time.Second || a.CPU > time.Second/2 {
				t.Errorf("%v: %+v", numbers[i], a)
			}
		}
		if len(ends) != 2 || ends[0] != time.Second || ends[1] != 2*time.Second {
			t.Errorf("answers after %v", ends)
		}
	})
}

// TestSquareSleepEnds: a sleep ends at once with its context, and soon if the numbers are to end early.
func TestSquareSleepEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("cancelled")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1234*time.Millisecond, func() { cancel(cause) })
		began := time.Now()
		var done []task.Factorization
		err := All()[task.KindSquare].Run(ctx, []nat.Nat{nat.New(1), nat.New(2)}, worker.RunOptions{Sleep: time.Second, Tick: func() {}}, &done)
		if took := time.Since(began); err != cause || took != 1234*time.Millisecond || len(done) != 1 {
			t.Errorf("after %v: %d answers, %v", took, len(done), err)
		}

		began, done = time.Now(), nil
		finish := func() bool { return time.Since(began) > 1500*time.Millisecond }
		err = All()[task.KindSquare].Run(t.Context(), make([]nat.Nat, 100), worker.RunOptions{Sleep: time.Second, Tick: func() {}, Finish: finish}, &done)
		if took := time.Since(began); err != nil || took > 1700*time.Millisecond || len(done) != 100 {
			t.Errorf("after %v: %d answers, %v", took, len(done), err)
		}
	})
}
