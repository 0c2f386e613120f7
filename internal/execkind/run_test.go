//go:build unix

package execkind

import (
	"context"
	"os"
	"testing"
	"time"

	"factorfleet/internal/task"
)

// TestInterruptedEarly: of a command that is interrupted while its answers are held back none counts: it may leave out lines.
func TestInterruptedEarly(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/all"
	r := newRig(t, "x="+server("[ $x = a ] || echo $x; [ $x != c ] || : >"+file)+"; sleep 1000", nil)
	for _, held := range []bool{true, false} {
		os.Remove(file)
		r.hold = time.Hour
		if !held {
			r.hold = 0
		}
		ctx, cancel := context.WithCancel(t.Context())
		o, read := options(0), 0
		o.Tick = func() {
			if _, err := os.Stat(file); err == nil {
				if read++; read > 3 { // what was written before the file is read by now
					cancel()
				}
			}
		}
		var done []task.Factorization
		if err := r.Run(ctx, numbers("a", "b", "c", "d"), o, &done); err != context.Canceled || held != (len(done) == 0) {
			t.Errorf("held back: %v; %d answers, %v", held, len(done), err)
		}
		cancel()
	}
}

// TestCores: a command has a core while Run runs, and no longer.
func TestCores(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Lines, Args, Server} {
		r := newRig(t, "x=cat #$1", in(mode))
		c := r.cores.(*cores)
		o := options(0)
		o.Tick = func() {
			if c.entered.Load() != 1 || c.left.Load() != 0 {
				t.Errorf("%s: entered %d times, left %d times", mode, c.entered.Load(), c.left.Load())
			}
		}
		r.run(o, "a")
		if c.entered.Load() != 1 || c.left.Load() != 1 {
			t.Errorf("%s: entered %d times, left %d times at the end", mode, c.entered.Load(), c.left.Load())
		}
	}
}
