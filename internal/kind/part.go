package kind

import (
	"context"
	"errors"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// leastFlush bounds how often a task of a part publishes, whatever it asks for: four messages a second and slot.
const leastFlush = 250 * time.Millisecond

// errNoRoom is the error of a task of a part for which there is not enough memory now.
var errNoRoom = errors.New("not enough memory for a task of a campaign")

// aliveOf returns a function that ticks, and returns the cause once ctx has ended.
func aliveOf(ctx context.Context, o worker.PartOptions) func() error {
	return func() error {
		o.Tick()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
}

// A partRun decides when a task of a part publishes and stops, and measures it.
type partRun struct {
	o       worker.PartOptions
	meter   *factor.Meter
	flush   time.Duration
	stop    time.Time
	flushed time.Time     // when the last yield was published, or the start
	cpu     time.Duration // of the yields so far
}

// mostTime bounds the time of a task of a part, whatever it says.
const mostTime = max(task.MaxSieveTime, task.MaxCurvesTime)

// newPartRun returns the decisions for a task that began at that time, runs for d and publishes after each flush.
func newPartRun(o worker.PartOptions, meter *factor.Meter, began time.Time, d, flush time.Duration) *partRun {
	return &partRun{o: o, meter: meter, flush: max(flush, leastFlush), flushed: began, stop: began.Add(min(d, mostTime))}
}

// due is called after each position. Yields are not due while earlier ones wait for the server: they grow instead, up
// to a bound.
func (r *partRun) due() (flush, stop bool) {
	now := time.Now()
	stop = r.o.Stop() || !now.Before(r.stop)
	return now.Sub(r.flushed) >= r.flush && r.o.Ready(), stop
}

// out publishes y for the positions [from, to), with the times since the last yield.
func (r *partRun) out(from, to uint64, y task.Yield) {
	now, cpu := time.Now(), r.meter.Read()
	y.CPU, y.Wall = cpu-r.cpu, now.Sub(r.flushed)
	r.flushed, r.cpu = now, cpu
	r.o.Yield(task.Span(from, to), y)
}
