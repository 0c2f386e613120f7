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
	pool    *factor.Pool // of the process; nil: one core, no limit
	runners sync.Pool    // of *runner, those not in use
}

// Budget implements worker.Budgeter: the wall-clock time for n if the task has no budget.
func (k *factorKind) Budget(n nat.Nat) time.Duration { return factor.DefaultBudget(n.BitLen()) }

// A runner is an engine with the memory that it keeps between two tasks. One goroutine
// uses it at a time.
type runner struct {
	options factor.Options // of engine and prover
	engine  *factor.Engine
	prover  *factor.Prover    // nil until it is needed
	o       worker.RunOptions // of the running task
	began   time.Time         // start of the current number, if it may need a certificate
	found   []factor.Factor

	// Reading the clock twice takes as long as factoring a number below 2^64 by trial
	// division. Therefore up to timedTogether such numbers share the time that they take
	// together. A number is hard, and timed on its own, from the second tick of the engine:
	// ticks counts those of the current number, and hard is the time of the second.
	ticks int
	hard  time.Time
}

// timedTogether reduces the cost of the clock to 1/16 of an easy number. It is small, so that the times of a list
// of mixed numbers still tell which ones took long.
const timedTogether = 16

// Run implements worker.Kind. The time of a number is the wall-clock time of this goroutine
// plus that of the goroutines that help it. It exceeds the CPU time only on a machine with
// more work than CPUs. Numbers that the engine factors together share their time.
//
// Enter and Leave tell the pool that a task uses a core, so that the core is not lent to others.
func (k *factorKind) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	k.pool.Enter()
	defer k.pool.Leave()
	r := k.runner(o)
	for len(numbers) > 0 {
		count, do := r.engine.BatchLen(numbers), r.runBatch
		if count == 1 {
			count, do = r.singles(numbers), r.runOneByOne
		}
		if err := do(ctx, numbers[:count], done); err != nil {
			return err
		}
		numbers = numbers[count:]
	}
	k.runners.Put(r) // not after an error or a panic: its state is then unknown
	return nil
}

// singles returns the number of leading numbers that the engine factors one by one.
func (r *runner) singles(numbers []nat.Nat) int {
	for i := range numbers {
		if i > 0 && r.engine.BatchLen(numbers[i:]) > 1 {
			return i
		}
	}
	return len(numbers)
}

// runBatch answers numbers that the engine factors together.
func (r *runner) runBatch(ctx context.Context, numbers []nat.Nat, done *[]task.Factorization) error {
	began, from := time.Now(), len(*done)
	var failed error // of certify
	r.began = began  // the budget starts for all of them together
	err := r.engine.Batch(ctx, numbers, func(found []factor.Factor, method string) {
		if failed != nil {
			return
		}
		a := r.answer(found, method, len(numbers)-len(*done)+from)
		if failed = r.certify(ctx, numbers[len(*done)-from], &a); failed != nil {
			return
		}
		*done = append(*done, a)
		if r.o.Certify {
			r.began = time.Now()
		}
	})
	share((*done)[from:], time.Since(began)+r.takeHelped())
	return cmp.Or(err, failed)
}

// runOneByOne answers numbers one by one. Before and after each iteration the answers up to timed have their time,
// and last is the end of the last of these. After an error the answers so far share the time of the number that
// was not answered: it was spent for the task.
func (r *runner) runOneByOne(ctx context.Context, numbers []nat.Nat, done *[]task.Factorization) error {
	last, timed := time.Now(), len(*done) // answers before timed have their time
	for i, n := range numbers {
		r.begin(n)
		found, method, err := r.engine.Append(ctx, r.found[:0], n) // calls onTick and checks ctx
		if err != nil {
			share((*done)[timed:], time.Since(last))
			return err
		}
		r.found = found
		a := r.answer(found, method, len(numbers)-i)
		if err := r.certify(ctx, n, &a); err != nil {
			share((*done)[timed:], time.Since(last))
			return err
		}
		*done = append(*done, a)
		if easy := r.ticks < 2; !easy || len(*done)-timed == timedTogether || i == len(numbers)-1 {
			now := time.Now()
			if easy {
				r.hard = now
			}
			share((*done)[timed:], r.hard.Sub(last))
			(*done)[len(*done)-1].CPU += now.Sub(r.hard) + r.takeHelped()
			last, timed = now, len(*done)
		}
	}
	return nil
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

// begin prepares for n. A number of 2^64 or more is hard from its first tick on: the clock costs nothing beside it.
// Only such numbers have a budget and certificates, so began is not set for others.
func (r *runner) begin(n nat.Nat) {
	r.ticks = 0
	if _, ok := n.Word(); ok {
		return
	}
	r.ticks, r.began = 1, time.Now()
	r.engine.SetBudget(cmp.Or(r.o.Budget, factor.DefaultBudget(n.BitLen())))
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
		Done: p.Done, Total: p.Total, Cores: p.Cores, Left: p.Left,
	})
}

// share gives each of answers an equal part of t as its CPU time.
func share(answers []task.Factorization, t time.Duration) {
	for i := range answers {
		answers[i].CPU = t / time.Duration(len(answers))
	}
}

// runner returns an unused runner, for a task with the options o.
func (k *factorKind) runner(o worker.RunOptions) *runner {
	r, _ := k.runners.Get().(*runner)
	if r == nil {
		r = new(runner)
		r.options = factor.Options{Tick: r.onTick, Progress: r.onProgress, Pool: k.pool}
		r.engine = factor.New(r.options)
	}
	if r.o = o; r.o.Progress == nil {
		r.o.Progress = func(worker.NumberProgress) {}
	}
	if r.o.Factors == nil {
		r.o.Factors = new([]task.Factor)
	}
	r.engine.SetBudget(cmp.Or(o.Budget, factor.DefaultBudget(0))) // of numbers factored together
	return r
}

// slabSize returns the capacity of the next slab of factors: first for the current number,
// and more for the other left-1 numbers of the task, most of which have 3 to 5 factors. It is
// about twice that of the last slab, so that after a few tasks one slab is enough for a task.
func slabSize(last, first, left int) int {
	return first + max(4*min(left-1, 64), min(2*last, 8*left))
}
