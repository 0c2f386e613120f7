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

// A Factor answers n with its prime factors.
//
// The same number is always factored in the same way: the engine's seed is fixed. A
// number that was left unfinished is not found by luck on a second try, but by a
// larger budget.
type Factor struct {
	pool    *factor.Pool // of the process; nil: one core, no limit
	benches sync.Pool    // of *bench, unused
}

// Budget is worker.Budgeter's.
func (k *Factor) Budget(n nat.Nat) time.Duration { return factor.DefaultBudget(n.BitLen()) }

// A bench is an engine with what is worth keeping between two tasks.
type bench struct {
	options factor.Options // of engine and prover
	engine  *factor.Engine
	prover  *factor.Prover    // nil until it is needed
	o       worker.RunOptions // of the task under way
	began   time.Time         // the number at hand, if it is to be certified
	found   []factor.Factor

	// A number below 2^64 for which trial division does is done in the time of two
	// looks at the clock. Such numbers are timed together, up to timedTogether of them;
	// a number at which the engine ticks a second time is timed from there on.
	ticks int       // of the number at hand
	hard  time.Time // when it turned out to be hard: its second tick
}

const timedTogether = 16

// Run is worker.Kind's. The time of a number is wall-clock time of this goroutine, and of those that
// help it: that differs from CPU time only on a machine with more work than CPUs. Numbers that the
// engine does together share their time.
func (k *Factor) Run(ctx context.Context, numbers []nat.Nat, o worker.RunOptions, done *[]task.Factorization) error {
	k.pool.Enter()
	defer k.pool.Leave()
	b := k.bench(o)
	for len(numbers) > 0 {
		count, do := b.engine.BatchLen(numbers), b.together
		if count == 1 {
			count, do = b.apart(numbers), b.oneByOne
		}
		if err := do(ctx, numbers[:count], done); err != nil {
			return err
		}
		numbers = numbers[count:]
	}
	k.benches.Put(b) // not after an error or a panic: who knows its state
	return nil
}

// apart returns how many of numbers, from the first on, the engine does one by one.
func (b *bench) apart(numbers []nat.Nat) int {
	for i := range numbers {
		if i > 0 && b.engine.BatchLen(numbers[i:]) > 1 {
			return i
		}
	}
	return len(numbers)
}

// together answers numbers which the engine does at the same time.
func (b *bench) together(ctx context.Context, numbers []nat.Nat, done *[]task.Factorization) error {
	began, from := time.Now(), len(*done)
	var failed error // of certify
	b.began = began  // the numbers are done in the time of one
	err := b.engine.Batch(ctx, numbers, func(found []factor.Factor, method string) {
		if failed != nil {
			return
		}
		a := b.answer(found, method, len(numbers)-len(*done)+from)
		if failed = b.certify(ctx, numbers[len(*done)-from], &a); failed != nil {
			return
		}
		*done = append(*done, a)
		if b.o.Certify {
			b.began = time.Now()
		}
	})
	share((*done)[from:], time.Since(began)+b.takeHelped())
	return cmp.Or(err, failed)
}

// oneByOne answers numbers one after the other.
func (b *bench) oneByOne(ctx context.Context, numbers []nat.Nat, done *[]task.Factorization) error {
	last, timed := time.Now(), len(*done) // those before timed have their time
	for i, n := range numbers {
		b.begin(n)
		found, method, err := b.engine.Append(ctx, b.found[:0], n) // ticks, and looks at ctx
		if err != nil {
			share((*done)[timed:], time.Since(last))
			return err
		}
		b.found = found
		a := b.answer(found, method, len(numbers)-i)
		if err := b.certify(ctx, n, &a); err != nil {
			share((*done)[timed:], time.Since(last))
			return err
		}
		*done = append(*done, a)
		if easy := b.ticks < 2; !easy || len(*done)-timed == timedTogether || i == len(numbers)-1 {
			now := time.Now()
			if easy {
				b.hard = now
			}
			share((*done)[timed:], b.hard.Sub(last))
			(*done)[len(*done)-1].CPU += now.Sub(b.hard) + b.takeHelped()
			last, timed = now, len(*done)
		}
	}
	return nil
}

// answer returns an answer for the first of left numbers still to come.
func (b *bench) answer(found []factor.Factor, method string, left int) task.Factorization {
	if cap(*b.o.Factors)-len(*b.o.Factors) < len(found) { // those before keep the memory that they have
		*b.o.Factors = make([]task.Factor, 0, slabSize(cap(*b.o.Factors), len(found), left))
	}
	slab := *b.o.Factors
	from := len(slab)
	for _, f := range found {
		slab = append(slab, task.Factor{P: f.P, Exp: f.Exp, Status: task.Status(f.Status)})
	}
	*b.o.Factors = slab
	return task.Factorization{Factors: slab[from:len(slab):len(slab)], Method: method}
}

// begin prepares for n. One above 2^64 counts as hard from its first tick on.
func (b *bench) begin(n nat.Nat) {
	b.ticks = 0
	if _, ok := n.Word(); ok {
		return
	}
	b.ticks, b.began = 1, time.Now()
	b.engine.SetBudget(cmp.Or(b.o.Budget, factor.DefaultBudget(n.BitLen())))
}

func (b *bench) onTick() {
	if b.ticks++; b.ticks == 2 {
		b.hard = time.Now()
	}
	b.o.Tick()
}

func (b *bench) onProgress(p factor.Progress) {
	const digitsOfBit = 0.30103 // log10(2)
	b.o.Progress(worker.NumberProgress{
		Digits: int(float64(p.Bits-1)*digitsOfBit) + 1, Method: p.Method, B1: p.B1,
		Done: p.Done, Total: p.Total, Cores: p.Cores, Left: p.Left,
	})
}

// share says of each of answers that it took an equal part of t.
func share(answers []task.Factorization, t time.Duration) {
	for i := range answers {
		answers[i].CPU = t / time.Duration(len(answers))
	}
}

// bench returns a bench for o.
func (k *Factor) bench(o worker.RunOptions) *bench {
	b, _ := k.benches.Get().(*bench)
	if b == nil {
		b = new(bench)
		b.options = factor.Options{Tick: b.onTick, Progress: b.onProgress, Pool: k.pool}
		b.engine = factor.New(b.options)
	}
	if b.o = o; b.o.Progress == nil {
		b.o.Progress = func(worker.NumberProgress) {}
	}
	if b.o.Factors == nil {
		b.o.Factors = new([]task.Factor)
	}
	b.engine.SetBudget(cmp.Or(o.Budget, factor.DefaultBudget(0))) // of numbers done together
	return b
}

// slabSize returns for how many factors to make room at once: first of the number at hand,
// with the others of left numbers still to come, most of which have 3 to 5. If the last room
// was too small it is doubled, so that after a few tasks one is enough for all of a task.
func slabSize(last, first, left int) int {
	return first + max(4*min(left-1, 64), min(2*last, 8*left))
}
