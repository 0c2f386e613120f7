package kind

import (
	"context"
	"fmt"
	"sync"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A siever runs sieve tasks. Each uses one core; several of one number share its factor base.
type siever struct {
	pool   *factor.Pool         // of the process; nil: no limit of memory
	clock  func() time.Duration // of the CPU time of a thread; nil: that of the system
	bases  bases
	sieves sync.Pool // of *siqs.Sieve, those not in use, which refer to no factor base
}

func newSiever(pool *factor.Pool) *siever {
	return &siever{pool: pool, bases: bases{pool: pool}, sieves: sync.Pool{New: func() any { return new(siqs.Sieve) }}}
}

// Limit implements worker.PartKind.
func (k *siever) Limit(*task.Task) time.Duration { return mostTime }

// RunPart implements worker.PartKind. It stops between two coefficients when the time of the task is over: at 100 digits
// a coefficient takes a second. The end of ctx interrupts a coefficient, of which nothing is published then.
func (k *siever) RunPart(ctx context.Context, whole *task.Task, r task.Range, o worker.PartOptions) error {
	k.pool.Enter()
	defer k.pool.Leave()
	began, t, alive := time.Now(), whole.Sieve, aliveOf(ctx, o)
	p, err := siqs.DecodeParams(t.Params)
	if err != nil {
		return err
	}
	end := min(r.End(), p.Coefficients())
	if r.First >= end {
		return fmt.Errorf("coefficient %d is beyond the last one, %d", r.First, p.Coefficients()-1)
	}
	if o.Progress != nil {
		o.Progress(worker.NumberProgress{Digits: len(p.N.String()), Method: task.KindSieve, Cores: 1})
	}
	base, err := k.bases.use(alive, &p, t.Params)
	if err != nil {
		return err
	}
	defer k.bases.release(base)
	memory, _, _ := p.Memory()
	memory -= p.SharedMemory() // which bases has reserved
	if !k.pool.Reserve(memory) {
		return errNoRoom
	}
	defer k.pool.Release(memory)

	meter := factor.NewMeter(k.clock)
	meter.Begin()
	defer meter.End()
	run := newPartRun(o, meter, began, t.Time, t.Flush)
	s := k.sieves.Get().(*siqs.Sieve)
	if err = s.Use(alive, base.shared); err == nil {
		err = s.Yield(alive, r.First, end, run.due, func(from, to uint64, relations []byte) {
			run.out(from, to, task.Yield{Params: base.sum, Relations: relations})
		})
	}
	s.Drop()
	k.sieves.Put(s) // not after a panic: its state is then unknown
	return err
}
