package fleet

import (
	"context"
	"slices"
	"testing"
	"time"

	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestStuckAttack: a worker that delays tasks by ten years, or keeps them alive and names them nowhere, delays
// their numbers by some ack waits, also if it does so with every task that it gets in the first ten seconds. Honest
// workers' tasks are not queued again.
func TestStuckAttack(t *testing.T) {
	t.Parallel()
	for name, keep := range map[string]func(ctx context.Context, d *worker.Delivery) error{
		"nak": func(ctx context.Context, d *worker.Delivery) error { return d.Handle.NakWithDelay(ctx, tenYears) },
		"in progress": func(ctx context.Context, d *worker.Delivery) error {
			for stream.Sleep(ctx, 300*time.Millisecond) == nil {
				if err := d.Handle.InProgress(); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{AckWait: time.Second})
			h.beatInterval = 500 * time.Millisecond
			j, _ := h.job("j", task.ClassNorm, 100)
			for i := range 20 {
				h.queue(j, single(i))
			}
			h.queue(j, task.Range{First: 20, Count: 80})
			background(t, h.Sweep)
			honest := h.station("honest")
			_, long := pull(t, honest, 1)
			hold(t, long[0])
			background(t, func(ctx context.Context) error { // it names the task that it computes
				s := worker.Status{Stats: worker.Stats{State: worker.StateRunning, Slots: 2, Busy: 1}, Holding: []string{worker.TaskName(long[0].Address)}}
				for err := error(nil); err == nil; err = stream.Sleep(ctx, 200*time.Millisecond) {
					if err := honest.Beat(s); err != nil {
						return err
					}
				}
				return nil
			})
			liar, began := h.station("liar"), time.Now()
			background(t, func(ctx context.Context) error {
				for time.Since(began) < 10*time.Second && ctx.Err() == nil {
					_, got := pull(t, liar, 50)
					for _, d := range got {
						background(t, func(ctx context.Context) error { return keep(ctx, d) })
					}
				}
				return nil
			})
			time.Sleep(10 * time.Second)
			var answered task.Set
			await(t, "all numbers are answered", func() bool {
				_, got := pull(t, honest, 50)
				for _, d := range got {
					if d.Range == long[0].Range { // a busy machine has missed its ack wait
						hold(t, d)
						continue
					}
					answered.Add(d.Range)
					ack(t, []*worker.Delivery{d})
				}
				// A number may be queued twice: the first task of it was answered meanwhile.
				return answered.Len() == 99 && slices.Equal(h.subjects("FACTOR_TASKS"), []string{"tasks.norm.j.0-1.0"})
			})
			t.Logf("all numbers are answered %v after the attack", time.Since(began)-10*time.Second)
		})
	}
}
