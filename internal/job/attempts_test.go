package job

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"factorfleet/internal/kind"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A failingKind squares numbers, but for 7, at which it fails.
type failingKind struct {
	worker.Kind
	tries atomic.Int64 // at 7 alone
}

func (k *failingKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	for i, n := range numbers {
		if n.Cmp(nat.New(7)) != 0 {
			continue
		}
		if len(numbers) == 1 {
			k.tries.Add(1)
		}
		if err := k.Kind.Run(ctx, numbers[:i], o, done); err != nil {
			return err
		}
		return errors.New("it is seven")
	}
	return k.Kind.Run(ctx, numbers, o, done)
}

// TestMaxAttempts: a number that fails at the only worker is given up after as many attempts as its job permits, in
// further rounds of the queue if they are more than one round has. All others have answers.
func TestMaxAttempts(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]int64{1: 1, 2: 2, 3: 3, 5: 5, 8: 8} {
		t.Run(strconv.Itoa(most), func(t *testing.T) {
			t.Parallel()
			h, k := newTestFleet(t), &failingKind{Kind: kind.All()[task.KindSquare]}
			kinds := kind.All()
			kinds[task.KindSquare] = k
			s := submission("j", text(1, 20))
			s.Chunking = mustChunk("1")
			s.Rules = Rules{MaxAttempts: most, Backoff: []time.Duration{time.Millisecond}}
			h.workerOf("w", 1, kinds, nil)
			j := h.submit(h.Fleet, s)
			sum, err := j.end()
			if err != nil || sum.Verified != 19 || sum.Counts.Dead != 1 {
				t.Fatalf("%+v, %v", sum, err)
			}
			if tries := k.tries.Load(); tries != want {
				t.Errorf("%d attempts, want %d", tries, want)
			}
		})
	}
}
