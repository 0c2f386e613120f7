package factor

import (
	"context"
	"math/big"
	"time"

	"factorfleet/internal/factor/ecm"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/factor/prime"
	"factorfleet/internal/factor/resource"
	"factorfleet/internal/factor/siqs"
	"factorfleet/internal/measured"
	"factorfleet/internal/nat"
)

// An Engine factors numbers one after the other. Below 2^64 it allocates nothing but
// the factors that it appends.
//
// It keeps its memory for the next number: some megabytes for numbers that are computed
// together, and up to 70 of the sieve. While it sieves it takes at most 115 MB at 75
// digits and 680 MB at 95 digits. Options.Hint adds 6 and 51 MB, for the relations that
// it may be asked for.
//
// An Engine is not for concurrent use. The goroutine that calls Append or Batch owns
// all fields. Helpers on borrowed cores read only o, times, stop.ctx and the limit of
// stop.meter, which do not change while they run.
type Engine struct {
	o            Options
	stop         stopCheck
	checkContext func() error    // stop.checkContext, bound once: binding a method allocates
	checkBudget  func() error    // stop.checkBudget, bound once
	times        *measured.Times // of the level of kernels
	trial        []prime.Divisor // the primes of trialWord, ascending

	// Batch computes numbers of minTogether to maxTogether bits together.
	minTogether, maxTogether int

	batch       *batch // nil until the first Batch
	batchCurves ecm.Batch
	curves      *ecm.Runner    // nil until the first number above 2^64 that needs curves
	siqs        *siqs.Searcher // nil until the first sieve, and after a large one
	factors     []Factor       // the memory of the last answer of Batch
	work        curveCounts    // of o.Work
	known       []*big.Int     // see SetKnown
	effort      float64        // see Effort
	report      reporter
	hints       hints
}

// New returns an engine for the level of kernels in force.
func New(o Options) *Engine {
	e := &Engine{o: o, times: measured.Active(), trial: prime.Divisors()[:trialCount], maxTogether: ecm.BatchBits()}
	if kernels.Active() == kernels.Plain {
		e.minTogether = plainLeast
	}
	e.stop.tick, e.stop.meter, e.stop.finish = o.Tick, o.Meter, o.Finish
	if o.Meter == nil {
		e.stop.meter = resource.NewMeter(nil)
	}
	e.report.to = o.Progress
	e.SetWork(o.Work)
	e.hints.ask, e.hints.backlog = o.Hint, backlogBits
	e.checkContext, e.checkBudget = e.stop.checkContext, e.stop.checkBudget
	return e
}

// SetBudget changes Options.Budget for the numbers that follow.
func (e *Engine) SetBudget(d time.Duration) { e.o.Budget = d }

// SetWork changes Options.Work for the numbers that follow.
func (e *Engine) SetWork(digits float64) { e.o.Work, e.work = digits, countsOf(digits) }

// SetKnown sets divisors that may be known of the next number, if it is 2^64 or more and not computed together with
// others. Each costs a gcd; those that are no divisors are ignored. They need not be prime. The engine does not change
// them.
func (e *Engine) SetKnown(divisors []*big.Int) { e.known = divisors }

// SetOne has numbers of 2^64 or more that are not computed together with others end as soon as a proper factor is known, as
// if Options.Finish ended them then.
func (e *Engine) SetOne(one bool) { e.stop.one = one }

// Effort returns the effort of curves on the unfinished factors of the last number of 2^64 or more that was not computed
// together with others, whoever ran them, in digits; of several factors the least. It is 0 if there are none.
func (e *Engine) Effort() float64 { return e.effort }

// Spent returns the CPU time of the last number of 2^64 or more that was not computed
// together with others, on all cores and up to the last reading of the meter, and its
// wall-clock time up to now. If the budget was spent, the CPU time has reached it.
func (e *Engine) Spent() (cpu, wall time.Duration) {
	return e.stop.meter.Spent() - e.stop.from, time.Since(e.stop.began)
}

// Append appends the factors of n to dst and returns them with the method. The error is
// the cause of the end of ctx; dst is then returned as it was.
//
// n is the product of all P^Exp. The factors ascend in P and are distinct. There are
// none for n = 0 and n = 1. Factors with Status Composite are unfinished.
//
// The method names the step that split n last; among several, the hardest one. It is
// one of
//
//	""                                 n is 0 or 1
//	"prime"                            n is prime, or probably prime
//	"known"                            a divisor of SetKnown
//	"trial", "power", "rho", "siqs"
//	"algebraic(10^120+1)"              n, or a number that it divides, is 10^120+1
//	"fermat"                           two factors of close size
//	"lehman(k=6)"                      two factors p and q with p/q close to a/b, ab = 6
//	"p-1(B1=...,B2=...)"
//	"p+1(B1=...,B2=...,x0=2/7)"        with the start x0
//	"ecm(B1=...,B2=...,sigma=...)"     without sigma for words and for numbers of a batch
//	"ecm"                              by a curve of another machine that is not known
//
// If a factor is unfinished, the method ends in the effort spent on it, for example
// "trial; unfinished after ecm(B1=2000,B2=200000,curves=25)".
func (e *Engine) Append(ctx context.Context, dst []Factor, n nat.Nat) (factors []Factor, method string, err error) {
	e.stop.ctx = ctx
	if err := e.checkContext(); err != nil {
		return dst, "", err
	}
	start := len(dst)
	if w, ok := n.Word(); ok {
		dst, method, err = e.word(dst, w)
	} else {
		dst, method, err = e.large(dst, n)
	}
	if err != nil {
		return dst[:start], "", err
	}
	return dst, method, nil
}

// large is Append for n >= 2^64, which is measured and has a budget.
func (e *Engine) large(dst []Factor, n nat.Nat) ([]Factor, string, error) {
	e.stop.meter.Begin()
	defer e.stop.meter.End()
	e.stop.start(e.o.Budget)
	return e.big(dst, n.Big())
}

// curvesFor returns the curves modulo n. They stay valid until the next call, which
// reuses their memory.
func (e *Engine) curvesFor(n *big.Int, check func() error) *ecm.Runner {
	if e.curves == nil {
		e.curves = new(ecm.Runner)
	}
	e.curves.Reset(n, check)
	return e.curves
}
