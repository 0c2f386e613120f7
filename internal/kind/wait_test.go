//go:build waits

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

// TestWaits: multiples of the given primes take their time, others none, and the answers are
// those of the kind factor.
func TestWaits(t *testing.T) {
	if _, plain := withWaits(new(factorKind)).(*factorKind); !plain || waits != "" {
		t.Errorf("the test is linked with waits=%q", waits)
	}
	for n, want := range map[uint64]time.Duration{0: 0, 1: 0, 7: 15 * time.Millisecond, 21: 15 * time.Millisecond, 22: time.Second, 6: 0} {
		synctest.Test(t, func(t *testing.T) {
			k := waiting{new(factorKind), parseWaits("7=15ms,11=1s")}
			began := time.Now()
			var done []task.Factorization
			if err := k.Run(t.Context(), []nat.Nat{nat.New(n), nat.New(13)}, worker.RunOptions{Tick: func() {}}, &done); err != nil || len(done) != 2 {
				t.Fatalf("%d: %v, %v", n, done, err)
			}
			if took := time.Since(began); took != want {
				t.Errorf("%d took %v, want %v", n, took, want)
			}
		})
	}
}

// TestWaitEnds: the end of the context ends a wait, and what was done before is kept.
func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := waiting{new(factorKind), parseWaits("7=1h")}
		why := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, why)
		defer cancel()
		var done []task.Factorization
		err := k.Run(ctx, []nat.Nat{nat.New(15), nat.New(14)}, worker.RunOptions{Tick: func() {}}, &done)
		if !errors.Is(err, why) || len(done) != 1 {
			t.Errorf("%v, %v", done, err)
		}
	})
}

func TestBadWaits(t *testing.T) {
	for _, text := range []string{"", "7", "x=1s", "7=x", "0=1s", "-7=1s", "7=1s,"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was taken", text)
				}
			}()
			parseWaits(text)
		}()
	}
}
