package kind

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// leastFlush bounds how often a sieve task publishes, whatever it asks for: four messages a second and slot.
const leastFlush = 250 * time.Millisecond

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

// Sieve implements worker.Siever. It stops between two coefficients when the time of t is over: at 100 digits a
// coefficient takes a second. The end of ctx interrupts a coefficient, of which nothing is published then.
func (k *siever) Sieve(ctx context.Context, t *task.SieveTask, r task.Range, o worker.SieveOptions) error {
	k.pool.Enter()
	defer k.pool.Leave()
	began := time.Now()
	alive := func() error {
		o.Tick()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
	p, err := siqs.DecodeParams(t.Params)
	if err != nil {
		return unsupported(err)
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
		return unsupported(err)
	}
	defer k.bases.release(base)
	memory, _, _ := p.Memory()
	memory -= p.SharedMemory() // which bases has reserved
	if !k.pool.Reserve(memory) {
		return errNoRoom
	}
	defer k.pool.Release(memory)

	run := newSieveRun(t, o, base.sum, began)
	run.meter = factor.NewMeter(k.clock)
	run.meter.Begin()
	defer run.meter.End()
	s := k.sieves.Get().(*siqs.Sieve)
	if err = s.Use(alive, base.shared); err == nil {
		err = s.Yield(alive, r.First, end, run.due, run.out)
	}
	s.Drop()
	k.sieves.Put(s) // not after a panic: its state is then unknown
	return err
}

// unsupported returns err so that the worker requests no such tasks for a while if they are of another version.
func unsupported(err error) error {
	if errors.Is(err, siqs.ErrRevision) || errors.Is(err, siqs.ErrParams) {
		return fmt.Errorf("%w: %w", worker.ErrUnsupported, err)
	}
	return err
}

// errNoRoom is the error of a sieve task for which there is not enough memory now.
var errNoRoom = errors.New("not enough memory to sieve")

// A sieveRun decides when a sieve task publishes and stops, and measures it.
type sieveRun struct {
	o       worker.SieveOptions
	sum     uint64 // siqs.Params.Sum
	meter   *factor.Meter
	flush   time.Duration
	stop    time.Time
	flushed time.Time     // when the last yield was published, or the start
	cpu     time.Duration // of the yields so far
}

// newSieveRun returns the decisions for t, which began at that time. The caller sets meter.
func newSieveRun(t *task.SieveTask, o worker.SieveOptions, sum uint64, began time.Time) *sieveRun {
	return &sieveRun{
		o: o, sum: sum, flush: max(t.Flush, leastFlush), flushed: began, stop: began.Add(min(t.Time, task.MaxSieveTime)),
	}
}

// due is called after each coefficient. Yields are not due while earlier ones wait for the server: they grow instead,
// up to siqs.MaxYield.
func (r *sieveRun) due() (flush, stop bool) {
	now := time.Now()
	return now.Sub(r.flushed) >= r.flush && r.o.Ready(), !now.Before(r.stop)
}

// out publishes the relations of the coefficients [from, to).
func (r *sieveRun) out(from, to uint64, relations []byte) {
	now, cpu := time.Now(), r.meter.Read()
	y := task.Yield{Params: r.sum, CPU: cpu - r.cpu, Wall: now.Sub(r.flushed), Relations: relations}
	r.flushed, r.cpu = now, cpu
	r.o.Yield(task.Span(from, to), y)
}
