package kind

import (
	"cmp"
	"context"
	"sync"
	"time"

	"factorfleet/internal/factor"
	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// A factorKind answers n with its prime factors.
//
// The engine's seed is fixed, so the same number is always factored in the same way. A
// number that was left unfinished needs a larger budget, not a second attempt.
type factorKind struct {
	pool    *factor.Pool         // of the process; nil: one core, no limit
	clock   func() time.Duration // of the CPU time of a thread; nil: that of the system
	runners sync.Pool            // of *runner, those not in use
}

// Budget implements worker.Budgeter: the CPU time for n if the task has no budget.
func (k *factorKind) Budget(n nat.Nat) time.Duration { return factor.DefaultBudget(n.BitLen()) }

// A runner is an engine with the memory that it keeps between two tasks. One goroutine
// uses it at a time.
type runner struct {
	options factor.Options // of engine and prover
	engine  *factor.Engine
	prover  *factor.Prover    // nil until it is needed
	meter   *factor.Meter     // of engine and prover
	o       worker.RunOptions // of the running task
	at      int               // index of the present part of its numbers
	found   []factor.Factor
	hint    hinted // the last one of the running task

	// The last reading of both clocks, at the start of the present part of the task. The
	// budget of a number starts at from: at the last reading, or after the number before.
	cpu, from time.Duration // of meter
	wall      time.Time
	mostCPU   time.Duration // of a short task, whose CPU time is not measured; else 0. See shortTask

	// A number below 2^64 is hard from the second tick of the engine: ticks counts those of
	// the current number, and hard is the time of the second.
	ticks int
	hard  time.Time
}

// Run implements worker.Kind. It cuts the numbers into parts, and reads the clock of the
// CPU time once for each: numbers that the engine factors together, numbers below 2^64
// that it factors one by one, or one number of 2^64 or more.
//
// Enter and Leave tell the pool that a task uses a core, so that the core is not lent to others.
func (k *factorKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	k.pool.Enter()
	defer k.pool.Leave()
	r := k.runner(o)
	if r.mostCPU = shortTask(numbers); r.mostCPU > 0 {
		r.o.Certify = false // small primes need no certificates
	} else {
		r.meter.Begin()
		defer r.meter.End()
	}
	r.cpu, r.wall = r.meter.Spent(), time.Now()
	for all := len(numbers); len(numbers) > 0; {
		r.engine.SetKnown(nil)
		r.at = all - len(numbers)
		count, do := r.engine.BatchLen(numbers), r.runBatch
		if count == 1 {
			if count, do = r.words(numbers), r.runWords; count == 0 {
				count, do = 1, r.runLarge
			}
		}
		r.from = r.cpu
		if err := do(ctx, numbers[:count], done); err != nil {
			return err
		}
		numbers = numbers[count:]
	}
	k.runners.Put(r) // not after an error or a panic: its state is then unknown
	return nil
}

// words returns the number of leading numbers below 2^64 that the engine factors one by one.
func (r *runner) words(numbers []nat.Nat) int {
	for i, n := range numbers {
		if _, ok := n.Word(); !ok || i > 0 && r.engine.BatchLen(numbers[i:]) > 1 {
			return i
		}
	}
	return len(numbers)
}

// runBatch answers numbers that the engine factors together. Their budgets start together.
func (r *runner) runBatch(ctx context.Context, numbers []nat.Nat, done *[]task.Factorization) error {
	from := len(*done)
	var failed error // of certify
	err := r.engine.Batch(ctx, numbers, func(found []factor.Factor, method string) {
		if failed != nil {
			return
		}
		a := r.answer(found, method, len(numbers)-len(*done)+from)
		if failed = r.certify(ctx, numbers[len(*done)-from], &a); failed != nil {
			return
		}
		if a.Unfinished() { // its time has to show that the budget is spent
			a.CPU, a.Wall = r.engine.Spent()
		}
		*done = append(*done, a)
		if r.o.Certify {
			r.from = r.meter.Read()
		}
	})
	shareRest((*done)[from:], r.read())
	return cmp.Or(err, failed)
}

// runLarge answers one number of 2^64 or more.
func (r *runner) runLarge(ctx context.Context, numbers []nat.Nat, done *[]task.Factorization) error {
	n := numbers[0]
	r.engine.SetBudget(cmp.Or(r.o.Budget, factor.DefaultBudget(n.BitLen())))
	r.engine.SetKnown(knownOf(task.FactorsAt(r.o.Known, r.at)))
	found, method, err := r.engine.Append(ctx, r.found[:0], n)
	if err != nil {
		return err
	}
	r.found = found
	a := r.answer(found, method, 1)
	if err := r.certify(ctx, n, &a); err != nil {
		return err
	}
	spent := r.read()
	a.CPU = spent.cpu
	setWall(&a, spent.wall)
	if a.Unfinished() {
		a.Effort = r.engine.Effort()
	}
	*done = append(*done, a)
	return nil
}

// runWords answers numbers below 2^64 one by one. Before and after each iteration the answers up to timed have
// their wall-clock time in CPU, and last is the end of the last of these. At the end, all get their part of the CPU
// time. After an error the answers so far share the time of the number that was not answered: it was spent for the
// task.
func (r *runner) runWords(ctx context.Context, numbers []nat.Nat, done *[]task.Factorization) (err error) {
	from := len(*done)
	last, timed := r.wall, from
	for i, n := range numbers {
		r.ticks = 0
		var method string
		if r.found, method, err = r.engine.Append(ctx, r.found[:0], n); err != nil { // calls onTick and checks ctx
			share((*done)[timed:], time.Since(last))
			break
		}
		*done = append(*done, r.answer(r.found, method, len(numbers)-i))
		if easy := r.ticks < 2; !easy || len(*done)-timed == timedTogether || i == len(numbers)-1 {
			now := time.Now()
			if easy {
				r.hard = now
			}
			share((*done)[timed:], r.hard.Sub(last))
			(*done)[len(*done)-1].CPU += now.Sub(r.hard)
			last, timed = now, len(*done)
		}
	}
	toCPU((*done)[from:], r.read())
	return err
}

// answer returns the answer for the current number, the first of left numbers of the task. Its
// Factors are in the memory of r.o.Factors.
func (r *runner) answer(found []factor.Factor, method string, left int) task.Factorization {
	if cap(*r.o.Factors)-len(*r.o.Factors) < len(found) { // earlier answers keep the old memory
		*r.o.Factors = make([]task.Factor, 0, slabSize(cap(*r.o.Factors), len(found), left))
	}
	slab := *r.o.Factors
	from := len(slab)
	for _, f := range found {
		slab = append(slab, task.Factor{P: f.P, Exp: f.Exp, Status: task.Status(f.Status)})
	}
	*r.o.Factors = slab
	return task.Factorization{Factors: slab[from:len(slab):len(slab)], Method: method}
}

// onTick is called by the engine at the start of a number and regularly after.
func (r *runner) onTick() {
	if r.ticks++; r.ticks == 2 {
		r.hard = time.Now()
	}
	r.o.Tick()
}

// onProgress passes the progress of the engine on to the worker. It is called rarely, for numbers that take long.
func (r *runner) onProgress(p factor.EngineProgress) {
	r.o.Progress(worker.NumberProgress{
		Digits: p.Digits, Method: p.Method, B1: p.B1,
		Done: p.Done, Total: p.Total, Cores: p.Cores, Left: p.Left, Spent: p.Spent, Budget: p.Budget, Composite: nameOf(&p),
	})
}

// mustFinish reports whether the present number is to end as if its budget were spent. Helpers call it, too, while the
// number is computed; then o does not change.
func (r *runner) mustFinish() bool { return r.o.Finish != nil && r.o.Finish() }

// runner returns an unused runner, for a task with the options o.
func (k *factorKind) runner(o worker.RunOptions) *runner {
	r, _ := k.runners.Get().(*runner)
	if r == nil {
		r = &runner{meter: factor.NewMeter(k.clock)}
		r.options = factor.Options{Tick: r.onTick, Progress: r.onProgress, Hint: r.onHint, Finish: r.mustFinish, Pool: k.pool, Meter: r.meter}
		r.engine = factor.New(r.options)
	}
	if r.o, r.hint = o, (hinted{}); r.o.Progress == nil {
		r.o.Progress = func(worker.NumberProgress) {}
	}
	if r.o.Factors == nil {
		r.o.Factors = new([]task.Factor)
	}
	r.engine.SetBudget(cmp.Or(o.Budget, factor.DefaultBudget(0))) // of numbers factored together
	r.engine.SetWork(o.Work)
	r.engine.SetOne(o.One)
	return r
}

// slabSize returns the capacity of the next slab of factors: first for the current number,
// and more for the other left-1 numbers of the task, most of which have 3 to 5 factors. It is
// about twice that of the last slab, so that after a few tasks one slab is enough for a task.
func slabSize(last, first, left int) int {
	return first + max(4*min(left-1, 64), min(2*last, 8*left))
}
